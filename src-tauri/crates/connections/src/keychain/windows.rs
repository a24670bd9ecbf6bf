//! Windows Credential Manager: generic credentials that stay on this computer. The store's own default ("Enterprise")
//! would let them roam with the profile (facts: Entra D.2).

use std::collections::HashMap;

use keyring_core::Error as StoreAnswer;
use windows_native_keyring_store::Store;

use super::{Asking, Item, Opened, SERVICE, general_trouble};
use crate::{ConnectionId, KeychainError, Trouble};

/// What to call it before it was asked.
pub(super) const NAME: &str = "Windows Credential Manager";

/// Credential Manager asks nobody: it is open for as long as the person is signed in.
pub(super) fn open(_asking: Asking) -> Result<Opened, KeychainError> {
    let store = Store::new().map_err(|answer| explain(NAME, &answer))?;
    Ok(Opened {
        name: NAME.to_owned(),
        store,
    })
}

pub(super) fn modifiers(_item: Item) -> HashMap<&'static str, &'static str> {
    HashMap::from([("persistence", "Local")])
}

/// As Credential Manager shows it, under Windows Credentials, Generic Credentials.
pub(super) fn item_name(item: Item, id: &ConnectionId) -> String {
    format!("{}.{SERVICE}", item.account(id))
}

pub(super) fn explain(store: &str, answer: &StoreAnswer) -> KeychainError {
    match answer {
        StoreAnswer::NoStorageAccess(cause) => KeychainError::Missing(Trouble {
            store: store.to_owned(),
            detail: format!("This logon has no Windows Credential Manager ({cause})."),
            remedy:
                "It is missing in sessions by SSH, by a service or by network logon: start CIPP Desk from a normal \
                     desktop sign-in. Or keep the secret in memory for this session only."
                    .to_owned(),
        }),
        other => general_trouble(store, other),
    }
}
