//! What holds for every text and every change.

use std::collections::BTreeSet;

use log_query::{
    Edit, FacetField, Field, Has, Pattern, Query, SeverityFamily, Term, Test, TextField, Values, complete, edit,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use crate::{cut, good, parse};

/// Texts made of what the language knows, and of anything else.
fn texts() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        6 => prop::sample::select(vec![
            " ", " ", " ", "\"", "\"\"", "/", "\\", "-", "~", ":", ",", "=", ">=", "<", "*", "?", ".", "..", "[0]", "(",
            "tenant", "tenant:", "sev:", "sev>=", "error", "warning", "unknown", "time:", "day:", "2026-11-20", "-1h",
            "T10:00", "Z", "has:", "data", "data.", "data.X:", "user:=", "OR", "http://", "tenat:", "“", "”", "\u{3000}",
            "\n", "ü", "日", "😀", "\u{0}", "\u{202e}", "a", "b", "İ",
        ]).prop_map(str::to_owned),
        1 => "\\PC{0,4}",
        1 => any::<String>().prop_map(|text| text.chars().take(6).collect()),
    ];
    vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

/// Any text, but not an endless one.
fn values() -> impl Strategy<Value = String> {
    prop_oneof![
        vec(
            prop::sample::select(vec![
                "\"", "\\", "/", ",", " ", "*", "?", "=", "-", "~", ":", "a", "Z", "ü", "😀", "\n", "”", "(",
            ]),
            0..8
        )
        .prop_map(|parts| parts.concat()),
        any::<String>().prop_map(|text| text.chars().take(40).collect()),
    ]
}

fn regexes() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        r"AADSTS\d+",
        "a b",
        "a/b",
        r"\\/x",
        r"[/,]",
        "a{2,3}",
        "(?s)x.y",
        "ü|日",
        r"^\s*$",
        r"\.",
    ])
    .prop_map(str::to_owned)
}

fn patterns() -> impl Strategy<Value = Pattern> {
    let without_stars = values().prop_filter("no wildcard and not empty", |text| {
        !text.is_empty() && !text.contains(['*', '?'])
    });
    prop_oneof![
        without_stars.prop_map(Pattern::Contains),
        values().prop_map(Pattern::Is),
        (values(), "[*?]").prop_map(|(text, star)| Pattern::Wildcard(format!("{text}{star}"))),
        regexes().prop_map(Pattern::Regex),
    ]
}

fn families() -> impl Strategy<Value = Vec<SeverityFamily>> {
    prop::sample::subsequence(SeverityFamily::ALL.to_vec(), 1..=7)
}

fn tests() -> impl Strategy<Value = Test> {
    let fields = prop::sample::select(vec![
        TextField::Message,
        TextField::Tenant,
        TextField::TenantId,
        TextField::User,
        TextField::Api,
        TextField::Ip,
        TextField::App,
        TextField::Template,
        TextField::RowKey,
    ]);
    let spelling = patterns().prop_filter("a bare word is a family", |pattern| {
        !matches!(pattern, Pattern::Contains(_))
    });
    let has = prop::sample::select(vec![Has::Data, Has::Problem, Has::User, Has::Ip, Has::Template]);
    let date = (1990_i16..2100, 1_i8..=12, 1_i8..=28).prop_map(|(y, m, d)| jiff::civil::date(y, m, d));
    prop_oneof![
        values()
            .prop_filter("something", |text| !text.is_empty())
            .prop_map(|text| Test::Anywhere(Pattern::Contains(text))),
        regexes().prop_map(|text| Test::Anywhere(Pattern::Regex(text))),
        (fields, vec(patterns(), 1..4)).prop_map(|(field, patterns)| Test::Text(field, patterns)),
        vec(spelling, 1..3).prop_map(|patterns| Test::Text(TextField::SeverityText, patterns)),
        (vec(values(), 0..3), vec(patterns(), 1..4)).prop_map(|(path, patterns)| Test::Data(path, patterns)),
        families().prop_map(Test::Severity),
        (option::of((i64::MIN + 1)..0), option::of(0..i64::MAX))
            .prop_filter("an end", |(from, before)| from.is_some() || before.is_some())
            .prop_map(|(from, before)| Test::Time { from, before }),
        (date.clone(), 0_i32..1000).prop_map(|(from, days)| Test::Day {
            from: Some(from),
            to: Some(from.saturating_add(jiff::Span::new().days(days))),
        }),
        (date, any::<bool>()).prop_map(|(day, from)| Test::Day {
            from: from.then_some(day),
            to: (!from).then_some(day),
        }),
        has.prop_map(Test::Has),
    ]
}

