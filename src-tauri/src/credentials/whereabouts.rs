//! Where the secret of a connection is, what else is on disk for the connection, and what is not.
//!
//! What is on disk is looked for, not told from memory: whatever carries the connection's id in a folder beside the file
//! of connections is listed, whoever wrote it, and goes when the connection does. Not here: the words about the keychain's
//! items (`connections`), and anything that opens one of these files.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use connections::{ConnectionId, KeychainItem, SecretPlace};
use serde::Serialize;
use specta::Type;
use tauri::async_runtime::spawn_blocking;

use crate::{
    error::{CommandError, CommandResult},
    logbooks,
    state::AppState,
};

/// Where the secret of a connection is, and what else of it is on this computer.
#[derive(Clone, Debug, PartialEq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Whereabouts {
    /// Where the secret is, as far as this run of the app has seen.
    pub place: SecretPlace,
    /// The keychain's name.
    pub store: String,
    /// The same in a sentence or two, honest about what is not known.
    pub sentence: String,
    /// When the secret was put into the keychain.
    pub saved_at: Option<String>,
    /// When it was last read there.
    pub read_at: Option<String>,
    /// The connection's items in the keychain, with how to remove them by hand; none for the sandbox.
    pub items: Vec<KeychainItem>,
    /// What else is on disk for this connection.
    pub on_disk: Vec<OnDisk>,
    /// What is nowhere on disk, a sentence each.
    pub nowhere: Vec<String>,
}

/// Something of a connection that is on disk.
#[derive(Clone, Debug, PartialEq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct OnDisk {
    /// What it is.
    pub what: String,
    /// The file or folder.
    pub path: String,
    /// Its size in bytes; of a file that all connections share, of the whole file.
    pub bytes: f64,
    /// Whether other connections are in it too: then only this one's part goes when the connection is removed.
    pub shared: bool,
}

/// Where everything of a connection is. `settings` is the file of preferences.
pub async fn whereabouts(
    state: &Arc<AppState>,
    id: ConnectionId,
    settings: Option<PathBuf>,
) -> CommandResult<Whereabouts> {
    let saved = state.connection(id).await?;
    let sandbox = state.demo_with(id).is_some();
    let place = if sandbox {
        SecretPlace::Session
    } else {
        state.keychain.place(&id)
    };
    let status = state.keychain.status();
    let archive = logbooks::archive_root(state, id)
        .ok()
        .map(|root| root.join(id.to_string()));
    let store = state.store.clone();
    let on_disk = spawn_blocking(move || {
        let mut found = Vec::new();
        if !sandbox {
            found.extend(shared_file(
                "Address, IDs, name and times, in the list of connections",
                store.path(),
            ));
        }
        found.extend(archive.as_deref().and_then(archive_on_disk));
        let files = store.files_of(&id);
        // A lock that nobody holds is an empty file.
        let with_something = files.iter().map(|path| on_disk(word_for(path), path));
        found.extend(with_something.filter(|found| found.bytes > 0.0));
        let words = "Its time zone, set-up facts and where you left off, in the settings";
        found.extend(settings.as_deref().and_then(|path| shared_file(words, path)));
        found
    })
    .await
    .map_err(CommandError::internal)?;
    Ok(Whereabouts {
        place,
        sentence: sentence(place, &status.store, status.session_only, sandbox),
        store: status.store,
        saved_at: saved.secret_saved_at.map(|time| time.to_string()),
        read_at: saved.secret_read_at.map(|time| time.to_string()),
        items: if sandbox {
            Vec::new()
        } else {
            vec![state.keychain.item(&id), state.keychain.archive_item(&id)]
        },
        on_disk,
        nowhere: NOWHERE.map(str::to_owned).to_vec(),
    })
}

const NOWHERE: [&str; 4] = [
    "The client secret: it is in no file, no log, no export and no report, not even a part of it.",
    "Tokens, of CIPP and of whoever signs in at Microsoft: they are in memory and end with the app.",
    "A copy or backup of the secret: there is none. If it is lost, reset it in CIPP.",
    "What the system writes by itself (swap, hibernation, a dump after a crash) is out of this app\u{2019}s hands; \
     encrypt the disk.",
];

fn sentence(place: SecretPlace, store: &str, session_only: bool, sandbox: bool) -> String {
    if sandbox {
        return "In memory alone. It is made up, new at every start, and opens nothing.".to_owned();
    }
    match place {
        SecretPlace::Keychain => format!("In {store}, and in the memory of this app until it is closed."),
        SecretPlace::Session => format!(
            "In memory alone: it is gone when you close CIPP Desk, and is asked for again then. If an older secret of \
             this connection was saved before, that one is still in {store}."
        ),
        SecretPlace::Missing => format!("Nowhere. {store} was asked and has none for this connection."),
        SecretPlace::Unknown if session_only => format!(
            "Not in memory. Secrets are kept for this session only, so {store} is not asked; one that was saved \
             earlier is still there."
        ),
        SecretPlace::Unknown => format!("In {store}. It has not been read since CIPP Desk was started."),
    }
}

/// Removes what still lies beside the file of connections for a connection that is gone.
pub async fn forget_files(state: &Arc<AppState>, id: ConnectionId) {
    let store = state.store.clone();
    let sweep = spawn_blocking(move || {
        for path in store.files_of(&id) {
            let removed = if path.is_dir() {
                fs::remove_dir_all(&path)
            } else {
                fs::remove_file(&path)
            };
            if let Err(error) = removed {
                tracing::warn!(%error, path = %path.display(), "something of a removed connection stays");
            }
        }
    });
    if let Err(error) = sweep.await {
        tracing::warn!(%error, "something of a removed connection may stay");
    }
}

fn word_for(path: &Path) -> &'static str {
    let folder = path.parent().and_then(Path::file_name).unwrap_or_default();
    let folder = folder.to_string_lossy();
    if folder.starts_with("checklist") {
        "What was done in its checklists"
    } else if folder.starts_with("diagnos") {
        "Its last diagnoses"
    } else {
        "Something of this connection"
    }
}

fn on_disk(what: &str, path: &Path) -> OnDisk {
    OnDisk {
        what: what.to_owned(),
        path: path.display().to_string(),
        bytes: size(path) as f64,
        shared: false,
    }
}

fn shared_file(what: &str, path: &Path) -> Option<OnDisk> {
    path.is_file().then(|| OnDisk {
        shared: true,
        ..on_disk(what, path)
    })
}

fn archive_on_disk(folder: &Path) -> Option<OnDisk> {
    folder
        .is_dir()
        .then(|| on_disk("Days of its log, encrypted; the key is in the keychain", folder))
}

/// Bytes of a file, or of everything in a folder. Links are not followed.
fn size(path: &Path) -> u64 {
    let Ok(about) = path.symlink_metadata() else { return 0 };
    if !about.is_dir() {
        return about.len();
    }
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    entries.map(|entry| size(&entry.path())).sum()
}
