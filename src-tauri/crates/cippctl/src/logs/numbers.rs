//! What is in the log in numbers: the most frequent values, or rows over time. All rows are read into memory for it.

use std::io::{self, Write};

use jiff::Timestamp;
use log_archive::ConnectionArchive;
use log_query::FacetField;
use tokio_util::sync::CancellationToken;

use super::LogsArgs;
use crate::exit::Failure;
use crate::instance::Who;
use crate::opened::{self, Parts};
use crate::output::stderr_is_terminal;
use crate::progress::Progress;

/// So many values a field.
const MOST_VALUES: u32 = 100;
/// At most so many bars.
const MOST_BARS: u32 = 120;

/// Reads and prints.
pub(super) async fn run(
    args: &LogsArgs,
    who: &Who,
    archive: Option<ConnectionArchive>,
    cancel: &CancellationToken,
) -> Result<(), Failure> {
    let now = Timestamp::now();
    let client = match args.offline {
        true => None,
        false => Some(args.instance.open(who).await?.client),
    };
    let logbook = opened::open(Parts {
        who,
        client,
        archive,
        memory: u64::MAX,
    });
    let text = args.filters.text(&args.severity, now)?;
    logbook.set_query(&text, args.filters.zone())?;
    let mut line = Progress::new(stderr_is_terminal());
    let shown = opened::show_asked(&logbook, &args.days, cancel, |progress| {
        line.rows(u64::from(progress.loaded))
    })
    .await;
    line.done();
    let progress = shown?;
    let numbers = if args.facets {
        serde_json::to_value(logbook.facets(&FacetField::ALL, "", MOST_VALUES)?)
    } else {
        serde_json::to_value(logbook.histogram(None, MOST_BARS, args.filters.zone())?)
    };
    let trouble = opened::trouble(&progress);
    logbook.close();
    let mut numbers = numbers.map_err(io::Error::from)?;
    if let Some(members) = numbers.as_object_mut() {
        // Counts the changes of a view, which is over.
        members.remove("generation");
        members.insert("matched".to_owned(), progress.matched.into());
        members.insert("complete".to_owned(), trouble.is_none().into());
    }
    writeln!(io::stdout().lock(), "{numbers}")?;
    trouble.map_or(Ok(()), Err)
}
