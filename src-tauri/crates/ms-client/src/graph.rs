//! Reads of Microsoft Graph.

use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::clouds::Resource;
use crate::ms_error::MsError;
use crate::path::address;
use crate::read::{self, Options, Question, Verb};
use crate::reply::{Listing, Reply};
use crate::sign_in::SignIn;

/// The one read of Graph that is a POST (facts: Entra C.3). Nothing else can be posted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GraphPost {
    /// `POST /identity/conditionalAccess/evaluate`: which policies would apply to a sign-in. Changes nothing.
    EvaluateConditionalAccess,
}

impl GraphPost {
    fn path(self) -> &'static str {
        match self {
            GraphPost::EvaluateConditionalAccess => "/identity/conditionalAccess/evaluate",
        }
    }
}

/// Microsoft Graph, read in the name of a signed-in person. Cheap to clone.
///
/// Every call ends at once when its `cancel` token is cancelled, or the person signs out.
#[derive(Debug, Clone)]
pub struct MsGraph {
    sign_in: SignIn,
}

impl MsGraph {
    /// Reads with this sign-in.
    pub fn new(sign_in: &SignIn) -> MsGraph {
        MsGraph {
            sign_in: sign_in.clone(),
        }
    }

    /// With which sign-in.
    pub fn sign_in(&self) -> &SignIn {
        &self.sign_in
    }

    /// GET of one thing, or of the first page of a list. `path` begins with `/`, without the version; see
    /// [`crate::Path`] for values.
    ///
    /// # Errors
    /// Any [`MsError`].
    pub async fn get(&self, path: &str, options: &Options, cancel: &CancellationToken) -> Result<Reply, MsError> {
        read::one(&self.sign_in.session, &self.question(Verb::Get, path, options)?, cancel).await
    }

    /// GET of a list, all its pages.
    ///
    /// # Errors
    /// Any [`MsError`]; a list of which a page is missing is never returned as if it were whole.
    pub async fn list(&self, path: &str, options: &Options, cancel: &CancellationToken) -> Result<Listing, MsError> {
        let question = self.question(Verb::Get, path, options)?;
        read::all(&self.sign_in.session, question, "@odata.nextLink", cancel).await
    }

    /// A read by POST.
    ///
    /// # Errors
    /// Any [`MsError`].
    pub async fn post_read(
        &self,
        read: GraphPost,
        body: &Value,
        options: &Options,
        cancel: &CancellationToken,
    ) -> Result<Reply, MsError> {
        let question = self.question(Verb::PostRead(body), read.path(), options)?;
        read::one(&self.sign_in.session, &question, cancel).await
    }

    fn question<'a>(&self, verb: Verb<'a>, path: &str, options: &'a Options) -> Result<Question<'a>, MsError> {
        let version = if options.beta { "/beta" } else { "/v1.0" };
        Ok(Question {
            resource: Resource::Graph,
            verb,
            url: address(&self.sign_in.microsoft().clouds().graph, version, path)?,
            consistency: options.consistency,
            needs: &options.needs,
        })
    }
}
