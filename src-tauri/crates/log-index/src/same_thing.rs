//! The same thing elsewhere: rows whose message is the same but for names, addresses, ids, numbers and quoted text.
//!
//! What deliberately is not here: what the window shows of it.

use std::{collections::HashMap, sync::LazyLock};

use log_query::Pattern;
use regex::Regex;

use crate::{
    bits::Bits,
    columns::NO_TIME,
    dictionaries::Coded,
    entry::time_text,
    index::Index,
    matcher::Matcher,
    pace::{Pace, Stop, Stopped, for_each_part},
    scan::{Found, scan},
    segment::Segment,
    wire::{SameThing, SameThingTenant},
};

const MOST_TENANTS: usize = 50;
/// A filter text is no place for a novel: of a long message its beginning is asked for.
const LONGEST_IN_QUERY: usize = 500;
/// Words that CIPP writes for "no tenant" or "all of them": they name none.
const NO_TENANT: [&str; 4] = ["", "none", "alltenants", "cipp"];

/// What is masked, over lower-cased text. Error codes (`AADSTS50076`, `0x80070005`) are words and stay: they are the
/// thing itself.
static MASKS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let masks = [
        r#"(?<quoted>"[^"]*"|\u{201C}[^\u{201D}]*\u{201D}|\B'(?:[^']|\b'\b)*'\B)"#,
        r#"(?<user>[^\s@<>"'()\[\]{},;:]+@[^\s@<>"'()\[\]{},;:]+\.\w{2,})"#,
        r"(?<guid>\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b)",
        r"(?<tenant>\b[a-z0-9-]+(?:\.[a-z0-9-]+)*\.onmicrosoft\.com\b)",
        r"(?<ip>\b\d{1,3}(?:\.\d{1,3}){3}\b|\b[0-9a-f]{1,4}(?::[0-9a-f]{0,4}){3,7}\b)",
        r"(?<number>\b\d+(?:[.,:]\d+)*\b)",
    ];
    Regex::new(&masks.join("|")).ok()
});

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mask {
    Quoted,
    User,
    Guid,
    Tenant,
    Ip,
    Number,
}

impl Mask {
    const ALL: [(Mask, &'static str); 6] = [
        (Mask::Quoted, "quoted"),
        (Mask::User, "user"),
        (Mask::Guid, "guid"),
        (Mask::Tenant, "tenant"),
        (Mask::Ip, "ip"),
        (Mask::Number, "number"),
    ];

    /// What stands in its place.
    fn shown(self) -> &'static str {
        match self {
            Mask::Quoted => "<text>",
            Mask::User => "<user>",
            Mask::Guid => "<guid>",
            Mask::Tenant => "<tenant>",
            Mask::Ip => "<ip>",
            Mask::Number => "<number>",
        }
    }

    /// A regular expression for anything that it stands for.
    fn expression(self) -> &'static str {
        match self {
            Mask::Quoted => r#"["'\u{201C}][\s\S]*["'\u{201D}]"#,
            Mask::User => r"\S+@\S+",
            Mask::Guid => r"[\da-f-]{36}",
            Mask::Tenant => r"[\s\S]+",
            Mask::Ip => r"[\da-f.:]+",
            Mask::Number => r"[\d.,:]+",
        }
    }
}

/// A part of a message: bytes that stay, or what is masked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Piece<'a> {
    Stays(&'a str),
    Masked(Mask),
}

/// The message in pieces. Both texts are lower-cased as far as ASCII goes.
fn pieces<'a>(message: &'a str, tenant: &str) -> Vec<Piece<'a>> {
    let tenant = Some(tenant).filter(|tenant| tenant.len() > 2 && !NO_TENANT.contains(tenant));
    let mut pieces = Vec::new();
    let mut at = 0;
    loop {
        // From the whole text, so that a word's boundary is seen on both sides.
        let masked = MASKS
            .as_ref()
            .and_then(|masks| masks.captures_at(message, at))
            .and_then(|captures| {
                let mut kinds = Mask::ALL.into_iter();
                kinds.find_map(|(mask, name)| captures.name(name).map(|found| (found.range(), mask)))
            });
        let named = tenant.and_then(|tenant| {
            let start = at + message[at..].find(tenant)?;
            Some((start..start + tenant.len(), Mask::Tenant))
        });
        // The tenant's name within an address belongs to the address, which starts before it.
        let next = match (masked, named) {
            (Some(masked), Some(named)) if named.0.start < masked.0.start => Some(named),
            (None, named) => named,
            (masked, _) => masked,
        };
        let Some((range, mask)) = next else {
            break;
        };
        if range.start > at {
            pieces.push(Piece::Stays(&message[at..range.start]));
        }
        pieces.push(Piece::Masked(mask));
        at = range.end;
    }
    if at < message.len() {
        pieces.push(Piece::Stays(&message[at..]));
    }
    pieces
}

