//! Columns of a day, made row by row.
//!
//! What deliberately is not here: reading a row (`entry.rs`).

use std::{borrow::Cow, cmp::Reverse, collections::HashMap};

use crate::{
    columns::{DayColumns, DictionaryColumn, TextColumn},
    entry::ReadRow,
};

/// Makes [`DayColumns`], one row after the other, in the order in which they come.
#[derive(Debug, Default)]
pub struct DayColumnsBuilder {
    columns: DayColumns,
    log_data: TextColumn,
    known: [HashMap<String, u32>; 8],
}

impl DayColumnsBuilder {
    /// An empty one.
    pub fn new() -> DayColumnsBuilder {
        DayColumnsBuilder::default()
    }

    /// How many rows it has.
    pub fn len(&self) -> usize {
        self.columns.times.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.columns.times.is_empty()
    }

    /// Adds a row.
    pub fn push(&mut self, row: &ReadRow<'_>) {
        let at = self.len() as u32;
        let columns = &mut self.columns;
        columns.times.push(row.time);
        let coded: [(&mut DictionaryColumn, &Cow<'_, str>); 8] = [
            (&mut columns.severity, &row.severity),
            (&mut columns.tenant, &row.tenant),
            (&mut columns.api, &row.api),
            (&mut columns.user, &row.user),
            (&mut columns.tenant_id, &row.tenant_id),
            (&mut columns.app_id, &row.app_id),
            (&mut columns.ip, &row.ip),
            (&mut columns.template, &row.template),
        ];
        for ((column, text), known) in coded.into_iter().zip(&mut self.known) {
            push_coded(column, known, text);
        }
        columns.message.push(&row.message);
        columns.row_key.push(&row.row_key);
        columns.has_data.push(!row.log_data.is_empty());
        self.log_data.push(row.log_data);
        if let Some(problem) = &row.problem {
            columns.problems.push((at, problem.clone()));
        }
    }

    /// The columns, in the order of the rows that were pushed.
    pub fn finish(mut self) -> DayColumns {
        self.columns.log_data = Some(self.log_data);
        self.columns
    }
}

fn push_coded(column: &mut DictionaryColumn, known: &mut HashMap<String, u32>, text: &str) {
    // Neighbours are often alike: the last code saves most of the hashing.
    if let Some(&last) = column.codes.last()
        && column.texts[last as usize] == text
    {
        column.codes.push(last);
        return;
    }
    let code = match known.get(text) {
        Some(&code) => code,
        None => {
            let code = column.texts.len() as u32;
            column.texts.push(text.to_owned());
            known.insert(text.to_owned(), code);
            code
        }
    };
    column.codes.push(code);
}

impl DayColumns {
    /// How many rows.
    pub fn len(&self) -> usize {
        self.times.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.times.is_empty()
    }

    /// Puts the newest rows first, those without a time last; rows of one time stay in their order. Gives for each new
    /// place the old one; none when nothing had to move.
    pub fn sort_newest_first(&mut self) -> Option<Vec<u32>> {
        if self.times.is_sorted_by_key(|time| Reverse(*time)) {
            return None;
        }
        let mut order: Vec<u32> = (0..self.len() as u32).collect();
        order.sort_by_key(|&row| Reverse(self.times[row as usize]));
        self.times = order.iter().map(|&row| self.times[row as usize]).collect();
        for column in [
            &mut self.severity,
            &mut self.tenant,
            &mut self.api,
            &mut self.user,
            &mut self.tenant_id,
            &mut self.app_id,
            &mut self.ip,
            &mut self.template,
        ] {
            column.codes = order.iter().map(|&row| column.codes[row as usize]).collect();
        }
        self.has_data = order.iter().map(|&row| self.has_data[row as usize]).collect();
        self.message = self.message.reordered(&order);
        self.row_key = self.row_key.reordered(&order);
        self.log_data = self.log_data.as_ref().map(|data| data.reordered(&order));
        self.reorder_problems(&order);
        Some(order)
    }

    fn reorder_problems(&mut self, order: &[u32]) {
        if self.problems.is_empty() {
            return;
        }
        let mut place = vec![0; order.len()];
        for (new, &old) in order.iter().enumerate() {
            place[old as usize] = new as u32;
        }
        for (row, _) in &mut self.problems {
            *row = place[*row as usize];
        }
        self.problems.sort_by_key(|(row, _)| *row);
    }
}

impl TextColumn {
    fn reordered(&self, order: &[u32]) -> TextColumn {
        let mut column = TextColumn {
            bytes: Vec::with_capacity(self.bytes.len()),
            ends: Vec::with_capacity(self.ends.len()),
        };
        for &row in order {
            column.bytes.extend_from_slice(self.bytes_of(row as usize));
            column.ends.push(column.bytes.len() as u32);
        }
        column
    }
}

#[cfg(test)]
mod tests {
    use cipp_client::Row;

    use super::*;
    use crate::NO_TIME;

    #[test]
    fn rows_are_sorted_with_everything_that_belongs_to_them() {
        let mut builder = DayColumnsBuilder::new();
        let raws = [
            r#"{"Message":"no time","RowKey":"a"}"#,
            r#"{"DateTime":"2026-08-08T01:00:00Z","Message":"one","RowKey":"b","Tenant":"x","LogData":{"a":1}}"#,
            r#"{"DateTime":"2026-08-08T03:00:00Z","Message":"three","RowKey":"c","User":7}"#,
            r#"{"DateTime":"2026-08-08T01:00:00Z","Message":"one again","RowKey":"d","Tenant":"x"}"#,
        ];
        for raw in raws {
            builder.push(&ReadRow::of(&Row::from_raw(raw.into())));
        }
        let mut columns = builder.finish();
        assert_eq!(columns.sort_newest_first(), Some(vec![2, 1, 3, 0]));
        assert_eq!(columns.sort_newest_first(), None);
        let messages: Vec<&[u8]> = (0..4).map(|row| columns.message.bytes_of(row)).collect();
        assert_eq!(messages, [&b"three"[..], b"one", b"one again", b"no time"]);
        assert_eq!(columns.row_key.bytes_of(3), b"a");
        assert_eq!((columns.tenant.text(1), columns.tenant.text(0)), ("x", ""));
        assert_eq!(columns.log_data.as_ref().unwrap().bytes_of(1), br#"{"a":1}"#);
        assert_eq!(columns.times[3], NO_TIME);
        let odd: Vec<u32> = columns.problems.iter().map(|(row, _)| *row).collect();
        assert_eq!(odd, [0, 3], "the user that was a number, and the row without a time");
    }
}
