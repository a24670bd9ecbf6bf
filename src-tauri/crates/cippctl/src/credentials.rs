//! `cippctl connections where`, `replace-secret`, `expires`, `export`, `import`, `script`: the life of a credential
//! after it was saved. The secret itself is never printed.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::PathBuf;

use cipp_client::Secret;
use clap::{Args, ValueEnum};
use connections::{
    ConnectionId, ConnectionStore, EndSource, Keychain, KeychainError, KeychainItem, SavedConnection, SecretEnd,
    SharedConnection, SharedError, StoreError, free_name,
};
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use logbook::{ConnectionScript, connection_script, visible};
use tokio_util::sync::CancellationToken;

use crate::connections::{quoted, walk};
use crate::exit::{Code, Failure};
use crate::instance::{Instance, find, store};
use crate::output::say;
use crate::secret::SecretArgs;

/// No exported connection is longer; nothing more is read of what is.
const LONGEST: u64 = 128 * 1024;

/// A new secret.
#[derive(Args, Debug)]
pub struct ReplaceArgs {
    /// Name of the connection
    name: String,
    #[command(flatten)]
    secret: SecretArgs,
}

/// When the secret ends.
#[derive(Args, Debug)]
pub struct ExpiresArgs {
    /// Name of the connection
    name: String,
    /// The day as Entra shows it under "Expires", such as 2027-05-31; without it the one that is known is printed
    #[arg(value_name = "DAY")]
    day: Option<Date>,
    /// Forget the day
    #[arg(long, conflicts_with = "day")]
    unknown: bool,
}

/// A connection to a file.
#[derive(Args, Debug)]
pub struct ExportArgs {
    /// Name of the connection
    name: String,
    /// File to write; `-` for standard output
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Replace a file that is there already
    #[arg(long)]
    force: bool,
}

/// A connection from a file.
#[derive(Args, Debug)]
pub struct ImportArgs {
    /// File that the app or `cippctl connections export` wrote
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Name for the connection [default: the one in the file, with a number where that is taken]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    #[command(flatten)]
    secret: SecretArgs,
}

