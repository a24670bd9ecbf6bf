//! Reads of Azure Resource Manager.

use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::clouds::Resource;
use crate::ms_error::MsError;
use crate::path::{Path, address};
use crate::read::{self, Question, Verb};
use crate::reply::{Listing, Reply};
use crate::scopes::Scopes;
use crate::sign_in::SignIn;

/// A web site or Function App in Azure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// The subscription's ID.
    pub subscription: String,
    /// The resource group's name.
    pub resource_group: String,
    /// The site's name.
    pub name: String,
}

impl Site {
    /// Its path, such as `/subscriptions/.../providers/Microsoft.Web/sites/cipp`.
    pub fn path(&self) -> Path {
        Path::new("/subscriptions")
            .then(&self.subscription)
            .and("/resourceGroups")
            .then(&self.resource_group)
            .and("/providers/Microsoft.Web/sites")
            .then(&self.name)
    }
}

/// The one read of Azure that is a POST (facts: Entra C.2, row 2). Nothing else can be posted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ArmPost {
    /// `POST .../config/authsettingsV2/list`: how a site asks its callers to sign in. It names the setting that holds the
    /// secret, never its value. Needs `Microsoft.Web/sites/config/list/action`, which Reader does not have.
    AuthSettingsV2(Site),
}

impl ArmPost {
    fn path(&self) -> Path {
        match self {
            ArmPost::AuthSettingsV2(site) => site
                .path()
                .and("/config/authsettingsV2/list")
                .with("api-version", "2020-06-01"),
        }
    }
}

/// Azure Resource Manager, read in the name of a signed-in person. Cheap to clone.
///
/// With an application of one's own the token comes by the refresh token; with Microsoft's own tools the person has to
/// sign in for Azure apart ([`SignIn::must_ask_for_azure`]). Every call ends at once when its `cancel` token is cancelled,
/// or the person signs out.
#[derive(Debug, Clone)]
pub struct MsArm {
    sign_in: SignIn,
}

impl MsArm {
    /// Reads with this sign-in.
    pub fn new(sign_in: &SignIn) -> MsArm {
        MsArm {
            sign_in: sign_in.clone(),
        }
    }

    /// With which sign-in.
    pub fn sign_in(&self) -> &SignIn {
        &self.sign_in
    }

    /// GET of one thing, or of the first page of a list. `path` begins with `/` and has its `api-version`; see
    /// [`crate::Path`] for values.
    ///
    /// # Errors
    /// Any [`MsError`].
    pub async fn get(&self, path: &str, cancel: &CancellationToken) -> Result<Reply, MsError> {
        self.one(Verb::Get, path, cancel).await
    }

    /// GET of a list, all its pages.
    ///
    /// # Errors
    /// Any [`MsError`]; a list of which a page is missing is never returned as if it were whole.
    pub async fn list(&self, path: &str, cancel: &CancellationToken) -> Result<Listing, MsError> {
        let needs = Scopes::none();
        let question = self.question(Verb::Get, path, &needs)?;
        read::all(&self.sign_in.session, question, "nextLink", cancel).await
    }

    /// A read by POST.
    ///
    /// # Errors
    /// Any [`MsError`].
    pub async fn post_read(&self, read: &ArmPost, cancel: &CancellationToken) -> Result<Reply, MsError> {
        self.one(Verb::PostRead(&json!({})), read.path().as_str(), cancel).await
    }

    async fn one(&self, verb: Verb<'_>, path: &str, cancel: &CancellationToken) -> Result<Reply, MsError> {
        let needs = Scopes::none();
        let question = self.question(verb, path, &needs)?;
        read::one(&self.sign_in.session, &question, cancel).await
    }

    fn question<'a>(&self, verb: Verb<'a>, path: &str, needs: &'a Scopes) -> Result<Question<'a>, MsError> {
        Ok(Question {
            resource: Resource::Arm,
            verb,
            url: address(&self.sign_in.microsoft().clouds().arm, "", path)?,
            consistency: false,
            needs,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_read_by_post_is_that_of_a_site_whatever_its_name_holds() {
        let site = |name: &str| Site {
            subscription: "s".into(),
            resource_group: "r".into(),
            name: name.into(),
        };
        assert_eq!(
            ArmPost::AuthSettingsV2(site("cipp")).path().as_str(),
            "/subscriptions/s/resourceGroups/r/providers/Microsoft.Web/sites/cipp/config/authsettingsV2/list?api-version=2020-06-01"
        );
        let odd = ArmPost::AuthSettingsV2(site("x/restart?y#")).path();
        assert!(
            odd.as_str()
                .contains("/sites/x%2Frestart%3Fy%23/config/authsettingsV2/list?"),
            "{odd}"
        );
    }
}
