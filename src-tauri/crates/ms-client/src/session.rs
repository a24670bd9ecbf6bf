//! The tokens of one signed-in person: kept in memory alone, renewed once for many waiters.
//!
//! Here: which refresh token belongs to which application, a token for a second resource by the refresh token, one
//! renewal at a time, and forgetting. Not here: the requests themselves (`token.rs`).
//!
//! A renewal runs in a task of its own: a refresh token may be replaced with each use, so a caller that is cancelled in
//! the middle must not take the new one with it. Refresh tokens are never written anywhere.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cipp_client::Known;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::aadsts::{Flow, RefusalCause};
use crate::clouds::{Ask, Microsoft, Resource};
use crate::error::SignInError;
use crate::id_token::{self, Expected, Person};
use crate::pending::{requested_with_openid, scopes_of};
use crate::scopes::Scopes;
use crate::sign_in::SignIn;
use crate::token::{self, Access, Granted, Repeat};

/// How long a refusal answers for the next askers: long enough that all checks of a run share it, short enough that a
/// person who put it right elsewhere and tries again is not told the old answer.
const REFUSAL_KEPT: Duration = Duration::from_secs(10);

/// One person's tokens.
pub(crate) struct Session {
    microsoft: Microsoft,
    person: Person,
    token_url: Url,
    /// `None` once signed out.
    keys: Mutex<Option<Keys>>,
    renewing: tokio::sync::Mutex<()>,
    over: CancellationToken,
    in_flight: Semaphore,
}

#[derive(Default)]
struct Keys {
    /// By application ID: a refresh token is of no use to another application.
    refresh: HashMap<String, SecretString>,
    access: HashMap<Resource, Arc<Access>>,
    /// The Graph scopes that were asked for, which is what a renewal asks for again.
    asked: Scopes,
    failed: HashMap<Resource, (Instant, SignInError)>,
}

/// What a renewal needs.
struct Renewal {
    client_id: String,
    refresh: SecretString,
    ask: Ask,
    /// The token that there was when it began.
    before: Option<Arc<Access>>,
}

/// Tokens that have just come, with the person they are of: validated, not settled yet.
pub(crate) struct Arrived {
    granted: Granted,
    person: Person,
    token_url: Url,
    client_id: String,
    ask: Ask,
}

impl Arrived {
    /// Checks who came.
    pub(crate) fn new(mut granted: Granted, expected: &Expected<'_>, ask: Ask) -> Result<Arrived, SignInError> {
        let id_token = granted.id_token.take().ok_or_else(|| SignInError::NotGenuine {
            what: "there is none".into(),
        })?;
        Ok(Arrived {
            person: id_token::validate(id_token.expose_secret(), expected)?,
            granted,
            token_url: expected.discovered.token.clone(),
            client_id: expected.client_id.to_owned(),
            ask,
        })
    }

    /// A new sign-in, or more for the one there is.
    pub(crate) fn settle(self, microsoft: &Microsoft, continues: Option<&SignIn>) -> Result<SignIn, SignInError> {
        let sign_in = match continues {
            Some(sign_in) if !sign_in.who().is(&self.person) => {
                return Err(SignInError::WrongPerson {
                    expected: sign_in.who().upn.clone(),
                    got: self.person.upn,
                });
            }
            Some(sign_in) => sign_in.clone(),
            None => SignIn {
                session: Arc::new(Session::new(
                    microsoft.clone(),
                    self.person.clone(),
                    self.token_url.clone(),
                )),
            },
        };
        sign_in.session.keep(self)?;
        Ok(sign_in)
    }
}

impl Session {
    fn new(microsoft: Microsoft, person: Person, token_url: Url) -> Session {
        Session {
            in_flight: Semaphore::new(microsoft.inner.options.max_in_flight.max(1)),
            microsoft,
            person,
            token_url,
            keys: Mutex::new(Some(Keys::default())),
            renewing: tokio::sync::Mutex::default(),
            over: CancellationToken::new(),
        }
    }

    pub(crate) fn microsoft(&self) -> &Microsoft {
        &self.microsoft
    }

