//! The network ledger: every call of a run is in it, every call of it is on a list that somebody has read, and nothing in
//! it is secret or names a person.
//!
//! Both sides count: what the ledger says is held against what the sandbox was asked.

use std::collections::BTreeMap;

use checklist::{CheckId, Planned, Sources, all, check_all};
use cipp_client::{ENDPOINTS, NetworkCall, Secret};
use jiff::Timestamp;
use ms_client::{Scopes, TIER_2_OPTIONAL};
use tokio_util::sync::CancellationToken;

use crate::endpoints::call;
use crate::microsoft::World;

/// What is asked of the sign-in server, below the tenant. A new line here is a call that this product did not make before.
const SIGN_IN: &[&str] = &[
    "/v2.0/.well-known/openid-configuration",
    "/discovery/v2.0/keys",
    "/oauth2/v2.0/token",
];

/// What is asked of Microsoft Graph. As above.
const GRAPH: &[&str] = &[
    "/beta/policies/mfaServicePolicy",
    "/beta/roleManagement/directory/transitiveRoleAssignments",
    "/v1.0/applications",
    "/v1.0/applications(appId={id})",
    "/v1.0/auditLogs/signIns",
    "/v1.0/domains/harbourlight.example",
    "/v1.0/groups",
    "/v1.0/identity/conditionalAccess/evaluate",
    "/v1.0/identity/conditionalAccess/policies",
    "/v1.0/organization",
    "/v1.0/policies/authenticationMethodsPolicy",
    "/v1.0/policies/identitySecurityDefaultsEnforcementPolicy",
    "/v1.0/servicePrincipals(appId={id})",
    "/v1.0/servicePrincipals/{id}/oauth2PermissionGrants",
    "/v1.0/tenantRelationships/delegatedAdminRelationships",
    "/v1.0/tenantRelationships/delegatedAdminRelationships/{id}/accessAssignments",
    "/v1.0/users/{user}",
    "/v1.0/users/{user}/authentication/methods",
    "/v1.0/users/{user}/transitiveMemberOf/microsoft.graph.group",
];

/// What is asked of Azure. As above.
const ARM: &[&str] = &[
    "/subscriptions",
    "/subscriptions/{id}/providers/Microsoft.Authorization/roleAssignments",
    "/subscriptions/{id}/providers/Microsoft.Web/sites",
    "/subscriptions/{id}/resourceGroups/CIPP/providers/Microsoft.Web/sites/cippsandbox",
    "/subscriptions/{id}/resourceGroups/CIPP/providers/Microsoft.Web/sites/cippsandbox/config/authsettingsV2/list",
    "/subscriptions/{id}/resourceGroups/CIPP/providers/Microsoft.Web/sites/cippsandbox/providers/Microsoft.Authorization/roleAssignments",
];

/// Every check and every endpoint, once; the admin signs in.
async fn everything(world: &World) {
    let cancel = CancellationToken::new();
    let client = world.client();
    client.knock(&cancel).await.unwrap();
    client.knock_at_sign_in(&cancel).await.unwrap();
    for endpoint in ENDPOINTS {
        call(endpoint.name, &client).await.unwrap();
    }
    let mut scopes = Scopes::tier_2();
    scopes.extend(TIER_2_OPTIONAL);
    let sources = Sources {
        cipp: Some(client),
        microsoft: Some(world.sign_in("admin", scopes).await.0),
        subject: world.subject(),
        clock: std::sync::Arc::new(Timestamp::now),
    };
    let steps = all().unwrap().iter().flat_map(|list| list.steps());
    // One by one, because of several checks of a step only the first that can tell is made.
    let alone = steps.flat_map(|step| {
        step.proof.checks.iter().map(|check| Planned {
            step: step.id.clone(),
            checks: vec![*check],
        })
    });
    let planned: Vec<Planned> = alone.collect();
    assert!(planned.len() >= CheckId::ALL.len());
    let round = check_all(&sources, &planned, &mut |_| {}, &cancel).await;
    assert_eq!(round.findings.len(), planned.len());
}

/// How often each thing was called.
fn counted<'a>(things: impl Iterator<Item = &'a str>) -> BTreeMap<&'a str, u64> {
    let mut counts = BTreeMap::new();
    for thing in things {
        *counts.entry(thing).or_default() += 1;
    }
    counts
}

