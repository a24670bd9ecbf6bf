//! The account has registered a method of MFA that is Microsoft's (facts: Entra C.2 row 15).
//!
//! The methods themselves are asked for first; where that is not allowed, the tenant's report must do, which lags by hours.

use serde_json::Value;

use crate::finding::Verdict;
use crate::sources::microsoft::{Account, Ask, Ms, encoded, shown, strings, text};
use crate::sources::{Trail, Trouble};

/// Methods that can answer a demand for MFA, by their type in Graph. A temporary pass is no lasting method.
const MICROSOFT: [&str; 9] = [
    "microsoftAuthenticatorAuthenticationMethod",
    "passwordlessMicrosoftAuthenticatorAuthenticationMethod",
    "phoneAuthenticationMethod",
    "softwareOathAuthenticationMethod",
    "hardwareOathAuthenticationMethod",
    "fido2AuthenticationMethod",
    "windowsHelloForBusinessAuthenticationMethod",
    "platformCredentialAuthenticationMethod",
    "x509CertificateAuthenticationMethod",
];

const EXTERNAL: &str = "externalAuthenticationMethod";

/// In the report: what is no second factor of Microsoft's.
const NOT_MICROSOFT: [&str; 4] = [
    "email",
    "securityQuestion",
    "externalAuthMethod",
    "externalAuthenticationMethod",
];

pub(crate) async fn check(ms: &mut Ms<'_>, trail: &mut Trail) -> Result<Verdict, Trouble> {
    let account = ms.account(trail).await?;
    let path = format!("/users/{}/authentication/methods", encoded(&account.id));
    let ask = Ask::graph(path).needs(&["UserAuthenticationMethod.Read.All"]);
    match ms.list(trail, ask).await {
        Ok(methods) => Ok(by_methods(&methods, &account, trail)),
        Err(first) if first.cause().is_some() => match by_report(ms, &account, trail).await {
            Ok(verdict) => Ok(verdict),
            // Why the better source was closed is what helps.
            Err(_) => Err(first),
        },
        Err(other) => Err(other),
    }
}

fn by_methods(methods: &[Value], account: &Account, trail: &mut Trail) -> Verdict {
    let kinds: Vec<&str> = methods
        .iter()
        .filter_map(|method| text(method, "@odata.type"))
        .map(|kind| kind.trim_start_matches("#microsoft.graph."))
        .collect();
    trail.saw("methods", kinds.join(", "));
    verdict(
        kinds.iter().any(|kind| MICROSOFT.contains(kind)),
        kinds.contains(&EXTERNAL),
        account,
    )
}

async fn by_report(ms: &mut Ms<'_>, account: &Account, trail: &mut Trail) -> Result<Verdict, Trouble> {
    let path = format!(
        "/reports/authenticationMethods/userRegistrationDetails/{}",
        encoded(&account.id)
    );
    let report = ms.ask(trail, Ask::graph(path).needs(&["AuditLog.Read.All"])).await?;
    let methods = strings(&report, "methodsRegistered");
    trail.saw("isMfaRegistered", shown(&report, "isMfaRegistered"));
    trail.saw("methodsRegistered", methods.join(", "));
    trail.saw("lastUpdatedDateTime", shown(&report, "lastUpdatedDateTime"));
    let microsoft = methods.iter().any(|method| !NOT_MICROSOFT.contains(method));
    let external = methods.iter().any(|method| method.starts_with("external"));
    Ok(
        match verdict(report["isMfaRegistered"] == true && microsoft, external, account) {
            Verdict::Failed { reason, remedy } => Verdict::failed(
                reason,
                format!(
                    "{remedy} If it was done in the last hours, Microsoft's report may not know it yet: check again later."
                ),
            ),
            passed => passed,
        },
    )
}

fn verdict(microsoft: bool, external: bool, account: &Account) -> Verdict {
    let remedy = "Sign in as the account at https://aka.ms/mfasetup and register Microsoft Authenticator or another of Microsoft's methods.";
    match (microsoft, external) {
        (true, false) => Verdict::passed(),
        (true, true) => Verdict::passed_but("The account has a third party's method as well, which CIPP cannot use."),
        (false, true) => Verdict::failed(
            format!(
                "{} has only a third party's method, which CIPP cannot use.",
                account.user_name
            ),
            remedy,
        ),
        (false, false) => Verdict::failed(
            format!("{} has registered no method of MFA.", account.user_name),
            remedy,
        ),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::{could_not, failed, hint, passed, run_ms};
    use super::*;
    use crate::finding::{Finding, Obstacle};
    use crate::sources::microsoft::tests::{Canned, account, no_scope};

    fn look(kinds: &[&str]) -> Finding {
        let methods: Value = kinds
            .iter()
            .map(|kind| json!({"@odata.type": format!("#microsoft.graph.{kind}")}))
            .collect();
        let canned = Canned::new()
            .with("/users/cipp", account())
            .with("/authentication/methods", methods);
        run_ms(&canned, check)
    }

    #[test]
    fn a_method_of_microsoft_passes_a_password_or_duo_does_not() {
        assert!(passed(&look(&[
            "passwordAuthenticationMethod",
            "microsoftAuthenticatorAuthenticationMethod"
        ])));
        assert!(hint(&look(&["phoneAuthenticationMethod", EXTERNAL])).contains("third party"));
        assert!(failed(&look(&["passwordAuthenticationMethod", EXTERNAL])).contains("third party"));
        for none in [
            &["passwordAuthenticationMethod"][..],
            &["emailAuthenticationMethod"],
            &["temporaryAccessPassAuthenticationMethod"],
            &[],
        ] {
            assert!(failed(&look(none)).contains("no method"));
        }
    }

    fn report(registered: bool, methods: &[&str]) -> Finding {
        let report = json!({"isMfaRegistered": registered, "methodsRegistered": methods, "lastUpdatedDateTime": "2026-11-22T06:00:00Z"});
        let canned = Canned::new()
            .with("/users/cipp", account())
            .without("/authentication/methods", no_scope())
            .with("userRegistrationDetails", report);
        run_ms(&canned, check)
    }

    #[test]
    fn the_report_does_where_the_methods_may_not_be_seen() {
        assert!(passed(&report(true, &["microsoftAuthenticatorPush"])));
        failed(&report(true, &["email"]));
        assert!(failed(&report(true, &["externalAuthMethod"])).contains("third party"));
        let none = report(false, &[]);
        assert!(format!("{none:?}").contains("may not know it yet"));
    }

    #[test]
    fn where_neither_may_be_seen_nothing_is_said() {
        let licence = Trouble::new(Obstacle::Licence, "No P1.", "Buy it.");
        let canned = Canned::new()
            .with("/users/cipp", account())
            .without("/authentication/methods", no_scope())
            .without("userRegistrationDetails", licence);
        assert_eq!(could_not(&run_ms(&canned, check)), Obstacle::Scope);
    }
}
