//! The loaded log: the rows of one view in memory, newest first.
//!
//! A [`Batch`] takes up to 256 rows of one day as they arrive and becomes a block: the raw JSON of its rows compressed
//! with lz4, their times in a typed column, and every other text once in a table that the columns point into. Blocks
//! never change afterwards, so a filter can read them while more rows arrive. 100,000 rows of 670 bytes take some
//! 30 MB this way.
//!
//! What deliberately is not here: filtering (`filter.rs`, `view.rs`), fetching (`collect.rs`), anything on disk.

use std::{
    cmp::Reverse,
    collections::{HashMap, HashSet, hash_map::DefaultHasher},
    hash::{Hash, Hasher},
    ops::Range,
    sync::Arc,
};

use cipp_client::{Day, Row};

use crate::{
    entry::{LogEntry, LogRow, describe_problem, shown_message, time_text, unreadable},
    severity::{SeverityFamily, family},
};

/// A row's number: stable for as long as the log is loaded, not dense. The block in the upper bits, the row within it
/// in the lower eight.
pub type RowNumber = u32;

const ROWS_PER_BLOCK: usize = 256;
/// A block is closed early when its rows are large, so that opening one row never unpacks much.
const RAW_BYTES_PER_BLOCK: usize = 512 * 1024;
/// The time of a row without one: sorted last.
const NO_TIME: i64 = i64::MIN;
/// The empty text, first in every table.
const NO_TEXT: u16 = 0;

/// The columns of one row. Texts are positions in the block's table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Columns {
    /// Nanoseconds since 1970, or [`NO_TIME`].
    time: i64,
    /// A hash of the raw text: tells a row that was merely read again from one that changed.
    raw_hash: u64,
    raw_end: u32,
    log_start: u32,
    log_end: u32,
    severity: u16,
    tenant: u16,
    user: u16,
    api: u16,
    message: u16,
    ip: u16,
    app_id: u16,
    tenant_id: u16,
    pub(crate) family: SeverityFamily,
}

impl Columns {
    /// The texts of the row that a person may search for, as positions in the block's table.
    pub(crate) fn searched_texts(&self) -> [u16; 8] {
        [
            self.message,
            self.tenant,
            self.user,
            self.api,
            self.severity,
            self.ip,
            self.app_id,
            self.tenant_id,
        ]
    }

    /// Where the row's data lies in the block's raw text.
    pub(crate) fn log_data(&self) -> Range<usize> {
        self.log_start as usize..self.log_end as usize
    }

    /// Whether there is more data than `""`, `{}` or `null`.
    pub(crate) fn has_log_data(&self) -> bool {
        self.log_end - self.log_start > 4
    }
}

/// Identifies a row within its day, over several readings of that day. 128 bits, so that a clash that would hide a row
/// is out of the question even for millions of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct RowKey([u64; 2]);

impl RowKey {
    fn new(day: Day, key: &str) -> RowKey {
        let hash = |salt: u8| {
            let mut hasher = DefaultHasher::new();
            (salt, day, key).hash(&mut hasher);
            hasher.finish()
        };
        RowKey([hash(0), hash(1)])
    }

    /// The key of the next row of the same reading that carries the same row key: none is ever dropped for it.
    fn next(self) -> RowKey {
        RowKey([self.0[0], self.0[1].wrapping_add(1)])
    }
}

/// Every text of a block once.
#[derive(Debug)]
struct TextTable {
    text: String,
    ends: Vec<u32>,
}

impl TextTable {
    /// A table with [`NO_TEXT`] in it.
    fn new() -> TextTable {
        TextTable {
            text: String::new(),
            ends: vec![0],
        }
    }

    fn get(&self, code: u16) -> &str {
        let code = usize::from(code);
        let start = if code == 0 { 0 } else { self.ends[code - 1] as usize };
        &self.text[start..self.ends[code] as usize]
    }
}

/// Rows of one day on their way into the log: read, then compressed as a block.
#[derive(Debug)]
pub struct Batch {
    day: Day,
    attempt: u16,
    raw: String,
    columns: Vec<Columns>,
    keys: Vec<RowKey>,
    texts: TextTable,
    codes: HashMap<String, u16>,
    problems: Vec<(u8, Box<str>)>,
}

