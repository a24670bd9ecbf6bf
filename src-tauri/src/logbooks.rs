//! Opening a connection's logbook: its client, its archive and the archive's key, the settings that bear on it.

use std::{path::PathBuf, sync::Arc};

use connections::ConnectionId;
use jiff::{Timestamp, tz::TimeZone};
use logbook::{ArchiveLimits, InstanceZone, Logbook, LogbookOptions, ZoneSource};
use tauri::ipc::Channel;

use crate::{
    commands::archive::{ArchiveCheck, ArchiveProgress, ArchiveStatus},
    error::{CommandError, CommandResult, ErrorCode},
    settings::Settings,
    state::AppState,
};

const MEGABYTE: u64 = 1024 * 1024;
const USUAL_MEMORY_BUDGET: u64 = 1024 * MEGABYTE;

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
    let zone = settings.instance_zones.get(&id.to_string());
    let logbook = Logbook::open(LogbookOptions {
        client,
        archive: None,
        archive_trouble: None,
        limits: limits(settings),
        zone: zone.and_then(|name| instance_zone(name).ok()),
        memory_budget: memory_budget(settings),
        connection_name: connection.name,
        now: Timestamp::now,
    });
    Ok((logbook, trouble))
}

/// What lies in the archive of a connection.
pub async fn archive_status(_state: &Arc<AppState>, _id: ConnectionId) -> CommandResult<ArchiveStatus> {
    Err(CommandError::new(ErrorCode::Archive, ""))
}

/// Reads and checks every day of the archive.
pub async fn verify_archive(
    _state: &Arc<AppState>,
    _id: ConnectionId,
    _channel: Channel<ArchiveProgress>,
) -> CommandResult<ArchiveCheck> {
    Err(CommandError::new(ErrorCode::Archive, ""))
}

/// Deletes the archive of a connection.
pub async fn delete_archive(_state: &Arc<AppState>, _id: ConnectionId) -> CommandResult<f64> {
    Err(CommandError::new(ErrorCode::Archive, ""))
}

/// Writes the archive of a connection into a folder in plain.
pub async fn export_archive(
    _state: &Arc<AppState>,
    _id: ConnectionId,
    _folder: PathBuf,
    _channel: Channel<ArchiveProgress>,
) -> CommandResult<u32> {
    Err(CommandError::new(ErrorCode::Archive, ""))
}

/// A time zone by its IANA name.
pub fn zone(name: &str) -> CommandResult<TimeZone> {
    TimeZone::get(name).map_err(|error| {
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

fn memory_budget(settings: &Settings) -> u64 {
    match settings.memory_megabytes {
        0 => USUAL_MEMORY_BUDGET,
        megabytes => u64::from(megabytes) * MEGABYTE,
    }
}
