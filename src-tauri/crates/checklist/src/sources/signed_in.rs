//! The real sign-in behind the questions of `microsoft`: reads by `ms-client`, and its errors as obstacles.

use futures_util::future::BoxFuture;
use ms_client::{ArmPost, GraphPost, Listing, MsArm, MsError, MsGraph, Options, Reply, Seen, SignIn, Site};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::microsoft::{Answer, Ask, Post, Reader, Service, SignedIn, unclear};
use super::{Trouble, TroubleKind};
use crate::finding::{Obstacle, Request};

/// A person who is signed in, for one round of checks.
pub(crate) struct BySignIn {
    sign_in: SignIn,
    graph: MsGraph,
    azure: MsArm,
    cancel: CancellationToken,
}

impl BySignIn {
    pub(crate) fn new(sign_in: &SignIn, cancel: CancellationToken) -> BySignIn {
        BySignIn {
            sign_in: sign_in.clone(),
            graph: MsGraph::new(sign_in),
            azure: MsArm::new(sign_in),
            cancel,
        }
    }

    async fn answer(&self, ask: &Ask) -> Result<Answer, Trouble> {
        let cancel = &self.cancel;
        let options = Options {
            consistency: ask.consistency,
            beta: ask.beta,
            needs: ask.needs.iter().collect(),
        };
        let path = ask.path.as_str();
        match (&ask.post, ask.service, ask.all) {
            (None, Service::Graph, false) => one(self.graph.get(path, &options, cancel).await),
            (None, Service::Graph, true) => all(self.graph.list(path, &options, cancel).await),
            (None, Service::Azure, false) => one(self.azure.get(path, cancel).await),
            (None, Service::Azure, true) => all(self.azure.list(path, cancel).await),
            (Some(Post::EvaluateConditionalAccess { user, application }), ..) => {
                let question = sign_in_question(user, application);
                let read = GraphPost::EvaluateConditionalAccess;
                one(self.graph.post_read(read, &question, &options, cancel).await)
            }
            (Some(Post::AuthSettings { site }), ..) => {
                let site = parts(site).ok_or_else(|| unclear("The Function App's resource ID is not one."))?;
                one(self.azure.post_read(&ArmPost::AuthSettingsV2(site), cancel).await)
            }
        }
    }
}

impl Reader for BySignIn {
    fn who(&self) -> SignedIn {
        let person = self.sign_in.who();
        SignedIn {
            user_name: person.upn.clone(),
            object_id: person.oid.clone(),
            tenant_id: person.tid.clone(),
        }
    }

    fn read<'a>(&'a self, ask: &'a Ask) -> BoxFuture<'a, Result<Answer, Trouble>> {
        Box::pin(self.answer(ask))
    }
}

/// "What if this account signed in to this application, from an ordinary browser?" (facts: Entra C.3)
fn sign_in_question(user: &str, application: &str) -> Value {
    json!({
        "signInIdentity": {"@odata.type": "#microsoft.graph.userSignIn", "userId": user},
        "signInContext": {
            "@odata.type": "#microsoft.graph.applicationContext",
            "includeApplications": [application]
        },
        "signInConditions": {"devicePlatform": "windows", "clientAppType": "browser"},
        "appliedPoliciesOnly": true
    })
}

/// `/subscriptions/{}/resourceGroups/{}/providers/Microsoft.Web/sites/{}`
fn parts(resource: &str) -> Option<Site> {
    let parts: Vec<&str> = resource.trim_matches('/').split('/').collect();
    match parts.as_slice() {
        [subscriptions, subscription, groups, resource_group, _, _, sites, name]
            if subscriptions.eq_ignore_ascii_case("subscriptions")
                && groups.eq_ignore_ascii_case("resourceGroups")
                && sites.eq_ignore_ascii_case("sites") =>
        {
            Some(Site {
                subscription: (*subscription).to_owned(),
                resource_group: (*resource_group).to_owned(),
                name: (*name).to_owned(),
            })
        }
        _ => None,
    }
}

fn one(reply: Result<Reply, MsError>) -> Result<Answer, Trouble> {
    match reply {
        Ok(reply) => Ok(Answer {
            json: reply.json,
            request: request(&reply.seen),
        }),
        Err(error) => Err(trouble(&error)),
    }
}

fn all(listing: Result<Listing, MsError>) -> Result<Answer, Trouble> {
    match listing {
        Ok(listing) => Ok(Answer {
            json: Value::Array(listing.values),
            request: request(&listing.seen),
        }),
        Err(error) => Err(trouble(&error)),
    }
}

fn request(seen: &Seen) -> Request {
    Request {
        method: seen.method.clone(),
        url: seen.url.clone(),
        status: Some(seen.status),
        at: seen.at,
    }
}

fn trouble(error: &MsError) -> Trouble {
    let kind = match error {
        MsError::NotFound { .. } => TroubleKind::NotFound,
        MsError::BadQuestion { .. } => TroubleKind::NotTaken,
        MsError::Cancelled => TroubleKind::Cancelled,
        other => TroubleKind::Obstacle(obstacle(other)),
    };
    Trouble {
        kind,
        reason: error.to_string(),
        remedy: error.remedy(),
        request: error.seen().map(request).map(Box::new),
    }
}

fn obstacle(error: &MsError) -> Obstacle {
    match error {
        MsError::NoScope { .. } | MsError::ConsentNeeded { .. } => Obstacle::Scope,
        MsError::NoRole { .. } | MsError::NotAllowed { .. } => Obstacle::Role,
        MsError::NoLicence { .. } => Obstacle::Licence,
        // The subscription that was entered is another one.
        MsError::OtherTenant { .. } => Obstacle::NotKnown,
        MsError::SignInAgain { .. } | MsError::NotSignedIn { .. } | MsError::SignIn(_) => Obstacle::NotSignedIn,
        MsError::Throttled { .. } | MsError::ServerTrouble { .. } | MsError::Unreachable { .. } => Obstacle::Network,
        MsError::NotFound { .. }
        | MsError::BadQuestion { .. }
        | MsError::TooLarge { .. }
        | MsError::StrangeNextPage { .. }
        | MsError::NotUnderstood { .. }
        | MsError::Cancelled
        | MsError::Local { .. } => Obstacle::Unclear,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_id_has_its_parts_and_nothing_else() {
        let site = parts("/subscriptions/s/resourceGroups/r/providers/Microsoft.Web/sites/cipp").unwrap();
        assert_eq!((site.subscription.as_str(), site.name.as_str()), ("s", "cipp"));
        for wrong in [
            "",
            "/subscriptions/s",
            "/subscriptions/s/resourceGroups/r/providers/Microsoft.Web/sites/a/slots/b",
        ] {
            assert!(parts(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn the_end_of_a_sign_in_is_told_from_a_missing_permission() {
        let over = trouble(&MsError::SignInAgain { aadsts: Some(700_082) });
        assert_eq!(over.cause(), Some(Obstacle::NotSignedIn));
        let consent = MsError::ConsentNeeded {
            resource: ms_client::Resource::Graph,
            admin: true,
            aadsts: None,
        };
        assert_eq!(trouble(&consent).cause(), Some(Obstacle::Scope));
        assert_eq!(trouble(&MsError::Cancelled).kind, TroubleKind::Cancelled);
    }
}
