//! Counting the matches: by value, and over time.
//!
//! What deliberately is not here: finding them (`search.rs`).

use std::{
    cmp::Reverse,
    collections::{HashMap, HashSet},
};

use log_query::{FacetField, Pattern, Query, SeverityFamily, Term, Test, TextField, Values, family};

use crate::{
    arena::Arena,
    bits::Bits,
    data_path,
    dictionaries::{Coded, Codes},
    entry::family_name,
    hits::{Hits, together},
    index::Index,
    matcher::Matcher,
    pace::{Pace, Stop, Stopped},
    segment::Segment,
    term::codes_with,
    wire::{Facet, FacetChoice, FacetValue, Facets, Histogram, SeverityCounts},
};

/// The facet that a term is a choice in: severities, and fields with a value that is meant as a whole (`tenant:="x"`).
pub(crate) fn choice_of(term: &Term) -> Option<FacetField> {
    match &term.test {
        Test::Severity(_) => Some(FacetField::Severity),
        Test::Text(field, patterns) if patterns.iter().any(|pattern| matches!(pattern, Pattern::Is(_))) => {
            Some(match field {
                TextField::SeverityText => FacetField::Severity,
                TextField::Tenant => FacetField::Tenant,
                TextField::User => FacetField::User,
                TextField::Api => FacetField::Api,
                TextField::Ip => FacetField::Ip,
                TextField::App => FacetField::App,
                TextField::Template => FacetField::Template,
                TextField::Message | TextField::TenantId | TextField::RowKey => return None,
            })
        }
        _ => None,
    }
}

impl Index {
    /// The most frequent values of some fields among the matches, with counts; those that contain `typed`. A facet
    /// leaves out the terms that are a choice in it, and the values chosen come along even where no row has them.
    ///
    /// # Errors
    /// `stop` said so.
    pub fn facets(
        &self,
        query: &Query,
        hits: &Hits,
        fields: &[FacetField],
        typed: &str,
        most: usize,
        stop: Stop<'_>,
    ) -> Result<Facets, Stopped> {
        let facets = FacetField::ALL.into_iter().filter(|field| fields.contains(field));
        Ok(Facets {
            generation: 0,
            facets: facets
                .map(|field| facet(query, hits, field, typed, most, stop))
                .collect::<Result<_, _>>()?,
        })
    }

    /// The matches over time: one bar between each edge (nanoseconds since 1970 UTC, ascending) and the next, its start
    /// included and its end not. Conditions on the time are left out.
    ///
    /// # Errors
    /// `stop` said so.
    pub fn histogram(
        &self,
        query: &Query,
        hits: &Hits,
        edges_ns: &[i64],
        stop: Stop<'_>,
    ) -> Result<Histogram, Stopped> {
        let mut histogram = Histogram {
            generation: 0,
            from_ms: edges_ns.first().map_or(0.0, |first| *first as f64 / 1e6),
            step_ms: match edges_ns {
                [first, second, ..] => (*second as f64 - *first as f64) / 1e6,
                _ => 0.0,
            },
            bars: vec![SeverityCounts::default(); edges_ns.len().saturating_sub(1)],
            elsewhere: 0,
        };
        let has_time = query.terms.iter().any(|term| matches!(term.test, Test::Time { .. }));
        for (place, segment) in hits.index().segments().iter().enumerate() {
            if stop() {
                return Err(Stopped);
            }
            let part = &hits.parts()[place];
            let counted;
            let rows: &Bits = if has_time {
                let is_time = |term: &Term| matches!(term.test, Test::Time { .. });
                counted = together(&query.terms, &part.terms, segment.len(), is_time);
                &counted
            } else {
                &part.rows
            };
            let mut in_bars = 0;
            // Only the bars that the segment's times reach; days are short beside all bars.
            let (Some(newest), Some(oldest)) = (segment.newest(), segment.oldest()) else {
                histogram.elsewhere += rows.count();
                continue;
            };
            let first = edges_ns.partition_point(|edge| *edge <= oldest).saturating_sub(1);
            let past = edges_ns
                .partition_point(|edge| *edge <= newest)
                .min(histogram.bars.len());
            for bar in first..past {
                let range = segment.rows_between(Some(edges_ns[bar]), Some(edges_ns[bar + 1]));
                for (family, of_family) in segment.families() {
                    let count = rows.count_both(of_family, range.clone());
                    histogram.bars[bar].add_many(*family, count);
                    in_bars += count;
                }
            }
            histogram.elsewhere += rows.count() - in_bars;
        }
        Ok(histogram)
    }
}

