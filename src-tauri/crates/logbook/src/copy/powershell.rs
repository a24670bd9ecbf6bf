//! A view as PowerShell, with the community's module for CIPP (CIPPAPIModule).
//!
//! Both days are always given: with one of them left out the module sends it empty, and CIPP then answers with today
//! alone (facts: ListLogs 1.4). CIPP's own filters are not used, because they are exact for users and regular expressions
//! for APIs; `Where-Object` does what this app's filter does, and a comment says where it cannot.

use jiff::Timestamp;
use log_query::{Has, Pattern, Query, SeverityFamily, Term, Test, TextField};

use super::{shell::View, visible::visible};

/// The data of a row as one text.
const DATA: &str = "($_.LogData | ConvertTo-Json -Depth 50 -Compress)";

/// The script.
pub(super) fn script(view: &View<'_>) -> String {
    let mut lines = vec![
        "# CIPPAPIModule; sign in first with Set-CIPPAPIDetails. The client secret is deliberately not part of this text."
            .to_owned(),
        format!("# CIPP: {}", comment(view.connection)),
    ];
    if !view.query_text.trim().is_empty() {
        lines.push(format!("# Filter: {}", comment(view.query_text)));
    }
    lines.push(
        "# Rows of the severities Debug and Information do not come along: the module cannot ask for all at once."
            .to_owned(),
    );
    let (conditions, cannot) = conditions(view.query);
    lines.extend(cannot.iter().map(|what| format!("# Not translated: {what}")));
    let days = format!("Get-CIPPLogs -StartDate '{}' -EndDate '{}'", view.from, view.to);
    if conditions.is_empty() {
        lines.push(days);
    } else {
        lines.push(format!("{days} | Where-Object {{"));
        lines.push(format!("    {}", conditions.join(" -and\n    ")));
        lines.push("}".to_owned());
    }
    lines.join("\n") + "\n"
}

fn comment(text: &str) -> String {
    visible(text.trim()).into_owned()
}

/// What can be said in PowerShell, and sentences on what cannot.
fn conditions(query: &Query) -> (Vec<String>, Vec<String>) {
    let (mut can, mut cannot) = (Vec::new(), Vec::new());
    for term in &query.terms {
        match condition(term) {
            Ok(condition) => can.push(condition),
            Err(why) => cannot.push(why),
        }
    }
    (can, cannot)
}

fn condition(term: &Term) -> Result<String, String> {
    let condition = test(&term.test)?;
    Ok(if term.negated {
        format!("-not ({condition})")
    } else {
        format!("({condition})")
    })
}

fn test(test: &Test) -> Result<String, String> {
    match test {
        Test::Anywhere(pattern) => {
            let texts = format!("(@($_.Message, $_.Tenant, $_.User, $_.API, $_.IP, {DATA}) -join \"`n\")");
            matches(&texts, pattern)
        }
        Test::Text(field, patterns) => any(patterns, |pattern| matches(&text_of(*field), pattern)),
        Test::Data(path, patterns) if path.is_empty() => any(patterns, |pattern| matches(DATA, pattern)),
        Test::Data(path, patterns) => any(patterns, |pattern| {
            Ok(format!(
                "@({} | Where-Object {{ {} }}).Count -gt 0",
                member(path),
                matches("\"$_\"", pattern)?
            ))
        }),
        Test::Severity(families) => Ok(severities(families)),
        Test::Time { from, before } => time(*from, *before),
        Test::Day { from, to } => {
            let key = |date: &jiff::civil::Date| date.strftime("%Y%m%d").to_string();
            let ends = [
                from.as_ref().map(|day| format!("$_.DateFilter -ge '{}'", key(day))),
                to.as_ref().map(|day| format!("$_.DateFilter -le '{}'", key(day))),
            ];
            Ok(all(ends))
        }
        Test::Has(what) => has(*what),
    }
}

fn all(parts: [Option<String>; 2]) -> String {
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() {
        "$true".to_owned()
    } else {
        parts.join(" -and ")
    }
}

fn any(patterns: &[Pattern], each: impl Fn(&Pattern) -> Result<String, String>) -> Result<String, String> {
    let each: Vec<String> = patterns.iter().map(each).collect::<Result<_, _>>()?;
    Ok(each.join(" -or "))
}

/// PowerShell's comparisons do not mind the case of letters either.
fn matches(text: &str, pattern: &Pattern) -> Result<String, String> {
    Ok(match pattern {
        Pattern::Contains(part) => format!("{text} -match {}", quoted(&escaped_for_regex(part))),
        Pattern::Is(whole) => format!("\"$({text})\".Trim() -eq {}", quoted(whole.trim())),
        Pattern::Wildcard(pattern) => format!("\"$({text})\".Trim() -like {}", quoted(&escaped_for_like(pattern))),
        Pattern::Regex(pattern) if is_also_for_dotnet(pattern) => format!("{text} -match {}", quoted(pattern)),
        Pattern::Regex(pattern) => {
            return Err(format!(
                "the regular expression /{}/, which .NET would read differently",
                comment(pattern)
            ));
        }
    })
}

