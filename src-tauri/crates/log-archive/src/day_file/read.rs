//! A day file -> columns, rows, or the data of its rows.
//!
//! Every way begins with [`frame::check`] and passes the AAD prefix that belongs to the file's name, so that nothing is
//! decoded that was not written for exactly this place.
//!
//! What deliberately is not here: what is done about a file that cannot be read (`archive.rs`).

use std::{collections::HashMap, fs::File, io::Read as _, ops::ControlFlow, path::Path};

use arrow_array::{
    Array, ArrayRef, DictionaryArray, RecordBatch, StringArray, TimestampNanosecondArray,
    cast::AsArray,
    types::{TimestampNanosecondType, UInt32Type},
};
use log_index::{DayColumns, DictionaryColumn, NO_TIME, TextColumn};
use parquet::{
    arrow::{
        ProjectionMask,
        arrow_reader::{
            ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder, RowSelection, RowSelector,
        },
    },
    encryption::decrypt::FileDecryptionProperties,
    file::{metadata::PageIndexPolicy, reader::ChunkReader},
};

use super::{
    DayMeta, Identity, VERSION,
    columns::{DICTIONARIES, LOG_DATA, MESSAGE, PROBLEM, RAW, REST, ROW_KEY, SHAPE, TS, schema_for_reading},
    frame::{self, Source},
    meta_key, refused,
    shape::{Shape, Values},
};
use crate::DayFileError;

/// What is needed to rebuild a row's text, beside the columns of few texts.
const OF_A_ROW: [&str; 6] = [TS, MESSAGE, LOG_DATA, ROW_KEY, REST, RAW];
/// About how many bytes of text a batch shall have that is handed on at once.
const BATCH_BYTES: i64 = 4 * 1024 * 1024;
/// At most so many rows at once.
const BATCH_ROWS: i64 = 8192;
/// About how many bytes of text a batch shall have that goes into the columns of a day. Small: what is let go of between
/// memory that stays leaves holes in it, on every thread that reads days.
const COLUMNS_BATCH_BYTES: i64 = 512 * 1024;

/// A day's texts fit into 4 GB, column by column.
const MOST_TEXT: usize = u32::MAX as usize;

/// An opened day file: checked from outside, its footer decrypted.
pub(crate) struct DayFile<R> {
    reader: R,
    metadata: ArrowReaderMetadata,
    rows: u32,
}

impl DayFile<File> {
    /// Opens the file to read a small part of it.
    pub(crate) fn open(path: &Path, identity: &Identity) -> Result<DayFile<File>, DayFileError> {
        let file = File::open(path).map_err(|error| DayFileError::io("open", path, &error))?;
        frame::check(&file, identity)?;
        DayFile::new(file, identity)
    }
}

impl DayFile<bytes::Bytes> {
    /// Reads the file into memory, to decode most of it: one read, and no open file meanwhile.
    pub(crate) fn load(path: &Path, identity: &Identity) -> Result<DayFile<bytes::Bytes>, DayFileError> {
        let failed = |error: std::io::Error| DayFileError::io("read", path, &error);
        let mut file = File::open(path).map_err(failed)?;
        // Whatever lies there: its outside is checked before memory is taken for all of it.
        frame::check(&file, identity)?;
        frame::rewind(&file).map_err(failed)?;
        let mut bytes = Vec::with_capacity(usize::try_from(file.length().map_err(failed)?).unwrap_or(0));
        file.read_to_end(&mut bytes).map_err(failed)?;
        frame::check(bytes.as_slice(), identity)?;
        DayFile::new(bytes.into(), identity)
    }
}