fn queries() -> impl Strategy<Value = Query> {
    let term = (any::<bool>(), tests()).prop_map(|(negated, test)| Term { negated, test });
    vec(term, 0..6).prop_map(|terms| Query { terms })
}

fn fields() -> impl Strategy<Value = Field> {
    prop::sample::select(vec![
        Field::Anywhere,
        Field::Severity,
        Field::Tenant,
        Field::TenantId,
        Field::User,
        Field::Api,
        Field::Ip,
        Field::App,
        Field::Template,
        Field::Message,
        Field::Data,
        Field::Time,
        Field::Day,
        Field::Has,
        Field::RowKey,
    ])
}

fn edits() -> impl Strategy<Value = Edit> {
    let named = || (fields(), vec(values(), 0..2), values());
    prop_oneof![
        (0_u32..8).prop_map(|term| Edit::Remove { term }),
        (0_u32..8).prop_map(|term| Edit::Flip { term }),
        (0_u32..8).prop_map(|term| Edit::Switch { term }),
        named().prop_map(|(field, path, value)| Edit::Include { field, path, value }),
        named().prop_map(|(field, path, value)| Edit::Exclude { field, path, value }),
        named().prop_map(|(field, path, value)| Edit::Only { field, path, value }),
        fields().prop_map(|field| Edit::ClearField { field }),
        (option::of(values()), option::of(values())).prop_map(|(from, before)| Edit::Time { from, before }),
    ]
}

/// The terms as they are written.
fn written(text: &str) -> Vec<String> {
    let (_, read) = parse(text);
    read.terms.iter().map(|term| cut(text, term.start, term.end)).collect()
}

/// What a filter means, whatever the order of its terms and of the values in them.
fn meaning(text: &str) -> BTreeSet<String> {
    let (query, read) = parse(text);
    let of_term = |term: Term| {
        let mut test = term.test;
        if let Test::Text(_, patterns) | Test::Data(_, patterns) = &mut test {
            patterns.sort_by_key(|pattern| format!("{pattern:?}"));
            patterns.dedup();
        }
        format!("{} {test:?}", term.negated)
    };
    let mistakes = read.mistakes.into_iter().map(|mistake| mistake.message);
    query.terms.into_iter().map(of_term).chain(mistakes).collect()
}

struct NoValues;

impl Values for NoValues {
    fn values(&self, _: FacetField, typed: &str, _: usize) -> Vec<(String, u64)> {
        vec![(typed.to_owned(), 1)]
    }

    fn data_paths(&self, typed: &str, _: usize) -> Vec<String> {
        vec![typed.to_owned()]
    }
}

