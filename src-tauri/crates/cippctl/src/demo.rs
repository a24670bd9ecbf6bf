//! `cippctl demo`: the app's main job once through in the terminal, on the sandbox. Nothing leaves this computer.
//!
//! The same rooms as ever do the work: only the address is the sandbox's. What is saved on the way is removed at the
//! end, also when it is stopped.

use std::io::{self, Write};
use std::time::Instant;

use cipp_client::{Client, Connection, Day, FieldError, Fields, ListLogs, Row, Secret};
use connections::{ConnectionId, ConnectionStore, Keychain, SavedConnection};
use jiff::Timestamp;
use log_query::{SeverityFamily, family};
use sandbox::{Ready, SandboxOptions};
use tokio_util::sync::CancellationToken;

use crate::days::day_of;
use crate::exit::Failure;
use crate::instance::{client, store};
use crate::output::{Screen, grouped};
use crate::row_printer::{Table, painted};

/// So many of the newest rows are shown.
const NEWEST: usize = 12;

/// Walks through it and says on stdout what happens.
pub async fn run(cancel: &CancellationToken) -> Result<(), Failure> {
    step(
        1,
        "Start the sandbox: Entra and CIPP, imitated on this computer. Nothing is sent anywhere else.",
    )?;
    let sandbox = sandbox::start(SandboxOptions::default()).await?;
    let ready = sandbox.ready();
    tell(&format!("CIPP's API address    {}", ready.api_url))?;
    tell(&format!("sign-in server        {}", ready.authority))?;
    tell(&format!("tenant ID             {}", ready.tenant_id))?;
    tell(&format!("client ID             {}", ready.client_id))?;

    step(
        2,
        "Save a connection: its fields in a file, its client secret in the operating system's keychain.",
    )?;
    let (connection, secret) = connection_to(ready)?;
    let kept = Kept::save(&connection, &secret).await?;
    let read = match kept.secret().await {
        Ok(found) => show(connection, found.unwrap_or(secret), cancel).await,
        Err(error) => Err(error),
    };
    let removed = kept.remove().await;
    sandbox.stop().await;
    read?;
    removed?;
    say_line("\nThat was it. With your own CIPP: cippctl connections add --help")
}

fn connection_to(ready: &Ready) -> Result<(Connection, Secret), FieldError> {
    let connection = Connection {
        api_url: ready.api_url.parse()?,
        tenant_id: ready.tenant_id.parse()?,
        client_id: ready.client_id.parse()?,
        authority: ready.authority.parse()?,
        ca_cert: None,
    };
    Ok((connection, Secret::parse(&ready.client_secret)?))
}

/// What the demo leaves on this computer while it runs.
struct Kept {
    keychain: Keychain,
    store: ConnectionStore,
    id: ConnectionId,
    in_store: bool,
}

impl Kept {
    /// Saves for real where that is possible. Where it is not, says why and keeps the secret in memory: this is a demo.
    async fn save(connection: &Connection, secret: &Secret) -> Result<Self, Failure> {
        let (keychain, store, id) = (Keychain::system(), store()?, ConnectionId::random());
        if let Err(error) = keychain.save(&id, secret).await {
            tell(&format!("The keychain cannot be used: {error}"))?;
            tell(&error.remedy())?;
            tell("The demo goes on with the secret in memory, for these few seconds only.")?;
            keychain.use_session_memory();
            keychain.save(&id, secret).await?;
        } else {
            tell(&format!(
                "{} holds the secret, as {}.",
                keychain.status().store,
                Keychain::item_name(&id)
            ))?;
        }
        let name = format!("Demo {}", &id.to_string()[..8]);
        let in_store = match store.add(SavedConnection::new(id, name, connection.clone(), Timestamp::now())) {
            Ok(saved) => {
                tell(&format!(
                    "\u{201c}{}\u{201d} stands in {}, without the secret.",
                    saved.name,
                    store.path().display()
                ))?;
                true
            }
            Err(error) => {
                tell(&format!(
                    "The file of connections cannot be used: {error} {}",
                    error.remedy()
                ))?;
                false
            }
        };
        Ok(Kept {
            keychain,
            store,
            id,
            in_store,
        })
    }

    /// The secret as the keychain gives it back.
    async fn secret(&self) -> Result<Option<Secret>, Failure> {
        Ok(self.keychain.read(&self.id).await?)
    }