#[tokio::test(flavor = "multi_thread")]
async fn every_call_of_a_run_is_in_the_ledger_and_on_a_list() {
    let world = World::playing("healthy").await;
    everything(&world).await;
    let calls = world.ledger.calls();
    let ready = world.ready();
    let host_of = |address: &str| {
        address
            .split("://")
            .nth(1)
            .unwrap()
            .split('/')
            .next()
            .unwrap()
            .to_owned()
    };
    let (api, microsoft) = (host_of(&ready.api_url), host_of(&ready.authority));
    let (of_cipp, others): (Vec<&NetworkCall>, Vec<&NetworkCall>) = calls.iter().partition(|call| call.host == api);
    let (of_graph, others): (Vec<_>, Vec<_>) = others.into_iter().partition(|call| call.path.starts_with("/graph/"));
    let (of_arm, of_sign_in): (Vec<_>, Vec<_>) = others.into_iter().partition(|call| call.path.starts_with("/arm/"));

    // No other host, and no other call, than is on a list.
    let on_the_same = |call: &&NetworkCall| call.host == microsoft;
    assert!(
        [&of_graph, &of_arm, &of_sign_in]
            .iter()
            .all(|calls| calls.iter().all(on_the_same))
    );
    let below = |path: &str, start: &str| path.strip_prefix(start).map(str::to_owned).unwrap_or_default();
    let mut strangers: Vec<String> = Vec::new();
    for call in &of_cipp {
        if !ENDPOINTS
            .iter()
            .any(|endpoint| call.path == format!("/api/{}", endpoint.name))
        {
            strangers.push(call.path.clone());
        }
    }
    for (calls, start, list) in [
        (&of_sign_in, "/{id}", SIGN_IN),
        (&of_graph, "/graph", GRAPH),
        (&of_arm, "/arm", ARM),
    ] {
        let off_list = calls.iter().map(|call| below(&call.path, start));
        strangers.extend(off_list.filter(|path| !list.contains(&path.as_str())));
    }
    strangers.sort();
    strangers.dedup();
    assert!(strangers.is_empty(), "on no list: {strangers:#?}");

    // Nothing is missing: the other side counted too.
    let seen = world.sandbox().calls();
    for (path, count) in counted(of_cipp.iter().map(|call| call.path.as_str())) {
        assert_eq!(seen.of(path.trim_start_matches("/api/")), count, "{path}");
    }
    assert_eq!(seen.total(), of_cipp.len() as u64);
    let asked = world.sandbox().microsoft_calls();
    assert!(asked.len() > 20 && !of_arm.is_empty(), "{asked:#?}");
    assert_eq!(asked.len(), of_graph.len() + of_arm.len(), "{asked:#?}");

    // Whole, and readable.
    for call in &calls {
        assert!(call.status.is_some() && call.outcome.is_empty(), "{call:?}");
        assert!(!call.reason.is_empty() && !call.path.contains('?'), "{call:?}");
    }
    assert!(of_cipp.iter().any(|call| call.bytes > 10_000), "bodies are counted");
    let all = format!("{calls:?}");
    let people = ready.people.iter().map(|person| person.user_principal_name.as_str());
    let secret = [
        ready.client_secret.as_str(),
        "eyJ",
        "@",
        ready.tenant_id.as_str(),
        ready.client_id.as_str(),
    ];
    for planted in people.chain(secret) {
        assert!(!all.contains(planted), "{planted} is in {all}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_failed_is_in_the_ledger_too() {
    let world = World::playing("expired_secret").await;
    let cancel = CancellationToken::new();
    world.client().sign_in(&cancel).await.unwrap_err();
    let refused = &world.ledger.calls()[0];
    assert_eq!(
        (refused.path.as_str(), refused.status),
        ("/{id}/oauth2/v2.0/token", Some(401))
    );

    let mut away = world.connection();
    away.authority = "http://127.0.0.1:9".parse().unwrap();
    let secret = Secret::parse(&world.ready().client_secret).unwrap();
    let client = World::noting(away, secret, &world.ledger);
    client.sign_in(&cancel).await.unwrap_err();
    let calls = world.ledger.calls();
    assert_eq!(
        (calls[0].host.as_str(), calls[0].outcome.as_str()),
        ("127.0.0.1:9", "refused")
    );
    assert_eq!(
        calls.iter().filter(|call| call.outcome == "refused").count(),
        3,
        "each try: {calls:#?}"
    );
}
