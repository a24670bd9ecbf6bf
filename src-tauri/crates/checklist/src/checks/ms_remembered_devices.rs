//! The tenant does not remember MFA on trusted devices (facts: Entra C.3 step 4).
//!
//! The setting of classic MFA, which can be seen in Graph's beta only. Where it cannot be seen nothing is claimed.

use crate::checks::account_policies::POLICY;
use crate::finding::{Obstacle, Verdict};
use crate::sources::microsoft::{Ask, Ms};
use crate::sources::{Trail, Trouble};

pub(super) const REMEDY: &str =
    "On the service settings of per-user MFA, switch off remembering multi-factor authentication on trusted devices.";

pub(crate) async fn check(ms: &mut Ms<'_>, trail: &mut Trail) -> Result<Verdict, Trouble> {
    Ok(match remembers(ms, trail).await? {
        false => Verdict::passed(),
        true => Verdict::failed("The tenant remembers MFA on trusted devices.", REMEDY),
    })
}

/// Whether MFA is remembered on trusted devices.
pub(super) async fn remembers(ms: &mut Ms<'_>, trail: &mut Trail) -> Result<bool, Trouble> {
    let ask = Ask::graph("/policies/mfaServicePolicy").beta().needs(POLICY);
    let policy = ms.ask(trail, ask).await?;
    let remembers = policy["rememberMfaOnTrustedDevice"]["isEnabled"].as_bool();
    let remembers = remembers.ok_or_else(|| {
        Trouble::new(
            Obstacle::Unclear,
            "Graph does not say whether MFA is remembered on trusted devices.",
            "Look at the classic MFA settings and confirm the step by hand.",
        )
    })?;
    trail.saw("rememberMfaOnTrustedDevice", remembers);
    Ok(remembers)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::testing::{could_not, failed, passed, run_ms};
    use super::*;
    use crate::finding::Finding;
    use crate::sources::microsoft::tests::{Canned, no_scope};

    fn look(policy: Value) -> Finding {
        run_ms(&Canned::new().with("beta /policies/mfaServicePolicy", policy), check)
    }

    #[test]
    fn off_passes_on_fails_and_silence_says_nothing() {
        let remember = |on: bool| json!({"rememberMfaOnTrustedDevice": {"isEnabled": on, "allowedNumberOfDays": 14}});
        assert!(passed(&look(remember(false))));
        assert!(failed(&look(remember(true))).contains("trusted devices"));
        for silent in [json!({}), json!({"rememberMfaOnTrustedDevice": {"isEnabled": "no"}})] {
            assert_eq!(could_not(&look(silent)), Obstacle::Unclear);
        }
        let refused = Canned::new().without("/policies/mfaServicePolicy", no_scope());
        assert_eq!(could_not(&run_ms(&refused, check)), Obstacle::Scope);
    }
}
