//! `cippctl checklist list`: the checklists and how many of their steps are in which state.

use std::io::{self, Write};

use checklist::{Checklist, Counts, Progress, RunStore, all};
use clap::Args;
use comfy_table::{ContentArrangement, Table, presets};
use jiff::Timestamp;
use logbook::visible;
use serde::Serialize;

use super::{Form, counts_words, runs};
use crate::exit::Failure;
use crate::instance::{find, store};
use crate::output::{Screen, print_json};

/// Whose, and how to print them.
#[derive(Args, Debug)]
pub struct ListArgs {
    /// Of this saved connection alone, by its name
    #[arg(long, value_name = "NAME")]
    connection: Option<String>,
    /// Form of the output
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = Form::Text)]
    format: Form,
}

/// One checklist of one connection.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    /// The connection's name; none for what was done before there was a connection.
    connection: Option<String>,
    checklist: &'static str,
    title: &'static str,
    variant: String,
    variant_chosen: bool,
    counts: Counts,
    #[serde(skip)]
    words: String,
}

/// Prints them. A connection whose run cannot be read does not hide the others.
pub fn run(args: &ListArgs) -> Result<(), Failure> {
    let mut whose: Vec<(Option<String>, Option<String>)> = Vec::new();
    match &args.connection {
        Some(name) => {
            let saved = find(name)?;
            whose.push((Some(saved.name), Some(saved.id.to_string())));
        }
        None => {
            whose.push((None, None));
            let saved = store()?.list()?.into_iter();
            whose.extend(saved.map(|saved| (Some(saved.name), Some(saved.id.to_string()))));
        }
    }
    let (runs, now) = (runs()?, Timestamp::now());
    let (mut listed, mut trouble) = (Vec::new(), None);
    for (name, id) in whose {
        match of(&runs, &name, id.as_deref(), now) {
            Ok(more) => listed.extend(more),
            Err(failure) => trouble = trouble.or(Some(failure)),
        }
    }
    match args.format {
        Form::Json => print_json(&listed)?,
        Form::Markdown => write!(io::stdout().lock(), "{}", markdown_table(&listed))?,
        Form::Text => writeln!(io::stdout().lock(), "{}", table(&listed))?,
    }
    trouble.map_or(Ok(()), Err)
}

fn of(runs: &RunStore, name: &Option<String>, id: Option<&str>, now: Timestamp) -> Result<Vec<Listed>, Failure> {
    let run = runs.load(id)?;
    let of_list = |list: &'static Checklist| Listed::new(name.clone(), list, &run.progress(list, now));
    Ok(all()?.iter().map(of_list).collect())
}

impl Listed {
    fn new(connection: Option<String>, list: &'static Checklist, progress: &Progress) -> Self {
        Listed {
            connection,
            checklist: &list.id,
            title: &list.title,
            variant: progress.variant.clone(),
            variant_chosen: progress.variant_chosen,
            counts: progress.counts,
            words: counts_words(progress),
        }
    }

    fn cells(&self) -> [String; 5] {
        let connection = self.connection.as_deref().unwrap_or("(no connection yet)");
        let variant = match (self.variant.as_str(), self.variant_chosen) {
            ("", _) => "-".to_owned(),
            (variant, true) => variant.to_owned(),
            (variant, false) => format!("{variant} (not chosen)"),
        };
        [
            visible(connection).into_owned(),
            self.checklist.to_owned(),
            variant,
            self.counts.steps.to_string(),
            self.words.clone(),
        ]
    }
}

const HEADER: [&str; 5] = ["Connection", "Checklist", "Variant", "Steps", "State"];

fn table(listed: &[Listed]) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(HEADER);
    if let Some(width) = Screen::of_stdout().width {
        let width = u16::try_from(width).unwrap_or(u16::MAX);
        table
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_width(width);
    }
    for each in listed {
        table.add_row(each.cells());
    }
    table.trim_fmt()
}

fn markdown_table(listed: &[Listed]) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let mut text = line(&HEADER.map(str::to_owned));
    text += &line(&HEADER.map(|_| "---".to_owned()));
    for each in listed {
        // Only the connection's name is a person's; a bar in it would end the cell.
        text += &line(&each.cells().map(|cell| cell.replace('|', "\\|")));
    }
    text
}