    pub(crate) fn person(&self) -> &Person {
        &self.person
    }

    pub(crate) fn in_flight(&self) -> &Semaphore {
        &self.in_flight
    }

    /// Cancelled when the person signs out.
    pub(crate) fn over(&self) -> &CancellationToken {
        &self.over
    }

    pub(crate) fn is_over(&self) -> bool {
        self.over.is_cancelled()
    }

    pub(crate) fn sign_out(&self) {
        drop(self.lock().take());
        self.over.cancel();
    }

    pub(crate) fn granted(&self) -> Scopes {
        let keys = self.lock();
        let graph = keys.as_ref().and_then(|keys| {
            let access = keys.access.get(&Resource::Graph)?;
            (!keys.is_refused(Resource::Graph)).then(|| access.scopes().clone())
        });
        graph.unwrap_or_default()
    }

    pub(crate) fn reaches(&self, resource: Resource) -> bool {
        let client_id = self.microsoft.app().client_id(resource);
        self.lock().as_ref().is_some_and(|keys| {
            let has_keys = keys.access.contains_key(&resource) || keys.refresh.contains_key(&client_id);
            has_keys && !keys.is_refused(resource)
        })
    }

    /// What a further sign-in asks for: for Graph, everything there is and the new.
    pub(crate) fn adding(&self, ask: Ask) -> Result<Ask, SignInError> {
        let keys = self.lock();
        let keys = keys.as_ref().ok_or(SignInError::SignedOut)?;
        Ok(match ask {
            Ask::Graph(scopes) => Ask::Graph(keys.asked.and(&scopes)),
            Ask::Arm => Ask::Arm,
        })
    }

    fn keep(&self, arrived: Arrived) -> Result<(), SignInError> {
        let mut keys = self.lock();
        let keys = keys.as_mut().ok_or(SignInError::SignedOut)?;
        if let Ask::Graph(scopes) = &arrived.ask {
            keys.asked = keys.asked.and(scopes);
        }
        // Whatever was refused before may be allowed now, also for the other resource.
        keys.failed.clear();
        keys.take_in(arrived.ask.resource(), arrived.client_id, arrived.granted);
        Ok(())
    }

    /// A token for this resource that is good for now; gets one if there is none. Not `unwanted`, which was refused.
    pub(crate) async fn token(
        self: &Arc<Self>,
        resource: Resource,
        unwanted: Option<&Arc<Access>>,
    ) -> Result<Arc<Access>, SignInError> {
        let asked_at = Instant::now();
        if let Some(good) = self.good(resource, unwanted)? {
            return Ok(good);
        }
        let (session, unwanted) = (Arc::clone(self), unwanted.cloned());
        let renewal = tokio::spawn(async move { session.renewed(resource, unwanted.as_ref(), asked_at).await });
        // It only fails to be joined when the program ends.
        renewal.await.unwrap_or(Err(SignInError::Cancelled))
    }

    fn good(&self, resource: Resource, unwanted: Option<&Arc<Access>>) -> Result<Option<Arc<Access>>, SignInError> {
        let keys = self.lock();
        let keys = keys.as_ref().ok_or(SignInError::SignedOut)?;
        let access = keys.access.get(&resource).filter(|access| access.is_good());
        Ok(access.filter(|access| !is_same(access, unwanted)).cloned())
    }