    async fn remove(self) -> Result<(), Failure> {
        step(5, "Remove the connection and its secret again.")?;
        let from_keychain = self.keychain.delete(&self.id).await;
        if self.in_store {
            self.store.remove(&self.id)?;
        }
        from_keychain?;
        tell("Done: neither the connection nor its secret is left.")
    }
}

async fn show(connection: Connection, secret: Secret, cancel: &CancellationToken) -> Result<(), Failure> {
    let client = client(connection, secret)?;
    step(
        3,
        "Sign in: the client secret is exchanged for a token, which stays in memory.",
    )?;
    let started = Instant::now();
    let claims = client.sign_in(cancel).await?;
    let until = claims
        .expires_at
        .map_or_else(String::new, |time| format!(", good until {time:.0}"));
    tell(&format!(
        "A token for {} came in {} ms{until}.",
        claims.aud.unwrap_or_default(),
        started.elapsed().as_millis()
    ))?;

    step(4, "Read today's logbook.")?;
    let today = day_of(Timestamp::now());
    let mut newest = read(&client, today, cancel).await?;
    if let (true, Some(yesterday)) = (newest.rows.is_empty(), today.previous()) {
        tell("The day is young: nothing has happened yet. Yesterday:")?;
        newest = read(&client, yesterday, cancel).await?;
    }
    let screen = Screen::of_stdout();
    newest.print_rows(screen)?;
    newest.print_counts(screen)
}

/// What is kept of a day's rows.
struct Newest {
    rows: Vec<Row>,
    counts: [u64; SeverityFamily::ALL.len()],
}

async fn read(client: &Client, day: Day, cancel: &CancellationToken) -> Result<Newest, Failure> {
    let started = Instant::now();
    let mut newest = Newest {
        rows: Vec::with_capacity(NEWEST),
        counts: Default::default(),
    };
    let mut rows = client.list_logs(&ListLogs::day(day), cancel).await?;
    while let Some(row) = rows.next().await {
        newest.add(row?);
    }
    let (read, bytes) = (rows.rows_read(), rows.bytes_read());
    let millis = started.elapsed().as_millis();
    tell(&format!(
        "{} rows of {}, {} kB, in {millis} ms. The newest:\n",
        grouped(read),
        day.iso(),
        grouped(bytes / 1000)
    ))?;
    Ok(newest)
}

impl Newest {
    /// CIPP sends the newest first (facts: ListLogs 1.7).
    fn add(&mut self, row: Row) {
        let family = row.fields().map_or(SeverityFamily::Unknown, |fields| {
            family(fields.severity.as_deref().unwrap_or_default())
        });
        for (count, each) in self.counts.iter_mut().zip(SeverityFamily::ALL) {
            *count += u64::from(each == family);
        }
        if self.rows.len() < NEWEST {
            self.rows.push(row);
        }
    }

    fn print_rows(&self, screen: Screen) -> Result<(), Failure> {
        let table = Table::new(Screen {
            width: screen.width.or(Some(120)),
            ..screen
        });
        let mut out = io::stdout().lock();
        for row in &self.rows {
            table.line(&mut out, &row.fields().unwrap_or_else(|_| Fields::default()))?;
        }
        Ok(())
    }

    fn print_counts(&self, screen: Screen) -> Result<(), Failure> {
        say_line("\n  By severity:")?;
        let most = self.counts.iter().copied().max().unwrap_or(1).max(1);
        for (family, count) in SeverityFamily::ALL
            .into_iter()
            .zip(self.counts)
            .filter(|(_, count)| *count > 0)
        {
            let bar = "#".repeat(usize::try_from((count * 40).div_ceil(most)).unwrap_or(40));
            let word = painted(&format!("{:<8}", family.word()), family, screen.colour);
            say_line(&format!("  {word} {:>8}  {bar}", grouped(count)))?;
        }
        Ok(())
    }
}

fn step(number: u8, what: &str) -> Result<(), Failure> {
    say_line(&format!("\n{number}. {what}"))
}

fn tell(what: &str) -> Result<(), Failure> {
    say_line(&format!("   {what}"))
}

fn say_line(line: &str) -> Result<(), Failure> {
    Ok(writeln!(io::stdout().lock(), "{line}")?)
}
