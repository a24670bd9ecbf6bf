//! Sign-in by device code (RFC 8628): the fallback for a computer without a browser.
//!
//! Many tenants block it, and Microsoft recommends that (facts: Entra C.5); the browser comes first. It cannot carry a
//! nonce, so the ID token is bound to this sign-in by the device code alone.

use std::fmt;
use std::time::Duration;

use cipp_client::Known;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::aadsts::{Flow, RefusalCause};
use crate::clouds::{Ask, Microsoft, is_loopback};
use crate::discovery::{Discovered, discover};
use crate::error::SignInError;
use crate::id_token::Expected;
use crate::pending::{requested_with_openid, scopes_of};
use crate::session::Arrived;
use crate::sign_in::SignIn;
use crate::token::{self, Repeat};

/// How often is asked when the server does not say (RFC 8628, 3.2).
const USUAL_INTERVAL: Duration = Duration::from_secs(5);

/// What `slow_down` adds (RFC 8628, 3.5).
const SLOWER_BY: Duration = Duration::from_secs(5);

/// How far the interval grows while the server cannot be reached.
const LONGEST_INTERVAL: Duration = Duration::from_secs(60);

/// No code is believed to live longer.
const LONGEST_LIFE: Duration = Duration::from_secs(60 * 60);

/// How many polls in a row may fail for want of a connection.
const FAILED_POLLS: u32 = 5;

/// A sign-in by device code that was begun. Dropping it gives it up.
pub struct PendingDeviceCode {
    microsoft: Microsoft,
    discovered: Discovered,
    ask: Ask,
    client_id: String,
    user_code: String,
    verification_uri: Url,
    device_code: SecretString,
    interval: Duration,
    until: Instant,
    continues: Option<SignIn>,
}

#[derive(Deserialize)]
struct Reply {
    device_code: String,
    user_code: String,
    verification_uri: Url,
    expires_in: Option<u64>,
    interval: Option<u64>,
}

impl PendingDeviceCode {
    pub(crate) async fn begin(
        microsoft: &Microsoft,
        ask: Ask,
        continues: Option<SignIn>,
    ) -> Result<PendingDeviceCode, SignInError> {
        let discovered = discover(microsoft).await?;
        let not_understood = |detail: &str| SignInError::NotUnderstood { detail: detail.into() };
        let url = discovered
            .device
            .clone()
            .ok_or_else(|| not_understood("it offers no sign-in by device code"))?;
        let client_id = microsoft.app().client_id(ask.resource());
        let scopes = requested_with_openid(&ask, microsoft);
        let form = [("client_id", client_id.as_str()), ("scope", &scopes)];
        let answer = token::patiently(microsoft, Repeat::Freely, || {
            token::post(microsoft, &url, &form, Flow::DeviceCode)
        })
        .await?;
        let reply: Reply =
            serde_json::from_slice(&answer.body).map_err(|_| not_understood("it gives no device code"))?;
        let page = &reply.verification_uri;
        if !(page.scheme() == "https" || (page.scheme() == "http" && is_loopback(page))) {
            return Err(not_understood("the page for the code is not a safe address"));
        }
        let life = reply
            .expires_in
            .map_or(LONGEST_LIFE, Duration::from_secs)
            .min(LONGEST_LIFE);
        Ok(PendingDeviceCode {
            microsoft: microsoft.clone(),
            discovered,
            ask,
            client_id,
            user_code: reply.user_code,
            verification_uri: reply.verification_uri,
            device_code: SecretString::from(reply.device_code),
            interval: reply.interval.map_or(USUAL_INTERVAL, Duration::from_secs),
            until: Instant::now() + life,
            continues,
        })
    }

    /// The code to type in.
    pub fn user_code(&self) -> &str {
        &self.user_code
    }

    /// The page to type it in.
    pub fn verification_uri(&self) -> &Url {
        &self.verification_uri
    }