fn facet(
    query: &Query,
    hits: &Hits,
    field: FacetField,
    typed: &str,
    most: usize,
    stop: Stop<'_>,
) -> Result<Facet, Stopped> {
    let choices: Vec<&Term> = query
        .terms
        .iter()
        .filter(|term| choice_of(term) == Some(field))
        .collect();
    let mut counts = Counts::new(hits.index(), field);
    for (segment, part) in hits.index().segments().iter().zip(hits.parts()) {
        if stop() {
            return Err(Stopped);
        }
        if choices.is_empty() {
            counts.add(segment, &part.rows);
        } else {
            let is_choice = |term: &Term| choice_of(term) == Some(field);
            counts.add(segment, &together(&query.terms, &part.terms, segment.len(), is_choice));
        }
    }
    match field {
        FacetField::Severity => Ok(severity_facet(&counts.families, &choices, typed)),
        _ => counts.facet(hits.index(), &choices, typed, most, &mut Pace::new(stop)),
    }
}

/// Rows by value of one field.
struct Counts {
    field: FacetField,
    /// For severities.
    families: SeverityCounts,
    /// For every other field, by the number of the text.
    codes: Vec<u32>,
}

impl Counts {
    fn new(index: &Index, field: FacetField) -> Counts {
        let texts = index
            .dictionaries()
            .map_or(0, |all| all.read(Coded::of_facet(field)).texts().len());
        Counts {
            field,
            families: SeverityCounts::default(),
            codes: vec![0; texts],
        }
    }

    fn add(&mut self, segment: &Segment, rows: &Bits) {
        if self.field == FacetField::Severity {
            for (family, of_family) in segment.families() {
                self.families
                    .add_many(*family, rows.count_both(of_family, 0..segment.len()));
            }
            return;
        }
        match segment.codes(Coded::of_facet(self.field)) {
            Codes::One(code, _) => self.codes[*code as usize] += rows.count(),
            Codes::Bytes(codes) => count(codes, rows, &mut self.codes),
            Codes::Words(codes) => count(codes, rows, &mut self.codes),
            Codes::Wide(codes) => count(codes, rows, &mut self.codes),
        }
    }

    /// The numbers of the most frequent texts among the wanted ones, and how many wanted ones have rows.
    fn most_frequent(&self, texts: &Arena, wanted: impl Fn(usize) -> bool, most: usize) -> (Vec<usize>, u32) {
        let mut codes: Vec<usize> = (0..self.codes.len())
            .filter(|code| self.codes[*code] > 0 && wanted(*code))
            .collect();
        let distinct = codes.len() as u32;
        if codes.len() > most {
            let least = match most {
                0 => u32::MAX,
                most => {
                    let (_, last, _) = codes.select_nth_unstable_by_key(most - 1, |code| Reverse(self.codes[*code]));
                    self.codes[*last]
                }
            };
            codes.retain(|code| self.codes[*code] >= least);
        }
        codes.sort_by_cached_key(|code| (Reverse(self.codes[*code]), texts.lowered(*code).to_vec(), *code));
        codes.truncate(most);
        (codes, distinct)
    }

