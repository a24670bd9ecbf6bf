//! The account has a mailbox (facts: Entra C.2 row 18). Exact when the account itself is signed in; else inferred from its
//! licence and addresses, and said so.

use crate::finding::Verdict;
use crate::sources::microsoft::{Account, Ask, Ms, strings, text};
use crate::sources::{Trail, Trouble};

pub(crate) async fn check(ms: &mut Ms<'_>, trail: &mut Trail) -> Result<Verdict, Trouble> {
    let account = ms.account(trail).await?;
    if ms.who().object_id.eq_ignore_ascii_case(&account.id)
        && let Some(verdict) = own(ms, trail).await
    {
        return Ok(verdict);
    }
    Ok(infer(&account, trail))
}

/// What the account sees of itself; nothing where it may not look.
async fn own(ms: &mut Ms<'_>, trail: &mut Trail) -> Option<Verdict> {
    let ask = Ask::graph("/me/mailboxSettings/userPurpose").needs(&["MailboxSettings.Read"]);
    match ms.ask(trail, ask).await {
        Ok(purpose) => {
            let purpose = text(&purpose, "value")
                .or(purpose.as_str())
                .unwrap_or("not told")
                .to_owned();
            trail.saw("mailboxSettings.userPurpose", purpose);
            Some(Verdict::passed())
        }
        Err(trouble) if trouble.is_not_found() => {
            trail.saw("mailboxSettings", "not found");
            Some(none())
        }
        Err(_) => None,
    }
}

fn infer(account: &Account, trail: &mut Trail) -> Verdict {
    let user = &account.json;
    let has = |list: &str, field: &str, wanted: &str| {
        let plans = user[list].as_array();
        plans.into_iter().flatten().any(|plan| {
            text(plan, "service").is_some_and(|service| service.eq_ignore_ascii_case("exchange"))
                && text(plan, field) == Some(wanted)
        })
    };
    let assigned = has("assignedPlans", "capabilityStatus", "Enabled");
    let provisioned = has("provisionedPlans", "provisioningStatus", "Success");
    // The main address is the one in capitals; such a mailbox without a plan is a shared one.
    let address = text(user, "mail").is_some()
        && strings(user, "proxyAddresses")
            .iter()
            .any(|address| address.starts_with("SMTP:"));
    trail.saw("plan for exchange, enabled", assigned);
    trail.saw("plan for exchange, provisioned", provisioned);
    trail.saw("mail with an SMTP: address", address);
    match (assigned, provisioned, address) {
        (true, true, _) => {
            Verdict::passed_but("Inferred from the licence: only the account itself can see its mailbox.")
        }
        (true, false, _) => Verdict::waiting("The licence is assigned and its mailbox is not made yet.", 900),
        (false, _, true) => {
            Verdict::passed_but("Inferred from the addresses: a shared mailbox has no licence of its own.")
        }
        (false, _, false) => none(),
    }
}

fn none() -> Verdict {
    Verdict::failed(
        "The account has no mailbox.",
        "Assign a licence with Exchange, or make it a shared mailbox. Without notifications and exports none is needed: mark the step as not applicable then.",
    )
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::testing::{could_not, failed, hint, passed, run_ms, waiting};
    use super::*;
    use crate::finding::{Finding, Obstacle};
    use crate::sources::microsoft::SignedIn;
    use crate::sources::microsoft::tests::{ACCOUNT, Canned, OID, TENANT, account, no_scope};

    fn infer_from(changes: Value) -> Finding {
        let mut user = account();
        for (key, value) in changes.as_object().unwrap() {
            user[key] = value.clone();
        }
        run_ms(&Canned::new().with("/users/cipp", user), check)
    }

    fn plan(status: &str) -> Value {
        json!([{"service": "exchange", "capabilityStatus": status}, {"service": "SharePoint", "capabilityStatus": "Enabled"}])
    }

    #[test]
    fn licence_and_addresses_are_inferred_from() {
        let made = json!([{"service": "exchange", "provisioningStatus": "Success"}]);
        assert!(
            hint(&infer_from(
                json!({"assignedPlans": plan("Enabled"), "provisionedPlans": made})
            ))
            .contains("licence")
        );
        waiting(&infer_from(json!({"assignedPlans": plan("Enabled")})));
        let shared = json!({"mail": ACCOUNT, "proxyAddresses": ["smtp:x@y", "SMTP:cipp@msp.example"], "assignedPlans": plan("Deleted")});
        assert!(hint(&infer_from(shared)).contains("shared"));
        failed(&infer_from(json!({"mail": ACCOUNT, "proxyAddresses": ["smtp:x@y"]})));
        failed(&infer_from(json!({})));
    }

    fn as_itself(canned: Canned) -> Finding {
        let mut canned = canned.with("/users/cipp", account());
        canned.who = Some(SignedIn {
            user_name: ACCOUNT.into(),
            object_id: OID.into(),
            tenant_id: TENANT.into(),
        });
        run_ms(&canned, check)
    }

    #[test]
    fn the_account_itself_sees_exactly() {
        assert!(passed(&as_itself(
            Canned::new().with("userPurpose", json!({"value": "shared"}))
        )));
        assert!(failed(&as_itself(Canned::new())).contains("no mailbox"));
        failed(&as_itself(Canned::new().without("userPurpose", no_scope())));
    }

    #[test]
    fn without_the_permission_nothing_is_said() {
        let refused = Canned::new().without("/users/", no_scope());
        assert_eq!(could_not(&run_ms(&refused, check)), Obstacle::Scope);
    }
}
