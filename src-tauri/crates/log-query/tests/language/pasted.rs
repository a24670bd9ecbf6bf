//! What people paste into the box without a thought for its language.

use log_query::{Pattern, Test};

use crate::{good, parse};

#[test]
fn ordinary_things_are_looked_for_as_they_stand() {
    let things = [
        "https://login.microsoftonline.com/common/oauth2?x=1",
        "api://6e7bd2c4-0000-4000-8000-000000000000",
        "/subscriptions/1234/resourceGroups/x",
        "/api/ListLogs",
        "//server/share",
        r"\\server\share",
        r"C:\Windows\x",
        "C:/Windows/x",
        "6e7bd2c4-0000-4000-8000-000000000000",
        "2001:db8::1",
        "fe80::1",
        "::1",
        "dead:beef::cafe",
        "dead:beef::/32",
        "00:1A:2B:3C:4D:5E",
        "aa:bb:cc:dd:ee:ff",
        "10.0.0.1:443",
        "10:30",
        "AADSTS50076:",
        "AADSTS50076:mfa",
        "SMTP:jo@contoso.example",
        "mailto:jo@contoso.example",
        "--WhatIf",
        "jo@contoso.example",
        "{\"error\":{\"code\":1}}",
        "[Microsoft.Exchange]::x",
        "user",
        "data.Error",
        "a=b",
        "1>2",
        "x->y",
        "50%",
        "'quoted'",
        "Set-CIPP",
        "$null",
        "C#",
        "what?",
    ];
    for thing in things {
        let query = good(thing);
        assert_eq!(query.terms.len(), 1, "{thing}: {query:?}");
        assert!(!query.terms[0].negated, "{thing}");
        assert_eq!(
            query.terms[0].test,
            Test::Anywhere(Pattern::Contains(thing.to_owned())),
            "{thing}"
        );
    }
}

#[test]
fn a_pasted_message_is_taken_word_by_word() {
    let words = [
        ("Error: something", vec!["Error:", "something"]),
        ("Failed - try again", vec!["Failed", "-", "try", "again"]),
        ("this / that", vec!["this", "/", "that"]),
        ("a ~ b", vec!["a", "~", "b"]),
        ("and or not", vec!["and", "or", "not"]),
    ];
    for (text, words) in words {
        let found: Vec<String> = good(text)
            .terms
            .iter()
            .map(|term| match &term.test {
                Test::Anywhere(Pattern::Contains(word)) if !term.negated => word.clone(),
                other => panic!("{text}: {other:?}"),
            })
            .collect();
        assert_eq!(found, words, "{text}");
    }
}

/// Whatever offers to quote the text is followed to the letter.
#[test]
fn what_a_mistake_offers_to_write_is_good() {
    for text in ["Error:something", "level:high", "exit:0", "/users", "OR"] {
        let (_, read) = parse(text);
        let message = &read.mistakes[0].message;
        let (_, offer) = message
            .split_once("write \"")
            .unwrap_or_else(|| panic!("{text}: {message}"));
        let offer = format!("\"{}\"", offer.split('"').next().unwrap());
        let query = good(&offer);
        assert_eq!(
            query.terms[0].test,
            Test::Anywhere(Pattern::Contains(text.to_owned())),
            "{text}"
        );
    }
}