impl Batch {
    /// An empty batch for one reading of a day; `attempt` is what [`LoadedLog::begin_day`] gave for it.
    pub fn new(day: Day, attempt: u16) -> Batch {
        Batch {
            day,
            attempt,
            raw: String::new(),
            columns: Vec::new(),
            keys: Vec::new(),
            texts: TextTable::new(),
            codes: HashMap::new(),
            problems: Vec::new(),
        }
    }

    /// Whether it holds no row.
    pub fn is_empty(&self) -> bool {
        self.columns.is_empty()
    }

    /// Whether it must be appended before it takes another row.
    pub fn is_full(&self) -> bool {
        self.columns.len() >= ROWS_PER_BLOCK || self.raw.len() >= RAW_BYTES_PER_BLOCK
    }

    /// The rows so far as a batch of their own; this one goes on empty.
    #[must_use]
    pub fn take(&mut self) -> Batch {
        let next = Batch::new(self.day, self.attempt);
        std::mem::replace(self, next)
    }

    /// Takes one row. No row is refused: what cannot be read is kept as text and marked. A full batch must be appended
    /// first.
    pub fn push(&mut self, row: &Row) {
        debug_assert!(!self.is_full(), "a full batch is appended before it takes another row");
        let raw = row.raw();
        let raw_start = self.raw.len();
        self.raw.push_str(raw);
        let mut columns = Columns {
            time: NO_TIME,
            raw_hash: hash_of(raw),
            raw_end: position(self.raw.len()),
            // A row that cannot be read is searched whole.
            log_start: position(raw_start),
            log_end: position(self.raw.len()),
            severity: NO_TEXT,
            tenant: NO_TEXT,
            user: NO_TEXT,
            api: NO_TEXT,
            message: NO_TEXT,
            ip: NO_TEXT,
            app_id: NO_TEXT,
            tenant_id: NO_TEXT,
            family: SeverityFamily::Unknown,
        };
        let key = match row.fields() {
            Ok(fields) => {
                let time = fields.date_time.as_deref().and_then(cipp_client::parse_date_time);
                columns.time = time.map_or(NO_TIME, nanoseconds);
                columns.family = family(fields.severity.as_deref().unwrap_or_default());
                columns.severity = self.code(fields.severity.as_deref().unwrap_or_default());
                columns.tenant = self.code(fields.tenant.as_deref().unwrap_or_default());
                columns.user = self.code(fields.user.as_deref().unwrap_or_default());
                columns.api = self.code(fields.api.as_deref().unwrap_or_default());
                columns.message = self.code(fields.message.as_deref().unwrap_or_default());
                columns.ip = self.code(fields.ip.as_deref().unwrap_or_default());
                columns.app_id = self.code(fields.app_id.as_deref().unwrap_or_default());
                // Nearly every row says `None` here; searching for "none" means the tenant column.
                let tenant_id = fields
                    .tenant_id
                    .as_deref()
                    .filter(|id| !id.eq_ignore_ascii_case("none"));
                columns.tenant_id = self.code(tenant_id.unwrap_or_default());
                let log_data = fields.log_data.map_or(0..0, |data| span_within(raw, data.get()));
                columns.log_start = position(raw_start + log_data.start);
                columns.log_end = position(raw_start + log_data.end);
                let problem = describe_problem(time.is_some(), fields.date_time.as_deref(), &fields.oddities);
                if let Some(problem) = problem {
                    self.mark(problem);
                }
                match fields.row_key.as_deref() {
                    Some(key) if !key.is_empty() => RowKey::new(self.day, key),
                    _ => RowKey::new(self.day, raw),
                }
            }
            Err(problem) => {
                self.mark(unreadable(&problem.detail));
                RowKey::new(self.day, raw)
            }
        };
        self.columns.push(columns);
        self.keys.push(key);
    }

    /// Notes what is odd about the row that is being pushed.
    fn mark(&mut self, problem: String) {
        self.problems
            .push((row_in_block(self.columns.len()), problem.into_boxed_str()));
    }