    /// What Microsoft's page will call the application.
    pub fn shown_name(&self) -> &'static str {
        self.microsoft.app().shown_name(self.ask.resource())
    }

    /// How long the code still lives.
    pub fn time_left(&self) -> Duration {
        self.until.saturating_duration_since(Instant::now())
    }

    /// Waits until the person has typed the code in somewhere, and signs in.
    ///
    /// # Errors
    /// As [`crate::PendingSignIn::finish`]; a block by policy is [`RefusalCause::DeviceCodeBlocked`].
    pub async fn finish(self, cancel: &CancellationToken) -> Result<SignIn, SignInError> {
        let done = cancel.run_until_cancelled(self.poll()).await;
        done.unwrap_or(Err(SignInError::Cancelled))
    }

    async fn poll(&self) -> Result<SignIn, SignInError> {
        let mut interval = self.interval;
        let mut failed = 0;
        loop {
            // Not beyond the code's own end, however slowly the server wants to be asked.
            sleep(interval.min(self.time_left())).await;
            if self.time_left().is_zero() {
                let said = "The device code has expired.";
                let refusal = token::refusal("expired_token", None, said, &Known::default(), Flow::DeviceCode);
                return Err(SignInError::Refused(Box::new(refusal)));
            }
            let error = match self.redeem().await {
                Ok(sign_in) => return Ok(sign_in),
                Err(error) => error,
            };
            match next_interval(interval, &error) {
                Some(next) if failed < FAILED_POLLS => interval = next,
                _ => return Err(error),
            }
            failed = if is_passing(&error) { failed + 1 } else { 0 };
        }
    }

    async fn redeem(&self) -> Result<SignIn, SignInError> {
        let form = [
            ("client_id", self.client_id.as_str()),
            ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
            ("device_code", self.device_code.expose_secret()),
        ];
        let granted = token::ask(
            &self.microsoft,
            &self.discovered.token,
            &form,
            &scopes_of(&self.ask),
            Flow::DeviceCode,
            Repeat::OnlyIfNotSent,
        )
        .await?;
        let expected = Expected {
            discovered: &self.discovered,
            client_id: &self.client_id,
            nonce: None,
            now: granted.server_time.unwrap_or_else(self.microsoft.inner.options.clock),
        };
        Arrived::new(granted, &expected, self.ask.clone())?.settle(&self.microsoft, self.continues.as_ref())
    }
}

/// How long to wait before the next poll; `None` when there is nothing to wait for (RFC 8628, 3.5).
fn next_interval(interval: Duration, error: &SignInError) -> Option<Duration> {
    match error {
        SignInError::Refused(refusal) if refusal.error == "authorization_pending" => Some(interval),
        SignInError::Refused(refusal) if refusal.error == "slow_down" => Some(interval + SLOWER_BY),
        error if is_passing(error) => Some((interval * 2).min(LONGEST_INTERVAL)),
        _ => None,
    }
}

/// A poll that failed for a reason that may pass.
fn is_passing(error: &SignInError) -> bool {
    error.cause() == Some(RefusalCause::Passing) || matches!(error, SignInError::Unreachable { .. })
}

impl fmt::Debug for PendingDeviceCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PendingDeviceCode")
            .field("microsoft", &self.microsoft)
            .field("ask", &self.ask)
            .field("verification_uri", &self.verification_uri.as_str())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use cipp_client::ReachCause;

    use super::*;

    #[test]
    fn polling_slows_down_when_told_and_ends_when_there_is_nothing_to_wait_for() {
        let refused = |error: &str| {
            let refusal = token::refusal(error, None, "", &Known::default(), Flow::DeviceCode);
            SignInError::Refused(Box::new(refusal))
        };
        let lost = SignInError::Unreachable {
            host: "h".into(),
            cause: ReachCause::Timeout,
            detail: String::new(),
        };
        let five = USUAL_INTERVAL;
        assert_eq!(next_interval(five, &refused("authorization_pending")), Some(five));
        assert_eq!(next_interval(five, &refused("slow_down")), Some(five + SLOWER_BY));
        assert_eq!(next_interval(five, &lost), Some(five * 2));
        assert_eq!(next_interval(LONGEST_INTERVAL, &lost), Some(LONGEST_INTERVAL));
        for over in [
            "authorization_declined",
            "expired_token",
            "bad_verification_code",
            "access_denied",
        ] {
            assert_eq!(next_interval(five, &refused(over)), None, "{over}");
        }
    }
}
