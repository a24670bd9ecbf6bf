//! A sign-in that waits for the browser: authorization code with PKCE (RFC 7636, RFC 8252; facts: Entra C.5).
//!
//! Here: the address to open, waiting, redeeming the code, and checking who came. The app does not open the browser; it
//! shows or opens [`PendingSignIn::url`]. Not here: the port itself (`loopback/`), and what is kept afterwards
//! (`session.rs`).

use std::fmt;
use std::time::Duration;

use cipp_client::Known;
use openidconnect::core::{CoreAuthPrompt, CoreAuthenticationFlow, CoreClient};
use openidconnect::{AuthUrl, ClientId, CsrfToken, LoginHint, Nonce, PkceCodeChallenge, RedirectUrl, Scope};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::aadsts::{self, Flow};
use crate::clouds::{Ask, Microsoft};
use crate::discovery::{Discovered, discover};
use crate::error::SignInError;
use crate::id_token::Expected;
use crate::loopback::{Loopback, Redirect};
use crate::session::Arrived;
use crate::sign_in::SignIn;
use crate::token::{self, Repeat};

/// Random bytes in the state: it is all that keeps strangers from answering.
const STATE_BYTES: u32 = 32;

/// A sign-in in the browser that was begun. Dropping it gives it up and frees the port.
pub struct PendingSignIn {
    microsoft: Microsoft,
    discovered: Discovered,
    ask: Ask,
    client_id: String,
    url: Url,
    redirect_uri: String,
    verifier: SecretString,
    nonce: Nonce,
    loopback: Loopback,
    until: Instant,
    /// Who is signed in already and only allows more.
    continues: Option<SignIn>,
}

impl PendingSignIn {
    pub(crate) async fn begin(
        microsoft: &Microsoft,
        ask: Ask,
        continues: Option<SignIn>,
    ) -> Result<PendingSignIn, SignInError> {
        let discovered = discover(microsoft).await?;
        let client_id = microsoft.app().client_id(ask.resource());
        let state = CsrfToken::new_random_len(STATE_BYTES);
        let loopback = Loopback::open(SecretString::from(state.secret().clone())).await?;
        let redirect_uri = loopback.redirect_uri();
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let request = Request {
            discovered: &discovered,
            client_id: &client_id,
            redirect_uri: &redirect_uri,
            scopes: ask.requested(microsoft.clouds()),
            login_hint: continues.as_ref().map(|person| person.who().upn.as_str()),
        };
        let (url, nonce) = request.url(state, challenge)?;
        Ok(PendingSignIn {
            until: Instant::now() + microsoft.inner.options.sign_in_patience,
            microsoft: microsoft.clone(),
            discovered,
            ask,
            client_id,
            url,
            redirect_uri,
            verifier: SecretString::from(verifier.into_secret()),
            nonce,
            loopback,
            continues,
        })
    }

