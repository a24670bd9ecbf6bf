//! What is proposed while typing.

use std::cell::RefCell;

use log_query::{Completion, CompletionKind, FacetField, Values, complete};

#[derive(Default)]
struct Log {
    asked: RefCell<Vec<(FacetField, String)>>,
}

impl Values for Log {
    fn values(&self, field: FacetField, typed: &str, most: usize) -> Vec<(String, u64)> {
        self.asked.borrow_mut().push((field, typed.to_owned()));
        let all: &[(&str, u64)] = match field {
            FacetField::Tenant => &[("contoso.example", 1234), ("say \"hi\"", 1), ("", 3)],
            FacetField::User => &[("connie@contoso.example", 7)],
            _ => &[],
        };
        let found = all.iter().filter(|(value, _)| value.contains(&typed.to_lowercase()));
        found
            .map(|(value, rows)| ((*value).to_owned(), *rows))
            .take(most)
            .collect()
    }

    fn data_paths(&self, typed: &str, most: usize) -> Vec<String> {
        let all = ["NormalizedError", "Exchange.Code", "odd name.x"];
        let found = all
            .iter()
            .filter(|path| path.to_lowercase().starts_with(&typed.to_lowercase()));
        found.map(|path| (*path).to_owned()).take(most).collect()
    }
}

/// Proposals at the `|`, and the text after taking the first.
fn at(text: &str) -> (Vec<Completion>, String) {
    let (before, after) = text.split_once('|').expect("a cursor");
    let cursor = before.encode_utf16().count() as u32;
    let text = format!("{before}{after}");
    let found = complete(&text, cursor, &Log::default());
    let units: Vec<u16> = text.encode_utf16().collect();
    let taken = found.first().map_or(text, |first| {
        let start = String::from_utf16(&units[..first.start as usize]).unwrap();
        let end = String::from_utf16(&units[first.end as usize..]).unwrap();
        format!("{start}{}{end}", first.insert)
    });
    (found, taken)
}

#[test]
fn the_first_proposal_is_taken_in() {
    let cases = [
        ("ten|", "tenant:"),
        ("-ten|", "-tenant:"),
        ("~-TEN|", "~-tenant:"),
        ("a ten| b", "a tenant: b"),
        ("te|n b", "tenant: b"),
        ("severity|", "sev:"),
        ("tenant:con|", "tenant:=\"contoso.example\""),
        ("tenant:=\"con|\" x", "tenant:=\"contoso.example\" x"),
        ("tenant:\"con| x", "tenant:=\"contoso.example\" x"),
        ("tenant:a,con|,b", "tenant:a,=\"contoso.example\",b"),
        ("tenant:say|", "tenant:=\"say \"\"hi\"\"\""),
        ("con|", "tenant:=\"contoso.example\""),
        ("sev:e|", "sev:error"),
        ("sev:error,w|", "sev:error,warning"),
        ("sev>=|", "sev>=critical"),
        ("has:pr|", "has:problem"),
        ("time:-1|", "time:-15m.."),
        ("data.norm|", "data.NormalizedError:"),
        ("data.odd|", "data.\"odd name\".x:"),
        ("tenat:c|", "tenant:c"),
        ("te|nant:x", "tenant:x"),
        ("😀 日本 ten|", "😀 日本 tenant:"),
    ];
    for (text, after) in cases {
        assert_eq!(at(text).1, after, "{text}");
    }
}

#[test]
fn nothing_is_proposed_inside_of_quotes_and_expressions() {
    for text in ["\"ten|\"", "\"ten|", "/ten|/", "tenant:/c|/", "|-ten"] {
        assert_eq!(at(text).0, [], "{text}");
    }
}

#[test]
fn every_field_is_offered_where_nothing_is_typed() {
    for text in ["|", "a |", "-|", "a | b"] {
        let (found, _) = at(text);
        assert_eq!(found.len(), 12, "{text}");
        assert_eq!(
            (found[0].insert.as_str(), found[0].kind),
            ("tenant:", CompletionKind::Field)
        );
        assert!(found.iter().any(|each| each.insert == "sev>="), "{text}");
    }
}

#[test]
fn proposals_say_what_they_are() {
    let (found, _) = at("con|");
    let shown: Vec<(&str, &str, &str)> = found
        .iter()
        .map(|each| (each.label.as_str(), each.detail.as_str(), each.insert.as_str()))
        .collect();
    assert_eq!(
        shown,
        [
            ("contoso.example", "Tenant, 1,234 rows", "tenant:=\"contoso.example\""),
            (
                "connie@contoso.example",
                "User, 7 rows",
                "user:=\"connie@contoso.example\""
            ),
        ]
    );
    let (found, _) = at("tenant:|");
    assert!(
        found
            .iter()
            .any(|each| each.label == "(empty)" && each.insert == "=\"\"")
    );
}

#[test]
fn values_are_asked_for_as_they_are_meant() {
    for (text, typed) in [
        ("tenant:con", "con"),
        ("tenant:=\"say \"\"h", "say \"h"),
        ("tenant:=con", "con"),
    ] {
        let log = Log::default();
        complete(text, text.len() as u32, &log);
        assert_eq!(*log.asked.borrow(), [(FacetField::Tenant, typed.to_owned())], "{text}");
    }
}

#[test]
fn a_cursor_that_is_nowhere_is_taken_as_the_nearest_place() {
    let log = Log::default();
    assert_eq!(complete("ten", 99, &log)[0].insert, "tenant:");
    // Within the two halves of the emoji.
    complete("😀ten", 1, &log);
}
