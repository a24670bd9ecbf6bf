//! The rows in SQLite or SQLCipher, and a keystroke as one would write it there: one scan with LIKE (or REGEXP, with the
//! same regex crate that we use), counting facets and bars on the way and keeping the first 100 rows.

use std::{collections::HashMap, path::Path, sync::Arc};

use cipp_client::Row;
use log_index::ReadRow;
use regex::Regex;
use rusqlite::{Connection, Result, functions::FunctionFlags, params, types::ValueRef};

use crate::rows::{DAY_NS, DAYS, END_NS, row};

/// What is looked for.
#[derive(Clone, Debug)]
pub enum Look {
    /// Every row.
    All,
    /// A text, in every field.
    Like(String),
    /// A regular expression, in every field.
    Regexp(String),
}

impl Look {
    /// As it crosses the pipe between both programs.
    pub fn line(&self) -> String {
        match self {
            Look::All => "all".into(),
            Look::Like(text) => format!("like {text}"),
            Look::Regexp(text) => format!("regexp {text}"),
        }
    }

    /// The other way round.
    pub fn read(line: &str) -> Option<Look> {
        match line.split_once(' ') {
            None => (line == "all").then_some(Look::All),
            Some(("like", text)) => Some(Look::Like(text.into())),
            Some(("regexp", text)) => Some(Look::Regexp(text.into())),
            _ => None,
        }
    }
}

/// Opens the file; with a key it is SQLCipher with its usual 4 KB pages.
pub fn open(path: &Path, key: Option<&str>) -> Result<Connection> {
    let database = Connection::open(path)?;
    match key {
        Some(key) => {
            database.pragma_update(None, "key", key)?;
            database.pragma_update(None, "cache_size", -262_144)?;
        }
        None => {
            database.pragma_update(None, "mmap_size", 4_000_000_000_i64)?;
            database.pragma_update(None, "cache_size", -262_144)?;
        }
    }
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    database.create_scalar_function("regexp", 2, flags, |context| {
        type Failed = Box<dyn std::error::Error + Send + Sync>;
        let regex: Arc<Regex> = context.get_or_create_aux(0, |source| -> std::result::Result<_, Failed> {
            Ok(Regex::new(&format!("(?i){}", source.as_str()?))?)
        })?;
        Ok(match context.get_raw(1) {
            ValueRef::Text(text) => std::str::from_utf8(text).is_ok_and(|text| regex.is_match(text)),
            _ => false,
        })
    })?;
    Ok(database)
}

/// Puts the rows in, newest first. Returns the size of the JSON.
pub fn fill(database: &mut Connection, total: usize) -> Result<u64> {
    database.pragma_update(None, "journal_mode", "off")?;
    database.pragma_update(None, "synchronous", "off")?;
    let all = database.transaction()?;
    all.execute_batch(
        "CREATE TABLE log(id INTEGER PRIMARY KEY, ts INTEGER, severity TEXT, tenant TEXT, user TEXT, api TEXT, message TEXT,
         ip TEXT, tenant_id TEXT, app_id TEXT, row_key TEXT, logdata TEXT)",
    )?;
    let mut bytes = 0;
    {
        let mut insert = all.prepare("INSERT INTO log VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12)")?;
        for n in 0..total {
            let raw = row(n, total);
            bytes += raw.len() as u64;
            let raw = Row::from_raw(raw.into());
            let read = ReadRow::of(&raw);
            insert.execute(params![
                n as i64, read.time, read.severity, read.tenant, read.user, read.api, read.message, read.ip,
                read.tenant_id, read.app_id, read.row_key, read.log_data,
            ])?;
        }
    }
    all.commit()?;
    Ok(bytes)
}

/// What a keystroke gives.
#[derive(Default)]
pub struct Answer {
    /// Matching rows.
    pub hits: u64,
    facets: [HashMap<Box<[u8]>, u32>; 4],
    bars: Vec<u32>,
    page: Vec<String>,
}

impl Answer {
    /// Something of everything, so that nothing is optimised away.
    pub fn weight(&self) -> usize {
        self.page.len() + self.bars.len() + self.facets.iter().map(HashMap::len).sum::<usize>()
    }
}

/// One keystroke.
pub fn keystroke(database: &Connection, look: &Look) -> Result<Answer> {
    const FIELDS: [&str; 6] = ["message", "tenant", "user", "api", "ip", "logdata"];
    let (condition, argument) = match look {
        Look::All => ("?1 = ''".to_owned(), String::new()),
        Look::Like(text) => (FIELDS.map(|field| format!("{field} LIKE ?1")).join(" OR "), format!("%{text}%")),
        Look::Regexp(text) => (FIELDS.map(|field| format!("{field} REGEXP ?1")).join(" OR "), text.clone()),
    };
    let mut scan = database.prepare_cached(&format!(
        "SELECT ts, severity, tenant, user, api, message FROM log WHERE {condition}"
    ))?;
    let mut answer = Answer {
        bars: vec![0; 120],
        ..Answer::default()
    };
    let first = END_NS - DAYS as i64 * DAY_NS;
    let step = DAYS as i64 * DAY_NS / 120;
    let mut rows = scan.query([argument])?;
    while let Some(row) = rows.next()? {
        answer.hits += 1;
        let bar = (row.get::<_, i64>(0)? - first) / step;
        answer.bars[(bar as usize).min(119)] += 1;
        for (column, facet) in answer.facets.iter_mut().enumerate() {
            let text = row.get_ref(column + 1)?.as_bytes()?;
            match facet.get_mut(text) {
                Some(count) => *count += 1,
                None => drop(facet.insert(text.into(), 1)),
            }
        }
        if answer.page.len() < 100 {
            answer.page.push(row.get(5)?);
        }
    }
    Ok(answer)
}

/// A page in the middle.
pub fn deep_page(database: &Connection, offset: usize) -> Result<usize> {
    let mut page = database.prepare_cached(
        "SELECT ts, severity, tenant, user, api, message FROM log ORDER BY id LIMIT 100 OFFSET ?1",
    )?;
    let rows: Vec<String> = page.query_map([offset as i64], |row| row.get(5))?.collect::<Result<_>>()?;
    Ok(rows.len())
}

/// Reads every byte of every row, as filling memory from the file would.
pub fn read_all(database: &Connection) -> Result<usize> {
    let mut scan = database.prepare_cached(
        "SELECT ts, severity, tenant, user, api, message, ip, tenant_id, app_id, row_key, logdata FROM log",
    )?;
    let mut rows = scan.query([])?;
    let mut bytes = 0;
    while let Some(row) = rows.next()? {
        for column in 1..11 {
            bytes += row.get_ref(column)?.as_bytes()?.len();
        }
    }
    Ok(bytes)
}