/// `PROPTEST_CASES` asks for more.
fn config() -> ProptestConfig {
    let mut config = ProptestConfig::default();
    config.cases = config.cases.max(500);
    config
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn every_text_is_read_and_every_place_is_in_it(text in texts()) {
        let (query, read) = parse(&text);
        let units = text.encode_utf16().count() as u32;
        let mut last = 0;
        for term in &read.terms {
            prop_assert!(last <= term.start && term.start < term.end && term.end <= units);
            prop_assert!(cut(&text, last, term.start).trim().is_empty());
            cut(&text, term.start, term.end);
            last = term.end;
        }
        prop_assert!(cut(&text, last, units).trim().is_empty());
        for mistake in &read.mistakes {
            prop_assert!(mistake.start < mistake.end && mistake.end <= units, "{:?}", mistake);
            cut(&text, mistake.start, mistake.end);
            prop_assert!(mistake.message.ends_with('.'), "{}", mistake.message);
        }
        prop_assert_eq!(read.mistakes.is_empty(), read.terms.iter().all(|term| term.good));
        prop_assert_eq!(query.terms.len(), read.terms.iter().filter(|term| term.good && !term.off).count());
        prop_assert_eq!(read.sentence.is_empty(), query.terms.is_empty());
        // What was understood can be written down and read again.
        prop_assert_eq!(good(&query.text()), query);
    }

    #[test]
    fn what_is_printed_is_read_as_the_same(query in queries()) {
        let text = query.text();
        let (read, report) = parse(&text);
        prop_assert!(report.mistakes.is_empty(), "{}: {:?}", text, report.mistakes);
        prop_assert_eq!(read, query, "{}", text);
    }

    #[test]
    fn a_query_is_a_narrowing_of_itself_and_of_less(query in queries(), more in queries()) {
        let both = Query { terms: query.terms.iter().chain(&more.terms).cloned().collect() };
        prop_assert!(both.is_narrowing_of(&query));
        prop_assert!(query.is_narrowing_of(&query));
        prop_assert!(query.is_narrowing_of(&Query::default()));
    }

    #[test]
    fn a_chips_change_leaves_the_other_terms_alone(text in texts(), term in 0_usize..6) {
        let before = written(&text);
        if before.is_empty() {
            return Ok(());
        }
        let term = term % before.len();
        let others = |mut all: Vec<String>| { all.remove(term); all };

        let removed = edit(&text, &Edit::Remove { term: term as u32 });
        prop_assert_eq!(written(&removed), others(before.clone()), "{:?}", removed);

        for change in [Edit::Flip { term: term as u32 }, Edit::Switch { term: term as u32 }] {
            // A sign alone at the end is no term yet: without it, it is gone.
            if matches!(before[term].as_str(), "-" | "~" | "-~" | "~-") {
                continue;
            }
            let once = edit(&text, &change);
            prop_assert_eq!(others(written(&once)), others(before.clone()), "{:?}", once);
            let twice = edit(&once, &change);
            prop_assert_eq!(parse(&twice).0, parse(&text).0, "{:?} {:?}", once, twice);
        }
    }

    #[test]
    fn a_flip_turns_one_sign(text in texts(), term in 0_usize..6) {
        let (_, read) = parse(&text);
        let good: Vec<usize> = (0..read.terms.len()).filter(|at| read.terms[*at].good).collect();
        if good.is_empty() {
            return Ok(());
        }
        let term = good[term % good.len()];
        let (_, flipped) = parse(&edit(&text, &Edit::Flip { term: term as u32 }));
        let (_, switched) = parse(&edit(&text, &Edit::Switch { term: term as u32 }));
        let (was, flipped, switched) = (&read.terms[term], &flipped.terms[term], &switched.terms[term]);
        prop_assert_eq!((was.negated, was.off, &was.value), (!flipped.negated, flipped.off, &flipped.value));
        prop_assert_eq!((was.negated, was.off, &was.value), (switched.negated, !switched.off, &switched.value));
    }

    #[test]
    fn a_value_of_any_letters_is_read_back_exactly(
        value in values(),
        path in vec(values(), 0..3),
        before in texts(),
    ) {
        for (field, text_field) in [
            (Field::Tenant, TextField::Tenant),
            (Field::User, TextField::User),
            (Field::Message, TextField::Message),
            (Field::RowKey, TextField::RowKey),
        ] {
            let change = Edit::Include { field, path: Vec::new(), value: value.clone() };
            let query = good(&edit("", &change));
            prop_assert_eq!(&query.terms[0].test, &Test::Text(text_field, vec![Pattern::Is(value.clone())]));
        }
        let change = Edit::Exclude { field: Field::Data, path: path.clone(), value: value.clone() };
        let query = good(&edit("", &change));
        prop_assert!(query.terms[0].negated);
        prop_assert_eq!(&query.terms[0].test, &Test::Data(path.clone(), vec![Pattern::Is(value.clone())]));
        if !value.is_empty() {
            let change = Edit::Include { field: Field::Anywhere, path: Vec::new(), value: value.clone() };
            let query = good(&edit("", &change));
            prop_assert_eq!(&query.terms[0].test, &Test::Anywhere(Pattern::Contains(value.clone())));
        }
        // Beside any other text, none of the terms there changes.
        let (query, _) = parse(&before);
        if !query.terms.iter().any(|term| term.test.field() == Field::TenantId) {
            let change = Edit::Include { field: Field::TenantId, path: Vec::new(), value: value.clone() };
            let after = edit(&before, &change);
            let mut terms = written(&after);
            let expected = Test::Text(TextField::TenantId, vec![Pattern::Is(value.clone())]);
            prop_assert!(parse(&after).0.terms.iter().any(|term| term.test == expected), "{:?}", after);
            let added = terms.iter().position(|term| term.starts_with("tenantid:=")).unwrap();
            terms.remove(added);
            prop_assert_eq!(terms, written(&before));
        }
    }

    #[test]
    fn a_tick_twice_restores_the_meaning(text in texts(), value in values()) {
        for field in [Field::Tenant, Field::App, Field::Severity] {
            let value = if field == Field::Severity { "warning".to_owned() } else { value.clone() };
            let (query, _) = parse(&text);
            // A term that leaves the value out is gone after the first tick, and an included one has lost its place.
            if query.terms.iter().any(|term| term.negated && term.test.field() == field) {
                continue;
            }
            let change = Edit::Include { field, path: Vec::new(), value: value.clone() };
            let once = edit(&text, &change);
            let twice = edit(&once, &change);
            let facet = FacetField::ALL.into_iter().find(|facet| facet.field() == field).unwrap();
            if !query.chosen(facet).iter().any(|(chosen, _)| chosen.trim().eq_ignore_ascii_case(value.trim())) {
                prop_assert_eq!(meaning(&twice), meaning(&text), "{:?} {:?}", once, twice);
            }
        }
    }

    #[test]
    fn ticks_on_a_facets_own_list_restore_it(
        ticked in vec(0_usize..6, 1..6),
        again in 0_usize..6,
        field in prop::sample::select(vec![Field::Tenant, Field::Severity]),
    ) {
        let values = ["critical", "error", "warning", "info", "debug", "unknown"];
        let tick = |text: &str, at: usize| {
            edit(text, &Edit::Include { field, path: Vec::new(), value: values[at].to_owned() })
        };
        let text = ticked.iter().fold(String::from("a"), |text, at| tick(&text, *at));
        let twice = tick(&tick(&text, again), again);
        prop_assert_eq!(meaning(&twice), meaning(&text), "{} {}", text, twice);
    }

    #[test]
    fn every_change_of_every_text_is_possible(text in texts(), changes in vec(edits(), 1..4)) {
        let mut text = text;
        for change in changes {
            let after = edit(&text, &change);
            let field = match &change {
                Edit::ClearField { field } => Some(*field),
                _ => None,
            };
            if let Some(field) = field {
                prop_assert!(parse(&after).1.terms.iter().all(|term| term.field != field), "{:?}", after);
            }
            parse(&after);
            text = after;
        }
    }

    #[test]
    fn proposals_stand_in_the_text(text in texts(), cursor in 0_u32..60) {
        let units = text.encode_utf16().count() as u32;
        for proposal in complete(&text, cursor, &NoValues) {
            prop_assert!(proposal.start <= proposal.end && proposal.end <= units);
            cut(&text, proposal.start, proposal.end);
        }
    }
}
