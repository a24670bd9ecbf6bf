//! The login keychain of macOS. The system may ask the person, and binds "Always Allow" to the app's signature (facts:
//! Entra D.2): hence one read per process.

use std::collections::HashMap;

use apple_native_keyring_store::keychain::Store;
use keyring_core::Error as StoreAnswer;
use security_framework::base::Error as SystemError;

use super::{Asking, Item, Opened, SERVICE, general_trouble};
use crate::{ConnectionId, KeychainError, Trouble};

/// What to call it before it was asked.
pub(super) const NAME: &str = "macOS Keychain";

/// The person pressed Deny or Cancel (errSecUserCanceled), gave a wrong password (errSecAuthFailed), or the keychain is
/// locked and nobody may be asked (errSecInteractionNotAllowed).
const REFUSED: [i32; 3] = [-128, -25293, -25308];

/// Opening needs no answer from the system, so there is nothing to avoid yet.
pub(super) fn open(_asking: Asking) -> Result<Opened, KeychainError> {
    let store = Store::new().map_err(|answer| explain(NAME, &answer))?;
    Ok(Opened {
        name: NAME.to_owned(),
        store,
    })
}

pub(super) fn modifiers(_item: Item) -> HashMap<&'static str, &'static str> {
    HashMap::new()
}

/// As Keychain Access shows it.
pub(super) fn item_name(item: Item, id: &ConnectionId) -> String {
    format!("{SERVICE} (account {})", item.account(id))
}

pub(super) fn explain(store: &str, answer: &StoreAnswer) -> KeychainError {
    let locked = |detail: String| {
        KeychainError::Locked(Trouble {
            store: store.to_owned(),
            detail,
            remedy: "Try again and allow CIPP Desk when macOS asks; your login keychain can be unlocked in Keychain \
                     Access. Or keep the secret in memory for this session only."
                .to_owned(),
        })
    };
    match answer {
        StoreAnswer::NoStorageAccess(cause) => locked(format!("The login keychain cannot be used: {cause}.")),
        StoreAnswer::PlatformFailure(cause) if was_refused(cause.as_ref()) => {
            locked(format!("The login keychain is locked, or access was refused: {cause}."))
        }
        other => general_trouble(store, other),
    }
}

fn was_refused(cause: &(dyn std::error::Error + 'static)) -> bool {
    cause
        .downcast_ref::<SystemError>()
        .is_some_and(|error| REFUSED.contains(&error.code()))
}