    fn facet(
        &self,
        index: &Index,
        choices: &[&Term],
        typed: &str,
        most: usize,
        pace: &mut Pace<'_>,
    ) -> Result<Facet, Stopped> {
        let mut facet = Facet {
            field: self.field,
            values: Vec::new(),
            distinct: 0,
        };
        let column = Coded::of_facet(self.field);
        let mut chosen: Vec<(usize, FacetChoice)> = Vec::new();
        if let Some(dictionaries) = index.dictionaries() {
            let wanted = codes_with(dictionaries, column, &[contains(typed)], pace)?;
            for (pattern, choice) in values_chosen(choices) {
                let codes = codes_with(dictionaries, column, &[Matcher::new(pattern)], pace)?;
                chosen.extend(
                    (0..self.codes.len())
                        .filter(|code| codes[*code])
                        .map(|code| (code, choice)),
                );
            }
            let dictionary = dictionaries.read(column);
            let texts = dictionary.texts();
            let (mut codes, distinct) = self.most_frequent(texts, |code| wanted[code], most);
            let shown: HashSet<usize> = codes.iter().copied().collect();
            let mut more: Vec<usize> = chosen.iter().map(|(code, _)| *code).collect();
            more.sort_unstable();
            more.dedup();
            codes.extend(more.into_iter().filter(|code| !shown.contains(code)));
            facet.distinct = distinct;
            facet.values.extend(codes.into_iter().map(|code| FacetValue {
                value: texts.text(code),
                count: self.codes[code],
                choice: choice_for(&chosen, code),
            }));
        }
        for (pattern, choice) in values_chosen(choices) {
            let matcher = Matcher::new(pattern);
            let mut is_there = false;
            for value in &facet.values {
                is_there = is_there || matcher.fits(&value.value, pace)?;
            }
            if let (false, Pattern::Is(value)) = (is_there, pattern) {
                facet.values.push(FacetValue {
                    value: value.clone(),
                    count: 0,
                    choice,
                });
            }
        }
        Ok(facet)
    }
}

fn contains(typed: &str) -> Matcher {
    Matcher::new(&Pattern::Contains(typed.to_owned()))
}

/// The values that terms choose as a whole.
fn values_chosen<'a>(choices: &'a [&Term]) -> impl Iterator<Item = (&'a Pattern, FacetChoice)> {
    choices.iter().flat_map(|term| {
        let patterns = match &term.test {
            Test::Text(_, patterns) => &patterns[..],
            _ => &[],
        };
        let is = patterns.iter().filter(|pattern| matches!(pattern, Pattern::Is(_)));
        is.map(|pattern| (pattern, choice(term)))
    })
}

fn choice(term: &Term) -> FacetChoice {
    if term.negated {
        FacetChoice::Excluded
    } else {
        FacetChoice::Included
    }
}

/// What the terms say about a text; a text that is wanted and excluded is excluded.
fn choice_for<T: PartialEq>(chosen: &[(T, FacetChoice)], value: T) -> FacetChoice {
    let own = chosen.iter().filter(|(chosen, _)| *chosen == value);
    own.map(|(_, choice)| *choice)
        .reduce(|first, next| if first == FacetChoice::Excluded { first } else { next })
        .unwrap_or(FacetChoice::None)
}

fn severity_facet(counts: &SeverityCounts, choices: &[&Term], typed: &str) -> Facet {
    let mut chosen: Vec<(SeverityFamily, FacetChoice)> = Vec::new();
    for term in choices {
        match &term.test {
            Test::Severity(families) => chosen.extend(families.iter().map(|family| (*family, choice(term)))),
            Test::Text(_, patterns) => chosen.extend(patterns.iter().filter_map(|pattern| match pattern {
                Pattern::Is(spelling) => Some((family(spelling), choice(term))),
                _ => None,
            })),
            _ => {}
        }
    }
    let typed = typed.to_lowercase();
    let values = SeverityFamily::ALL.into_iter().map(|family| FacetValue {
        value: family_name(family).to_owned(),
        count: counts.get(family),
        choice: choice_for(&chosen, family),
    });
    let wanted = |value: &FacetValue| value.value.contains(&typed);
    Facet {
        field: FacetField::Severity,
        distinct: values.clone().filter(|value| value.count > 0 && wanted(value)).count() as u32,
        values: values
            .filter(|value| value.choice != FacetChoice::None || (value.count > 0 && wanted(value)))
            .collect(),
    }
}

