//! Forms in which an entry, a view or a connection is copied.
//!
//! What is copied is pasted into tickets, chats, spreadsheets and shells, and the log's texts are written by strangers:
//! each form is made so that none of them is obeyed there. What deliberately is not here: the clipboard.

mod connection;
mod entry;
mod indent;
mod powershell;
mod shell;
mod visible;

use serde::{Deserialize, Serialize};
use specta::Type;

pub use connection::{ConnectionScript, connection_script};
pub(crate) use entry::{Copied, entry_text};
pub(crate) use shell::{Shell, View, view_text};
pub use visible::{visible, visible_json};

/// How an entry is copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub enum CopyForm {
    /// Its fields on one line, separated by tabs.
    Row,
    /// The row as CIPP sent it, indented.
    Json,
    /// A Markdown table with message and data.
    Markdown,
    /// Five lines for a ticket: what, where, when in two zones, how often (first and last), which row.
    Ticket,
}

/// What a view is as a command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub enum ViewCommand {
    /// `cippctl logs --connection ... --query ...`.
    Cippctl,
    /// PowerShell with CIPPAPIModule: `Get-CIPPLogs`, and `Where-Object` for what CIPP cannot filter.
    PowerShell,
}
