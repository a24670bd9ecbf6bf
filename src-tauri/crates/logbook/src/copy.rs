//! Forms in which an entry or a view is copied.

use serde::{Deserialize, Serialize};
use specta::Type;

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
