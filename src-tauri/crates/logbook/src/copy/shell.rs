//! A view as a command line, and the quoting that shells need.
//!
//! A filter may hold a value that a stranger wrote into the log, so quoting is a matter of safety: what is pasted must be
//! one command, whatever is in it.

use std::{borrow::Cow, fmt::Write as _};

use cipp_client::Day;
use log_query::{Query, Test};

use super::{ViewCommand, powershell};

/// A shell that a command line is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shell {
    /// sh, bash, zsh.
    Posix,
    /// PowerShell; what needs no quoting rules of its own works in the classic command prompt too.
    PowerShell,
}

impl Shell {
    /// What a terminal on this system runs.
    pub fn of_this_system() -> Shell {
        if cfg!(windows) { Shell::PowerShell } else { Shell::Posix }
    }
}

/// What a view shows.
pub(crate) struct View<'a> {
    /// What the connection is called.
    pub connection: &'a str,
    /// The first day.
    pub from: Day,
    /// The last day.
    pub to: Day,
    /// The filter as typed; one that was understood.
    pub query_text: &'a str,
    /// The filter as understood.
    pub query: &'a Query,
    /// The zone in which its times were meant, where that has a name.
    pub zone: Option<&'a str>,
}

/// The view as a command line.
pub(crate) fn view_text(form: ViewCommand, view: &View<'_>, shell: Shell) -> String {
    match form {
        ViewCommand::Cippctl => cippctl(view, shell),
        ViewCommand::PowerShell => powershell::script(view),
    }
}

fn cippctl(view: &View<'_>, shell: Shell) -> String {
    let mut text = format!("cippctl logs --connection {}", shell.quoted(view.connection));
    let _ = write!(text, " --from {} --to {}", view.from.iso(), view.to.iso());
    let speaks_of_time = view
        .query
        .terms
        .iter()
        .any(|term| matches!(term.test, Test::Time { .. }));
    if let (true, Some(zone)) = (speaks_of_time, view.zone) {
        let _ = write!(text, " --zone {}", shell.quoted(zone));
    }
    let query = view.query_text.trim();
    if query.is_empty() {
        return text;
    }
    if shell == Shell::PowerShell && (query.contains('"') || query.ends_with('\\')) {
        // Windows PowerShell loses quotation marks on their way into a program; a variable it leaves alone.
        return format!(
            "$env:CIPPCTL_QUERY = {}; {text} --query-env CIPPCTL_QUERY",
            powershell::quoted(query)
        );
    }
    let _ = write!(text, " --query {}", shell.quoted(query));
    text
}

impl Shell {
    /// One argument in quotes, whatever is in it, also where it would be understood without them.
    pub fn literal(self, text: &str) -> String {
        match self {
            Shell::Posix => posix(text),
            Shell::PowerShell => powershell::quoted(text),
        }
    }

    /// One argument, whatever is in it.
    pub fn quoted(self, text: &str) -> Cow<'_, str> {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@+".contains(c);
        // A dash, as in the name "-x", would make it an option: the caller's business, quoting does not help there.
        if !text.is_empty() && text.chars().all(plain) && !text.starts_with(['@', '-']) {
            return Cow::Borrowed(text);
        }
        match self {
            Shell::Posix => Cow::Owned(posix(text)),
            Shell::PowerShell if harmless(text) => Cow::Owned(format!("\"{text}\"")),
            Shell::PowerShell => Cow::Owned(powershell::quoted(text)),
        }
    }
}

/// Whether double quotes do, in PowerShell and in the classic command prompt alike.
fn harmless(text: &str) -> bool {
    !text.is_empty()
        && !text.contains(['"', '%', '!', '^', '$', '`', '\\', '\u{201c}', '\u{201d}', '\u{201e}'])
        && !text.contains(char::is_control)
}

fn posix(text: &str) -> String {
    if !text.contains(char::is_control) {
        return format!("'{}'", text.replace('\'', r"'\''"));
    }
    // A control character would be obeyed by the line editor before the shell sees the quotes.
    let mut quoted = String::from("$'");
    for c in text.chars() {
        match c {
            '\'' | '\\' => quoted.extend(['\\', c]),
            _ if c.is_control() => {
                for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                    let _ = write!(quoted, "\\{byte:03o}");
                }
            }
            _ => quoted.push(c),
        }
    }
    quoted.push('\'');
    quoted
}