/// Counts the codes of the rows.
fn count<T: Copy + Into<u32>>(codes: &[T], rows: &Bits, counts: &mut [u32]) {
    for (codes, word) in codes.chunks(64).zip(rows.words()) {
        let mut word = *word;
        if word == u64::MAX {
            for code in codes {
                counts[(*code).into() as usize] += 1;
            }
            continue;
        }
        while word != 0 {
            counts[codes[word.trailing_zeros() as usize].into() as usize] += 1;
            word &= word - 1;
        }
    }
}

/// Rows looked at to learn which members data has, newest first; a few of each segment.
const SAMPLED_ROWS: usize = 400;
pub(crate) const SAMPLED_ROWS_OF_A_SEGMENT: usize = 40;
const DEEPEST_PATH: usize = 4;

impl Values for Index {
    fn values(&self, field: FacetField, typed: &str, most: usize) -> Vec<(String, u64)> {
        let mut counts = Counts::new(self, field);
        for segment in self.segments() {
            counts.add(segment, &Bits::all(segment.len()));
        }
        if field == FacetField::Severity {
            let facet = severity_facet(&counts.families, &[], typed);
            let values = facet.values.into_iter().take(most);
            return values.map(|value| (value.value, u64::from(value.count))).collect();
        }
        let Some(dictionaries) = self.dictionaries() else {
            return Vec::new();
        };
        let never = || false;
        let column = Coded::of_facet(field);
        let wanted = codes_with(dictionaries, column, &[contains(typed)], &mut Pace::new(&never)).unwrap_or_default();
        let dictionary = dictionaries.read(column);
        let has_text = |code: usize| wanted.get(code) == Some(&true) && !dictionary.texts().lowered(code).is_empty();
        // What begins as it was typed is what was meant, however often something else contains it.
        let texts = dictionary.texts();
        let typed = typed.to_ascii_lowercase();
        let begins = |code: usize| texts.lowered(code).starts_with(typed.as_bytes());
        let (mut codes, _) = counts.most_frequent(texts, |code| has_text(code) && begins(code), most);
        let left = most - codes.len();
        let (others, _) = counts.most_frequent(texts, |code| has_text(code) && !begins(code), left);
        codes.extend(others);
        let value = |code: usize| (dictionary.texts().text(code), u64::from(counts.codes[code]));
        codes.into_iter().map(value).collect()
    }

    fn data_paths(&self, typed: &str, most: usize) -> Vec<String> {
        let mut paths: HashMap<String, u32> = HashMap::new();
        let mut left = SAMPLED_ROWS;
        for data in self.segments().iter().filter_map(|segment| segment.log_data()) {
            let rows = data.rows.len().min(left).min(SAMPLED_ROWS_OF_A_SEGMENT);
            for text in (0..rows).map_while(|place| data.text(place)) {
                data_path::paths(&text, DEEPEST_PATH, &mut |path| {
                    *paths.entry(path.to_owned()).or_default() += 1;
                });
            }
            left -= rows;
        }
        let typed = typed.to_lowercase();
        let mut paths: Vec<(String, u32)> = paths
            .into_iter()
            .filter(|(path, _)| path.to_lowercase().starts_with(&typed))
            .collect();
        paths.sort_by(|(path, count), (other, other_count)| (other_count, path).cmp(&(count, other)));
        paths.truncate(most);
        paths.into_iter().map(|(path, _)| path).collect()
    }
}
