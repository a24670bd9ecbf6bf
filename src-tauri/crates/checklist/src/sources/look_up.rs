//! What a round of checks is about, where it was not given: the service account, CIPP-SAM, the subscription, the Function App.
//!
//! Each is looked up by what is known already (a name, a host), and what stays unknown says what to enter. Not here: asking
//! itself (`microsoft`).

use serde_json::Value;

use super::microsoft::{Account, Ask, Ms, encoded, quoted, strings, text, unclear};
use super::{Trail, Trouble, some_of};
use crate::finding::Obstacle;

/// The name of CIPP's application, which several may bear.
const SAM: &str = "CIPP-SAM";

/// What is asked for about the account; everything that any check looks at, so that it is asked for once.
const ACCOUNT_FIELDS: &str = "id,displayName,userPrincipalName,userType,accountEnabled,creationType,createdDateTime,onPremisesSyncEnabled,assignedPlans,provisionedPlans,mail,proxyAddresses";

impl Ms<'_> {
    /// The service account; not found is trouble here, because then nothing can be said about it.
    pub(crate) async fn account(&mut self, trail: &mut Trail) -> Result<Account, Trouble> {
        let user_name = self.account_name()?;
        match self.account_if_any(trail).await? {
            Some(account) => Ok(account),
            None => Err(Trouble::new(
                Obstacle::NotKnown,
                format!("There is no account {user_name} in this tenant."),
                "Create the account first, or correct its user name.",
            )),
        }
    }

    /// The service account, or `None` when it does not exist.
    pub(crate) async fn account_if_any(&mut self, trail: &mut Trail) -> Result<Option<Account>, Trouble> {
        let user_name = self.account_name()?;
        let path = format!("/users/{}?$select={ACCOUNT_FIELDS}", encoded(&user_name));
        let json = match self.ask(trail, Ask::graph(path)).await {
            Ok(json) => json,
            Err(trouble) if trouble.is_not_found() => return Ok(None),
            Err(trouble) => return Err(trouble),
        };
        let id = text(&json, "id").ok_or_else(|| unclear("Graph does not say the account's object ID."))?;
        let user_name = text(&json, "userPrincipalName").unwrap_or(&user_name).to_owned();
        trail.saw("userPrincipalName", &user_name);
        Ok(Some(Account {
            id: id.to_owned(),
            user_name,
            json,
        }))
    }

    fn account_name(&self) -> Result<String, Trouble> {
        let name = self.subject.account.as_deref().map(str::trim);
        name.filter(|name| !name.is_empty()).map(str::to_owned).ok_or_else(|| {
            Trouble::new(
                Obstacle::NotKnown,
                "It is not known which account CIPP runs under.",
                "Enter the account's user name, or connect with a role that may read CIPP's permission check (CIPP.AppSettings.Read).",
            )
        })
    }

    /// The application ID of CIPP-SAM. Several applications may bear the name; then nobody but CIPP or a person knows.
    pub(crate) async fn sam_app_id(&mut self, trail: &mut Trail) -> Result<String, Trouble> {
        let known = self.subject.sam_app_id.as_deref().map(str::trim);
        if let Some(id) = known.filter(|id| !id.is_empty()) {
            return Ok(id.to_owned());
        }
        let filter = format!("displayName eq {}", quoted(SAM));
        let path = format!(
            "/applications?$filter={}&$select=id,appId,displayName",
            encoded(&filter)
        );
        let found = self.list(trail, Ask::graph(path)).await?;
        let ids: Vec<&str> = found.iter().filter_map(|app| text(app, "appId")).collect();
        match ids.as_slice() {
            [id] => {
                trail.saw("appId of CIPP-SAM", id);
                Ok((*id).to_owned())
            }
            [] => Err(Trouble::new(
                Obstacle::NotKnown,
                "There is no application named CIPP-SAM in this tenant.",
                "Run CIPP's set-up wizard first. If the application has another name, enter its application ID.",
            )),
            several => Err(Trouble::new(
                Obstacle::NotKnown,
                format!(
                    "There are {} applications named CIPP-SAM: {}.",
                    several.len(),
                    some_of(several)
                ),
                "CIPP's permission check shows the ID of the one that counts: enter it, or connect with a role that may read that check.",
            )),
        }
    }

    /// The subscription that holds CIPP.
    pub(crate) async fn subscription(&mut self, trail: &mut Trail) -> Result<String, Trouble> {
        let of_site = self.subject.site.as_deref().and_then(subscription_of);
        let known = self.subject.subscription.as_deref().map(str::trim);
        if let Some(id) = known.filter(|id| !id.is_empty()).or(of_site) {
            return Ok(id.to_owned());
        }
        let all = self.subscriptions(trail).await?;
        match all.as_slice() {
            [id] => Ok(id.clone()),
            // The Function App tells which of several it is.
            _ => match self.site(trail).await {
                Ok(site) => subscription_of(&site)
                    .map(str::to_owned)
                    .ok_or_else(|| unclear("The Function App's resource ID names no subscription.")),
                Err(trouble) if trouble.cause() == Some(Obstacle::NotKnown) => Err(Trouble::new(
                    Obstacle::NotKnown,
                    format!(
                        "You see {} subscriptions, and it is not known which of them holds CIPP.",
                        all.len()
                    ),
                    "Enter the subscription's ID.",
                )),
                Err(trouble) => Err(trouble),
            },
        }
    }

    async fn subscriptions(&mut self, trail: &mut Trail) -> Result<Vec<String>, Trouble> {
        let all = self
            .list(trail, Ask::azure("/subscriptions?api-version=2022-12-01"))
            .await?;
        let ids: Vec<String> = all
            .iter()
            .filter(|subscription| text(subscription, "state") != Some("Disabled"))
            .filter_map(|subscription| text(subscription, "subscriptionId"))
            .map(str::to_owned)
            .collect();
        if ids.is_empty() {
            return Err(Trouble::new(
                Obstacle::Role,
                "The person who is signed in sees no Azure subscription.",
                "Sign in as somebody who has at least the role Reader on the subscription that holds CIPP.",
            ));
        }
        Ok(ids)
    }

    /// The Function App's resource ID, found by the host of CIPP's API.
    pub(crate) async fn site(&mut self, trail: &mut Trail) -> Result<String, Trouble> {
        let known = self
            .subject
            .site
            .as_deref()
            .map(|site| site.trim().trim_end_matches('/'));
        if let Some(site) = known.filter(|site| !site.is_empty()) {
            return Ok(site.to_owned());
        }
        let Some(host) = self.subject.api_host.clone() else {
            return Err(Trouble::new(
                Obstacle::NotConnected,
                "The address of CIPP's API is not known yet, so its Function App cannot be found.",
                "Enter the connection first.",
            ));
        };
        let mut closed = None;
        for subscription in self.subscriptions(trail).await? {
            let path = format!("/subscriptions/{subscription}/providers/Microsoft.Web/sites?api-version=2022-03-01");
            let sites = match self.list(trail, Ask::azure(path)).await {
                Ok(sites) => sites,
                // One subscription that does not let this person look must not hide the others.
                Err(trouble) if trouble.is_not_found() || trouble.cause() == Some(Obstacle::Role) => {
                    closed = Some(trouble);
                    continue;
                }
                Err(trouble) => return Err(trouble),
            };
            let found = sites
                .iter()
                .find(|site| bears(site, &host))
                .and_then(|site| text(site, "id"));
            if let Some(id) = found {
                trail.saw("Function App", id);
                self.subject.site = Some(id.to_owned());
                return Ok(id.to_owned());
            }
        }
        if let Some(trouble) = closed.filter(|trouble| trouble.cause().is_some()) {
            return Err(trouble);
        }
        Err(Trouble::new(
            Obstacle::NotKnown,
            format!("No Function App with the address {host} was found in the subscriptions that you see."),
            "If CyberDrain hosts this CIPP, mark the step as not applicable. Else sign in as somebody who may see the subscription that holds CIPP.",
        ))
    }
}