#[cfg(test)]
mod tests {
    use jiff::{Timestamp, tz::TimeZone};
    use log_query::{Context, parse};

    use super::*;

    const HARD: [&str; 16] = [
        "",
        "plain",
        "two words",
        "it's",
        "\"quoted\"",
        "$HOME `id` $(id)",
        "a;b|c&d>e<f",
        "back\\slash\\",
        "100% %PATH% !x! ^y",
        "line\nbreak\ttab",
        "\u{1b}[2J\u{3}",
        "\u{2018}curly\u{2019}\u{201b} \u{201c}double\u{201d}",
        "*?[a] {x,y} ~ #",
        "tenant:=\"contoso.example\",\"b\" -api:/x.*y/",
        "日本 é",
        "@splat",
    ];

    /// The shell itself says what it understands.
    #[cfg(unix)]
    #[test]
    fn posix_shells_get_back_what_was_quoted() {
        for shell in ["sh", "bash"] {
            for text in HARD {
                if shell == "sh" && text.contains(char::is_control) {
                    continue;
                }
                let script = format!("printf %s {}", Shell::Posix.quoted(text));
                let Ok(output) = std::process::Command::new(shell).args(["-c", &script]).output() else {
                    continue;
                };
                assert_eq!(String::from_utf8(output.stdout).unwrap(), text, "{shell}: {script}");
            }
        }
    }

    #[test]
    fn nothing_pasted_holds_a_character_that_a_terminal_obeys() {
        for text in HARD {
            for shell in [Shell::Posix, Shell::PowerShell] {
                assert!(!shell.quoted(text).contains(char::is_control), "{text:?}");
            }
        }
    }

    #[test]
    fn powershell_and_the_command_prompt_share_what_is_simple() {
        for (text, quoted) in [
            ("contoso", "contoso"),
            ("two words", "\"two words\""),
            ("it's", "\"it's\""),
            ("user:jo*", "\"user:jo*\""),
            ("$x", "'$x'"),
            ("100%", "'100%'"),
            ("it's $5", "'it''s $5'"),
            ("", "''"),
        ] {
            assert_eq!(Shell::PowerShell.quoted(text), quoted);
        }
    }

    fn command(text: &str, connection: &str, shell: Shell) -> String {
        let context = Context {
            zone: TimeZone::UTC,
            now: Timestamp::UNIX_EPOCH,
        };
        let (query, _) = parse(text, &context);
        let view = View {
            connection,
            from: "2026-11-18".parse().unwrap(),
            to: "2026-11-20".parse().unwrap(),
            query_text: text,
            query: &query,
            zone: Some("Europe/Berlin"),
        };
        view_text(ViewCommand::Cippctl, &view, shell)
    }

    #[test]
    fn a_view_is_one_command() {
        assert_eq!(
            command("", "Contoso", Shell::Posix),
            "cippctl logs --connection Contoso --from 2026-11-18 --to 2026-11-20"
        );
        assert_eq!(
            command(" -api:x \"it's\" ", "Nord & Süd", Shell::Posix),
            r#"cippctl logs --connection 'Nord & Süd' --from 2026-11-18 --to 2026-11-20 --query '-api:x "it'\''s"'"#
        );
        assert_eq!(
            command("sev>=warning", "Nord & Süd", Shell::PowerShell),
            r#"cippctl logs --connection "Nord & Süd" --from 2026-11-18 --to 2026-11-20 --query "sev>=warning""#
        );
        assert_eq!(
            command("user:\"it's\"", "c", Shell::PowerShell),
            "$env:CIPPCTL_QUERY = 'user:\"it''s\"'; cippctl logs --connection c --from 2026-11-18 --to 2026-11-20 \
             --query-env CIPPCTL_QUERY"
        );
    }

    #[test]
    fn times_bring_the_zone_they_were_meant_in() {
        let query = Query {
            terms: vec![log_query::Term {
                negated: false,
                test: Test::Time {
                    from: Some(0),
                    before: None,
                },
            }],
        };
        let view = View {
            connection: "c",
            from: "2026-11-18".parse().unwrap(),
            to: "2026-11-20".parse().unwrap(),
            query_text: "time:10:00..",
            query: &query,
            zone: Some("Europe/Berlin"),
        };
        assert!(view_text(ViewCommand::Cippctl, &view, Shell::Posix).contains(" --zone Europe/Berlin --query "));
    }
}
