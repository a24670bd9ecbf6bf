//! What a request asks for: its mode and, for rows, the filter (facts: cipp 1.2, 1.3, 1.8).

use std::sync::LazyLock;

use jiff::civil::Date;
use regex::{Regex, RegexBuilder};

use super::{dates, wildcard};
use crate::cipp::call::Call;
use crate::scenario::Flavour;
use crate::world::{Entry, Tenant, World, key_of};

/// The severities of a request that names none. `Debug` and `Information` are not among them.
const DEFAULT_SEVERITIES: [&str; 6] = ["Info", "Warn", "Warning", "Error", "Critical", "Alert"];

static GUID: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new("(?i)^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$").ok());

/// One of the three modes.
#[derive(Debug)]
pub(super) enum Wanted {
    /// The day keys that exist.
    Days,
    /// One row by id and day key.
    One { id: String, day: String, scope: Scope },
    /// Rows of some days.
    Rows(Filter),
}

/// Which rows pass.
#[derive(Debug)]
pub(super) struct Filter {
    /// Newest first.
    pub(super) days: Vec<Date>,
    severities: Vec<String>,
    user: Option<Regex>,
    tenant: Option<(Regex, String)>,
    api: Option<Regex>,
    template: Option<String>,
    pub(super) scheduled_task: Option<String>,
    baseline_run: Option<String>,
    scope: Scope,
}

/// The tenants that a client may see: domains and ids, or no limit.
#[derive(Debug)]
pub(super) struct Scope(Option<Vec<(String, String)>>);

impl Scope {
    fn of(world: &World, call: &Call) -> Scope {
        let limit = call.caller.as_ref().and_then(|caller| caller.tenant_limit);
        let names = |tenant: &Tenant| (tenant.default_domain.clone(), tenant.id.clone());
        Scope(limit.map(|limit| world.cast().tenants.iter().take(limit).map(names).collect()))
    }

    /// A limited client sees rows of its tenants and of `CIPP`, but none without a tenant (facts: cipp 1.8).
    pub(super) fn admits(&self, entry: &Entry<'_>) -> bool {
        let Some(allowed) = &self.0 else { return true };
        entry.tenant.eq_ignore_ascii_case("CIPP")
            || allowed.iter().any(|(domain, id)| {
                entry.tenant.eq_ignore_ascii_case(domain)
                    || entry.tenant_id.as_ref().is_some_and(|own| own.eq_ignore_ascii_case(id))
            })
    }
}

/// Reads the request.
///
/// # Errors
/// The text of the 500 for a date, GUID, wildcard or regular expression of the wrong form.
pub(super) fn read(world: &World, call: &Call, flavour: Flavour) -> Result<Wanted, String> {
    if call.filled("ListLogs").is_some() {
        return Ok(Wanted::Days);
    }
    if let Some(id) = call.filled("logentryid") {
        let id = guid(id)?;
        let day = match call.filled("DateFilter") {
            Some(day) => dates::check(day, flavour)?.to_owned(),
            // The trap: without the day only today is searched.
            None => key_of(world.today()),
        };
        return Ok(Wanted::One {
            id,
            day,
            scope: Scope::of(world, call),
        });
    }
    let filtered = call
        .query("Filter")
        .is_some_and(|text| text.eq_ignore_ascii_case("true"));
    Ok(Wanted::Rows(if filtered {
        filter(world, call, flavour)?
    } else {
        today(world, call)
    }))
}

/// Without `Filter=true` nothing that was asked for counts.
fn today(world: &World, call: &Call) -> Filter {
    Filter {
        days: vec![world.today()],
        severities: DEFAULT_SEVERITIES.map(str::to_owned).to_vec(),
        user: None,
        tenant: None,
        api: None,
        template: None,
        scheduled_task: None,
        baseline_run: None,
        scope: Scope::of(world, call),
    }
}

fn filter(world: &World, call: &Call, flavour: Flavour) -> Result<Filter, String> {
    let days = dates::meant(world, call, flavour)?;
    let id = |name| call.filled(name).map(guid).transpose();
    let (template, scheduled_task, baseline_run) =
        (id("StandardTemplateId")?, id("ScheduledTaskId")?, id("BaselineRunId")?);
    let tenant = call
        .filled("Tenant")
        .filter(|tenant| !tenant.eq_ignore_ascii_case("AllTenants"));
    let filter = today(world, call);
    Ok(Filter {
        days,
        severities: match call.filled("Severity") {
            Some(list) => list.split(',').map(str::to_owned).collect(),
            None => filter.severities,
        },
        user: call
            .query("User")
            .filter(|user| *user != "*")
            .map(wildcard::compile)
            .transpose()?,
        tenant: tenant
            .map(|tenant| wildcard::compile(&format!("*{tenant}*")).map(|like| (like, tenant.to_owned())))
            .transpose()?,
        api: call.filled("API").map(api).transpose()?,
        template,
        scheduled_task,
        baseline_run,
        scope: filter.scope,
    })
}

/// Valid in either case, used as typed.
fn guid(value: &str) -> Result<String, String> {
    if GUID.as_ref().is_some_and(|guid| guid.is_match(value)) {
        Ok(value.to_owned())
    } else {
        Err(format!("Invalid GUID format for OData filter: '{value}'"))
    }
}

fn api(pattern: &str) -> Result<Regex, String> {
    RegexBuilder::new(pattern)
        .case_insensitive(true)
        .build()
        .map_err(|problem| {
            // The engine's own lines draw the pattern with a caret below; the last one says what is wrong.
            let text = problem.to_string();
            let reason = text.lines().last().unwrap_or_default().trim_start_matches("error: ");
            format!("Invalid pattern '{pattern}'. {reason}")
        })
}

impl Filter {
    /// Whether a row passes.
    pub(super) fn admits(&self, entry: &Entry<'_>) -> bool {
        self.severity(entry.severity)
            && self.user.as_ref().is_none_or(|user| user.is_match(&entry.user))
            && self.tenant.as_ref().is_none_or(|(like, id)| {
                like.is_match(&entry.tenant) || entry.tenant_id.as_ref().is_some_and(|own| own.eq_ignore_ascii_case(id))
            })
            && self.api.as_ref().is_none_or(|api| api.is_match(&entry.api))
            && same(&self.template, entry.template.map(|template| template.id.as_str()))
            && same(&self.scheduled_task, entry.scheduled_task)
            && same(&self.baseline_run, entry.baseline_run)
            && self.scope.admits(entry)
    }

    /// A row without severity is never returned, whatever the list holds (facts: cipp 1.11).
    fn severity(&self, severity: &str) -> bool {
        !severity.is_empty()
            && self
                .severities
                .iter()
                .any(|wanted| wanted.eq_ignore_ascii_case(severity))
    }
}

/// The table compares exactly, case included.
fn same(wanted: &Option<String>, own: Option<&str>) -> bool {
    wanted.as_deref().is_none_or(|wanted| own == Some(wanted))
}
