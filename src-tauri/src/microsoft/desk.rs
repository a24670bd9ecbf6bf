//! Who is signed in, and the sign-in that is under way: one of each at most, and nothing of either outlives the app.

use std::sync::Mutex;

use connections::ConnectionId;
use ms_client::{SignIn, SignInError};
use tauri::Url;
use tokio_util::sync::CancellationToken;

use crate::state::lock;

/// Who is signed in, and the sign-in that is under way.
#[derive(Default)]
pub struct SignInDesk {
    signed_in: Mutex<Option<(ConnectionId, SignIn)>>,
    pending: Mutex<Pending>,
}

#[derive(Default)]
struct Pending {
    /// For which connection.
    id: Option<ConnectionId>,
    cancel: CancellationToken,
    page: Option<Url>,
}

impl Pending {
    fn end_if(&mut self, which: impl Fn(ConnectionId) -> bool) {
        if self.id.is_some_and(which) {
            self.cancel.cancel();
            self.page = None;
        }
    }
}

impl SignInDesk {
    /// Who is signed in for this connection, which is being looked at now. Whoever is signed in for another one is
    /// forgotten, and a sign-in for another one that is under way ends.
    pub fn of(&self, id: ConnectionId) -> Option<SignIn> {
        lock(&self.pending).end_if(|whose| whose != id);
        self.take_out(|whose| whose != id);
        self.signed_in_for(id)
    }

    /// The same for what works in the background: nobody is forgotten.
    pub fn signed_in_for(&self, id: ConnectionId) -> Option<SignIn> {
        let slot = lock(&self.signed_in);
        let (whose, sign_in) = slot.as_ref()?;
        (*whose == id && sign_in.is_signed_in()).then(|| sign_in.clone())
    }

    /// Ends the sign-in that is under way, and forgets whoever is signed in: their tokens are wiped.
    pub fn sign_out(&self) {
        self.cancel();
        self.take_out(|_| true);
    }

    /// A connection changed or was removed: whoever signed in for it, or is about to, did so for what is no more.
    pub fn forget(&self, id: ConnectionId) {
        lock(&self.pending).end_if(|whose| whose == id);
        self.take_out(|whose| whose == id);
    }

    /// Ends the sign-in that is under way, if any.
    pub fn cancel(&self) {
        lock(&self.pending).end_if(|_| true);
    }

    fn take_out(&self, which: impl Fn(ConnectionId) -> bool) {
        if let Some((_, sign_in)) = lock(&self.signed_in).take_if(|(whose, _)| which(*whose)) {
            sign_in.sign_out();
        }
    }

    /// The page of the sign-in that is under way.
    pub fn page(&self) -> Option<Url> {
        lock(&self.pending).page.clone()
    }

    /// Begins a sign-in; the one before is cancelled.
    pub(super) fn begin(&self, id: ConnectionId) -> CancellationToken {
        let mut pending = lock(&self.pending);
        pending.cancel.cancel();
        *pending = Pending {
            id: Some(id),
            ..Pending::default()
        };
        pending.cancel.clone()
    }

    /// Notes the page of this sign-in, as long as it is wanted.
    pub(super) fn note_page(&self, cancel: &CancellationToken, page: Option<Url>) {
        let mut pending = lock(&self.pending);
        if !cancel.is_cancelled() {
            pending.page = page;
        }
    }

    /// Keeps who came, unless nobody wants that any more: a cancel wins over a person who was quicker by a moment.
    pub(super) fn keep(
        &self,
        id: ConnectionId,
        sign_in: SignIn,
        before: Option<&SignIn>,
        cancel: &CancellationToken,
    ) -> Result<(), SignInError> {
        let mut slot = lock(&self.signed_in);
        if cancel.is_cancelled() {
            // A further sign-in is the same person, who stays signed in as before.
            if before.is_none() {
                sign_in.sign_out();
            }
            return Err(SignInError::Cancelled);
        }
        if let (Some((_, other)), None) = (slot.take(), before) {
            other.sign_out();
        }
        *slot = Some((id, sign_in));
        Ok(())
    }
}