    fn code(&mut self, text: &str) -> u16 {
        if text.is_empty() {
            return NO_TEXT;
        }
        if let Some(code) = self.codes.get(text) {
            return *code;
        }
        // At most eight texts for each of 256 rows: a code never outgrows its type.
        let code = self.texts.ends.len() as u16;
        self.texts.text.push_str(text);
        self.texts.ends.push(position(self.texts.text.len()));
        self.codes.insert(text.to_owned(), code);
        code
    }

    pub(crate) fn seal(self) -> Sealed {
        let mut texts = self.texts;
        texts.text.shrink_to_fit();
        texts.ends.shrink_to_fit();
        Sealed {
            block: Block {
                day: self.day,
                attempt: self.attempt,
                raw: lz4_flex::block::compress(self.raw.as_bytes()).into_boxed_slice(),
                raw_len: self.raw.len(),
                columns: self.columns.into_boxed_slice(),
                texts,
                problems: self.problems.into_boxed_slice(),
            },
            keys: self.keys,
        }
    }
}

/// A batch that is ready to join the log.
#[derive(Debug)]
pub(crate) struct Sealed {
    pub(crate) block: Block,
    keys: Vec<RowKey>,
}

/// Up to 256 rows of one day, never changed after they joined the log.
#[derive(Debug)]
pub(crate) struct Block {
    day: Day,
    attempt: u16,
    raw: Box<[u8]>,
    raw_len: usize,
    columns: Box<[Columns]>,
    texts: TextTable,
    problems: Box<[(u8, Box<str>)]>,
}

impl Block {
    pub(crate) fn rows(&self) -> &[Columns] {
        &self.columns
    }

    /// How many texts the table holds; their codes run from 0.
    pub(crate) fn text_count(&self) -> usize {
        self.texts.ends.len()
    }

    pub(crate) fn text(&self, code: usize) -> &str {
        self.texts.get(code as u16)
    }

    /// The raw JSON of all rows, one after the other.
    pub(crate) fn unpack(&self) -> String {
        // What this process compressed itself, it can also unpack; an empty text instead of a panic if ever not.
        lz4_flex::block::decompress(&self.raw, self.raw_len)
            .ok()
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .unwrap_or_default()
    }

    /// Where a row lies in [`Block::unpack`].
    pub(crate) fn raw_span(&self, row: usize) -> Range<usize> {
        let start = if row == 0 {
            0
        } else {
            self.columns[row - 1].raw_end as usize
        };
        start..self.columns[row].raw_end as usize
    }

    fn problem(&self, row: usize) -> Option<&str> {
        let at = self
            .problems
            .binary_search_by_key(&row, |(row, _)| usize::from(*row))
            .ok()?;
        Some(&self.problems[at].1)
    }

    fn size_bytes(&self) -> usize {
        size_of::<Block>()
            + self.raw.len()
            + size_of_val(&*self.columns)
            + self.texts.text.capacity()
            + self.texts.ends.capacity() * size_of::<u32>()
            + self
                .problems
                .iter()
                .map(|(_, text)| size_of::<(u8, Box<str>)>() + text.len())
                .sum::<usize>()
    }
}

/// What became of one day.
#[derive(Clone, Debug, Default)]
struct DayLedger {
    attempt: u16,
    /// Rows of this day that are shown.
    rows: u32,
    /// Those of them that have something odd about them.
    odd_rows: u32,
    /// Rows of earlier readings that the present one brought again unchanged.
    seen_again: HashSet<RowNumber>,
}

/// The rows of one view, newest first.
///
/// Days may arrive in any order and interleaved; a row that arrives again with the same row key within the same day
/// takes the place of the earlier one.
#[derive(Debug, Default)]
pub struct LoadedLog {
    blocks: Vec<Arc<Block>>,
    /// Rows in order, up to the last [`LoadedLog::settle`].
    order: Vec<RowNumber>,
    /// Rows that arrived since.
    arrivals: Vec<RowNumber>,
    /// Rows that gave way to a newer reading of themselves; they can still be opened by number.
    replaced: HashSet<RowNumber>,
    /// Whether some of [`LoadedLog::order`] were replaced since the last settling.
    has_gaps: bool,
    keys: HashMap<RowKey, RowNumber>,
    days: HashMap<Day, DayLedger>,
}

