//! Texts that cannot be read: where it says so, and what to write instead.

use log_query::{Pattern, Test};

use crate::{cut, parse};

#[test]
fn each_mistake_is_shown_where_it_is_and_says_what_to_write() {
    // The text, the part that is underlined, and words of the sentence.
    let cases = [
        (
            "one \"two three",
            "\"two three",
            "Close the quotation mark: \"two three\"",
        ),
        ("\"", "\"", "closing quotation mark"),
        ("tenant:\"con", "\"con", "Close the quotation mark: \"con\""),
        ("tenant:", "tenant:", "Write a value directly behind tenant:"),
        ("-tenant:", "tenant:", "Write a value directly behind tenant:"),
        ("tenant:a,", "tenant:a,", "both sides of each comma"),
        ("tenant:a, b", "tenant:a,", "both sides of each comma"),
        ("tenant:=", "tenant:=", "tenant:=\"\""),
        ("tenant:\"\"", "\"\"", "=\"\" for rows without one"),
        ("\"\"", "\"\"", "between the quotation marks"),
        ("data.\"odd name\" x", "data.\"odd name\"", "colon and a value"),
        ("data.\"odd name\"[x] y", "data.\"odd name\"[x]", "colon and a value"),
        ("time:\"\"", "\"\"", "between the quotation marks"),
        ("has:\" \"", "\" \"", "between the quotation marks"),
        ("/\\ x/a", "/\\ x/a", "Close the regular expression"),
        ("\"a\"b", "b", "Write a blank"),
        ("tenant:\"a\"b,c d", "b,c", "Write a blank"),
        (
            "tenat:x",
            "tenat",
            "Perhaps you mean tenant:x. To search for the text itself, write \"tenat:x\"",
        ),
        ("-tenat:\"x y\" z", "tenat", "Perhaps you mean tenant:"),
        ("level:error", "level", "Perhaps you mean sev:error"),
        ("foo:bar", "foo", "There is no field called foo. The fields are tenant"),
        ("Exchange.Code:5", "Exchange.Code", "data.Exchange.Code:5"),
        ("tenat:", "tenat", "Perhaps you mean tenant:"),
        ("tenant=x", "=", "tenant:x, or tenant:=x for the whole value"),
        ("tenant!=x", "!=", "-tenant:x"),
        ("sev=error", "=", "sev:error."),
        (
            "tenant>=x",
            ">=",
            "Only sev, time and day can be compared with >=. Write tenant:x",
        ),
        ("data.Count>5", ">", "Only sev, time and day"),
        ("data..x:1", "data..x", "name of a member"),
        ("data.:1", "data.", "name of a member"),
        ("sev:eror", "eror", "Perhaps you mean error"),
        ("sev:err", "err", "Perhaps you mean error"),
        ("sev:error,strange", "strange", "They are critical, error"),
        ("sev>=unknown", "unknown", "no place in the order"),
        ("sev>critical", "sev>critical", "No severity is above critical"),
        ("sev<debug", "sev<debug", "No severity is below debug"),
        ("sev>=error,warning", "sev>=error,warning", "Compare with one value"),
        ("sev:", "sev:", "sev:error,warning"),
        ("sev:unknown,=Warn", "unknown", "a term of its own"),
        (
            "time:2026-13-40",
            "2026-13-40",
            "2026-13-40 is no time. Write 2026-11-20T10:00",
        ),
        ("time:soon..", "soon..", "soon is no time"),
        ("time:-1y..", "-1y..", "is no time"),
        (
            "time:2026-11-20T10:00[Europe/Berlin]",
            "2026-11-20T10:00[Europe/Berlin]",
            "is no time",
        ),
        ("time:..", "..", "when it begins or ends"),
        ("time:", "time:", "Write when"),
        (
            "time:2026-11-21..2026-11-20",
            "2026-11-21..2026-11-20",
            "ends (2026-11-20 00:00) before it begins (2026-11-21 00:00)",
        ),
        (
            "time:2026-11-21,2026-11-22",
            "time:2026-11-21,2026-11-22",
            "Write one value",
        ),
        ("day:2026-11-31", "2026-11-31", "Write it as 2026-11-20"),
        ("day:2026-11-20T10:00", "2026-11-20T10:00", "Write it as 2026-11-20"),
        (
            "day:2026-11-20..2026-11-18",
            "2026-11-20..2026-11-18",
            "Write the earlier day first",
        ),
        ("day:..", "..", "at least one"),
        (
            "has:everything",
            "everything",
            "Write data, problem, user, ip or template",
        ),
        ("has:/x/", "/x/", "regular expression cannot stand here"),
        ("a OR b", "OR", "write \"OR\""),
        ("a AND b", "AND", "Leave it out"),
        ("a NOT b", "NOT", "Write a minus"),
        ("a -", "-", "without a blank"),
        ("a ~", "~", "without a blank"),
        ("/", "/", "closing slash"),
        (
            "/users",
            "/users",
            "Close the regular expression with a slash: /users/. To search for the text itself, write \"/users\"",
        ),
        ("tenant:/x y", "/x y", "Close the regular expression"),
        ("/a(b/", "(", "round bracket is opened"),
        ("/ab)/", ")", "round bracket is closed"),
        ("/a[b/", "[", "square bracket is opened"),
        ("/*a/", "*", "nothing in front"),
        ("/a{2,1}/", "{2,1}", "number of repetitions"),
        ("/\\q/", "\\q", "has no meaning"),
        ("/(?=x)/", "(?=", "is not available"),
        ("/(a)\\1/", "\\1", "not available"),
        ("/\\p{Nothing}/", "\\p{Nothing}", "No class of characters"),
        ("/(?-i)x/", "-i", "Leave (?-i) out"),
        ("/(?-i:x)/", "-i", "Leave (?-i) out"),
        ("/(?-u)x/", "-u", "Leave (?-u) out"),
        ("/(?i-u:x)/", "i-u", "Leave (?-u) out"),
        ("/\\w{900}/", "\\w{900}", "too large"),
        ("tenant:a,/(/", "(", "round bracket is opened"),
        ("😀 日本 tenat:ü", "tenat", "tenant"),
        ("😀 \"日本😀", "\"日本😀", "Close the quotation mark"),
    ];
    for (text, underlined, words) in cases {
        let (_, read) = parse(text);
        assert_eq!(read.mistakes.len(), 1, "{text}: {:?}", read.mistakes);
        let mistake = &read.mistakes[0];
        assert_eq!(cut(text, mistake.start, mistake.end), underlined, "{text}: {mistake:?}");
        assert!(mistake.message.contains(words), "{text}: {}", mistake.message);
        assert!(read.terms.iter().any(|term| !term.good), "{text}");
    }
}

