//! The Secret Service on D-Bus (Linux and the BSDs): GNOME Keyring, KWallet or KeePassXC.
//!
//! Looked at before it is used, by a few plain D-Bus calls: who offers it, whether there is a default keyring, whether
//! it is locked. Only so can the cause be named ("no D-Bus", "no keychain program", "no default keyring yet",
//! "locked"), and only so can the start of the app avoid a password question.

use std::collections::HashMap;

use keyring_core::Error as StoreAnswer;
use secret_service::{EncryptionType, Error as ServiceError, blocking::SecretService};
use zbus::{
    blocking::Connection,
    zvariant::{OwnedObjectPath, OwnedValue},
};
use zbus_secret_service_keyring_store::Store;

use super::{Asking, Item, Opened, SERVICE, by_hand::label, general_trouble};
use crate::{ConnectionId, KeychainError, Trouble};

/// What to call it before it was asked.
pub(super) const NAME: &str = "Secret Service (GNOME Keyring, KWallet or KeePassXC)";

const BUS_NAME: &str = "org.freedesktop.secrets";
const SERVICE_PATH: &str = "/org/freedesktop/secrets";
const SERVICE_INTERFACE: &str = "org.freedesktop.Secret.Service";
const COLLECTION_INTERFACE: &str = "org.freedesktop.Secret.Collection";
/// What the Secret Service answers when an alias names nothing.
const NOTHING: &str = "/";
/// The end of every remedy.
const OR_MEMORY: &str = "Or keep the secret in memory for this session only.";

pub(super) fn open(asking: Asking) -> Result<Opened, KeychainError> {
    let bus = Connection::session().map_err(|error| no_bus(&error))?;
    let collection = default_collection(&bus)?;
    let name = name(&bus);
    if collection.as_str() == NOTHING {
        if asking == Asking::Avoided {
            return Err(no_default_keyring(&name));
        }
        create_default_keyring(&name)?;
    } else if asking == Asking::Avoided && is_locked(&bus, &name, &collection)? {
        return Err(locked(&name));
    }
    let store = Store::new().map_err(|answer| explain(&name, &answer))?;
    Ok(Opened { name, store })
}

pub(super) fn modifiers(item: Item) -> HashMap<&'static str, &'static str> {
    HashMap::from([("label", label(item))])
}

/// As Seahorse ("Passwords and Keys"), KWalletManager and KeePassXC can find it.
pub(super) fn item_name(item: Item, id: &ConnectionId) -> String {
    format!("{SERVICE} {} (username {})", item.what(), item.account(id))
}

pub(super) fn explain(store: &str, answer: &StoreAnswer) -> KeychainError {
    let cause = match answer {
        StoreAnswer::NoStorageAccess(cause) | StoreAnswer::PlatformFailure(cause) => {
            cause.downcast_ref::<ServiceError>()
        }
        _ => None,
    };
    match cause {
        Some(ServiceError::NoResult) => no_default_keyring(store),
        Some(ServiceError::Locked | ServiceError::Prompt | ServiceError::PromptDisconnected) => locked(store),
        Some(ServiceError::Unavailable) => no_service(&"it went away"),
        Some(ServiceError::Zbus(error)) => service_trouble(store, error),
        _ => general_trouble(store, answer),
    }
}

/// Also starts the keychain's program, where D-Bus knows how to.
fn default_collection(bus: &Connection) -> Result<OwnedObjectPath, KeychainError> {
    let reply = bus
        .call_method(
            Some(BUS_NAME),
            SERVICE_PATH,
            Some(SERVICE_INTERFACE),
            "ReadAlias",
            &("default",),
        )
        .map_err(|error| service_trouble(NAME, &error))?;
    reply
        .body()
        .deserialize()
        .map_err(|error| service_trouble(NAME, &error))
}

fn is_locked(bus: &Connection, name: &str, collection: &OwnedObjectPath) -> Result<bool, KeychainError> {
    let properties = "org.freedesktop.DBus.Properties";
    let locked = bus
        .call_method(
            Some(BUS_NAME),
            collection,
            Some(properties),
            "Get",
            &(COLLECTION_INTERFACE, "Locked"),
        )
        .and_then(|reply| reply.body().deserialize::<OwnedValue>())
        .map_err(|error| service_trouble(name, &error))?;
    // A service that answers this with anything but a truth value is asked like any other, and may prove itself.
    Ok(bool::try_from(locked).unwrap_or(false))
}