/// A connection as a script.
#[derive(Args, Debug)]
pub struct ScriptArgs {
    /// Name of the connection
    name: String,
    /// What to write
    #[arg(long = "as", value_name = "FORM", value_enum)]
    form: ScriptForm,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ScriptForm {
    /// The PowerShell of CIPP's documentation
    Powershell,
    /// `Set-CIPPAPIDetails` of CIPPAPIModule
    Module,
    /// curl, for bash and zsh
    Curl,
}

/// Says where the secret is and how it is removed by hand. The keychain is tested, and not asked for it.
pub async fn show_place(name: &str) -> Result<(), Failure> {
    let saved = find(name)?;
    let keychain = Keychain::system();
    let status = keychain.self_test().await;
    if !status.remedy.is_empty() {
        say(&format!("note: {} {}", status.detail, status.remedy));
    }
    let mut out = io::stdout().lock();
    let time = |time: Option<Timestamp>| time.map_or_else(|| "not known".to_owned(), crate::connections::minute);
    writeln!(
        out,
        "The client secret of \u{201c}{}\u{201d} is in {}.",
        visible(&saved.name),
        status.store
    )?;
    writeln!(out, "  saved      {}", time(saved.secret_saved_at))?;
    writeln!(out, "  last read  {}", time(saved.secret_read_at))?;
    for item in [keychain.item(&saved.id), keychain.archive_item(&saved.id)] {
        print_item(&mut out, &item)?;
    }
    writeln!(out, "\nThe rest of the connection, without secrets, is in:")?;
    writeln!(out, "  {}", store()?.path().display())?;
    for path in store()?.files_of(&saved.id) {
        writeln!(out, "  {}", path.display())?;
    }
    let archive = log_archive::default_root().map(|root| root.join(saved.id.to_string()));
    if let Some(folder) = archive.filter(|folder| folder.is_dir()) {
        writeln!(out, "  {} (its archive, encrypted)", folder.display())?;
    }
    writeln!(
        out,
        "\nNo file holds the secret or a token, and there is no copy of it: if it is lost, reset it in CIPP."
    )?;
    Ok(())
}

/// Removes what still lies beside the file of connections for one that is gone.
pub fn forget_files(id: &ConnectionId) {
    for path in store().map(|store| store.files_of(id)).unwrap_or_default() {
        let removed = match path.is_dir() {
            true => fs::remove_dir_all(&path),
            false => fs::remove_file(&path),
        };
        if let Err(error) = removed {
            say(&format!("{} could not be removed: {error}.", path.display()));
        }
    }
}

fn print_item(out: &mut impl Write, item: &KeychainItem) -> io::Result<()> {
    writeln!(out, "\nThe {} in {}:", item.what, item.tool)?;
    for field in &item.labels {
        writeln!(out, "  {}: {}", field.label, field.value)?;
    }
    writeln!(out, "To remove it by hand:")?;
    for (number, step) in (1..).zip(&item.steps) {
        writeln!(out, "  {number}. {step}")?;
    }
    writeln!(out, "Or: {}", item.command)
}

/// Tests the new secret, and only then puts it in the place of the old one.
pub async fn replace(args: ReplaceArgs, cancel: &CancellationToken) -> Result<(), Failure> {
    let saved = find(&args.name)?;
    let new = args.secret.read()?;
    let keychain = Keychain::system();
    let before = match keychain.read(&saved.id).await {
        // Something else in its place counts as none.
        Err(KeychainError::NotOurs(_)) => None,
        other => other?,
    };
    if before.as_ref().is_some_and(|before| before.expose() == new.expose()) {
        return Err(Failure::new(
            Code::Usage,
            "This is the secret that is stored already.",
            "Give the new one. In CIPP it is shown once, when the client's secret is reset.",
        ));
    }
    say(&format!("Testing the new secret of \u{201c}{}\u{201d}", saved.name));
    let tested = async {
        let instance = Instance::unsaved(saved.connection.clone(), new.clone())?;
        walk(&instance, cancel).await
    };
    if let Err(failure) = tested.await {
        say("The old secret is still stored, unchanged.");
        return Err(failure);
    }
    put(&keychain, &store()?, saved.id, &new, before.as_ref()).await?;
    say(&format!(
        "Replaced. The new secret of \u{201c}{}\u{201d} is in {}.",
        saved.name,
        keychain.status().store
    ));
    Ok(())
}

/// The keychain first, then the file; the keychain is put back where the file refuses.
async fn put(
    keychain: &Keychain,
    store: &ConnectionStore,
    id: ConnectionId,
    new: &Secret,
    before: Option<&Secret>,
) -> Result<(), Failure> {
    keychain.save(&id, new).await?;
    let Err(refused) = note_saved(store, id) else {
        return Ok(());
    };
    let undone = match before {
        Some(before) => keychain.save(&id, before).await,
        None => keychain.delete(&id).await,
    };
    if undone.is_err() {
        say("The old secret could not be put back into the keychain: it may hold the new one now.");
    }
    Err(refused.into())
}

fn note_saved(store: &ConnectionStore, id: ConnectionId) -> Result<(), StoreError> {
    let mut saved = store.get(&id)?;
    saved.secret_saved_at = Some(Timestamp::now());
    // Of the new one nothing is known yet.
    saved.secret_read_at = None;
    saved.secret_end = None;
    store.update(&saved).map(drop)
}

/// Prints or keeps the day on which the secret ends.
pub fn expires(args: &ExpiresArgs) -> Result<(), Failure> {
    let saved = find(&args.name)?;
    let end = match args.day {
        None if !args.unknown => {
            let mut out = io::stdout().lock();
            return Ok(writeln!(out, "{}", end_words(&saved, Timestamp::now()))?);
        }
        None => None,
        Some(day) => Some(SecretEnd::new(begin_of(day)?, EndSource::Typed, Timestamp::now())),
    };
    let saved = store()?.set_secret_end(&saved.id, end)?;
    say(&format!(
        "The secret of \u{201c}{}\u{201d}: {}.",
        saved.name,
        end_words(&saved, Timestamp::now())
    ));
    Ok(())
}

/// "2027-05-31, in 12 days", "ended 2026-05-31", "not known".
pub fn end_words(saved: &SavedConnection, now: Timestamp) -> String {
    let Some(end) = &saved.secret_end else {
        return "not known".to_owned();
    };
    let day = end.at.to_zoned(TimeZone::system()).strftime("%Y-%m-%d").to_string();
    match end.days_left(now) {
        _ if end.at <= now => format!("ended {day}"),
        0 => format!("{day}, within a day"),
        1 => format!("{day}, in 1 day"),
        days => format!("{day}, in {days} days"),
    }
}

fn begin_of(day: Date) -> Result<Timestamp, Failure> {
    let zoned = day.to_zoned(TimeZone::system());
    zoned.map(|zoned| zoned.timestamp()).map_err(|_| {
        Failure::new(
            Code::Usage,
            "This day cannot be kept.",
            "Give year, month and day, such as 2027-05-31.",
        )
    })
}

/// Writes a connection without its secret.
pub fn export(args: &ExportArgs) -> Result<(), Failure> {
    let saved = find(&args.name)?;
    let shared = SharedConnection {
        name: saved.name,
        connection: saved.connection,
    };
    let text = shared.text(Timestamp::now());
    if args.file.as_os_str() == "-" {
        return Ok(io::stdout().lock().write_all(text.as_bytes())?);
    }
    let opened = match args.force {
        true => File::create(&args.file),
        false => File::create_new(&args.file),
    };
    let written = opened.and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()));
    written.map_err(|error| {
        let remedy = match error.kind() {
            io::ErrorKind::AlreadyExists => "Give another name, or --force to replace it.",
            _ => "Give another folder or name.",
        };
        Failure::new(
            Code::Local,
            format!("{} could not be written: {error}.", args.file.display()),
            remedy,
        )
    })?;
    say(&format!(
        "Wrote {} without the secret. Give that on another way.",
        args.file.display()
    ));
    Ok(())
}

