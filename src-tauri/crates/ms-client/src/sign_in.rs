//! One signed-in person, as the rest of the app sees it.
//!
//! Here: beginning, asking for more, and signing out. Not here: how tokens are kept and renewed (`session.rs`).

use std::fmt;
use std::sync::Arc;

use crate::clouds::{Ask, Microsoft, Resource};
use crate::device::PendingDeviceCode;
use crate::error::SignInError;
use crate::id_token::Person;
use crate::pending::PendingSignIn;
use crate::scopes::Scopes;
use crate::session::Session;

/// A signed-in person. Cheap to clone; clones are the same sign-in, and end together. Tokens are in memory alone, are
/// wiped when the last clone is dropped or at [`SignIn::sign_out`], and never come out.
#[derive(Clone)]
pub struct SignIn {
    pub(crate) session: Arc<Session>,
}

impl SignIn {
    /// Begins a sign-in in the browser: listens on a free port and makes the address to open. Say
    /// [`crate::SignInApp::shown_name`] first.
    ///
    /// # Errors
    /// [`SignInError::NoPort`], or that the sign-in server could not be reached, understood, or does not know the tenant.
    pub async fn begin(microsoft: &Microsoft, ask: impl Into<Ask>) -> Result<PendingSignIn, SignInError> {
        PendingSignIn::begin(microsoft, ask.into(), None).await
    }

    /// Begins a sign-in by device code, for a computer without a browser.
    ///
    /// # Errors
    /// As [`SignIn::begin`]; [`SignInError::Refused`] when the application does not allow it.
    pub async fn begin_device_code(
        microsoft: &Microsoft,
        ask: impl Into<Ask>,
    ) -> Result<PendingDeviceCode, SignInError> {
        PendingDeviceCode::begin(microsoft, ask.into(), None).await
    }

    /// Who it is.
    pub fn who(&self) -> &Person {
        self.session.person()
    }

    /// Where and as which application.
    pub fn microsoft(&self) -> &Microsoft {
        self.session.microsoft()
    }

    /// The Graph scopes that were granted; may be more than was asked for, when the tenant consented to more earlier.
    /// Empty after signing out, when Entra refuses to renew the sign-in, or when only Azure was signed in to.
    pub fn granted(&self) -> Scopes {
        self.session.granted()
    }

    /// Whether a read of this resource works without another sign-in in the browser, as far as can be told.
    pub fn reaches(&self, resource: Resource) -> bool {
        self.session.reaches(resource)
    }

    /// Begins a further sign-in of the same person in the browser: for more scopes, which add to those there are, or for
    /// Azure. Its `finish` returns this very sign-in.
    ///
    /// # Errors
    /// [`SignInError::SignedOut`]; else as [`SignIn::begin`].
    pub async fn ask_for(&self, ask: impl Into<Ask>) -> Result<PendingSignIn, SignInError> {
        let ask = self.session.adding(ask.into())?;
        PendingSignIn::begin(self.microsoft(), ask, Some(self.clone())).await
    }

    /// The same by device code.
    ///
    /// # Errors
    /// As [`SignIn::ask_for`].
    pub async fn ask_for_by_device_code(&self, ask: impl Into<Ask>) -> Result<PendingDeviceCode, SignInError> {
        let ask = self.session.adding(ask.into())?;
        PendingDeviceCode::begin(self.microsoft(), ask, Some(self.clone())).await
    }

    /// Whether Azure needs a further sign-in in the browser ([`Ask::Arm`]), because nobody has signed in for it yet and
    /// the refresh token there is belongs to another application.
    pub fn must_ask_for_azure(&self) -> bool {
        self.microsoft().app().asks_apart_for_azure() && !self.reaches(Resource::Arm)
    }

    /// Signs out: forgets every token and ends every read that is under way. Every later call fails with
    /// [`SignInError::SignedOut`]. The browser's own session with Microsoft stays as it is.
    pub fn sign_out(&self) {
        self.session.sign_out();
    }

    /// Whether nobody has signed out.
    pub fn is_signed_in(&self) -> bool {
        !self.session.is_over()
    }
}

impl fmt::Debug for SignIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignIn")
            .field("who", self.who())
            .field("granted", &self.granted())
            .field("signed_in", &self.is_signed_in())
            .finish_non_exhaustive()
    }
}
