//! CIPP, through the stored connection.
//!
//! Each thing is asked once in a round of checks. What stops everything (no token, nobody there, not accepted) is
//! remembered after the first time, so that a wrong secret is not tried by one check after the other. Only reads of
//! `cipp-client` are used.

use std::future::Future;

use cipp_client::{
    AccessCheck, AccessCheckKind, ApiClient, Client, ClientError, Day, ErrorKind, GdapCheck, ListLogs, Me,
    PermissionsCheck, Ping, Refusal, TenantAccess, TokenClaims, Version, WrongDoor, access_check_query,
    api_clients_query,
};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use tokio_util::sync::CancellationToken;
use url::Url;

use super::{Clock, Trail, Trouble, TroubleKind};
use crate::finding::{Obstacle, Request};

/// CIPP hands out a report for an hour. An older one is asked for afresh; one of this age or older says nothing any more.
const TOO_OLD: SignedDuration = SignedDuration::from_hours(24);

/// A report that is not content and older than this is asked for afresh: the fault may be mended by now.
const FRESH_ENOUGH: SignedDuration = SignedDuration::from_mins(2);

/// An answer with the request that brought it. No request when it was not even tried.
#[derive(Clone)]
pub(crate) struct Got<T> {
    outcome: Result<T, ClientError>,
    request: Option<Request>,
}

/// One round of looking at CIPP.
pub(crate) struct Cipp {
    client: Client,
    clock: Clock,
    cancel: CancellationToken,
    /// What stops every further call.
    dead: Option<ClientError>,
    token: Option<Got<TokenClaims>>,
    ping: Option<Got<Ping>>,
    logs: Option<Got<bool>>,
    me: Option<Got<Me>>,
    clients: Option<Got<Vec<ApiClient>>>,
    version: Option<Got<Version>>,
    permissions: Option<Got<AccessCheck<PermissionsCheck>>>,
    gdap: Option<Got<AccessCheck<GdapCheck>>>,
    tenants: Option<Got<AccessCheck<Vec<TenantAccess>>>>,
}