impl<R: ChunkReader + 'static> DayFile<R> {
    fn new(reader: R, identity: &Identity) -> Result<DayFile<R>, DayFileError> {
        let decryption = FileDecryptionProperties::builder(identity.key.bytes())
            .with_aad_prefix(identity.aad_prefix(VERSION).into_bytes())
            .build()
            .map_err(|error| refused(&error))?;
        let options = ArrowReaderOptions::new()
            .with_file_decryption_properties(decryption)
            .with_offset_index_policy(PageIndexPolicy::Required)
            .with_schema(schema_for_reading());
        let metadata = ArrowReaderMetadata::load(&reader, options).map_err(|error| refused(&error))?;
        let rows = u32::try_from(metadata.metadata().file_metadata().num_rows()).ok();
        let rows = rows.filter(|rows| metadata.metadata().num_row_groups() == usize::from(*rows > 0));
        let rows = rows.ok_or_else(|| DayFileError::damaged("It has another form than the days of CIPP Desk."))?;
        Ok(DayFile { reader, metadata, rows })
    }

    pub(crate) fn rows(&self) -> u32 {
        self.rows
    }

    /// What is known about the day.
    pub(crate) fn meta(&self) -> Result<DayMeta, DayFileError> {
        let pairs = self.metadata.metadata().file_metadata().key_value_metadata();
        let value = |key: &str| {
            let pair = pairs?.iter().find(|pair| pair.key == key)?;
            pair.value.as_deref()
        };
        DayMeta::of_pairs(value)
            .filter(|_| value(meta_key::FORMAT) == Some(&VERSION.to_string()))
            .ok_or_else(|| DayFileError::damaged("It does not say when it was fetched."))
    }

    /// All columns, with the data of the rows or without.
    pub(crate) fn columns(self, with_log_data: bool) -> Result<DayColumns, DayFileError> {
        let few = DICTIONARIES.into_iter().filter(|name| *name != SHAPE);
        let mut names: Vec<&str> = few.chain([TS, MESSAGE, ROW_KEY, PROBLEM]).collect();
        names.extend(with_log_data.then_some(LOG_DATA));
        let mut columns = self.empty_columns(with_log_data);
        let batch = self.batch_rows(&names, COLUMNS_BATCH_BYTES);
        for batch in self.batches(&names, batch, None)? {
            append(&batch?, &mut columns)?;
        }
        Ok(columns)
    }

    /// Columns with as much memory as they will need.
    fn empty_columns(&self, with_log_data: bool) -> DayColumns {
        let rows = self.rows as usize;
        let texts = |name| {
            let mut column = TextColumn::default();
            // For the texts and what the index puts behind each.
            let bytes = usize::try_from(self.bytes_of(name)).unwrap_or(0).min(MOST_TEXT);
            reserve(&mut column.bytes, bytes + rows);
            reserve(&mut column.ends, rows);
            column
        };
        let mut columns = DayColumns {
            message: texts(MESSAGE),
            row_key: texts(ROW_KEY),
            log_data: with_log_data.then(|| texts(LOG_DATA)),
            ..DayColumns::default()
        };
        reserve(&mut columns.times, rows);
        for column in few(&mut columns) {
            reserve(&mut column.codes, rows);
        }
        columns
    }

    /// The text of one row, exactly as CIPP sent it. Only the pages it is on are decoded.
    pub(crate) fn row(self, row: u32) -> Result<String, DayFileError> {
        if row >= self.rows {
            return Err(DayFileError::damaged("It has fewer rows than the index."));
        }
        let selection = RowSelection::from(vec![RowSelector::skip(row as usize), RowSelector::select(1)]);
        let mut found = None;
        self.rebuild(1, Some(selection), &mut |text| {
            found = Some(text.to_owned());
            ControlFlow::Break(())
        })?;
        found.ok_or_else(|| DayFileError::damaged("A row is missing."))
    }

    /// The texts of all rows, newest first, exactly as CIPP sent them. Returns how many were visited.
    pub(crate) fn texts(self, visit: &mut dyn FnMut(&str) -> ControlFlow<()>) -> Result<u32, DayFileError> {
        let batch = self.batch_rows(&OF_A_ROW, BATCH_BYTES);
        self.rebuild(batch, None, visit)
    }

    /// The data of the rows, a part at a time: the number of the first row, and a text for each.
    pub(crate) fn log_data(
        self,
        visit: &mut dyn FnMut(u32, &TextColumn) -> ControlFlow<()>,
    ) -> Result<(), DayFileError> {
        let mut first = 0;
        let batch = self.batch_rows(&[LOG_DATA], BATCH_BYTES);
        for batch in self.batches(&[LOG_DATA], batch, None)? {
            let batch = batch?;
            let mut part = TextColumn::default();
            append_texts(texts_of(&batch, LOG_DATA)?, &mut part)?;
            if visit(first, &part).is_break() {
                return Ok(());
            }
            first += batch.num_rows() as u32;
        }
        Ok(())
    }

    fn rebuild(
        self,
        batch: i64,
        selection: Option<RowSelection>,
        visit: &mut dyn FnMut(&str) -> ControlFlow<()>,
    ) -> Result<u32, DayFileError> {
        let few = DICTIONARIES.into_iter().filter(|name| *name != "template");
        let names: Vec<&str> = few.chain(OF_A_ROW).collect();
        let mut shapes = KnownShapes::new();
        let (mut text, mut visited) = (String::new(), 0);
        for batch in self.batches(&names, batch, selection)? {
            let batch = batch?;
            let rows = RowBatch::of(&batch)?;
            for row in 0..batch.num_rows() {
                text.clear();
                rows.push_text(row, &mut shapes, &mut text)?;
                visited += 1;
                if visit(&text).is_break() {
                    return Ok(visited);
                }
            }
        }
        Ok(visited)
    }

    fn batches(
        self,
        names: &[&str],
        rows: i64,
        selection: Option<RowSelection>,
    ) -> Result<impl Iterator<Item = Result<RecordBatch, DayFileError>>, DayFileError> {
        // A file without rows has no row group, and the library takes no batches of nothing.
        let reader = (self.rows > 0).then(|| {
            let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(self.reader, self.metadata);
            let projection = ProjectionMask::columns(builder.parquet_schema(), names.iter().copied());
            let mut builder = builder
                .with_projection(projection)
                .with_batch_size(usize::try_from(rows).unwrap_or(1).max(1));
            if let Some(selection) = selection {
                builder = builder.with_row_selection(selection);
            }
            builder.build().map_err(|error| refused(&error))
        });
        let batches = reader.transpose()?.into_iter().flatten();
        Ok(batches.map(|batch| batch.map_err(|error| refused(&error.into()))))
    }

    /// Bytes of a column before compression.
    fn bytes_of(&self, name: &str) -> i64 {
        let metadata = self.metadata.metadata();
        let chunks = metadata.row_groups().iter().flat_map(|group| group.columns());
        chunks
            .filter(|chunk| chunk.column_descr().name() == name)
            .map(|chunk| chunk.uncompressed_size())
            .sum()
    }

    /// So many rows that a batch of these columns has about so many bytes.
    fn batch_rows(&self, names: &[&str], batch_bytes: i64) -> i64 {
        let bytes: i64 = names.iter().map(|name| self.bytes_of(name)).sum();
        let per_row = (bytes / i64::from(self.rows.max(1))).max(1);
        (batch_bytes / per_row).clamp(1, BATCH_ROWS)
    }
}

