//! Random rows and queries, hostile on purpose.

use std::sync::Arc;

use cipp_client::{Day, Row};
use log_index::{DayColumnsBuilder, Dictionaries, Index, RawRowsBuilder, ReadRow, Segment};
use log_query::{Has, Pattern, Query, SeverityFamily, Term, Test, TextField};
use proptest::{prelude::*, sample::select};

use crate::model::{Model, NOON, PlainRow};

const HOUR: i64 = 3_600_000_000_000;

/// Rows of some days, in segments; whether a segment's data may leave the memory.
#[derive(Clone, Debug)]
pub struct World(Vec<(Day, Vec<Vec<String>>)>);

impl World {
    pub fn days(&self) -> Vec<Day> {
        self.0.iter().map(|(day, _)| *day).collect()
    }

    pub fn build(&self, without_data: bool) -> (Index, Model) {
        let (mut index, mut model) = (Index::new(), Model::default());
        let dictionaries = Dictionaries::new();
        for day in self.days() {
            index = self.put(day, index, &mut model, &dictionaries, without_data);
        }
        (index, model)
    }

    pub fn put(
        &self,
        day: Day,
        index: Index,
        model: &mut Model,
        dictionaries: &Dictionaries,
        without_data: bool,
    ) -> Index {
        let (mut segments, mut plain) = (Vec::new(), Vec::new());
        let of_day = self.0.iter().find(|(own, _)| *own == day).map(|(_, segments)| segments);
        for (n, raws) in of_day.into_iter().flatten().enumerate() {
            let (mut columns, mut kept) = (DayColumnsBuilder::new(), RawRowsBuilder::new());
            for raw in raws {
                columns.push(&ReadRow::of(&Row::from_raw(raw.as_str().into())));
                kept.push(raw);
            }
            let segment = Segment::new(day, columns.finish(), Some(kept.finish()), dictionaries);
            let leaves = without_data && n % 3 != 1;
            let mut rows: Vec<Option<PlainRow>> = raws.iter().map(|_| None).collect();
            for row in 0..segment.len() as u32 {
                let raw = segment.raw(row).unwrap();
                let source = segment.source_row(row) as usize;
                assert_eq!(raw, raws[source]);
                rows[source] = Some(PlainRow::read(&raw, segment.row_id(row)));
            }
            plain.push((rows.into_iter().map(Option::unwrap).collect(), !leaves));
            segments.push(Arc::new(if leaves { segment.without_log_data() } else { segment }));
        }
        if plain.is_empty() {
            model.days.remove(&day);
        } else {
            model.days.insert(day, plain);
        }
        index.with_day(day, segments)
    }
}

const WORDS: [&str; 26] = [
    "contoso",
    "Contoso.example",
    "ERROR",
    "error",
    "a",
    "A",
    "MÜLLER",
    "müller",
    "Straße",
    "\u{17F}top",
    "stop",
    "\u{212A}elvin",
    "kelvin",
    "\0",
    "\u{202E}evil",
    "line\nbreak",
    "\u{FFFD}",
    "",
    " ",
    "anna@contoso.example",
    "fail",
    "AADSTS50076",
    "license",
    "42",
    "日本",
    "'quoted text'",
];

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        80 => prop::collection::vec(select(&WORDS[..]), 0..6).prop_map(|words| words.join(" ")),
        15 => "\\PC{0,12}",
        1 => Just("long text with a word at the end ".repeat(1_500) + "needle"),
    ]
}

fn short_text() -> impl Strategy<Value = String> {
    select(vec![
        "",
        "contoso.example",
        "Contoso.Example",
        "müller gmbh",
        "MÜLLER GmbH",
        "CIPP",
        "cipp ",
        "None",
        "anna@contoso.example",
        "bob@fabrikam.example",
        "192.0.2.1",
        "2001:db8::1",
        "a",
        "\0",
        "日本",
        "\u{17F}",
        "s",
    ])
    .prop_map(str::to_owned)
}

fn json_text(text: String) -> String {
    serde_json::to_string(&text).unwrap()
}

fn any_json_text() -> impl Strategy<Value = String> {
    prop_oneof![12 => text().prop_map(json_text), 1 => Just("\"\\ud800 a\"".to_owned()), 1 => Just("7".to_owned()), 1 => Just("null".to_owned())]
}