#[test]
fn what_is_good_beside_a_mistake_is_understood() {
    let (query, read) = parse("tenant:contoso foo:bar word");
    assert_eq!(query.terms.len(), 2);
    assert_eq!(
        read.terms.iter().map(|term| term.good).collect::<Vec<_>>(),
        [true, false, true]
    );
    assert_eq!(read.terms[1].value, "foo:bar");
}

#[test]
fn a_text_of_ten_thousand_characters_is_read_and_a_longer_one_is_one_mistake() {
    let text = "ü".repeat(10_000);
    let (query, read) = parse(&text);
    assert_eq!(query.terms[0].test, Test::Anywhere(Pattern::Contains(text.clone())));
    assert!(read.mistakes.is_empty());
    let text = "😀 ".repeat(5_001);
    let (query, read) = parse(&text);
    assert!(query.terms.is_empty() && read.terms.is_empty());
    assert_eq!(read.mistakes.len(), 1);
    assert_eq!((read.mistakes[0].start, read.mistakes[0].end), (0, 15_003));
    assert!(read.mistakes[0].message.contains("nothing of the text is lost"));
}

#[test]
fn too_many_expressions_are_a_mistake() {
    let text = "/a/ ".repeat(17);
    let (query, read) = parse(&text);
    assert_eq!((query.terms.len(), read.mistakes.len()), (16, 1));
    assert!(read.mistakes[0].message.contains("16"));
}

/// An expression that was accepted compiles wherever it is compiled the same way.
#[test]
fn accepted_expressions_compile() {
    for text in [r"/AADSTS\d+/", "/a|b/i", r"/\bü/", "/(?s).x/", r"/\w{20}/", r"/[\/a]/"] {
        let (query, _) = parse(text);
        match &query.terms[0].test {
            Test::Anywhere(Pattern::Regex(regex)) => drop(log_query::compile_regex(regex).expect(text)),
            other => panic!("{text}: {other:?}"),
        }
    }
}
