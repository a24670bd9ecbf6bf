//! Rows as CIPP's own JSON text, one a line.

use std::borrow::Cow;
use std::io::{self, Write};

use logbook::{one_line, visible_json};

use crate::output::Screen;

/// Writes a row's JSON on one line.
pub(super) fn write(out: &mut impl Write, raw: &str, is_json: bool, screen: Screen) -> io::Result<()> {
    if !is_json {
        return serde_json::to_writer(out, &serde_json::json!({ "unreadable": raw })).map_err(io::Error::from);
    }
    let line = one_line(raw);
    let line = if screen.is_terminal() {
        Cow::Owned(visible_json(&line).into_owned())
    } else {
        line
    };
    out.write_all(line.as_bytes())
}
