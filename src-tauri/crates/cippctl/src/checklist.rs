//! `cippctl checklist`: how far a set-up is, step by step, and a look at everything that needs no sign-in of a person.
//!
//! Words, runs, checks and report are the app's own (the `checklist` crate), and so are the files: what is found here stands
//! in the app, and what was done there is shown here. Deliberately not here: signing in at Microsoft, which needs a
//! browser and a person, and ticking, which needs a person who looks at the step.

mod check;
mod list;
mod show;

use std::env;
use std::io::{self, Write};

use checklist::{About, ChangeError, Checklist, Progress, Run, RunStore, all, markdown};
use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand, ValueEnum};
use connections::ConnectionStore;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use logbook::visible;
use tokio_util::sync::CancellationToken;

use crate::exit::{Code, Failure};

/// What to do with the checklists.
#[derive(Subcommand, Debug)]
pub enum ChecklistCommand {
    /// List the checklists with their counts, for each connection
    List(list::ListArgs),
    /// Show every step with its state, its proof and how it is known; as Markdown the setup report
    Show(show::ShowArgs),
    /// Look at every step that CIPP itself can prove; the exit code says whether one failed
    #[command(long_about = check::ABOUT)]
    Check(Box<check::CheckArgs>),
}

/// A form of the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Form {
    /// Lines for people
    Text,
    /// JSON
    Json,
    /// Markdown, for documentation systems
    Markdown,
}

/// Which checklists, and in which variant.
#[derive(Args, Debug)]
pub struct WordsArgs {
    /// One checklist alone [default: all of them]
    #[arg(long, value_name = "ID", value_parser = ids(|list| vec![&list.id]))]
    checklist: Option<String>,
    /// Answer to the checklist's question [default: the one that was chosen before, else the first]
    #[arg(long, value_name = "ID", value_parser = ids(|list| list.variants.iter().map(|variant| &variant.id).collect()))]
    variant: Option<String>,
}

/// Who sits here.
#[derive(Args, Debug)]
pub struct PersonArgs {
    /// Your name, for the history and the report [default: your user name on this computer]
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
}

/// Does it.
pub async fn run(command: ChecklistCommand, cancel: &CancellationToken) -> Result<(), Failure> {
    match command {
        ChecklistCommand::List(args) => list::run(&args),
        ChecklistCommand::Show(args) => show::run(&args),
        ChecklistCommand::Check(args) => check::run(*args, cancel).await,
    }
}

/// IDs out of the words that came with this program. Words that cannot be read are an error of every command, told there.
fn ids(of: impl Fn(&'static Checklist) -> Vec<&'static String>) -> PossibleValuesParser {
    let lists = all().unwrap_or_default();
    PossibleValuesParser::new(lists.iter().flat_map(of).map(String::as_str))
}

impl WordsArgs {
    /// The checklists that were asked for.
    fn lists(&self) -> Result<Vec<&'static Checklist>, Failure> {
        let wanted = |list: &&Checklist| self.checklist.as_ref().is_none_or(|id| *id == list.id);
        Ok(all()?.iter().filter(wanted).collect())
    }

    /// Of the checklists that were asked for, those for which the answer is one.
    ///
    /// # Errors
    /// It is an answer to none of them.
    fn answered(&self, lists: &[&'static Checklist]) -> Result<Vec<(&'static Checklist, &str)>, Failure> {
        let Some(variant) = &self.variant else {
            return Ok(Vec::new());
        };
        let answered: Vec<_> = lists
            .iter()
            .filter(|list| list.variant(variant).is_some())
            .map(|list| (*list, variant.as_str()))
            .collect();
        if answered.is_empty() {
            return Err(Failure::new(
                Code::Usage,
                format!("This checklist has no variant \u{201c}{variant}\u{201d}."),
                "Leave --variant out, or name a checklist that has it with --checklist.",
            ));
        }
        Ok(answered)
    }

    /// Answers the question in a run.
    fn answer(
        answered: &[(&'static Checklist, &str)],
        run: &mut Run,
        at: Timestamp,
        by: &str,
    ) -> Result<(), ChangeError> {
        answered
            .iter()
            .try_for_each(|(list, variant)| run.choose_variant(list, variant, at, by))
    }
}

impl PersonArgs {
    /// As the app calls them, where nothing was given.
    fn name(&self) -> String {
        let variable = if cfg!(windows) { "USERNAME" } else { "USER" };
        let name = self.by.clone().or_else(|| env::var(variable).ok()).unwrap_or_default();
        match name.trim() {
            "" => "you".to_owned(),
            name => name.to_owned(),
        }
    }
}

/// The runs that the app and this program share.
fn runs() -> Result<RunStore, Failure> {
    let connections = ConnectionStore::default_path()?;
    Ok(RunStore::open(
        connections.with_file_name("checklist-runs"),
        connections.with_file_name("checklists.json"),
    ))
}

/// Drops what was done for a connection that is removed.
pub fn forget(connection: &str) -> Result<(), Failure> {
    Ok(runs()?.forget(connection)?)
}

/// Prints the setup report.
fn print_report(lists: &[&Checklist], run: &Run, name: &str, by: String) -> Result<(), Failure> {
    let about = About {
        name: name.to_owned(),
        at: Timestamp::now(),
        by,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        zone: TimeZone::system(),
    };
    let lists: Vec<Checklist> = lists.iter().map(|list| (*list).clone()).collect();
    let mut out = io::stdout().lock();
    for line in markdown(&lists, run, &about).lines() {
        writeln!(out, "{}", visible(line))?;
    }
    Ok(())
}

/// The answer to the list's question; nothing for a list without one.
fn variant_words(list: &Checklist, progress: &Progress) -> Option<String> {
    let title = &list.variant(&progress.variant)?.title;
    Some(match progress.variant_chosen {
        true => title.clone(),
        false => format!("{title} (not chosen yet)"),
    })
}

/// `4 verified, 1 failed`, without zeros.
fn counts_words(progress: &Progress) -> String {
    let counts = &progress.counts;
    let told = [
        (counts.verified, "verified"),
        (counts.confirmed, "confirmed by hand"),
        (counts.waiting, "waiting"),
        (counts.failed, "failed"),
        (counts.to_clean_up, "to clean up"),
        (counts.todo, "to do"),
        (counts.not_applicable, "not applicable"),
        (counts.could_not_check, "could not be checked"),
        (counts.stale, "to be checked again"),
        (counts.conflicts, "with two histories"),
        (counts.clean_up, "clean-up due"),
    ];
    let told: Vec<String> = told
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    told.join(", ")
}