fn text_of(field: TextField) -> String {
    let name = match field {
        TextField::Message => "Message",
        TextField::Tenant => "Tenant",
        // "None" is CIPP's word for no id.
        TextField::TenantId => return "($_.TenantID -replace '^None$', '')".to_owned(),
        TextField::User => "User",
        TextField::Api => "API",
        TextField::Ip => "IP",
        TextField::App => "AppId",
        TextField::Template => return "$_.StandardInfo.Template".to_owned(),
        TextField::RowKey => "RowKey",
        TextField::SeverityText => "Severity",
    };
    format!("$_.{name}")
}

/// PowerShell walks through the elements of lists by itself, as this app's filter does.
fn member(path: &[String]) -> String {
    path.iter()
        .fold("$_.LogData".to_owned(), |so_far, name| match name.parse::<u32>() {
            Ok(number) => format!("{so_far}[{number}]"),
            Err(_) => format!("{so_far}.{}", quoted(name)),
        })
}

fn severities(families: &[SeverityFamily]) -> String {
    let list = |families: &mut dyn Iterator<Item = SeverityFamily>| {
        let spellings: Vec<String> = families
            .flat_map(SeverityFamily::spellings)
            .map(|spelling| quoted(spelling))
            .collect();
        spellings.join(", ")
    };
    let known = list(
        &mut families
            .iter()
            .copied()
            .filter(|family| *family != SeverityFamily::Unknown),
    );
    let word = "\"$($_.Severity)\".Trim()";
    let mut parts = Vec::new();
    if !known.is_empty() {
        parts.push(format!("{word} -in @({known})"));
    }
    if families.contains(&SeverityFamily::Unknown) {
        parts.push(format!(
            "{word} -notin @({})",
            list(&mut SeverityFamily::ALL.into_iter())
        ));
    }
    parts.join(" -or ")
}

fn time(from: Option<i64>, before: Option<i64>) -> Result<String, String> {
    let moment = |nanoseconds: i64| {
        Timestamp::from_nanosecond(i128::from(nanoseconds))
            .map(|time| format!("[datetimeoffset]'{time}'"))
            .map_err(|_| "a time outside the calendar".to_owned())
    };
    let side = |end: Option<i64>, sign: &str| {
        end.map(|end| Ok::<_, String>(format!("[datetimeoffset]$_.DateTime {sign} {}", moment(end)?)))
            .transpose()
    };
    Ok(all([side(from, "-ge")?, side(before, "-lt")?]))
}

fn has(what: Has) -> Result<String, String> {
    Ok(match what {
        Has::Data => format!("\"$({DATA})\" -notin @('', '\"\"', 'null', '{{}}')"),
        Has::User => "\"$($_.User)\".Trim() -notin @('', 'CIPP', 'None')".to_owned(),
        Has::Ip => "\"$($_.IP)\" -ne ''".to_owned(),
        Has::Template => "\"$($_.StandardInfo.Template)\" -ne ''".to_owned(),
        Has::Problem => {
            return Err("has:problem, which is about how a row arrived".to_owned());
        }
    })
}

/// What means something in a regular expression of .NET is taken literally.
fn escaped_for_regex(text: &str) -> String {
    text.chars().fold(String::new(), |mut escaped, c| {
        if "\\*+?|{[()^$.# ]}".contains(c) {
            escaped.push('\\');
        }
        escaped.push(c);
        escaped
    })
}

/// `*` and `?` stay; brackets and backticks, which mean something to `-like` alone, are taken literally.
fn escaped_for_like(pattern: &str) -> String {
    pattern.chars().fold(String::new(), |mut escaped, c| {
        if matches!(c, '[' | ']' | '`') {
            escaped.push('`');
        }
        escaped.push(c);
        escaped
    })
}

/// Whether .NET reads the expression as the `regex` crate does: these forms are only the crate's, or mean something else.
fn is_also_for_dotnet(pattern: &str) -> bool {
    let own = [
        "[[:", "&&", "--", "~~", "\\x{", "\\u{", "\\U", "(?P", "\\pN", "\\p{", "\\P{", "(?U", "(?R", "(?u", "(?-u",
        "\\b{", "\\<", "\\>",
    ];
    // A set difference or a named class of .NET would be read where the crate sees plain letters.
    !own.iter().any(|form| pattern.contains(form)) && !pattern.contains("-[")
}