fn data() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        text().prop_map(json_text),
        select(vec!["1", "-2.5", "true", "{}", "[]", "\"AADSTS50076: x\""]).prop_map(str::to_owned),
    ];
    let tree = leaf.prop_recursive(3, 12, 3, |inner| {
        let member = (select(vec!["A", "a", "B", "Code", "0", "Gr\u{f6}sse"]), inner.clone());
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(|all| format!("[{}]", all.join(","))),
            prop::collection::vec(member, 0..3).prop_map(|mut all| {
                all.sort_by_key(|(name, _)| *name);
                all.dedup_by_key(|(name, _)| *name);
                let all: Vec<String> = all.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
                format!("{{{}}}", all.join(","))
            }),
            inner.prop_map(|json| format!("{{\"A\":{}}}", json_text(json))),
        ]
    });
    prop_oneof![2 => Just("\"\"".to_owned()), 1 => Just("{}".to_owned()), 3 => tree]
}

fn time() -> impl Strategy<Value = String> {
    let at = |ns: i64| format!("\"{}\"", jiff::Timestamp::from_nanosecond(i128::from(ns)).unwrap());
    prop_oneof![
        8 => (-5i64..5).prop_map(move |hours| at(NOON + hours * HOUR)),
        4 => (-5 * HOUR..5 * HOUR).prop_map(move |ns| at(NOON + ns)),
        1 => Just("\"yesterday\"".to_owned()),
        1 => Just("null".to_owned()),
    ]
}

fn row() -> impl Strategy<Value = String> {
    let severity = select(vec![
        "Error", "error", "Warn", "Warning", "Info", "Debug", "", "Odd", "CRITICAL",
    ]);
    let key = prop_oneof![
        4 => Just(KEY.to_owned()),
        1 => select(vec!["", "same", "SAME", "Schlüssel"]).prop_map(str::to_owned),
    ];
    let template = select(vec!["{}", "{\"Template\":\"Baseline\"}", "{\"Template\":null}"]);
    let texts = (short_text(), short_text(), short_text(), short_text(), short_text());
    let usual = (time(), severity, any_json_text(), texts, data(), key, template).prop_map(
        |(time, severity, message, (tenant, user, api, ip, app), data, key, template)| {
            let [tenant, user, api, ip, app, key] = [tenant, user, api, ip, app, key].map(json_text);
            format!(
                "{{\"DateTime\":{time},\"Severity\":\"{severity}\",\"Message\":{message},\"Tenant\":{tenant},\
                 \"User\":{user},\"API\":{api},\"IP\":{ip},\"AppId\":{app},\"TenantID\":\"None\",\"LogData\":{data},\
                 \"RowKey\":{key},\"StandardInfo\":{template}}}"
            )
        },
    );
    prop_oneof![
        20 => usual,
        1 => select(vec!["null", "[\"error\"]", "\"a\"", "{\"Message\":", "", "{}"]).prop_map(str::to_owned),
    ]
}

/// Stands for a row key of its own.
const KEY: &str = "(key)";

/// The rows of a day's segments with a key for each. Keys that come twice are told apart within a segment only, so only
/// the first keeps rows with such.
fn with_keys(segments: Vec<Vec<String>>) -> Vec<Vec<String>> {
    let mut next = 0;
    let mut keyed = |raw: String| {
        next += 1;
        raw.replace(KEY, &format!("{next:08x}-0000-4000-8000-{next:012x}"))
    };
    let of_segment = |(n, rows): (usize, Vec<String>)| {
        let rows = rows.into_iter().filter(|raw| n == 0 || raw.contains(KEY));
        rows.map(&mut keyed).collect()
    };
    segments.into_iter().enumerate().map(of_segment).collect()
}

pub fn worlds() -> impl Strategy<Value = World> {
    let day = select(vec!["20260807", "20260808", "20260809"]).prop_map(|day| day.parse::<Day>().unwrap());
    let segments = prop::collection::vec(prop::collection::vec(row(), 0..25), 0..3).prop_map(with_keys);
    prop::collection::vec((day, segments), 1..4).prop_map(World)
}

/// Two days, each with a row whose data has an `a` and one whose data has none.
pub fn one_world() -> World {
    let rows = |n: u32| {
        vec![vec![
            format!("{{\"Message\":\"x{n}\",\"LogData\":{{\"w\":\"a\"}}}}"),
            format!("{{\"Message\":\"y{n}\",\"LogData\":{{\"w\":\"b\"}}}}"),
        ]]
    };
    World(vec![
        ("20260807".parse().unwrap(), rows(1)),
        ("20260808".parse().unwrap(), rows(2)),
    ])
}

