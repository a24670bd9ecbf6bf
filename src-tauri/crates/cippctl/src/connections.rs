//! `cippctl connections`: the saved connections, shared with the app.

use std::io::{self, Write};
use std::time::Instant;

use cipp_client::{ApiUrl, ClientId, Connection, ListLogs, TenantId};
use clap::{Args, Subcommand, ValueEnum};
use comfy_table::{ContentArrangement, Table, presets};
use connections::{ConnectionId, Keychain, SavedConnection};
use jiff::Timestamp;
use logbook::visible;
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use crate::archive_place::forget;
use crate::checklist;
use crate::credentials::{self, ExpiresArgs, ExportArgs, ImportArgs, ReplaceArgs, ScriptArgs};
use crate::days::day_of;
use crate::exit::Failure;
use crate::instance::{Instance, RareArgs, find, note_clock, store};
use crate::output::{Screen, grouped, say};
use crate::secret::SecretArgs;

/// What to do with the saved connections.
#[derive(Subcommand, Debug)]
pub enum ConnectionsCommand {
    /// Save a connection; its secret goes into the operating system's keychain and nowhere else
    Add(Box<AddArgs>),
    /// List the saved connections
    List(ListArgs),
    /// Remove a connection, its secret, its archive and what was done for it in the checklists
    Remove(NameArgs),
    /// Sign in and read today's log, step by step
    Test(NameArgs),
    /// Say where the secret is and how to remove it by hand; it is never shown
    Where(NameArgs),
    /// Test a new secret and put it in the place of the old one; whatever fails, the old one stays
    ReplaceSecret(ReplaceArgs),
    /// Print or keep the day on which the secret ends
    Expires(ExpiresArgs),
    /// Write a connection to a file, without its secret
    Export(ExportArgs),
    /// Save a connection from such a file, with a secret given here
    Import(ImportArgs),
    /// Print a connection as a script that asks for the secret
    Script(ScriptArgs),
}

/// A connection to be saved.
#[derive(Args, Debug)]
pub struct AddArgs {
    /// Name for the connection, your own choice
    #[arg(long, value_name = "NAME")]
    name: String,
    /// Address of CIPP's API, with or without /api
    #[arg(long, value_name = "URL")]
    api_url: ApiUrl,
    /// Tenant in which the API client lives: GUID or domain
    #[arg(long, value_name = "TENANT")]
    tenant_id: TenantId,
    /// Application (client) ID of the API client
    #[arg(long, value_name = "GUID")]
    client_id: ClientId,
    #[command(flatten)]
    rare: RareArgs,
    #[command(flatten)]
    secret: SecretArgs,
}

/// How to list.
#[derive(Args, Debug)]
pub struct ListArgs {
    /// Form of the output
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = ListFormat::Table)]
    format: ListFormat,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ListFormat {
    /// A table for people
    Table,
    /// One JSON array, without secrets
    Json,
}

/// One connection.
#[derive(Args, Debug)]
pub struct NameArgs {
    /// Name of the connection
    name: String,
}

/// Does what was asked.
pub async fn run(command: ConnectionsCommand, cancel: &CancellationToken) -> Result<(), Failure> {
    match command {
        ConnectionsCommand::Add(args) => add(*args).await,
        ConnectionsCommand::List(args) => list(args.format),
        ConnectionsCommand::Remove(args) => remove(&args.name).await,
        ConnectionsCommand::Test(args) => test(&args.name, cancel).await,
        ConnectionsCommand::Where(args) => credentials::show_place(&args.name).await,
        ConnectionsCommand::ReplaceSecret(args) => credentials::replace(args, cancel).await,
        ConnectionsCommand::Expires(args) => credentials::expires(&args),
        ConnectionsCommand::Export(args) => credentials::export(&args),
        ConnectionsCommand::Import(args) => credentials::import(args).await,
        ConnectionsCommand::Script(args) => credentials::script(&args),
    }
}

async fn add(args: AddArgs) -> Result<(), Failure> {
    let connection = args.rare.connection(args.api_url, args.tenant_id, args.client_id);
    save(args.name, connection, args.secret).await
}

/// The secret goes first: a connection that stands in the list without its secret would be of no use.
pub async fn save(name: String, connection: Connection, secret: SecretArgs) -> Result<(), Failure> {
    let store = store()?;
    let secret = secret.read()?;
    if store.find_by_name(&name)?.is_some() {
        return Err(connections::StoreError::NameTaken { name }.into());
    }
    let now = Timestamp::now();
    let mut saved = SavedConnection::new(ConnectionId::random(), name, connection, now);
    saved.secret_saved_at = Some(now);

    let keychain = Keychain::system();
    keychain.save(&saved.id, &secret).await?;
    let id = saved.id;
    let added = store.add(saved);
    if added.is_err() {
        // The first error is the one to tell.
        let _ = keychain.delete(&id).await;
    }
    let saved = added?;
    if secret.looks_unusual() {
        say("note: this does not look like the secrets that Entra makes today. It was saved as it is.");
    }
    say(&format!(
        "Saved \u{201c}{}\u{201d}; its secret is in {}. Try it with: cippctl connections test {}",
        saved.name,
        keychain.status().store,
        quoted(&saved.name)
    ));
    Ok(())
}

/// A name as it is typed after a command.
pub fn quoted(name: &str) -> String {
    if name.chars().all(|c| c.is_alphanumeric() || "-_.".contains(c)) {
        name.to_owned()
    } else {
        format!("\"{name}\"")
    }
}