/// Saves a connection from a file, with a secret that is given here.
pub async fn import(args: ImportArgs) -> Result<(), Failure> {
    let shared = SharedConnection::read(&text_of(&args.file)?)?;
    let known = store()?.list()?;
    let folded = |name: &str| name.trim().to_lowercase();
    let is_taken = |name: &str| known.iter().any(|saved| folded(&saved.name) == folded(name));
    let name = args.name.unwrap_or_else(|| free_name(&shared.name, is_taken));
    crate::connections::save(name, shared.connection, args.secret).await
}

fn text_of(file: &PathBuf) -> Result<String, Failure> {
    let mut text = String::new();
    let read = fs::File::open(file).and_then(|file| file.take(LONGEST).read_to_string(&mut text));
    read.map(|_| text).map_err(|error| {
        Failure::new(
            Code::Local,
            format!("{} could not be read: {error}.", file.display()),
            "Give a file that the app or `cippctl connections export` wrote.",
        )
    })
}

impl From<SharedError> for Failure {
    fn from(error: SharedError) -> Self {
        Failure::new(Code::Usage, error.to_string(), error.remedy())
    }
}

/// Prints a connection as a script that asks for the secret.
pub fn script(args: &ScriptArgs) -> Result<(), Failure> {
    let saved = find(&args.name)?;
    let form = match args.form {
        ScriptForm::Powershell => ConnectionScript::PowerShell,
        ScriptForm::Module => ConnectionScript::Module,
        ScriptForm::Curl => ConnectionScript::Curl,
    };
    let text = connection_script(form, &saved.name, &saved.connection);
    Ok(io::stdout().lock().write_all(text.as_bytes())?)
}

/// A reminder for whoever lists the connections; none while there is time.
pub fn remind(saved: &SavedConnection, now: Timestamp) {
    if saved.secret_end.as_ref().and_then(|end| end.reminder(now)).is_some() {
        say(&format!(
            "note: the secret of \u{201c}{}\u{201d}: {}. Put a new one in its place with: cippctl connections \
             replace-secret {}",
            visible(&saved.name),
            end_words(saved, now),
            quoted(&visible(&saved.name))
        ));
    }
}
