//! The service account exists, is a member of the tenant and not a guest, enabled, made in the cloud, and named as a service
//! account (facts: Entra C.2 row 11).

use super::cipp_service_account_name::is_service_name;
use crate::finding::Verdict;
use crate::sources::microsoft::{Account, Ms, shown, text};
use crate::sources::{Trail, Trouble};

pub(crate) async fn check(ms: &mut Ms<'_>, trail: &mut Trail) -> Result<Verdict, Trouble> {
    match ms.account_if_any(trail).await? {
        Some(account) => Ok(judge(&account, trail)),
        None => Ok(Verdict::failed(
            format!(
                "There is no account {} in this tenant.",
                ms.subject.account.as_deref().unwrap_or_default()
            ),
            "Create it, or correct its user name here. It may also have been deleted.",
        )),
    }
}

fn judge(account: &Account, trail: &mut Trail) -> Verdict {
    let user = &account.json;
    for field in [
        "displayName",
        "userType",
        "creationType",
        "accountEnabled",
        "onPremisesSyncEnabled",
        "createdDateTime",
    ] {
        trail.saw(field, shown(user, field));
    }
    let mut wrong: Vec<String> = Vec::new();
    match text(user, "userType") {
        Some("Member") => {}
        other => wrong.push(format!("it is of type {} and not Member", other.unwrap_or("unknown"))),
    }
    if let Some(creation) = text(user, "creationType") {
        wrong.push(format!("it was not made inside the organisation ({creation})"));
    }
    if user["accountEnabled"] != true {
        wrong.push("it is not enabled".into());
    }
    if user["onPremisesSyncEnabled"] == true {
        wrong.push("it is synchronised from a local directory".into());
    }
    let named = is_service_name(&account.user_name) || text(user, "displayName").is_some_and(is_service_name);
    if !named {
        wrong.push("neither CIPP nor Service occurs in its names".into());
    }
    if wrong.is_empty() {
        return Verdict::passed();
    }
    Verdict::failed(
        format!("{}: {}.", account.user_name, wrong.join("; ")),
        "In the Entra admin centre, open the account and correct it; a guest or a synchronised account must be made anew.",
    )
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::testing::{could_not, failed, passed, run_ms};
    use super::*;
    use crate::finding::Obstacle;
    use crate::sources::microsoft::tests::{Canned, account, no_scope};

    fn with(changes: Value) -> Canned {
        let mut user = account();
        for (key, value) in changes.as_object().unwrap() {
            user[key] = value.clone();
        }
        Canned::new().with("/users/cippserviceaccount@msp.example", user)
    }

    #[test]
    fn a_sound_account_passes_and_each_fault_is_named() {
        assert!(passed(&run_ms(&with(json!({})), check)));
        for (changes, told) in [
            (json!({"userType": "Guest"}), "Guest"),
            (json!({"creationType": "Invitation"}), "Invitation"),
            (json!({"accountEnabled": false}), "not enabled"),
            (json!({"onPremisesSyncEnabled": true}), "synchronised"),
            (
                json!({"displayName": "Anna", "userPrincipalName": "anna@msp.example"}),
                "neither CIPP nor Service",
            ),
        ] {
            let reason = failed(&run_ms(&with(changes), check));
            assert!(reason.contains(told), "{reason}");
        }
    }

    #[test]
    fn no_account_fails_and_no_permission_says_nothing() {
        assert!(failed(&run_ms(&Canned::new(), check)).contains("no account"));
        let refused = Canned::new().without("/users/", no_scope());
        assert_eq!(could_not(&run_ms(&refused, check)), Obstacle::Scope);
    }
}