fn odd() -> DayFileError {
    DayFileError::damaged("Its columns are not those of a day.")
}

fn column<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a ArrayRef, DayFileError> {
    batch.column_by_name(name).ok_or_else(odd)
}

fn texts_of<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a StringArray, DayFileError> {
    column(batch, name)?.as_string_opt().ok_or_else(odd)
}

fn codes_of<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a DictionaryArray<UInt32Type>, DayFileError> {
    column(batch, name)?.as_dictionary_opt().ok_or_else(odd)
}

/// Takes memory for so many more at once. Where the file says more than there is memory for, the column grows as it is
/// filled.
fn reserve<T>(column: &mut Vec<T>, more: usize) {
    let _ = column.try_reserve_exact(more);
}

/// The columns of few texts, in the order of the file.
fn few(day: &mut DayColumns) -> [&mut DictionaryColumn; 8] {
    [
        &mut day.severity,
        &mut day.tenant,
        &mut day.api,
        &mut day.user,
        &mut day.tenant_id,
        &mut day.app_id,
        &mut day.ip,
        &mut day.template,
    ]
}

/// Adds a batch to the columns of the day.
fn append(batch: &RecordBatch, day: &mut DayColumns) -> Result<(), DayFileError> {
    let first = day.times.len();
    let rows = batch.num_rows();
    let times: &TimestampNanosecondArray = column(batch, TS)?
        .as_primitive_opt::<TimestampNanosecondType>()
        .ok_or_else(odd)?;
    if times.null_count() == 0 {
        day.times.extend_from_slice(times.values());
    } else {
        day.times.extend(times.iter().map(|time| time.unwrap_or(NO_TIME)));
    }
    let problems = texts_of(batch, PROBLEM)?;
    if problems.null_count() < rows {
        let said = problems.iter().enumerate();
        day.problems
            .extend(said.filter_map(|(row, text)| Some(((first + row) as u32, text?.to_owned()))));
    }
    for (name, column) in DICTIONARIES.into_iter().zip(few(day)) {
        append_codes(codes_of(batch, name)?, column)?;
    }
    if let Some(log_data) = &mut day.log_data {
        append_texts(texts_of(batch, LOG_DATA)?, log_data)?;
    }
    append_texts(texts_of(batch, MESSAGE)?, &mut day.message)?;
    append_texts(texts_of(batch, ROW_KEY)?, &mut day.row_key)
}

