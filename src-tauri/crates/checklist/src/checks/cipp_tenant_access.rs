//! CIPP reaches its tenants, by its report about tenants. A run that was only queued is waited for.

use cipp_client::{Reach, TenantAccess};

use crate::finding::{Obstacle, Verdict};
use crate::sources::cipp::Cipp;
use crate::sources::{Trail, Trouble, some_of};

/// When to look again for a queued run, in seconds.
const QUEUED: u32 = 300;

pub(crate) async fn check(cipp: &mut Cipp, trail: &mut Trail) -> Result<Verdict, Trouble> {
    let report = cipp.tenants(trail).await?;
    if let Some(run) = &report.last_run {
        trail.saw("Metadata.LastRun", run);
    }
    let queued = report
        .alert
        .as_deref()
        .filter(|alert| alert.to_ascii_lowercase().contains("queue"));
    if let Some(alert) = queued {
        trail.saw("Metadata.AlertMessage", alert);
        return Ok(Verdict::waiting(
            format!("CIPP has only just set out to check its tenants: {alert}"),
            QUEUED,
        ));
    }
    let Some(tenants) = report.results else {
        return Err(Trouble::new(
            Obstacle::NotRunYet,
            "CIPP has not checked its tenants yet.",
            "In CIPP, open the tenant check and run it, then check again.",
        ));
    };
    Ok(judge(&tenants, trail))
}

fn judge(tenants: &[TenantAccess], trail: &mut Trail) -> Verdict {
    trail.saw("tenants", tenants.len());
    if tenants.is_empty() {
        return Verdict::NotApplicable {
            reason: "CIPP manages no tenant yet.".into(),
        };
    }
    let named = |wanted: fn(&TenantAccess) -> bool| -> Vec<&str> {
        let found = tenants.iter().filter(|tenant| wanted(tenant));
        found.map(|tenant| tenant.tenant.as_str()).collect()
    };
    let bad = named(|tenant| tenant.graph == Reach::Bad || tenant.exchange == Reach::Bad);
    let open = named(|tenant| matches!(tenant.graph, Reach::NotRun(_)) || matches!(tenant.exchange, Reach::NotRun(_)));
    trail.saw("GraphStatus or ExchangeStatus false", bad.len());
    trail.saw("not run yet", open.len());
    if !bad.is_empty() {
        return Verdict::failed(
            format!("CIPP does not reach {}.", some_of(&bad)),
            "In CIPP, open the tenant check: it names what each tenant is missing.",
        );
    }
    if !open.is_empty() {
        return Verdict::waiting(format!("CIPP has not looked at {} yet.", some_of(&open)), QUEUED);
    }
    Verdict::passed()
}
