//! "When it does not connect": the page for reading, made from the catalogue.
//!
//! Fails where the committed page is stale; UPDATE_PAGE=1 (`npm run explain-page`) rewrites it.

use std::fmt::Write as _;
use std::{fs, path::Path};

use failures::{Failure, Rung, Seen};

const HEAD: &str = "\
# When it does not connect

A connection is like a ladder: each rung stands on the one below. CIPP Desk climbs it for you (*Diagnose* in the window,
`cippctl diagnose` on the command line) and stops at the first rung that breaks. This page lists what can break at each
of them, with the cause and what to do. It is made from the same data as the app's own words; change those, not this page
(`npm run explain-page` writes it anew).

`cippctl explain` finds the entry for a code, a status, a reply or a few words.
";

const RUNGS: [(Rung, &str, &str); 9] = [
    (Rung::Address, "1 Address", "The address is one that can be called."),
    (Rung::Reach, "2 Reach", "Name, network, proxy, certificate, clock."),
    (
        Rung::RightDoor,
        "3 Right door",
        "CIPP's API answers, and not its website.",
    ),
    (
        Rung::SignIn,
        "4 Sign-in",
        "Entra takes the client ID and the secret and gives a token.",
    ),
    (
        Rung::TokenFits,
        "5 Token fits",
        "The token is for this client, of this tenant, in the form that CIPP expects.",
    ),
    (
        Rung::Accepted,
        "6 Accepted",
        "The site in front of CIPP takes the token.",
    ),
    (
        Rung::Allowed,
        "7 Allowed",
        "CIPP allows the call: role, tenants, IP addresses.",
    ),
    (Rung::LogRead, "8 Log read", "The log comes, whole and in good form."),
    (
        Rung::Versions,
        "9 Versions",
        "Nobody needs them for the log; the checklists do.",
    ),
];

fn page() -> String {
    let mut page = HEAD.to_owned();
    for (rung, name, about) in RUNGS {
        let met = |failure: &&Failure| failure.rung == rung && failure.seen.contains(&Seen::Client);
        let entries: Vec<&Failure> = failures::all().iter().filter(met).collect();
        if entries.is_empty() {
            continue;
        }
        let _ = write!(page, "\n## {name}\n\n{about}\n");
        entries.into_iter().for_each(|entry| add(&mut page, entry));
    }
    page
}

fn add(page: &mut String, entry: &Failure) {
    let probably = if entry.certain { "" } else { " (probably)" };
    let _ = write!(page, "\n### {}{probably}\n\n", text(&entry.title));
    let _ = writeln!(page, "- What you see: {}", text(&entry.symptom));
    let _ = writeln!(page, "- Why: {}", text(&entry.cause));
    let _ = writeln!(page, "- What to do:");
    for (action, number) in entry.remedy.iter().zip(1..) {
        let _ = writeln!(page, "  {number}. {}", text(action));
    }
    if let Some(waiting) = &entry.waiting {
        let _ = writeln!(page, "- Waiting helps: {}", text(&waiting.why));
    }
    if let Some(link) = &entry.link {
        let _ = writeln!(page, "- [{}]({})", text(&link.label), link.url);
    }
}

/// Nothing in the words is meant as markup.
fn text(words: &str) -> String {
    let mut out = String::new();
    for c in words.chars() {
        if matches!(c, '<' | '*' | '_' | '[' | ']' | '#' | '|') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

#[test]
fn the_page_is_current() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("WHEN-IT-DOES-NOT-CONNECT.md");
    let fresh = page();
    if std::env::var_os("UPDATE_PAGE").is_some() {
        fs::write(&file, &fresh).unwrap();
    }
    // A checkout on Windows may have turned the line ends.
    let committed = fs::read_to_string(&file).unwrap_or_default().replace("\r\n", "\n");
    assert!(fresh == committed, "the page is stale: run `npm run explain-page`");
}
