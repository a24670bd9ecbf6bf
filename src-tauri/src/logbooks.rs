//! Opening a connection's logbook: its client, its archive and the archive's key, the settings that bear on it.

use std::{path::PathBuf, sync::Arc};

use cipp_client::{Day, Secret};
use connections::ConnectionId;
use jiff::{Timestamp, fmt::temporal::DateTimeParser, tz::TimeZone};
use log_archive::{ArchiveError, ArchiveKey, ConnectionArchive};
use logbook::{ArchiveLimits, InstanceZone, Logbook, LogbookOptions, ZoneSource};
use sysinfo::{MemoryRefreshKind, RefreshKind, System};
use tauri::{async_runtime::spawn_blocking, ipc::Channel};

use crate::{
    commands::archive::{ArchiveCheck, ArchiveProgress, ArchiveStatus, BadDay},
    error::{CommandError, CommandResult, ErrorCode},
    settings::Settings,
    state::AppState,
};

const MEGABYTE: u64 = 1024 * 1024;
const MOST_USUAL_MEMORY: u64 = 1024 * MEGABYTE;

/// Opens the logbook of a connection. What keeps it from asking CIPP (no secret, for one) comes along: the archive is
/// read all the same.
pub async fn open(
    state: &Arc<AppState>,
    id: ConnectionId,
    settings: &Settings,
) -> CommandResult<(Arc<Logbook>, Option<CommandError>)> {
    let connection = state.connection(id).await?;
    let (client, trouble) = match state.client(id).await {
        Ok(client) => (Some(client), None),
        Err(trouble) => (None, Some(trouble)),
    };
    let (archive, archive_trouble) = if settings.archive.enabled {
        match archive(state, id).await {
            Ok(archive) => (Some(archive), None),
            Err(trouble) => (None, Some(trouble.to_string())),
        }
    } else {
        (None, None)
    };
    let zone = settings.instance_zones.get(&id.to_string());
    let options = LogbookOptions {
        client,
        archive,
        archive_trouble,
        limits: limits(settings),
        zone: zone.and_then(|name| instance_zone(name).ok()),
        memory_budget: memory_budget(settings),
        connection_name: connection.name,
        now: Timestamp::now,
    };
    Ok((Logbook::open(options), trouble))
}

/// What lies in the archive of a connection.
pub async fn archive_status(state: &Arc<AppState>, id: ConnectionId) -> CommandResult<ArchiveStatus> {
    let archive = match archive(state, id).await {
        Ok(archive) => archive,
        Err(trouble) => {
            let folder = archive_root(state, id)?.join(id.to_string());
            return Ok(ArchiveStatus {
                folder: folder.display().to_string(),
                days: 0,
                bytes: 0.0,
                oldest: None,
                newest: None,
                trouble: Some(trouble.to_string()),
            });
        }
    };
    let folder = archive.folder().display().to_string();
    let days = on_disk(move || archive.days()).await?;
    Ok(ArchiveStatus {
        folder,
        days: count(days.len()),
        bytes: days.iter().map(|day| day.bytes as f64).sum(),
        oldest: days.iter().map(|day| day.day).min().map(Day::iso),
        newest: days.iter().map(|day| day.day).max().map(Day::iso),
        trouble: None,
    })
}

/// Reads every day of the archive and checks that it is whole. Days that are not are set aside.
pub async fn verify_archive(
    state: &Arc<AppState>,
    id: ConnectionId,
    channel: Channel<ArchiveProgress>,
) -> CommandResult<ArchiveCheck> {
    let archive = archive(state, id).await?;
    on_disk(move || {
        let days = archive.days()?;
        let of = count(days.len());
        let mut check = ArchiveCheck {
            good_days: 0,
            rows: 0,
            bad_days: Vec::new(),
        };
        for (done, day) in days.into_iter().enumerate() {
            tell(&channel, done, of);
            match archive.verify_day(day.day) {
                Ok(rows) => {
                    check.good_days += 1;
                    check.rows += rows;
                }
                Err(error) => {
                    archive.set_aside(day.day)?;
                    check.bad_days.push(BadDay {
                        day: day.day.iso(),
                        reason: error.to_string(),
                    });
                }
            }
        }
        tell(&channel, of as usize, of);
        Ok(check)
    })
    .await
}

/// Deletes the archive of a connection; its key stays for what will be archived next.
pub async fn delete_archive(state: &Arc<AppState>, id: ConnectionId) -> CommandResult<f64> {
    let archive = archive(state, id).await?;
    Ok(on_disk(move || archive.delete_all()).await? as f64)
}

/// Writes every day of the archive into a folder in plain; how many days.
pub async fn export_archive(
    state: &Arc<AppState>,
    id: ConnectionId,
    folder: PathBuf,
    channel: Channel<ArchiveProgress>,
) -> CommandResult<u32> {
    let archive = archive(state, id).await?;
    spawn_blocking(move || {
        let days = archive.days()?;
        let of = count(days.len());
        for (done, day) in days.iter().enumerate() {
            tell(&channel, done, of);
            let file = folder.join(format!("{}.parquet", day.day));
            archive.export_plain(day.day, &file).map_err(CommandError::from)?;
        }
        tell(&channel, of as usize, of);
        Ok::<u32, CommandError>(of)
    })
    .await
    .map_err(CommandError::internal)?
}