impl LoadedLog {
    /// An empty log.
    pub fn new() -> LoadedLog {
        LoadedLog::default()
    }

    /// Starts a reading of a day and numbers it. Rows of earlier readings stay until this one brings them anew.
    pub fn begin_day(&mut self, day: Day) -> u16 {
        let ledger = self.days.entry(day).or_default();
        ledger.attempt += 1;
        ledger.seen_again = HashSet::new();
        ledger.attempt
    }

    /// Adds the rows of a batch.
    pub fn append(&mut self, batch: Batch) {
        self.append_sealed(batch.seal());
    }

    /// Adds a block; gives its position, or none where it held nothing new.
    pub(crate) fn append_sealed(&mut self, sealed: Sealed) -> Option<usize> {
        let Sealed { block, keys } = sealed;
        let position_of_block = self.blocks.len();
        let first = u32::try_from(position_of_block)
            .ok()?
            .checked_mul(ROWS_PER_BLOCK as u32)?;
        let mut fresh = Vec::with_capacity(keys.len());
        for (row, key) in keys.into_iter().enumerate() {
            let number = first + row as u32;
            if self.admit(&block, row, number, key) {
                fresh.push(number);
            }
        }
        if fresh.is_empty() {
            return None;
        }
        let odd = fresh
            .iter()
            .filter(|number| block.problem(row_of(**number)).is_some())
            .count();
        let ledger = self.days.entry(block.day).or_default();
        ledger.rows += fresh.len() as u32;
        ledger.odd_rows += odd as u32;
        self.blocks.push(Arc::new(block));
        self.arrivals.append(&mut fresh);
        Some(position_of_block)
    }

    /// Decides whether a row is new to the log, and lets it take the place of its earlier reading.
    fn admit(&mut self, block: &Block, row: usize, number: RowNumber, mut key: RowKey) -> bool {
        loop {
            let Some(&earlier) = self.keys.get(&key) else {
                self.keys.insert(key, number);
                return true;
            };
            let ledger = self.days.entry(block.day).or_default();
            // Two rows of one reading with one row key are two rows.
            let same_block = block_of(earlier) == block_of(number);
            let same_reading = same_block
                || self.blocks[block_of(earlier)].attempt == block.attempt
                || ledger.seen_again.contains(&earlier);
            if same_reading {
                key = key.next();
                continue;
            }
            let before = &self.blocks[block_of(earlier)];
            if before.columns[row_of(earlier)].raw_hash == block.columns[row].raw_hash {
                ledger.seen_again.insert(earlier);
                return false;
            }
            ledger.rows -= 1;
            ledger.odd_rows -= u32::from(before.problem(row_of(earlier)).is_some());
            self.replaced.insert(earlier);
            self.has_gaps = true;
            self.keys.insert(key, number);
            return true;
        }
    }

    /// Brings the order up to date: new rows are sorted among themselves and merged into the part of the list they
    /// belong to. Days that arrive newest first are mere appends.
    pub fn settle(&mut self) {
        if self.has_gaps {
            self.has_gaps = false;
            let replaced = &self.replaced;
            self.order.retain(|number| !replaced.contains(number));
            self.arrivals.retain(|number| !replaced.contains(number));
        }
        if self.arrivals.is_empty() {
            return;
        }
        let mut arrivals = std::mem::take(&mut self.arrivals);
        arrivals.sort_unstable_by_key(|number| self.place(*number));
        let first_place = self.place(arrivals[0]);
        let from = self.order.partition_point(|number| self.place(*number) < first_place);
        let tail = self.order.split_off(from);
        self.order.reserve_exact(tail.len() + arrivals.len());
        let (mut old, mut new) = (tail.into_iter().peekable(), arrivals.into_iter().peekable());
        loop {
            let take_old = match (old.peek(), new.peek()) {
                (Some(old), Some(new)) => self.place(*old) < self.place(*new),
                (Some(_), None) => true,
                (None, Some(_)) => false,
                (None, None) => break,
            };
            let next = if take_old { old.next() } else { new.next() };
            self.order.extend(next);
        }
    }

    /// What a row is sorted by: newest first, then in the order of arrival.
    fn place(&self, number: RowNumber) -> (Reverse<i64>, RowNumber) {
        (
            Reverse(self.blocks[block_of(number)].columns[row_of(number)].time),
            number,
        )
    }

