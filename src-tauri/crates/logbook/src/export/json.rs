//! JSON and NDJSON: CIPP's own text of every row.
//!
//! A row that is not valid JSON cannot stand in a JSON file as it is; its text is wrapped as `{"unreadable": "..."}`, so
//! that the file stays JSON and nothing is lost.

use std::{
    fs::File,
    io::{self, BufWriter, Write},
};

use cipp_client::Day;
use serde::{Serialize, de::IgnoredAny};

use super::{ExportError, Sink, cells::one_line, note::Note, target::not_written};

/// How the rows stand together.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// One array, every row byte for byte as CIPP sent it.
    Array,
    /// One row a line. Line breaks between the tokens of a row, which CIPP does not write, become blanks.
    Lines,
}

/// A JSON file that is being written.
pub(super) struct Json {
    out: BufWriter<File>,
    shape: Shape,
    first: bool,
    unreadable: u32,
}

#[derive(Serialize)]
struct Unreadable<'a> {
    unreadable: &'a str,
}

impl Json {
    /// Nothing is written before the first row.
    pub fn start(file: File, shape: Shape) -> Result<Json, ExportError> {
        let mut out = BufWriter::new(file);
        if shape == Shape::Array {
            out.write_all(b"[").map_err(not_written)?;
        }
        Ok(Json {
            out,
            shape,
            first: true,
            unreadable: 0,
        })
    }

    fn write(&mut self, raw: &str) -> io::Result<()> {
        if self.shape == Shape::Array {
            self.out.write_all(if self.first { b"\n" } else { b",\n" })?;
        }
        self.first = false;
        if serde_json::from_str::<IgnoredAny>(raw).is_err() {
            self.unreadable += 1;
            serde_json::to_writer(&mut self.out, &Unreadable { unreadable: raw }).map_err(io::Error::from)?;
        } else if self.shape == Shape::Array {
            self.out.write_all(raw.as_bytes())?;
        } else {
            self.out.write_all(one_line(raw).as_bytes())?;
        }
        if self.shape == Shape::Lines {
            self.out.write_all(b"\n")?;
        }
        Ok(())
    }
}

impl Sink for Json {
    fn row(&mut self, _: Day, raw: &str) -> Result<(), ExportError> {
        self.write(raw).map_err(not_written)
    }

    fn finish(mut self: Box<Self>, note: &mut Note) -> Result<(), ExportError> {
        if self.shape == Shape::Array {
            self.out.write_all(b"\n]\n").map_err(not_written)?;
        }
        match self.unreadable {
            0 => {}
            1 => note.remark("1 row is not valid JSON; its text stands under \"unreadable\"."),
            many => note.remark(format!(
                "{many} rows are not valid JSON; their texts stand under \"unreadable\"."
            )),
        }
        self.out.flush().map_err(not_written)
    }
}
