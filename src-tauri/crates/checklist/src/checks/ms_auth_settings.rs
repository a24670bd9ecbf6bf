//! The Function App's sign-in settings hold the API client: what "Save to Azure" writes (facts: Entra C.2 row 2).

use serde_json::Value;

use crate::finding::{Obstacle, Verdict};
use crate::sources::microsoft::{Ask, Ms, Post, Service, strings, unclear};
use crate::sources::{Trail, Trouble};

pub(crate) async fn check(ms: &mut Ms<'_>, trail: &mut Trail) -> Result<Verdict, Trouble> {
    let Some(client) = ms.subject.client_id.clone() else {
        return Err(super::no_client());
    };
    let site = ms.site(trail).await?;
    let settings = ms
        .ask(trail, Ask::post(Service::Azure, Post::AuthSettings { site }))
        .await
        .map_err(reader_is_not_enough)?;
    judge(&settings, &client, trail)
}

fn reader_is_not_enough(mut trouble: Trouble) -> Trouble {
    if trouble.cause() == Some(Obstacle::Role) {
        trouble.remedy = "The role Reader is not enough for these settings: sign in as a Contributor of the Function App, or rely on the call to CIPP.".into();
    }
    trouble
}

fn judge(settings: &Value, client: &str, trail: &mut Trail) -> Result<Verdict, Trouble> {
    let entra = &settings["properties"]["identityProviders"]["azureActiveDirectory"];
    if !settings["properties"].is_object() {
        return Err(unclear("Azure's answer holds no sign-in settings."));
    }
    let validation = &entra["validation"];
    let enabled = entra["enabled"].as_bool().unwrap_or(false);
    let audience = format!("api://{client}");
    let holds = |list: Vec<&str>, wanted: &str| list.iter().any(|own| own.eq_ignore_ascii_case(wanted));
    let audience_listed = holds(strings(validation, "allowedAudiences"), &audience);
    let applications = strings(&validation["defaultAuthorizationPolicy"], "allowedApplications");
    let application_listed = holds(applications, client);
    trail.saw("azureActiveDirectory.enabled", enabled);
    trail.saw(format!("allowedAudiences holds {audience}"), audience_listed);
    trail.saw(format!("allowedApplications holds {client}"), application_listed);
    let save = "In CIPP, open Integrations, CIPP-API: check that the client is enabled, then choose Save to Azure.";
    Ok(match (enabled, audience_listed, application_listed) {
        (true, true, true) => Verdict::passed(),
        (false, ..) => Verdict::failed("The Function App does not ask Entra to sign callers in.", save),
        (_, false, _) => Verdict::failed(format!("The Function App does not accept tokens for {audience}."), save),
        _ => Verdict::failed(
            "The Function App does not list this client among the allowed applications.",
            save,
        ),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::{could_not, failed, passed, run_ms};
    use super::*;
    use crate::sources::microsoft::tests::{CLIENT, Canned};

    fn settings(enabled: bool, audience: &str, application: &str) -> Value {
        json!({"properties": {"identityProviders": {"azureActiveDirectory": {"enabled": enabled, "validation": {
            "allowedAudiences": ["api://other", audience],
            "defaultAuthorizationPolicy": {"allowedApplications": ["other", application]}}}}}})
    }

    fn look(settings: Value) -> crate::finding::Finding {
        run_ms(&Canned::new().with("post auth-settings", settings), check)
    }

    #[test]
    fn all_three_must_be_right() {
        let audience = format!("api://{CLIENT}");
        assert!(passed(&look(settings(true, &audience, CLIENT))));
        assert!(failed(&look(settings(false, &audience, CLIENT))).contains("does not ask"));
        assert!(failed(&look(settings(true, CLIENT, CLIENT))).contains("tokens for"));
        assert!(failed(&look(settings(true, &audience, "x"))).contains("allowed applications"));
        assert!(failed(&look(json!({"properties": {}}))).contains("does not ask"));
    }

    #[test]
    fn reader_is_told_that_it_is_not_enough() {
        let role = Trouble::new(Obstacle::Role, "Refused.", "x");
        let finding = run_ms(&Canned::new().without("post auth-settings", role), check);
        assert_eq!(could_not(&finding), Obstacle::Role);
        assert!(format!("{finding:?}").contains("Reader is not enough"));
        assert_eq!(could_not(&look(json!({}))), Obstacle::Unclear);
    }
}