/// A saved connection as a script reads it.
#[derive(Serialize)]
struct Listed<'a> {
    id: ConnectionId,
    name: &'a str,
    api_url: String,
    tenant_id: String,
    client_id: String,
    authority: String,
    ca_cert: Option<String>,
    created_at: Timestamp,
    secret_saved_at: Option<Timestamp>,
    last_used_at: Option<Timestamp>,
    secret_ends_at: Option<Timestamp>,
    #[serde(skip)]
    secret_ends: String,
}

impl<'a> Listed<'a> {
    fn new(saved: &'a SavedConnection, now: Timestamp) -> Self {
        let connection = &saved.connection;
        Listed {
            id: saved.id,
            name: &saved.name,
            api_url: connection.api_url.to_string(),
            tenant_id: connection.tenant_id.to_string(),
            client_id: connection.client_id.to_string(),
            authority: connection.authority.to_string(),
            ca_cert: connection.ca_cert.as_ref().map(|path| path.display().to_string()),
            created_at: saved.created_at,
            secret_saved_at: saved.secret_saved_at,
            last_used_at: saved.last_used_at,
            secret_ends_at: saved.secret_end.as_ref().map(|end| end.at),
            secret_ends: credentials::end_words(saved, now),
        }
    }
}

fn list(format: ListFormat) -> Result<(), Failure> {
    let (saved, now) = (store()?.list()?, Timestamp::now());
    let listed: Vec<Listed<'_>> = saved.iter().map(|saved| Listed::new(saved, now)).collect();
    let mut out = io::stdout().lock();
    match format {
        ListFormat::Json => {
            serde_json::to_writer_pretty(&mut out, &listed).map_err(io::Error::from)?;
            writeln!(out)?;
        }
        ListFormat::Table if listed.is_empty() => {
            say("No connections yet. Add one with `cippctl connections add`, or try `cippctl demo`.");
        }
        ListFormat::Table => writeln!(out, "{}", table(&listed))?,
    }
    for each in &saved {
        credentials::remind(each, now);
    }
    Ok(())
}

fn table(listed: &[Listed<'_>]) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header([
        "Name",
        "API address",
        "Tenant ID",
        "Client ID",
        "Last used",
        "Secret ends",
    ]);
    if let Some(width) = Screen::of_stdout().width {
        let width = u16::try_from(width).unwrap_or(u16::MAX);
        table
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_width(width);
    }
    for each in listed {
        let last_used = each.last_used_at.map_or_else(|| "never".to_owned(), minute);
        table.add_row([
            &visible(each.name),
            each.api_url.as_str(),
            &each.tenant_id,
            &each.client_id,
            &last_used,
            &each.secret_ends,
        ]);
    }
    table.trim_fmt()
}

/// A moment as people read it, in the zone of this computer.
pub fn minute(time: Timestamp) -> String {
    time.to_zoned(jiff::tz::TimeZone::system())
        .strftime("%Y-%m-%d %H:%M")
        .to_string()
}

/// The list goes first: what is no longer in it can do no harm, and the keychain may be out of reach.
async fn remove(name: &str) -> Result<(), Failure> {
    let saved = find(name)?;
    store()?.remove(&saved.id)?;
    let archive = forget(&saved.id);
    if let Ok(Some(folder)) = &archive {
        say(&format!("Deleted its archive in {}.", folder.display()));
    }
    let run = checklist::forget(&saved.id.to_string());
    credentials::forget_files(&saved.id);
    let keychain = Keychain::system();
    let from_keychain = match keychain.delete(&saved.id).await {
        Ok(()) => keychain.delete_archive_key(&saved.id).await,
        refused => refused,
    };
    match from_keychain {
        Ok(()) => say(&format!("Removed \u{201c}{}\u{201d} and its secret.", saved.name)),
        Err(error) => {
            say(&format!(
                "Removed \u{201c}{}\u{201d}. Its secret could not be removed: {error} It is the item \u{201c}{}\u{201d}.",
                saved.name,
                Keychain::item_name(&saved.id)
            ));
            return Err(error.into());
        }
    }
    archive.map(drop).and(run)
}

async fn test(name: &str, cancel: &CancellationToken) -> Result<(), Failure> {
    let saved = find(name)?;
    let instance = Instance::of_saved(&saved).await?;
    say(&format!(
        "Testing \u{201c}{}\u{201d} at {}",
        saved.name,
        saved.connection.api_url.host()
    ));
    walk(&instance, cancel).await
}

/// Signs in and reads one day, and says how far it came.
pub async fn walk(instance: &Instance, cancel: &CancellationToken) -> Result<(), Failure> {
    let started = Instant::now();
    let claims = instance.client.sign_in(cancel).await?;
    say(&format!(
        "  ok  Sign-in: Entra gave a token ({:.1} s)",
        started.elapsed().as_secs_f64()
    ));
    note_clock(&claims);

    let started = Instant::now();
    let today = day_of(Timestamp::now());
    let mut rows = instance.client.list_logs(&ListLogs::day(today), cancel).await?;
    say("  ok  Accepted: CIPP knows this client and lets it read the log");
    while let Some(row) = rows.next().await {
        row?;
    }
    let read = rows.rows_read();
    let seconds = started.elapsed().as_secs_f64();
    say(&format!(
        "  ok  Log read: {} entries on {} ({seconds:.1} s)",
        grouped(read),
        today.iso()
    ));
    if read == 0 {
        say("      An empty day is an answer too: the connection works.");
    }
    instance.touch();
    Ok(())
}