    /// The address to open in the system's browser. For one sign-in, and no secret that could be used without this app;
    /// still, it belongs to nobody else.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// What Microsoft's page will call the application: to be said before the browser opens.
    pub fn shown_name(&self) -> &'static str {
        self.microsoft.app().shown_name(self.ask.resource())
    }

    /// How long the person still has.
    pub fn time_left(&self) -> Duration {
        self.until.saturating_duration_since(Instant::now())
    }

    /// How many answers that do not belong to this sign-in were refused so far.
    pub fn refused_answers(&self) -> u32 {
        self.loopback.strangers()
    }

    /// Waits until the person is done in the browser, and signs in. A further sign-in adds to the one it came from and
    /// returns the same person.
    ///
    /// # Errors
    /// [`SignInError::TimedOut`] or [`SignInError::StateMismatch`] when nobody came back;
    /// [`SignInError::Refused`] in all its causes; [`SignInError::WrongTenant`], [`SignInError::WrongPerson`],
    /// [`SignInError::NotGenuine`]; or that the sign-in server could not be reached or understood.
    pub async fn finish(mut self, cancel: &CancellationToken) -> Result<SignIn, SignInError> {
        let done = cancel.run_until_cancelled(self.wait_and_redeem()).await;
        done.unwrap_or(Err(SignInError::Cancelled))
    }

    async fn wait_and_redeem(&mut self) -> Result<SignIn, SignInError> {
        let redirect = match timeout_at(self.until, self.loopback.answer()).await {
            Ok(redirect) => redirect?,
            Err(_) => return Err(self.nobody_came()),
        };
        let code = match redirect {
            Redirect::Code(code) => code,
            Redirect::Refused { error, description } => {
                let code = aadsts::code_in(&description);
                let refusal = token::refusal(&error, code, &description, &Known::default(), Flow::Browser);
                return Err(SignInError::Refused(Box::new(refusal)));
            }
        };
        self.redeem(code).await
    }

    fn nobody_came(&self) -> SignInError {
        match self.loopback.strangers() {
            0 => SignInError::TimedOut {
                minutes: self.microsoft.inner.options.sign_in_patience.as_secs().div_ceil(60),
            },
            refused => SignInError::StateMismatch { refused },
        }
    }

    async fn redeem(&self, code: SecretString) -> Result<SignIn, SignInError> {
        let scopes = requested_with_openid(&self.ask, &self.microsoft);
        let form = [
            ("client_id", self.client_id.as_str()),
            ("grant_type", "authorization_code"),
            ("code", code.expose_secret()),
            ("redirect_uri", &self.redirect_uri),
            ("code_verifier", self.verifier.expose_secret()),
            ("scope", &scopes),
        ];
        let granted = token::ask(
            &self.microsoft,
            &self.discovered.token,
            &form,
            &scopes_of(&self.ask),
            Flow::Browser,
            Repeat::OnlyIfNotSent,
        )
        .await?;
        let expected = Expected {
            discovered: &self.discovered,
            client_id: &self.client_id,
            nonce: Some(&self.nonce),
            now: granted.server_time.unwrap_or_else(self.microsoft.inner.options.clock),
        };
        Arrived::new(granted, &expected, self.ask.clone())?.settle(&self.microsoft, self.continues.as_ref())
    }
}

/// The scopes that count as granted when the reply does not say.
pub(crate) fn scopes_of(ask: &Ask) -> crate::scopes::Scopes {
    match ask {
        Ask::Graph(scopes) => scopes.clone(),
        Ask::Arm => ["user_impersonation"].iter().collect(),
    }
}

/// All scopes of a request, in one text.
pub(crate) fn requested_with_openid(ask: &Ask, microsoft: &Microsoft) -> String {
    format!("openid {}", ask.requested(microsoft.clouds()).join(" "))
}

/// An authorization request.
struct Request<'a> {
    discovered: &'a Discovered,
    client_id: &'a str,
    redirect_uri: &'a str,
    scopes: Vec<String>,
    login_hint: Option<&'a str>,
}

impl Request<'_> {
    fn url(&self, state: CsrfToken, challenge: PkceCodeChallenge) -> Result<(Url, Nonce), SignInError> {
        let redirect = RedirectUrl::new(self.redirect_uri.to_owned()).map_err(|error| SignInError::Local {
            detail: format!("The redirect address is not valid: {error}."),
        })?;
        let client = CoreClient::new(
            ClientId::new(self.client_id.to_owned()),
            self.discovered.issuer.clone(),
            self.discovered.keys.clone(),
        )
        .set_auth_uri(AuthUrl::from_url(self.discovered.authorization.clone()))
        .set_redirect_uri(redirect);
        let request = client
            .authorize_url(CoreAuthenticationFlow::AuthorizationCode, || state, Nonce::new_random)
            .add_scopes(self.scopes.iter().cloned().map(Scope::new))
            .set_pkce_challenge(challenge)
            .add_extra_param("response_mode", "query");
        // The first time a person chooses the account, so that nobody is signed in by accident as whoever the browser
        // remembers; later it has to be the same one.
        let request = match self.login_hint {
            Some(hint) => request.set_login_hint(LoginHint::new(hint.to_owned())),
            None => request.add_prompt(CoreAuthPrompt::SelectAccount),
        };
        let (url, _, nonce) = request.url();
        Ok((url, nonce))
    }
}

impl fmt::Debug for PendingSignIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PendingSignIn")
            .field("microsoft", &self.microsoft)
            .field("ask", &self.ask)
            .field("redirect_uri", &self.redirect_uri)
            .finish_non_exhaustive()
    }
}