/// A fresh account that never signed in with a password has no keyring at all. The service itself asks the person for
/// the new one's password.
fn create_default_keyring(name: &str) -> Result<(), KeychainError> {
    let made = SecretService::connect(EncryptionType::Dh)
        .and_then(|service| service.create_collection("Login", "default").map(|_| ()));
    made.map_err(|error| {
        tracing::debug!(%error, "the service made no default keyring");
        no_default_keyring(name)
    })
}

/// Which program offers the Secret Service, by the process that owns the name. Where that cannot be seen (in a sandbox,
/// say) the general name is honest.
fn name(bus: &Connection) -> String {
    let owner = bus
        .call_method(
            Some("org.freedesktop.DBus"),
            "/org/freedesktop/DBus",
            Some("org.freedesktop.DBus"),
            "GetConnectionUnixProcessID",
            &(BUS_NAME,),
        )
        .and_then(|reply| reply.body().deserialize::<u32>());
    let program = owner
        .ok()
        .and_then(|pid| std::fs::read_to_string(format!("/proc/{pid}/comm")).ok());
    let known = program.as_deref().and_then(|program| {
        // The kernel cuts names at 15 characters ("gnome-keyring-d").
        [
            ("gnome-keyring", "GNOME Keyring"),
            ("kwallet", "KWallet"),
            ("ksecretd", "KWallet"),
            ("keepassxc", "KeePassXC"),
            ("oo7", "oo7"),
        ]
        .into_iter()
        .find_map(|(start, name)| program.starts_with(start).then_some(name))
    });
    known.map_or_else(|| NAME.to_owned(), |name| format!("{name} (Secret Service)"))
}

fn trouble(store: &str, detail: String, remedy: &str) -> Trouble {
    Trouble {
        store: store.to_owned(),
        detail,
        remedy: format!("{remedy} {OR_MEMORY}"),
    }
}

fn no_bus(error: &zbus::Error) -> KeychainError {
    let detail = format!("This session has no D-Bus, and without it no keychain can be reached ({error}).");
    KeychainError::Missing(trouble(
        NAME,
        detail,
        "Start CIPP Desk from a desktop session (in a terminal without one: `dbus-run-session`), then try again.",
    ))
}

fn no_service(error: &dyn std::fmt::Display) -> KeychainError {
    let detail = format!("No program on this system offers a keychain (the Secret Service on D-Bus: {error}).");
    KeychainError::Missing(trouble(
        NAME,
        detail,
        "Install one, for example with `sudo apt install gnome-keyring`, or switch on the Secret Service in KWallet or \
         KeePassXC, then try again.",
    ))
}

fn no_default_keyring(store: &str) -> KeychainError {
    KeychainError::Locked(trouble(
        store,
        format!("{store} has no default keyring yet."),
        "Make one: sign out and in again with your password, or create it in \"Passwords and Keys\" (Seahorse), then \
         try again.",
    ))
}

fn locked(store: &str) -> KeychainError {
    KeychainError::Locked(trouble(
        store,
        format!("{store} is locked."),
        "Try again and enter your keychain password when the system asks for it.",
    ))
}

fn service_trouble(store: &str, error: &zbus::Error) -> KeychainError {
    let zbus::Error::MethodError(name, said, _) = error else {
        let detail = format!("{store} could not be reached over D-Bus: {error}.");
        return KeychainError::Failing(trouble(store, detail, "Try again."));
    };
    let said = said.as_deref().unwrap_or_else(|| name.as_str());
    match name.as_str() {
        "org.freedesktop.DBus.Error.ServiceUnknown" | "org.freedesktop.DBus.Error.NameHasNoOwner" => no_service(&said),
        "org.freedesktop.Secret.Error.IsLocked" => locked(store),
        name if name.starts_with("org.freedesktop.DBus.Error.Spawn.") => KeychainError::Failing(trouble(
            store,
            format!("The keychain's program could not be started: {said}."),
            "Start or repair it (for example `gnome-keyring-daemon --start`), then try again.",
        )),
        "org.freedesktop.DBus.Error.NoReply" | "org.freedesktop.DBus.Error.TimedOut" => {
            KeychainError::NotAnswering(trouble(
                store,
                format!("{store} did not answer: {said}."),
                "Restart the keychain's program, then try again.",
            ))
        }
        _ => KeychainError::Failing(trouble(
            store,
            format!("{store} answered with an error: {said}."),
            "Try again.",
        )),
    }
}