    /// The rows in order, as of the last [`LoadedLog::settle`].
    pub fn order(&self) -> &[RowNumber] {
        &self.order
    }

    /// Rows in the log.
    pub fn len(&self) -> u32 {
        self.days.values().map(|day| day.rows).sum()
    }

    /// Whether the log holds no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Rows of one day in the log, and how many of them have something odd about them.
    pub fn rows_of_day(&self, day: Day) -> (u32, u32) {
        self.days.get(&day).map_or((0, 0), |day| (day.rows, day.odd_rows))
    }

    /// One line of the list; none for a number that was never given out.
    pub fn row(&self, number: RowNumber) -> Option<LogRow> {
        let block = self.blocks.get(block_of(number))?;
        let row = row_of(number);
        let columns = block.columns.get(row)?;
        let text = |code: u16| block.texts.get(code).to_owned();
        Some(LogRow {
            index: number,
            time: (columns.time != NO_TIME).then(|| time_text(columns.time)).flatten(),
            severity: columns.family,
            severity_text: text(columns.severity),
            tenant: text(columns.tenant),
            user: text(columns.user),
            api: text(columns.api),
            message: shown_message(block.texts.get(columns.message)),
            day: block.day.iso(),
            problem: block.problem(row).map(str::to_owned),
        })
    }

    /// A row in full; none for a number that was never given out.
    pub fn entry(&self, number: RowNumber) -> Option<LogEntry> {
        let block = self.blocks.get(block_of(number))?;
        let row = row_of(number);
        block.columns.get(row)?;
        let raw = block.unpack();
        let raw = raw.get(block.raw_span(row))?;
        Some(LogEntry::read(number, block.day, &Row::from_raw(raw.into())))
    }

    /// The severity of a row.
    pub fn family(&self, number: RowNumber) -> SeverityFamily {
        self.blocks[block_of(number)].columns[row_of(number)].family
    }

    pub(crate) fn blocks(&self) -> &[Arc<Block>] {
        &self.blocks
    }

    /// Bytes held in memory, counted (what the allocator adds is not in it).
    pub fn size_bytes(&self) -> usize {
        let blocks: usize = self.blocks.iter().map(|block| block.size_bytes()).sum();
        let numbers = (self.order.capacity() + self.arrivals.capacity()) * size_of::<RowNumber>();
        // A hash table keeps an eighth free and a byte of its own for each place.
        let keys = self.keys.capacity() * 8 / 7 * (size_of::<(RowKey, RowNumber)>() + 1);
        let marks = self.replaced.capacity() + self.days.values().map(|day| day.seen_again.capacity()).sum::<usize>();
        blocks
            + self.blocks.capacity() * size_of::<Arc<Block>>()
            + numbers
            + keys
            + marks * (size_of::<RowNumber>() + 1)
    }
}

pub(crate) fn block_of(number: RowNumber) -> usize {
    number as usize / ROWS_PER_BLOCK
}

pub(crate) fn row_of(number: RowNumber) -> usize {
    number as usize % ROWS_PER_BLOCK
}

fn row_in_block(row: usize) -> u8 {
    // A batch is closed at 256 rows.
    row.min(ROWS_PER_BLOCK - 1) as u8
}

/// A position within a block. A block holds half a megabyte and one row at most, and CIPP rows end far below 4 GB.
fn position(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

fn nanoseconds(time: jiff::Timestamp) -> i64 {
    // Years outside 1677 to 2262 are sorted to the ends; the opened row still shows what was sent.
    i64::try_from(time.as_nanosecond()).unwrap_or(if time.as_nanosecond() < 0 {
        NO_TIME + 1
    } else {
        i64::MAX
    })
}

fn hash_of(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

/// Where `part`, borrowed from `whole`, lies within it.
fn span_within(whole: &str, part: &str) -> Range<usize> {
    let start = (part.as_ptr() as usize).wrapping_sub(whole.as_ptr() as usize);
    match start.checked_add(part.len()) {
        Some(end) if end <= whole.len() => start..end,
        // Not borrowed from it after all: search the whole row rather than nothing.
        _ => 0..whole.len(),
    }
}