/// A text that PowerShell takes letter for letter. The curly forms of the single quote end a text there as well.
/// Control characters, which a terminal would obey at the paste, are spelt out.
pub(super) fn quoted(text: &str) -> String {
    let mut parts = vec![String::new()];
    for c in text.chars() {
        if c.is_control() {
            parts.push(format!("[char]{}", u32::from(c)));
            parts.push(String::new());
        } else if let Some(part) = parts.last_mut() {
            part.push(c);
            if matches!(c, '\'' | '\u{2018}'..='\u{201b}') {
                part.push(c);
            }
        }
    }
    let literal = |(at, part): (usize, &String)| if at % 2 == 0 { format!("'{part}'") } else { part.clone() };
    let parts: Vec<String> = parts.iter().enumerate().map(literal).collect();
    match parts.as_slice() {
        [one] => one.clone(),
        many => format!("({})", many.join(" + ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn term(test: Test) -> Term {
        Term { negated: false, test }
    }

    fn one(pattern: Pattern) -> String {
        condition(&term(Test::Text(TextField::Tenant, vec![pattern]))).unwrap_or_else(|why| format!("# {why}"))
    }

    fn script_of(terms: Vec<Term>, text: &str) -> String {
        script(&View {
            connection: "Nordlicht\nRemove-Item x",
            from: Day::new(jiff::civil::date(2026, 11, 18)),
            to: Day::new(jiff::civil::date(2026, 11, 20)),
            query_text: text,
            query: &Query { terms },
            zone: None,
        })
    }

    use cipp_client::Day;

    #[test]
    fn texts_are_taken_letter_for_letter() {
        for (text, expected) in [
            ("contoso", "'contoso'"),
            ("it's $x `n \"q\"", "'it''s $x `n \"q\"'"),
            (
                "\u{2018}a\u{2019}\u{201a}\u{201b}",
                "'\u{2018}\u{2018}a\u{2019}\u{2019}\u{201a}\u{201a}\u{201b}\u{201b}'",
            ),
            ("a\nb", "('a' + [char]10 + 'b')"),
            ("", "''"),
        ] {
            assert_eq!(quoted(text), expected);
        }
    }

    #[test]
    fn patterns_mean_the_same_there() {
        for (pattern, expected) in [
            (Pattern::Contains("a.b*(c)".into()), r"($_.Tenant -match 'a\.b\*\(c\)')"),
            (Pattern::Is(" None ".into()), "(\"$($_.Tenant)\".Trim() -eq 'None')"),
            (
                Pattern::Wildcard("jo*[x]?".into()),
                "(\"$($_.Tenant)\".Trim() -like 'jo*`[x`]?')",
            ),
            (Pattern::Regex("AADSTS\\d+".into()), r"($_.Tenant -match 'AADSTS\d+')"),
        ] {
            assert_eq!(one(pattern), expected);
        }
        assert!(one(Pattern::Regex("[[:alpha:]]".into())).starts_with("# the regular expression"));
    }

    #[test]
    fn the_days_are_always_both_there_and_no_secret_is() {
        let text = script_of(Vec::new(), "");
        assert!(
            text.ends_with("\nGet-CIPPLogs -StartDate '20261118' -EndDate '20261120'\n"),
            "{text}"
        );
        assert!(!text.contains("ClientSecret") && text.contains("Set-CIPPAPIDetails"));
    }

    #[test]
    fn each_term_is_a_condition_and_what_cannot_be_said_is_a_comment() {
        let text = script_of(
            vec![
                term(Test::Severity(vec![SeverityFamily::Error, SeverityFamily::Warning])),
                Term {
                    negated: true,
                    test: Test::Anywhere(Pattern::Contains("x".into())),
                },
                term(Test::Data(
                    vec!["Items".into(), "0".into(), "Na'me".into()],
                    vec![Pattern::Is("v".into()), Pattern::Contains("w".into())],
                )),
                term(Test::Time {
                    from: Some(0),
                    before: Some(1_000_000_000),
                }),
                term(Test::Day {
                    from: Some(jiff::civil::date(2026, 11, 19)),
                    to: None,
                }),
                term(Test::Has(Has::Problem)),
            ],
            "sev:error\nRemove-Item y",
        );
        for line in [
            "    (\"$($_.Severity)\".Trim() -in @('Error', 'Warning', 'Warn')) -and",
            "    (@($_.LogData.'Items'[0].'Na''me' | Where-Object { \"$(\"$_\")\".Trim() -eq 'v' }).Count -gt 0 -or \
             @($_.LogData.'Items'[0].'Na''me' | Where-Object { \"$_\" -match 'w' }).Count -gt 0) -and",
            "    ([datetimeoffset]$_.DateTime -ge [datetimeoffset]'1970-01-01T00:00:00Z' -and \
             [datetimeoffset]$_.DateTime -lt [datetimeoffset]'1970-01-01T00:00:01Z') -and",
            "    ($_.DateFilter -ge '20261119')",
            "# Not translated: has:problem, which is about how a row arrived",
        ] {
            assert!(text.lines().any(|each| each == line), "{line}\n{text}");
        }
        assert!(text.contains("    -not ((@($_.Message, $_.Tenant"), "{text}");
        assert!(
            text.lines().all(|line| !line.trim_start().starts_with("Remove-Item")),
            "no text of a name or a filter becomes a line of its own: {text}"
        );
    }
}