fn append_codes(array: &DictionaryArray<UInt32Type>, column: &mut DictionaryColumn) -> Result<(), DayFileError> {
    let texts: &StringArray = array.values().as_string_opt().ok_or_else(odd)?;
    let codes = array.keys().values();
    let same = column.texts.len() == texts.len() && texts.iter().flatten().eq(column.texts.iter().map(String::as_str));
    if column.codes.is_empty() {
        column.texts = texts.iter().map(|text| text.unwrap_or_default().to_owned()).collect();
    }
    if column.codes.is_empty() || same {
        column.codes.extend_from_slice(codes);
        return Ok(());
    }
    let mut places: HashMap<&str, u32> = column.texts.iter().map(String::as_str).zip(0..).collect();
    let mut new = Vec::new();
    let known = column.texts.len();
    let map: Vec<u32> = texts
        .iter()
        .map(|text| {
            let text = text.unwrap_or_default();
            *places.entry(text).or_insert_with(|| {
                new.push(text.to_owned());
                (known + new.len() - 1) as u32
            })
        })
        .collect();
    column.texts.extend(new);
    for code in codes {
        column.codes.push(*map.get(*code as usize).ok_or_else(odd)?);
    }
    Ok(())
}

fn append_texts(array: &StringArray, column: &mut TextColumn) -> Result<(), DayFileError> {
    let offsets = array.value_offsets();
    let (Some(from), Some(to)) = (offsets.first(), offsets.last()) else {
        return Ok(());
    };
    let texts = array.value_data().get(*from as usize..*to as usize).ok_or_else(odd)?;
    let before = column.bytes.len();
    // What is larger was not written by this version.
    if before + texts.len() > MOST_TEXT {
        return Err(odd());
    }
    column.bytes.extend_from_slice(texts);
    column.ends.extend(
        offsets[1..]
            .iter()
            .map(|end| (before as i64 + i64::from(*end - *from)) as u32),
    );
    Ok(())
}

/// The shapes met so far; none for a text that is no shape.
type KnownShapes = HashMap<String, Option<Shape>>;

/// A batch of what is needed to rebuild rows.
struct RowBatch<'a> {
    times: &'a TimestampNanosecondArray,
    /// The columns of few texts, in their order.
    few: [Few<'a>; DICTIONARIES.len() - 1],
    message: &'a StringArray,
    row_key: &'a StringArray,
    log_data: &'a StringArray,
    rest: &'a StringArray,
    raw: &'a StringArray,
}

/// A column of few texts.
struct Few<'a> {
    codes: &'a [u32],
    texts: &'a StringArray,
}

impl<'a> Few<'a> {
    fn of(batch: &'a RecordBatch, name: &str) -> Result<Few<'a>, DayFileError> {
        let array = codes_of(batch, name)?;
        Ok(Few {
            codes: array.keys().values(),
            texts: array.values().as_string_opt().ok_or_else(odd)?,
        })
    }

    fn text(&self, row: usize) -> &'a str {
        // The library has checked the codes.
        self.texts.value(self.codes[row] as usize)
    }
}

impl<'a> RowBatch<'a> {
    fn of(batch: &'a RecordBatch) -> Result<RowBatch<'a>, DayFileError> {
        let few = |name| Few::of(batch, name);
        Ok(RowBatch {
            times: column(batch, TS)?.as_primitive_opt().ok_or_else(odd)?,
            few: [
                few("severity")?,
                few("tenant")?,
                few("api")?,
                few("user")?,
                few("tenant_id")?,
                few("app_id")?,
                few("ip")?,
                few(SHAPE)?,
            ],
            message: texts_of(batch, MESSAGE)?,
            row_key: texts_of(batch, ROW_KEY)?,
            log_data: texts_of(batch, LOG_DATA)?,
            rest: texts_of(batch, REST)?,
            raw: texts_of(batch, RAW)?,
        })
    }

    fn push_text(&self, row: usize, known: &mut KnownShapes, text: &mut String) -> Result<(), DayFileError> {
        if self.raw.is_valid(row) {
            text.push_str(self.raw.value(row));
            return Ok(());
        }
        let [severity, tenant, api, user, tenant_id, app_id, ip, shape] = &self.few;
        let values = Values {
            time: if self.times.is_valid(row) {
                self.times.value(row)
            } else {
                NO_TIME
            },
            texts: [
                severity.text(row),
                tenant.text(row),
                api.text(row),
                user.text(row),
                tenant_id.text(row),
                app_id.text(row),
                ip.text(row),
                self.message.value(row),
                self.row_key.value(row),
            ],
            log_data: self.log_data.value(row),
            rest: self.rest.value(row),
        };
        let shape = shape.text(row);
        if !known.contains_key(shape) {
            known.insert(shape.to_owned(), Shape::parse(shape));
        }
        let shape = known.get(shape).and_then(Option::as_ref);
        shape
            .and_then(|shape| shape.rebuild(&values, text))
            .ok_or_else(|| DayFileError::damaged("A row cannot be put together again."))
    }
}