    async fn renewed(
        &self,
        resource: Resource,
        unwanted: Option<&Arc<Access>>,
        asked_at: Instant,
    ) -> Result<Arc<Access>, SignInError> {
        // Held while asking: whoever waits here finds what the one before got.
        let _turn = self.renewing.lock().await;
        if let Some(good) = self.good(resource, unwanted)? {
            return Ok(good);
        }
        if let Some(error) = self.recent_failure(resource, asked_at) {
            return Err(error);
        }
        let renewal = self.to_renew(resource)?;
        // Signing out ends it: the refresh token in there must not go on being sent, or kept for another try.
        let outcome = self.over.run_until_cancelled(self.ask_server(&renewal)).await;
        let outcome = outcome.ok_or(SignInError::SignedOut)?;
        let mut keys = self.lock();
        // Signed out meanwhile: what came is forgotten with the rest.
        let keys = keys.as_mut().ok_or(SignInError::SignedOut)?;
        // The person has signed in anew meanwhile: that is newer, and may allow more than was asked for here.
        let newer = keys.access.get(&resource);
        if let Some(newer) = newer.filter(|access| !is_same(access, renewal.before.as_ref())) {
            return Ok(Arc::clone(newer));
        }
        match outcome {
            Ok(granted) => {
                keys.failed.remove(&resource);
                Ok(keys.take_in(resource, renewal.client_id, granted))
            }
            Err(error) => {
                keys.failed.insert(resource, (Instant::now(), error.clone()));
                Err(error)
            }
        }
    }

    /// A failure that came while this caller was already waiting, or a refusal that is still fresh.
    fn recent_failure(&self, resource: Resource, asked_at: Instant) -> Option<SignInError> {
        let keys = self.lock();
        let keys = keys.as_ref()?;
        let (when, error) = keys.failed.get(&resource)?;
        let fresh = keys.is_refused(resource) && when.elapsed() < REFUSAL_KEPT;
        (*when >= asked_at || fresh).then(|| error.clone())
    }

    fn to_renew(&self, resource: Resource) -> Result<Renewal, SignInError> {
        let client_id = self.microsoft.app().client_id(resource);
        let mut keys = self.lock();
        let keys = keys.as_mut().ok_or(SignInError::SignedOut)?;
        let ask = match resource {
            Resource::Graph if keys.asked.is_empty() => return Err(SignInError::NotAskedYet { resource }),
            Resource::Graph => Ask::Graph(keys.asked.clone()),
            Resource::Arm => Ask::Arm,
        };
        let before = keys.access.get(&resource).cloned();
        match keys.refresh.get(&client_id).cloned() {
            Some(refresh) => Ok(Renewal {
                client_id,
                refresh,
                ask,
                before,
            }),
            None if before.is_some() => {
                let said = "The token has expired and cannot be renewed.";
                let refusal = token::refusal("login_required", None, said, &Known::default(), Flow::Silent);
                let error = SignInError::Refused(Box::new(refusal));
                keys.failed.insert(resource, (Instant::now(), error.clone()));
                Err(error)
            }
            None => Err(SignInError::NotAskedYet { resource }),
        }
    }

    async fn ask_server(&self, renewal: &Renewal) -> Result<Granted, SignInError> {
        let scopes = requested_with_openid(&renewal.ask, &self.microsoft);
        let form = [
            ("client_id", renewal.client_id.as_str()),
            ("grant_type", "refresh_token"),
            ("refresh_token", renewal.refresh.expose_secret()),
            ("scope", &scopes),
        ];
        // A lost reply to a refresh may have taken the token with it (RFC 9700, 4.14), but only asking again can tell.
        token::ask(
            &self.microsoft,
            &self.token_url,
            &form,
            &scopes_of(&renewal.ask),
            Flow::Silent,
            Repeat::Freely,
        )
        .await
    }

    fn lock(&self) -> MutexGuard<'_, Option<Keys>> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_same(access: &Arc<Access>, other: Option<&Arc<Access>>) -> bool {
    other.is_some_and(|other| Arc::ptr_eq(access, other))
}

impl Keys {
    /// Whether the last renewal was refused for a reason that does not pass by itself: nothing comes of this any more
    /// until the person has signed in again.
    fn is_refused(&self, resource: Resource) -> bool {
        let failed = self.failed.get(&resource);
        let cause = failed.and_then(|(_, error)| error.cause());
        cause.is_some_and(|cause| cause != RefusalCause::Passing)
    }

    fn take_in(&mut self, resource: Resource, client_id: String, granted: Granted) -> Arc<Access> {
        // No new refresh token means that the old one stays good.
        if let Some(refresh) = granted.refresh {
            self.refresh.insert(client_id, refresh);
        }
        let access = Arc::new(granted.access);
        self.access.insert(resource, Arc::clone(&access));
        access
    }
}