pub fn anywhere(word: &str) -> Query {
    Query {
        terms: vec![Term {
            negated: false,
            test: Test::Anywhere(Pattern::Contains(word.into())),
        }],
    }
}

fn pattern() -> impl Strategy<Value = Pattern> {
    let word = || prop_oneof![6 => select(&WORDS[..]).prop_map(str::to_owned), 1 => short_text(), 1 => Just("needle".to_owned())];
    let wildcard = select(vec![
        "*", "co*", "*example", "m?ller*", "?", "", "*a*", "**", "日*", "k*",
    ]);
    let regex = select(vec![
        r"fail(ed|ure)?",
        r"a+",
        r"^a",
        r"a$",
        r"^$",
        r"\bstop\b",
        r"AADSTS\d+",
        r"[^a]$",
        r"(?m)^break",
        r"x*",
        r"\Bo",
        r"e.*r",
        r"(?s)line.break",
        r"\d{2}",
        r"[A-Z]ontoso",
        r"contoso|error",
        r"^\s",
        r"s",
        r"\u{17f}",
        r"[k-l]elvin",
        r"at the end needle$",
        r"\w+@\w+\.\w+",
        r"m\u00fcller",
        r"(?-u:a)",
        r"\p{Lu}",
        r"\S{30,}",
        r"(^|x)contoso",
        r"\AERROR\z",
        r".",
    ]);
    prop_oneof![
        4 => word().prop_map(Pattern::Contains),
        2 => word().prop_map(Pattern::Is),
        1 => short_text().prop_map(Pattern::Is),
        2 => wildcard.prop_map(|text| Pattern::Wildcard(text.into())),
        4 => regex.prop_map(|text| Pattern::Regex(text.into())),
    ]
}

fn test() -> impl Strategy<Value = Test> {
    let patterns = || prop::collection::vec(pattern(), 1..3);
    let field = select(vec![
        TextField::Message,
        TextField::Tenant,
        TextField::TenantId,
        TextField::User,
        TextField::Api,
        TextField::Ip,
        TextField::App,
        TextField::Template,
        TextField::RowKey,
        TextField::SeverityText,
    ]);
    let path =
        select(vec!["", "a", "A.Code", "code", "a.0", "0", "größe", "GRÖSSE", "a.a.a"]).prop_map(|path: &str| {
            path.split('.')
                .filter(|name| !name.is_empty())
                .map(str::to_owned)
                .collect::<Vec<_>>()
        });
    let moment = || prop::option::of((-6i64..6).prop_map(|hours| NOON + hours * HOUR));
    let date = || prop::option::of((6i8..10).prop_map(|day| jiff::civil::date(2026, 8, day)));
    let has = select(vec![Has::Data, Has::Problem, Has::User, Has::Ip, Has::Template]);
    prop_oneof![
        6 => pattern().prop_map(Test::Anywhere),
        4 => (field, patterns()).prop_map(|(field, patterns)| Test::Text(field, patterns)),
        3 => (path, patterns()).prop_map(|(path, patterns)| Test::Data(path, patterns)),
        2 => prop::collection::vec(select(&SeverityFamily::ALL[..]), 0..3).prop_map(Test::Severity),
        1 => (moment(), moment()).prop_map(|(from, before)| Test::Time { from, before }),
        1 => (date(), date()).prop_map(|(from, to)| Test::Day { from, to }),
        1 => has.prop_map(Test::Has),
    ]
}

pub fn queries() -> impl Strategy<Value = Query> {
    let term = (prop::bool::weighted(0.3), test()).prop_map(|(negated, test)| Term { negated, test });
    prop::collection::vec(term, 0..4).prop_map(|terms| Query { terms })
}

/// The query with every word typed on by a letter.
pub fn typed_on(query: &Query) -> Query {
    let on = |pattern: &Pattern| match pattern {
        Pattern::Contains(word) => Pattern::Contains(format!("{word}o")),
        other => other.clone(),
    };
    let terms = query.terms.iter().map(|term| Term {
        negated: term.negated,
        test: match &term.test {
            Test::Anywhere(pattern) => Test::Anywhere(on(pattern)),
            Test::Text(field, patterns) => Test::Text(*field, patterns.iter().map(on).collect()),
            other => other.clone(),
        },
    });
    Query { terms: terms.collect() }
}