impl Cipp {
    pub(crate) fn new(client: Client, clock: Clock, cancel: CancellationToken) -> Cipp {
        Cipp {
            client,
            clock,
            cancel,
            dead: None,
            token: None,
            ping: None,
            logs: None,
            me: None,
            clients: None,
            version: None,
            permissions: None,
            gdap: None,
            tenants: None,
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        (self.clock)()
    }

    pub(crate) fn client_id(&self) -> String {
        self.client.connection().client_id.to_string()
    }

    /// Signs in with the stored secret.
    pub(crate) async fn token(&mut self, trail: &mut Trail) -> Result<TokenClaims, ClientError> {
        if self.token.is_none() {
            let (client, cancel) = (self.client.clone(), self.cancel.clone());
            let url = self.client.connection().token_url();
            let got = self
                .call("POST", url, async move { client.sign_in(&cancel).await })
                .await;
            self.token = Some(got);
        }
        told(&self.token, trail)
    }

    /// The call that needs no token.
    pub(crate) async fn ping(&mut self, trail: &mut Trail) -> Result<Ping, ClientError> {
        if self.ping.is_none() {
            let (client, cancel) = (self.client.clone(), self.cancel.clone());
            let url = self.client.connection().api_url.endpoint("PublicPing");
            let at = self.now();
            let outcome = client.public_ping(&cancel).await;
            self.ping = Some(Got {
                request: Some(request("GET", &url, &outcome, at)),
                outcome,
            });
        }
        told(&self.ping, trail)
    }

    /// Today's log, as far as its first row. True when there was one.
    pub(crate) async fn logs(&mut self, trail: &mut Trail) -> Result<bool, ClientError> {
        if self.logs.is_none() {
            let today = Day::new(self.now().to_zoned(TimeZone::UTC).date());
            let day = today.to_string();
            let query = [
                ("Filter", "true".to_owned()),
                ("StartDate", day.clone()),
                ("EndDate", day),
            ];
            let (client, cancel) = (self.client.clone(), self.cancel.clone());
            let first_row = async move {
                let mut rows = client.list_logs(&ListLogs::day(today), &cancel).await?;
                Ok(rows.next().await.transpose()?.is_some())
            };
            self.logs = Some(self.api_call("ListLogs", &query, first_row).await);
        }
        told(&self.logs, trail)
    }

    pub(crate) async fn me(&mut self, trail: &mut Trail) -> Result<Me, ClientError> {
        if self.me.is_none() {
            let (client, cancel) = (self.client.clone(), self.cancel.clone());
            self.me = Some(self.api_call("me", &[], async move { client.me(&cancel).await }).await);
        }
        told(&self.me, trail)
    }

    /// The API clients that CIPP knows. Most roles may not see them, and the refusal names the role.
    pub(crate) async fn api_clients(&mut self, trail: &mut Trail) -> Result<Vec<ApiClient>, ClientError> {
        if self.clients.is_none() {
            let (client, cancel) = (self.client.clone(), self.cancel.clone());
            let list = async move { client.api_clients(&cancel).await };
            self.clients = Some(self.api_call("ExecApiClient", &api_clients_query(), list).await);
        }
        told(&self.clients, trail)
    }

    pub(crate) async fn version(&mut self, trail: &mut Trail) -> Result<Version, ClientError> {
        if self.version.is_none() {
            let (client, cancel) = (self.client.clone(), self.cancel.clone());
            let get = async move { client.get_version(&cancel).await };
            self.version = Some(self.api_call("GetVersion", &[], get).await);
        }
        told(&self.version, trail)
    }

    /// CIPP's report about permissions, afresh when the one it keeps is not content.
    pub(crate) async fn permissions(&mut self, trail: &mut Trail) -> Result<PermissionsCheck, Trouble> {
        if self.permissions.is_none() {
            let mut got = self.permissions_once(false).await;
            let content = |report: &PermissionsCheck| report.success == Some(true) && report.error_messages.is_empty();
            if worth_asking_again(&got, content, self.now()) {
                got = self.permissions_once(true).await;
            }
            self.permissions = Some(got);
        }
        report(told(&self.permissions, trail), trail, self.now())
    }

    async fn permissions_once(&mut self, afresh: bool) -> Got<AccessCheck<PermissionsCheck>> {
        let (client, cancel) = (self.client.clone(), self.cancel.clone());
        let query = access_check_query(AccessCheckKind::Permissions, afresh);
        let check = async move { client.permissions_check(afresh, &cancel).await };
        self.api_call("ExecAccessChecks", &query, check).await
    }

    /// CIPP's report about groups, afresh when the one it keeps is not content.
    pub(crate) async fn gdap(&mut self, trail: &mut Trail) -> Result<GdapCheck, Trouble> {
        if self.gdap.is_none() {
            let mut got = self.gdap_once(false).await;
            let content = |report: &GdapCheck| {
                report.issues.is_empty() && report.missing_groups.as_ref().is_some_and(Vec::is_empty)
            };
            if worth_asking_again(&got, content, self.now()) {
                got = self.gdap_once(true).await;
            }
            self.gdap = Some(got);
        }
        report(told(&self.gdap, trail), trail, self.now())
    }

    async fn gdap_once(&mut self, afresh: bool) -> Got<AccessCheck<GdapCheck>> {
        let (client, cancel) = (self.client.clone(), self.cancel.clone());
        let query = access_check_query(AccessCheckKind::Gdap, afresh);
        let check = async move { client.gdap_check(afresh, &cancel).await };
        self.api_call("ExecAccessChecks", &query, check).await
    }

    /// CIPP's report about tenants with its remark, whatever its age: the check decides on that.
    pub(crate) async fn tenants(&mut self, trail: &mut Trail) -> Result<AccessCheck<Vec<TenantAccess>>, Trouble> {
        if self.tenants.is_none() {
            let (client, cancel) = (self.client.clone(), self.cancel.clone());
            let query = access_check_query(AccessCheckKind::Tenants, false);
            let check = async move { client.tenants_check(&cancel).await };
            self.tenants = Some(self.api_call("ExecAccessChecks", &query, check).await);
        }
        told(&self.tenants, trail).map_err(trouble)
    }

    /// A call with a token: without one it is not even tried.
    async fn api_call<T>(
        &mut self,
        endpoint: &str,
        query: &[(&str, String)],
        call: impl Future<Output = Result<T, ClientError>>,
    ) -> Got<T> {
        if let Err(error) = self.token(&mut Trail::default()).await {
            return Got {
                outcome: Err(error),
                request: None,
            };
        }
        let mut url = self.client.connection().api_url.endpoint(endpoint);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        self.call("GET", url, call).await
    }

    async fn call<T>(&mut self, method: &str, url: Url, call: impl Future<Output = Result<T, ClientError>>) -> Got<T> {
        if let Some(error) = &self.dead {
            return Got {
                outcome: Err(error.clone()),
                request: None,
            };
        }
        let at = self.now();
        let outcome = call.await;
        if let Err(error) = &outcome
            && stops_everything(error)
        {
            self.dead = Some(error.clone());
        }
        Got {
            request: Some(request(method, &url, &outcome, at)),
            outcome,
        }
    }
}

fn stops_everything(error: &ClientError) -> bool {
    matches!(
        error.kind(),
        ErrorKind::SignInRefused
            | ErrorKind::Unreachable
            | ErrorKind::NotAccepted
            | ErrorKind::Cancelled
            | ErrorKind::Local
    )
}

fn told<T: Clone>(got: &Option<Got<T>>, trail: &mut Trail) -> Result<T, ClientError> {
    // Filled by every caller before; cancelled is the one answer that decides nothing.
    let got = got.as_ref().ok_or(ClientError::Cancelled)?;
    if let Some(request) = &got.request {
        trail.asked(request);
    }
    got.outcome.clone()
}

fn request<T>(method: &str, url: &Url, outcome: &Result<T, ClientError>, at: Timestamp) -> Request {
    Request {
        method: method.to_owned(),
        url: url.to_string(),
        status: status(outcome),
        at,
    }
}

/// The HTTP status behind an outcome; `None` when nothing came, or the client does not tell.
fn status<T>(outcome: &Result<T, ClientError>) -> Option<u16> {
    match outcome {
        Ok(_) => Some(200),
        Err(error) => match error {
            ClientError::SignInRefused { status, .. } | ClientError::ServerTrouble { status, .. } => Some(*status),
            ClientError::NotAccepted { .. } => Some(401),
            ClientError::NotAllowed { .. } => Some(403),
            ClientError::Throttled { .. } => Some(429),
            ClientError::WrongAddress {
                found: WrongDoor::NotFound { .. },
                ..
            } => Some(404),
            ClientError::NotUnderstood { .. } | ClientError::CutOff { .. } => Some(200),
            _ => None,
        },
    }
}

fn worth_asking_again<T>(got: &Got<AccessCheck<T>>, content: impl Fn(&T) -> bool, now: Timestamp) -> bool {
    let Ok(check) = &got.outcome else {
        return false;
    };
    let Some(report) = &check.results else {
        return false;
    };
    let age = check.last_run.as_deref().and_then(|run| age(run, now));
    match age {
        Some(age) if content(report) => age >= TOO_OLD,
        Some(age) => age >= FRESH_ENOUGH,
        None => false,
    }
}

/// How old a report is; nothing when its time cannot be read. A report from the future (clocks differ) is new.
fn age(last_run: &str, now: Timestamp) -> Option<SignedDuration> {
    let run = cipp_client::parse_date_time(last_run)?;
    Some(run.duration_until(now).max(SignedDuration::ZERO))
}

/// The report, or why there is none that says something.
fn report<T>(check: Result<AccessCheck<T>, ClientError>, trail: &mut Trail, now: Timestamp) -> Result<T, Trouble> {
    let check = check.map_err(trouble)?;
    if let Some(run) = &check.last_run {
        trail.saw("Metadata.LastRun", run);
    }
    if let Some(alert) = &check.alert {
        trail.saw("Metadata.AlertMessage", alert);
    }
    let run_it = "In CIPP, open the permission check and run it, then check again.";
    let Some(report) = check.results else {
        return Err(Trouble::new(
            Obstacle::NotRunYet,
            "CIPP has not run this check yet.",
            run_it,
        ));
    };
    match check.last_run.as_deref() {
        None => Err(Trouble::new(
            Obstacle::NotRunYet,
            "CIPP says that this check was never run, so its answer proves nothing.",
            run_it,
        )),
        Some(run) if age(run, now).is_some_and(|age| age >= TOO_OLD) => Err(Trouble::new(
            Obstacle::NotRunYet,
            format!("CIPP's answer is from {run} and too old to prove anything."),
            run_it,
        )),
        Some(_) => Ok(report),
    }
}

/// Why nothing can be said, when a call failed that is not itself what is checked.
pub(crate) fn trouble(error: ClientError) -> Trouble {
    let cause = match &error {
        ClientError::Cancelled => {
            return Trouble {
                kind: TroubleKind::Cancelled,
                reason: "Cancelled.".into(),
                remedy: String::new(),
                request: None,
            };
        }
        ClientError::NotAllowed {
            cause: Refusal::RoleLacks { .. } | Refusal::EndpointBlocked { .. } | Refusal::NoRole,
            ..
        } => Obstacle::CippRole,
        ClientError::NotAllowed { .. } | ClientError::NotAccepted { .. } | ClientError::SignInRefused { .. } => {
            Obstacle::NotLetIn
        }
        ClientError::Local { .. } => Obstacle::NotConnected,
        ClientError::NotUnderstood { .. } => Obstacle::Unclear,
        ClientError::Unreachable { .. }
        | ClientError::WrongAddress { .. }
        | ClientError::Throttled { .. }
        | ClientError::ServerTrouble { .. }
        | ClientError::CutOff { .. } => Obstacle::Network,
    };
    Trouble::new(cause, error.to_string(), error.remedy())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_failure_has_its_obstacle() {
        let text = String::new;
        let role = ClientError::NotAllowed {
            cause: Refusal::RoleLacks {
                role: None,
                permission: "CIPP.AppSettings.Read".into(),
            },
            text: text(),
        };
        assert_eq!(trouble(role).cause(), Some(Obstacle::CippRole));
        let accepted = ClientError::NotAccepted {
            text: text(),
            names_mcp: false,
        };
        assert_eq!(trouble(accepted).cause(), Some(Obstacle::NotLetIn));
        let busy = ClientError::ServerTrouble {
            status: 500,
            text: text(),
            starting: false,
        };
        assert_eq!(trouble(busy).cause(), Some(Obstacle::Network));
        assert_eq!(trouble(ClientError::Cancelled).kind, TroubleKind::Cancelled);
    }

    #[test]
    fn the_age_of_a_report_is_read_in_any_form_and_never_negative() {
        let now: Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
        let hours = |text: &str| age(text, now).map(|age| age.as_hours());
        assert_eq!(hours("2026-11-22T09:00:00Z"), Some(3));
        assert_eq!(hours("2026-11-22T09:00:00"), Some(3));
        assert_eq!(hours("2026-11-22T14:00:00+01:00"), Some(0));
        assert_eq!(hours("soon"), None);
    }
}
