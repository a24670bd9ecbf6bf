//! `sev:` and its comparisons.

use super::{Meaning, Reader};
use crate::lex::{Form, Item, Order, RawField, RawMistake, RawTerm, cited};
use crate::names;
use crate::query::{Pattern, Test, TextField};
use crate::severity::SeverityFamily;
use crate::words;

impl Reader<'_> {
    pub(super) fn severity(
        &mut self,
        raw: &RawTerm,
        field: &RawField,
        meaning: &mut Meaning,
        mistakes: &mut Vec<RawMistake>,
    ) {
        if let Some(order) = field.order {
            let Some(family) = self.single(raw, field, mistakes).and_then(|(item, text)| {
                let family = family_named(&text);
                if family.is_none_or(|family| family == SeverityFamily::Unknown) {
                    mistakes.push(unknown_severity(item, &text, family.is_some()));
                }
                family.filter(|family| *family != SeverityFamily::Unknown)
            }) else {
                return;
            };
            let families = compared(order, family);
            if families.is_empty() {
                mistakes.push(RawMistake {
                    at: raw.body..raw.end,
                    message: format!(
                        "No severity is {} {}. The order is critical, error, warning, alert, info, debug.",
                        if order == Order::Above { "above" } else { "below" },
                        words::severity(family)
                    ),
                });
                return;
            }
            meaning.shown = Some(words::compared(order, family));
            meaning.test = Some(Test::Severity(families));
            return;
        }
        let mut families = Vec::new();
        let mut spellings = Vec::new();
        for item in &field.items {
            match &item.form {
                Form::Bare(text) | Form::Quoted(text) if !item.exact && !text.contains(['*', '?']) => {
                    match family_named(text) {
                        Some(family) => families.push((item, family)),
                        None => return mistakes.push(unknown_severity(item, text, false)),
                    }
                }
                _ => match self.pattern(item, mistakes) {
                    Some(pattern) => spellings.push(pattern),
                    None => return,
                },
            }
        }
        if spellings.is_empty() {
            let mut families: Vec<SeverityFamily> = families.into_iter().map(|(_, family)| family).collect();
            families.sort();
            families.dedup();
            meaning.test = Some(Test::Severity(families));
            return;
        }
        for (item, family) in families {
            if family == SeverityFamily::Unknown {
                return mistakes.push(RawMistake {
                    at: item.start..item.end,
                    message: "unknown cannot stand beside a spelling. Write sev:unknown as a term of its own."
                        .to_owned(),
                });
            }
            spellings.extend(family.spellings().iter().map(|each| Pattern::Is((*each).to_owned())));
        }
        meaning.test = Some(Test::Text(TextField::SeverityText, spellings));
    }
}

/// The family that a word of the language names.
pub(crate) fn family_named(text: &str) -> Option<SeverityFamily> {
    if text.trim().eq_ignore_ascii_case("unknown") {
        return Some(SeverityFamily::Unknown);
    }
    Some(crate::severity::family(text)).filter(|family| *family != SeverityFamily::Unknown)
}

fn unknown_severity(item: &Item, text: &str, known: bool) -> RawMistake {
    let message = if known {
        "unknown has no place in the order. Write sev:unknown.".to_owned()
    } else {
        let spellings = SeverityFamily::ALL
            .iter()
            .flat_map(|family| family.spellings().iter().map(move |spelling| (*spelling, *family)));
        let typed = text.to_ascii_lowercase();
        let begun = || {
            let begins = |spelling: &str| !typed.is_empty() && spelling.to_ascii_lowercase().starts_with(&typed);
            spellings
                .clone()
                .find(|(spelling, _)| begins(spelling))
                .map(|(_, family)| family)
        };
        let lower: Vec<(String, SeverityFamily)> = spellings
            .clone()
            .map(|(spelling, family)| (spelling.to_ascii_lowercase(), family))
            .collect();
        let nearest = begun().or_else(|| {
            names::closest(
                &typed,
                lower.iter().map(|(spelling, family)| (spelling.as_str(), *family)),
            )
        });
        let meant = nearest.map_or_else(String::new, |family| {
            format!("Perhaps you mean {}. ", words::severity(family))
        });
        format!(
            "{} is no severity. {meant}They are critical, error, warning, alert, info, debug and unknown; \
             sev:=\"{}\" asks for the spelling itself.",
            cited(text),
            cited(text)
        )
    };
    RawMistake {
        at: item.start..item.end,
        message,
    }
}

/// The families that a comparison leaves. `unknown` has no place in the order.
fn compared(order: Order, with: SeverityFamily) -> Vec<SeverityFamily> {
    SeverityFamily::ALL
        .into_iter()
        .filter(|family| *family != SeverityFamily::Unknown)
        // The families are ordered from the most urgent on, so that "less" is "more urgent".
        .filter(|family| match order {
            Order::AtLeast => *family <= with,
            Order::Above => *family < with,
            Order::AtMost => *family >= with,
            Order::Below => *family > with,
        })
        .collect()
}
