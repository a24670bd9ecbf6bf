//! The stored secret is valid, and until when (facts: Entra C.2 row 10).
//!
//! Entra shows a secret's first three characters as its hint. Several may share them; then the earliest end counts.

use jiff::Timestamp;
use serde_json::Value;

use super::ms_api_app::{application, no_application};
use crate::finding::{Evidence, Obstacle, Verdict};
use crate::sources::microsoft::{Ms, shown, text, unclear};
use crate::sources::{Trail, Trouble};

/// From here on the end is worth a hint, in days.
const SOON: i64 = 60;

/// From here on it must be renewed now, in days.
const TOO_SOON: i64 = 7;

/// The names of what decided, by which [`kept`] finds it again.
const END: &str = "endDateTime";
const KEY_ID: &str = "keyId";
const WHICH: &str = "which secret";

/// The secret of the application that is stored here, or may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ending {
    /// When it ends.
    pub(crate) end: Timestamp,
    /// Entra's Secret ID.
    pub(crate) key_id: Option<String>,
    /// There are several, and nothing tells which of them it is: this is the one that ends first.
    pub(crate) unsure: bool,
}

/// What the application's list of secrets tells.
enum Told {
    Ends(Ending),
    /// Nothing that could be the stored one: why.
    No(&'static str),
}

pub(crate) async fn check(ms: &mut Ms<'_>, trail: &mut Trail) -> Result<Verdict, Trouble> {
    let Some(client) = ms.subject.client_id.clone() else {
        return Err(super::no_client());
    };
    let Some(application) = application(ms, trail, &client).await? else {
        return Ok(no_application(&client));
    };
    match told(&application, ms.subject.secret_hint.as_deref(), trail)? {
        Told::Ends(ending) => judge(&ending, ms.now()),
        Told::No(why) => Ok(Verdict::failed(why, NEW_ONE)),
    }
}

/// When the stored secret ends, for whoever keeps the date.
///
/// # Errors
/// It cannot be looked at; or there is no such secret, and the reason says so.
pub(crate) async fn ending(ms: &mut Ms<'_>, trail: &mut Trail) -> Result<Ending, Trouble> {
    let Some(client) = ms.subject.client_id.clone() else {
        return Err(super::no_client());
    };
    let no_such = |why: String, remedy: &str| Trouble::new(Obstacle::Unclear, why, remedy);
    let Some(application) = application(ms, trail, &client).await? else {
        return Err(no_such(
            format!("No application in this tenant has the identifier api://{client}."),
            "Check that the sign-in is to your own tenant.",
        ));
    };
    match told(&application, ms.subject.secret_hint.as_deref(), trail)? {
        Told::Ends(ending) => Ok(ending),
        Told::No(why) => Err(no_such(why.to_owned(), NEW_ONE)),
    }
}

const NEW_ONE: &str = "In CIPP, open the client's menu, choose Reset Application Secret, and enter the new one here.";

fn told(application: &Value, hint: Option<&str>, trail: &mut Trail) -> Result<Told, Trouble> {
    let empty = Vec::new();
    let secrets = application["passwordCredentials"].as_array().unwrap_or(&empty);
    trail.saw("passwordCredentials", secrets.len());
    if secrets.is_empty() {
        return Ok(Told::No("The application has no secret at all."));
    }
    let ours: Vec<&Value> = match hint {
        Some(hint) => secrets
            .iter()
            .filter(|secret| text(secret, "hint") == Some(hint))
            .collect(),
        None => secrets.iter().collect(),
    };
    if ours.is_empty() {
        return Ok(Told::No(
            "None of the application's secrets is the one that is stored here.",
        ));
    }
    let mut ends: Vec<(Timestamp, &Value)> = ours
        .iter()
        .filter_map(|secret| Some((text(secret, "endDateTime")?.parse().ok()?, *secret)))
        .collect();
    ends.sort_by_key(|(end, _)| *end);
    let Some((end, secret)) = ends.first() else {
        return Err(unclear("Graph does not say when the secret ends."));
    };
    trail.saw("displayName", shown(secret, "displayName"));
    trail.saw(KEY_ID, shown(secret, KEY_ID));
    trail.saw(END, end);
    let unsure = hint.is_none() && ours.len() > 1;
    if unsure {
        trail.saw(WHICH, "not known; the one that ends first");
    }
    Ok(Told::Ends(Ending {
        end: *end,
        key_id: text(secret, KEY_ID).map(str::to_owned),
        unsure,
    }))
}

/// What a finding of this check told, as its evidence keeps it.
pub(crate) fn kept(evidence: &Evidence) -> Option<Ending> {
    let field = |name: &str| {
        let found = evidence.fields.iter().find(|field| field.name == name);
        found.map(|field| field.value.as_str())
    };
    Some(Ending {
        end: field(END)?.parse().ok()?,
        key_id: field(KEY_ID).filter(|id| *id != "null").map(str::to_owned),
        unsure: field(WHICH).is_some(),
    })
}

fn judge(ending: &Ending, now: Timestamp) -> Result<Verdict, Trouble> {
    let (end, unsure) = (ending.end, ending.unsure);
    let left = now.duration_until(end);
    // A secret that may be another one's proves no failure.
    if left.is_negative() || left.is_zero() {
        if unsure {
            return Err(unclear(
                "One of several secrets has expired, and it is not known which of them is stored here.",
            ));
        }
        return Ok(Verdict::failed(format!("The secret expired at {end}."), NEW_ONE));
    }
    let days = left.as_hours() / 24;
    if days <= TOO_SOON && !unsure {
        return Ok(Verdict::failed(format!("The secret expires in {days} days."), NEW_ONE));
    }
    Ok(if days <= SOON {
        Verdict::passed_but(format!("The secret expires in {days} days. {NEW_ONE}"))
    } else {
        Verdict::passed()
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::{could_not, failed, hint, passed, run_about, run_ms};
    use super::*;
    use crate::finding::Finding;
    use crate::sources::Subject;
    use crate::sources::microsoft::tests::{Canned, no_scope, subject};

    fn canned(secrets: Value) -> Canned {
        Canned::new().with("/applications?", json!([{"passwordCredentials": secrets}]))
    }

    fn secret(hint: &str, end: &str) -> Value {
        json!({"hint": hint, "endDateTime": end, "displayName": "Generated by API Setup", "keyId": "k"})
    }

    fn look(secrets: Value) -> Finding {
        run_ms(&canned(secrets), check)
    }

    #[test]
    fn far_passes_near_hints_and_over_fails() {
        assert!(passed(&look(json!([secret("abc", "2028-11-22T12:00:00Z")]))));
        assert!(hint(&look(json!([secret("abc", "2026-12-06T12:00:00Z")]))).contains("14 days"));
        assert!(failed(&look(json!([secret("abc", "2026-11-22T12:00:00Z")]))).contains("expired"));
        assert!(failed(&look(json!([secret("abc", "2026-11-26T12:00:00Z")]))).contains("4 days"));
        assert!(failed(&look(json!([]))).contains("no secret"));
    }

    #[test]
    fn ours_is_told_by_its_hint_and_the_earliest_counts() {
        let other = json!([
            secret("xyz", "2020-01-01T00:00:00Z"),
            secret("abc", "2028-01-01T00:00:00Z")
        ]);
        assert!(passed(&look(other)));
        let twins = json!([
            secret("abc", "2028-01-01T00:00:00Z"),
            secret("abc", "2026-12-01T12:00:00Z")
        ]);
        assert!(hint(&look(twins)).contains("9 days"));
        assert!(failed(&look(json!([secret("xyz", "2028-01-01T00:00:00Z")]))).contains("None of"));
    }

    #[test]
    fn without_the_hint_an_old_secret_proves_nothing() {
        let unknown = Subject {
            secret_hint: None,
            ..subject()
        };
        let secrets = json!([
            secret("xyz", "2020-01-01T00:00:00Z"),
            secret("abc", "2028-01-01T00:00:00Z")
        ]);
        assert_eq!(
            could_not(&run_about(&canned(secrets), unknown.clone(), check)),
            Obstacle::Unclear
        );
        let one = json!([secret("xyz", "2020-01-01T00:00:00Z")]);
        failed(&run_about(&canned(one), unknown, check));
    }

    #[test]
    fn an_end_that_is_not_told_or_not_shown_says_nothing() {
        assert_eq!(could_not(&look(json!([{"hint": "abc"}]))), Obstacle::Unclear);
        let refused = Canned::new().without("/applications?", no_scope());
        assert_eq!(could_not(&run_ms(&refused, check)), Obstacle::Scope);
    }

    #[test]
    fn the_date_is_found_again_in_the_evidence() {
        let finding = look(json!([secret("abc", "2026-12-06T12:00:00Z")]));
        let ending = kept(&finding.evidence).unwrap();
        assert_eq!(ending.end, "2026-12-06T12:00:00Z".parse().unwrap());
        assert_eq!((ending.key_id.as_deref(), ending.unsure), (Some("k"), false));
        let unknown = Subject {
            secret_hint: None,
            ..subject()
        };
        let two = json!([
            secret("xyz", "2028-01-01T00:00:00Z"),
            secret("abc", "2028-01-02T00:00:00Z")
        ]);
        assert!(kept(&run_about(&canned(two), unknown, check).evidence).unwrap().unsure);
        assert_eq!(kept(&look(json!([])).evidence), None);
    }

    #[test]
    fn the_hint_is_no_evidence() {
        let finding = look(json!([secret("abc", "2028-11-22T12:00:00Z")]));
        assert!(!format!("{:?}", finding.evidence).contains("\"abc\""));
    }
}