/// The pieces as one text. `original` gives the letters their case back.
fn shown(pieces: &[Piece<'_>], lowered: &str, original: &str) -> String {
    let mut text = String::with_capacity(lowered.len());
    for piece in pieces {
        match piece {
            Piece::Stays(stays) => {
                // Lower-casing ASCII moves nothing, so that a piece is at the same place in both.
                let at = stays.as_ptr() as usize - lowered.as_ptr() as usize;
                text.push_str(original.get(at..at + stays.len()).unwrap_or(stays));
            }
            Piece::Masked(mask) => text.push_str(mask.shown()),
        }
    }
    text
}

/// A filter text that finds such messages.
fn query(pieces: &[Piece<'_>]) -> String {
    let mut expression = String::from("^");
    let mut whole = true;
    for piece in pieces {
        if expression.len() > LONGEST_IN_QUERY {
            whole = false;
            break;
        }
        match piece {
            Piece::Masked(mask) => expression.push_str(mask.expression()),
            Piece::Stays(text) => {
                for (n, character) in text.chars().enumerate() {
                    if n > LONGEST_IN_QUERY {
                        whole = false;
                        break;
                    }
                    match character {
                        '/' => expression.push_str(r"\/"),
                        c if c.is_control() || (c.is_whitespace() && c != ' ') => expression.push_str(r"[\s\p{Cc}]"),
                        c => expression.push_str(&regex_syntax::escape(c.encode_utf8(&mut [0; 4]))),
                    }
                }
            }
        }
        if !whole {
            break;
        }
    }
    let end = if whole { "$" } else { "" };
    format!("message:/{expression}{end}/")
}

/// What was found in one tenant.
#[derive(Clone, Copy)]
struct Seen {
    count: u32,
    first: i64,
    last: i64,
}

impl Seen {
    const NOTHING: Seen = Seen {
        count: 0,
        first: i64::MAX,
        last: NO_TIME,
    };

    fn and(self, other: Seen) -> Seen {
        Seen {
            count: self.count + other.count,
            first: self.first.min(other.first),
            last: self.last.max(other.last),
        }
    }

    fn row(time: i64) -> Seen {
        Seen {
            count: 1,
            first: if time == NO_TIME { i64::MAX } else { time },
            last: time,
        }
    }

    fn first(self) -> Option<String> {
        time_text(if self.first == i64::MAX { NO_TIME } else { self.first })
    }

    fn last(self) -> Option<String> {
        time_text(self.last)
    }
}

impl Index {
    /// The rows of all days whose message is that of this row but for names, addresses, ids, numbers and quoted text.
    ///
    /// # Errors
    /// `stop` said so.
    pub fn same_thing(&self, segment: &Segment, row: u32, stop: Stop<'_>) -> Result<SameThing, Stopped> {
        let original = segment.message().text(row as usize);
        let lowered = original.to_ascii_lowercase();
        let tenant = segment.coded_text(Coded::Tenant, row).to_ascii_lowercase();
        let pieces = pieces(&lowered, &tenant);
        let wanted = shown(&pieces, &lowered, &lowered);
        let longest = pieces
            .iter()
            .filter_map(|piece| match piece {
                Piece::Stays(text) => Some(*text),
                Piece::Masked(_) => None,
            })
            .max_by_key(|text| text.len());
        let prefilter = Matcher::new(&Pattern::Contains(longest.unwrap_or_default().to_owned()));
        let by_segment = for_each_part(self.segments().len(), self.len(), stop, |part| {
            seen_in(&self.segments()[part], &prefilter, &wanted, &mut Pace::new(stop))
        })?;
        let mut seen: HashMap<u32, Seen> = HashMap::new();
        for (code, more) in by_segment.into_iter().flatten() {
            let entry = seen.entry(code).or_insert(Seen::NOTHING);
            *entry = entry.and(more);
        }
        let all = seen.values().fold(Seen::NOTHING, |all, more| all.and(*more));
        Ok(SameThing {
            pattern: shown(&pieces, &lowered, &original),
            count: all.count,
            first: all.first(),
            last: all.last(),
            distinct_tenants: seen.len() as u32,
            tenants: tenants(segment, seen),
            query: query(&pieces),
        })
    }
}

fn tenants(segment: &Segment, seen: HashMap<u32, Seen>) -> Vec<SameThingTenant> {
    let dictionary = segment.dictionaries().read(Coded::Tenant);
    let mut tenants: Vec<SameThingTenant> = seen
        .into_iter()
        .map(|(code, seen)| SameThingTenant {
            tenant: dictionary.texts().text(code as usize),
            count: seen.count,
            first: seen.first(),
            last: seen.last(),
        })
        .collect();
    tenants.sort_by(|one, other| (other.count, &one.tenant).cmp(&(one.count, &other.tenant)));
    tenants.truncate(MOST_TENANTS);
    tenants
}

/// The rows of a segment with this masked message, by tenant.
fn seen_in(
    segment: &Segment,
    prefilter: &Matcher,
    wanted: &str,
    pace: &mut Pace<'_>,
) -> Result<HashMap<u32, Seen>, Stopped> {
    let mut candidates = Bits::none(segment.len());
    let mut found = Found {
        bits: &mut candidates,
        rows: None,
    };
    scan(segment.message(), prefilter, &mut found, pace)?;
    let dictionary = segment.dictionaries().read(Coded::Tenant);
    let mut seen: HashMap<u32, Seen> = HashMap::new();
    for row in candidates.ones() {
        let lowered = segment.message().lowered(row);
        // Masking costs some hundred times what finding does.
        pace.work(lowered.len() * 100)?;
        let code = segment.codes(Coded::Tenant).get(row);
        let (Ok(message), Ok(tenant)) = (
            std::str::from_utf8(lowered),
            std::str::from_utf8(dictionary.texts().lowered(code as usize)),
        ) else {
            continue;
        };
        if is_shown_as(message, tenant, wanted) {
            let entry = seen.entry(code).or_insert(Seen::NOTHING);
            *entry = entry.and(Seen::row(segment.times()[row]));
        }
    }
    Ok(seen)
}

fn is_shown_as(message: &str, tenant: &str, wanted: &str) -> bool {
    let pieces = pieces(message, tenant);
    let mut rest = wanted;
    for piece in &pieces {
        let part = match piece {
            Piece::Stays(text) => text,
            Piece::Masked(mask) => mask.shown(),
        };
        match rest.strip_prefix(part) {
            Some(left) => rest = left,
            None => return false,
        }
    }
    rest.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(message: &str, tenant: &str) -> String {
        let lowered = message.to_ascii_lowercase();
        shown(&pieces(&lowered, &tenant.to_ascii_lowercase()), &lowered, message)
    }

    #[test]
    fn names_addresses_ids_numbers_and_quoted_text_are_masked_and_codes_stay() {
        for (message, expected) in [
            (
                "Failed to set license for Anna@Contoso.example: 7d3c1b9e-5a41-4a7f-9a53-0d8a1c2b3e4f",
                "Failed to set license for <user>: <guid>",
            ),
            (
                "Tenant CONTOSO.example has 17 users",
                "Tenant <tenant> has <number> users",
            ),
            ("contoso.example2 is new", "<tenant>2 is new"),
            (
                "x.onmicrosoft.com: AADSTS50076 from 192.0.2.1",
                "<tenant>: AADSTS50076 from <ip>",
            ),
            (
                "Set 'Don't ask' to \"no\" at 10:30:00",
                "Set <text> to <text> at <number>",
            ),
            ("It can't find the user's mailbox", "It can't find the user's mailbox"),
            ("2001:db8:0:1::7 said 0x80070005", "<ip> said 0x80070005"),
            ("", ""),
            ("Größe \u{202E}5", "Größe \u{202E}<number>"),
        ] {
            assert_eq!(masked(message, "contoso.example"), expected);
        }
        assert_eq!(masked("None of the none", "None"), "None of the none");
    }

    #[test]
    fn a_message_is_shown_as_its_own_masked_form_and_as_no_other() {
        let own = "a 1 b anna@x.example";
        let wanted = masked(own, "t");
        assert!(is_shown_as("a 22 b b@y.example", "t", &wanted));
        assert!(!is_shown_as("a 22 b b@y.example!", "t", &wanted));
        assert!(!is_shown_as("a 22 b ", "t", &wanted));
    }
}