/// A connection was removed: its archive goes with it, then the archive's key.
pub async fn forget_archive(state: &Arc<AppState>, id: ConnectionId) -> CommandResult<()> {
    let folder = archive_root(state, id)?.join(id.to_string());
    spawn_blocking(move || match std::fs::remove_dir_all(&folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(CommandError::new(
            ErrorCode::Archive,
            format!("The archive of this connection could not be deleted: {error}."),
        )
        .with_remedy(format!("Delete this folder by hand: {}", folder.display()))),
        _ => Ok(()),
    })
    .await
    .map_err(CommandError::internal)??;
    Ok(state.keychain.delete_archive_key(&id).await?)
}

/// The archive of a connection, with its key from the keychain; the key is made at the first time.
async fn archive(state: &Arc<AppState>, id: ConnectionId) -> CommandResult<ConnectionArchive> {
    let root = archive_root(state, id)?;
    let key = match state.demo_with(id) {
        Some(demo) => ArchiveKey::from_hex(demo.archive_key.expose()),
        None => key_from_keychain(state, id).await?,
    };
    let key = key.map_err(|error| CommandError::new(ErrorCode::Archive, error.to_string()))?;
    on_disk(move || ConnectionArchive::open(&root, &id.to_string(), key)).await
}

async fn key_from_keychain(
    state: &Arc<AppState>,
    id: ConnectionId,
) -> CommandResult<Result<ArchiveKey, log_archive::KeyError>> {
    if state.keychain.status().session_only {
        return Err(CommandError::new(
            ErrorCode::Archive,
            "Nothing is kept on disk in this session, because there is no keychain for the key of the archive.",
        ));
    }
    if let Some(kept) = state.keychain.archive_key(&id).await? {
        return Ok(ArchiveKey::from_hex(kept.expose()));
    }
    let made = match ArchiveKey::generate() {
        Ok(made) => made,
        Err(error) => return Ok(Err(error)),
    };
    let secret = Secret::parse(&made.to_hex())?;
    state.keychain.save_archive_key(&id, &secret).await?;
    Ok(Ok(made))
}

/// The folder in which the archive of a connection has its own.
pub fn archive_root(state: &AppState, id: ConnectionId) -> CommandResult<PathBuf> {
    if let Some(demo) = state.demo_with(id) {
        return Ok(demo.archive.path().to_owned());
    }
    log_archive::default_root().ok_or_else(|| {
        CommandError::new(
            ErrorCode::Archive,
            "This system names no folder in which the archive could lie.",
        )
    })
}

async fn on_disk<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ArchiveError> + Send + 'static,
) -> CommandResult<T> {
    Ok(spawn_blocking(work).await.map_err(CommandError::internal)??)
}

fn tell(channel: &Channel<ArchiveProgress>, done: usize, of: u32) {
    // A window that is gone does not listen.
    let _ = channel.send(ArchiveProgress { done: count(done), of });
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// A time zone by its IANA name, or a fixed offset such as `+02:00`.
pub fn zone(name: &str) -> CommandResult<TimeZone> {
    DateTimeParser::new().parse_time_zone(name).map_err(|error| {
        CommandError::new(
            ErrorCode::Zone,
            format!("The time zone \u{201c}{name}\u{201d} is not known."),
        )
        .with_remedy("Write it as Europe/Berlin or UTC.")
        .with_detail(error.to_string())
    })
}

/// The zone of an instance as a person set it.
pub fn instance_zone(name: &str) -> CommandResult<InstanceZone> {
    let name = name.trim();
    zone(name)?;
    Ok(InstanceZone {
        name: name.to_owned(),
        source: ZoneSource::Set,
    })
}

fn limits(settings: &Settings) -> ArchiveLimits {
    let archive = &settings.archive;
    ArchiveLimits {
        keep_days: Some(archive.keep_days).filter(|days| *days > 0),
        max_bytes: Some(u64::from(archive.max_megabytes) * MEGABYTE).filter(|bytes| *bytes > 0),
    }
}

/// What a person chose; else 1 GB, or a quarter of this computer's memory where that is less.
fn memory_budget(settings: &Settings) -> u64 {
    if settings.memory_megabytes > 0 {
        return u64::from(settings.memory_megabytes) * MEGABYTE;
    }
    let memory = RefreshKind::nothing().with_memory(MemoryRefreshKind::nothing().with_ram());
    let quarter = System::new_with_specifics(memory).total_memory() / 4;
    // A system that does not say has at least that.
    if quarter == 0 {
        MOST_USUAL_MEMORY
    } else {
        quarter.min(MOST_USUAL_MEMORY)
    }
}