/// Whether a site answers at this host. Private helper apps have hosts of their own.
fn bears(site: &Value, host: &str) -> bool {
    let properties = &site["properties"];
    let named = text(properties, "defaultHostName").is_some_and(|own| own.eq_ignore_ascii_case(host));
    named
        || strings(properties, "hostNames")
            .iter()
            .any(|own| own.eq_ignore_ascii_case(host))
}

fn subscription_of(resource: &str) -> Option<&str> {
    let mut parts = resource
        .split('/')
        .skip_while(|part| !part.eq_ignore_ascii_case("subscriptions"));
    parts.nth(1).filter(|id| !id.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::sources::Subject;
    use crate::sources::microsoft::tests::{ACCOUNT, Canned, SITE, SUBSCRIPTION, ms, ms_about, run, subject};

    #[test]
    fn a_resource_names_its_subscription() {
        assert_eq!(subscription_of(SITE), Some(SUBSCRIPTION));
        assert_eq!(subscription_of("/nothing"), None);
    }

    #[test]
    fn one_application_of_the_name_is_taken_and_of_several_none() {
        let subject = || Subject {
            sam_app_id: None,
            ..subject()
        };
        let apps = |ids: &[&str]| -> Value { ids.iter().map(|id| json!({"appId": id})).collect() };
        let look = |ids: &[&str]| {
            let canned = Canned::new().with("displayName eq 'CIPP-SAM'", apps(ids));
            run(async { ms_about(&canned, subject()).sam_app_id(&mut Trail::default()).await })
        };
        assert_eq!(look(&["a"]).unwrap(), "a");
        let several = look(&["a", "b"]).unwrap_err();
        assert_eq!(several.cause(), Some(Obstacle::NotKnown));
        assert!(several.reason.contains("a, b"), "{}", several.reason);
        assert_eq!(look(&[]).unwrap_err().cause(), Some(Obstacle::NotKnown));
    }

    #[test]
    fn the_function_app_is_found_by_its_host() {
        let canned = Canned::new()
            .with(
                "/subscriptions?",
                json!([{"subscriptionId": "one"}, {"subscriptionId": SUBSCRIPTION}]),
            )
            .with(
                "/subscriptions/one/",
                json!([{"id": "/x", "properties": {"defaultHostName": "other.azurewebsites.net"}}]),
            )
            .with(
                &format!("/subscriptions/{SUBSCRIPTION}/"),
                json!([
                    {"id": "/y", "properties": {"defaultHostName": "cippabc-proc.azurewebsites.net"}},
                    {"id": SITE, "properties": {"defaultHostName": "x.net", "hostNames": ["CippABC.azurewebsites.net"]}}
                ]),
            );
        let subject = Subject {
            site: None,
            subscription: None,
            ..subject()
        };
        let mut ms = ms_about(&canned, subject);
        run(async {
            assert_eq!(ms.site(&mut Trail::default()).await.unwrap(), SITE);
            assert_eq!(ms.subscription(&mut Trail::default()).await.unwrap(), SUBSCRIPTION);
        });
    }

    #[test]
    fn an_account_that_is_not_given_or_not_there_is_named_as_such() {
        let canned = Canned::new();
        let nobody = Subject {
            account: Some("  ".into()),
            ..subject()
        };
        run(async {
            let trouble = ms_about(&canned, nobody)
                .account(&mut Trail::default())
                .await
                .unwrap_err();
            assert_eq!(trouble.cause(), Some(Obstacle::NotKnown));
            let trouble = ms(&canned).account(&mut Trail::default()).await.unwrap_err();
            assert!(trouble.reason.contains(ACCOUNT));
        });
    }
}
