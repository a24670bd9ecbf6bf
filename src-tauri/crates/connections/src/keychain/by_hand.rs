//! What the system's own tool shows of an item, and how it is removed there by hand.
//!
//! Words for all three systems stand here side by side, so that tests hold them on any of them. Not here: opening a
//! keychain (one file per system).

use serde::Serialize;

use super::{Item, SERVICE};
use crate::ConnectionId;

/// An item of the keychain as its owner finds it: never its value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, specta::Type)]
#[serde(rename_all = "camelCase")]
pub struct KeychainItem {
    /// What it holds: "client secret" or "archive key".
    pub what: String,
    /// What to look for.
    pub name: String,
    /// The fields by which the tool shows it.
    pub labels: Vec<ItemLabel>,
    /// The tool that shows it.
    pub tool: String,
    /// How to remove it there, click by click.
    pub steps: Vec<String>,
    /// The same as a command for a terminal.
    pub command: String,
}

/// A field of an item, as the tool names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, specta::Type)]
#[serde(rename_all = "camelCase")]
pub struct ItemLabel {
    /// The field's name.
    pub label: String,
    /// What stands there.
    pub value: String,
}

/// Whose tool it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum System {
    Windows,
    MacOs,
    SecretService,
}

impl System {
    /// The one that this program runs on.
    pub(super) const THIS: System = if cfg!(target_os = "windows") {
        System::Windows
    } else if cfg!(target_os = "macos") {
        System::MacOs
    } else {
        System::SecretService
    };

    /// The item, as it is shown in this system's tool. `store` is the keychain's name as far as it is known.
    pub(super) fn item(self, item: Item, id: &ConnectionId, store: &str) -> KeychainItem {
        let account = item.account(id);
        match self {
            System::Windows => windows(item, &account),
            System::MacOs => macos(item, &account),
            System::SecretService => secret_service(item, &account, store),
        }
    }
}

/// What the item is called on Linux.
pub(super) fn label(item: Item) -> &'static str {
    match item {
        Item::ClientSecret => "CIPP Desk client secret",
        Item::ArchiveKey => "CIPP Desk archive key",
    }
}

fn windows(item: Item, account: &str) -> KeychainItem {
    let name = format!("{account}.{SERVICE}");
    KeychainItem {
        what: item.what().to_owned(),
        labels: labels(&[("Internet or network address", &name), ("User name", account)]),
        tool: "Credential Manager".to_owned(),
        steps: steps(&[
            "Open the Start menu, type \u{201c}Credential Manager\u{201d} and open it.",
            "Choose \u{201c}Windows Credentials\u{201d}.",
            &format!("Under \u{201c}Generic Credentials\u{201d} open \u{201c}{name}\u{201d}."),
            "Choose \u{201c}Remove\u{201d} and confirm it.",
        ]),
        command: format!("cmdkey /delete:\"{name}\""),
        name,
    }
}

fn macos(item: Item, account: &str) -> KeychainItem {
    KeychainItem {
        what: item.what().to_owned(),
        name: SERVICE.to_owned(),
        labels: labels(&[("Where", SERVICE), ("Account", account)]),
        tool: "Keychain Access".to_owned(),
        steps: steps(&[
            "Open Keychain Access (with Spotlight: Command-Space, type its name).",
            "Choose the keychain \u{201c}login\u{201d} and, above the list, \u{201c}Passwords\u{201d}.",
            &format!("Type \u{201c}{SERVICE}\u{201d} into the search field."),
            &format!("Find the entry whose account is \u{201c}{account}\u{201d}."),
            "Choose Edit, Delete and confirm it.",
        ]),
        command: format!("security delete-generic-password -s '{SERVICE}' -a '{account}'"),
    }
}

fn secret_service(item: Item, account: &str, store: &str) -> KeychainItem {
    let (tool, open, where_) = if store.starts_with("KWallet") {
        (
            "KWalletManager",
            "Open KWalletManager and your wallet.",
            "in the wallet",
        )
    } else if store.starts_with("KeePassXC") {
        (
            "KeePassXC",
            "Open the database whose group KeePassXC shares with the Secret Service.",
            "in that group",
        )
    } else {
        (
            "Passwords and Keys (Seahorse)",
            "Open \u{201c}Passwords and Keys\u{201d} (the program Seahorse) and unlock the keyring.",
            "in the default keyring, usually \u{201c}Login\u{201d}",
        )
    };
    let label = label(item);
    KeychainItem {
        what: item.what().to_owned(),
        name: label.to_owned(),
        labels: labels(&[("Name", label), ("service", SERVICE), ("username", account)]),
        tool: tool.to_owned(),
        steps: steps(&[
            open,
            &format!("Search {where_} for \u{201c}{label}\u{201d}."),
            &format!("Each connection has one: take the one whose username is \u{201c}{account}\u{201d}."),
            "Delete it and confirm.",
        ]),
        command: format!("secret-tool clear service '{SERVICE}' username '{account}'"),
    }
}

fn labels(fields: &[(&str, &str)]) -> Vec<ItemLabel> {
    let label = |(label, value): &(&str, &str)| ItemLabel {
        label: (*label).to_owned(),
        value: (*value).to_owned(),
    };
    fields.iter().map(label).collect()
}

fn steps(all: &[&str]) -> Vec<String> {
    all.iter().map(|step| (*step).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: ConnectionId = ConnectionId::new(uuid::uuid!("7d3c1b9e-5a41-4a7f-9a53-0d8a1c2b3e4f"));
    const ALL: [System; 3] = [System::Windows, System::MacOs, System::SecretService];

    #[test]
    fn every_system_names_one_item_and_no_other_and_how_to_remove_it() {
        for system in ALL {
            let secret = system.item(Item::ClientSecret, &ID, "KWallet (Secret Service)");
            let key = system.item(Item::ArchiveKey, &ID, "KWallet (Secret Service)");
            for item in [&secret, &key] {
                assert!(item.command.contains(&ID.to_string()) && item.command.contains(SERVICE));
                assert!(item.steps.len() >= 4, "{item:?}");
                assert!(
                    item.labels.iter().any(|label| label.value.contains(&ID.to_string())),
                    "{item:?}"
                );
            }
            // Removing the one by its command must not take the other along.
            assert_ne!(secret.command, key.command);
            assert!(key.command.contains("/archive") && !secret.command.contains("/archive"));
        }
    }

    #[test]
    fn what_is_said_is_what_is_stored() {
        let item = System::THIS.item(Item::ClientSecret, &ID, "");
        let told = super::super::system::item_name(Item::ClientSecret, &ID);
        let account = Item::ClientSecret.account(&ID);
        assert!(told.contains(&account));
        if System::THIS == System::Windows {
            assert_eq!(item.name, told);
        }
    }

    #[test]
    fn linux_speaks_of_the_program_that_is_there() {
        let tool = |store: &str| System::SecretService.item(Item::ClientSecret, &ID, store).tool;
        assert!(tool("GNOME Keyring (Secret Service)").contains("Seahorse"));
        assert_eq!(tool("KWallet (Secret Service)"), "KWalletManager");
        assert_eq!(tool("KeePassXC (Secret Service)"), "KeePassXC");
    }
}
