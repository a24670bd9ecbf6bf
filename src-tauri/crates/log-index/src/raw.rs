//! Rows as CIPP sent them, compressed in memory: for days that are in no file yet.
//!
//! What deliberately is not here: anything on disk, and looking into the rows.

/// Rows are packed together until a block is this long: opening one row unpacks one block.
const BLOCK_BYTES: usize = 64 * 1024;

/// The raw JSON of consecutive rows, in blocks compressed with lz4.
#[derive(Clone, Debug, Default)]
pub struct RawRows {
    blocks: Vec<Block>,
    rows: u32,
}

#[derive(Clone, Debug)]
struct Block {
    first_row: u32,
    /// Where each row ends in the unpacked text.
    ends: Box<[u32]>,
    packed: Box<[u8]>,
}

impl Block {
    fn text(&self) -> String {
        let bytes = lz4_flex::block::decompress_size_prepended(&self.packed).unwrap_or_default();
        String::from_utf8(bytes).unwrap_or_default()
    }

    fn row<'a>(&self, text: &'a str, at: usize) -> &'a str {
        let start = if at == 0 { 0 } else { self.ends[at - 1] as usize };
        text.get(start..self.ends[at] as usize).unwrap_or_default()
    }
}

impl RawRows {
    /// How many rows.
    pub fn len(&self) -> usize {
        self.rows as usize
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// The text of a row, byte for byte; empty for a row that is not there.
    pub fn get(&self, row: u32) -> String {
        let at = self.blocks.partition_point(|block| block.first_row <= row);
        let Some(block) = at.checked_sub(1).map(|at| &self.blocks[at]) else {
            return String::new();
        };
        let within = (row - block.first_row) as usize;
        if within >= block.ends.len() {
            return String::new();
        }
        block.row(&block.text(), within).to_owned()
    }

    /// Every row in the order in which it was pushed; each block is unpacked once.
    pub fn for_each(&self, visit: &mut dyn FnMut(&str)) {
        for block in &self.blocks {
            let text = block.text();
            for row in 0..block.ends.len() {
                visit(block.row(&text, row));
            }
        }
    }

    /// Bytes in memory.
    pub fn memory_bytes(&self) -> usize {
        let block = |block: &Block| size_of::<Block>() + block.packed.len() + 4 * block.ends.len();
        self.blocks.iter().map(block).sum()
    }
}

/// Makes [`RawRows`].
#[derive(Debug, Default)]
pub struct RawRowsBuilder {
    done: RawRows,
    text: String,
    ends: Vec<u32>,
}

impl RawRowsBuilder {
    /// An empty one.
    pub fn new() -> RawRowsBuilder {
        RawRowsBuilder::default()
    }

    /// Adds a row.
    pub fn push(&mut self, raw: &str) {
        self.text.push_str(raw);
        self.ends.push(self.text.len() as u32);
        if self.text.len() >= BLOCK_BYTES {
            self.close_block();
        }
    }

    /// The rows.
    pub fn finish(mut self) -> RawRows {
        self.close_block();
        self.done.blocks.shrink_to_fit();
        self.done
    }

    fn close_block(&mut self) {
        if self.ends.is_empty() {
            return;
        }
        let first_row = self.done.rows;
        self.done.rows += self.ends.len() as u32;
        self.done.blocks.push(Block {
            first_row,
            ends: std::mem::take(&mut self.ends).into_boxed_slice(),
            packed: lz4_flex::block::compress_prepend_size(self.text.as_bytes()).into_boxed_slice(),
        });
        self.text.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_back_byte_for_byte_one_by_one_and_in_order() {
        let rows: Vec<String> = (0..2_000)
            .map(|n| format!("{{\"n\":{n},\"x\":\"{}\u{0}é\"}}", "y".repeat(n % 300)))
            .chain([String::new(), "z".repeat(300_000), String::new()])
            .collect();
        let mut builder = RawRowsBuilder::new();
        rows.iter().for_each(|row| builder.push(row));
        let raw = builder.finish();
        assert_eq!(raw.len(), rows.len());
        for (n, row) in rows.iter().enumerate() {
            assert_eq!(&raw.get(n as u32), row);
        }
        let mut seen = Vec::new();
        raw.for_each(&mut |row| seen.push(row.to_owned()));
        assert_eq!(seen, rows);
        assert_eq!(raw.get(rows.len() as u32), "");
        assert_eq!(RawRows::default().get(0), "");
    }
}
