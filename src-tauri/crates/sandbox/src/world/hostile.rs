//! Texts made to break whoever shows them: markup, script, right-to-left marks, terminal sequences, endless words.
//!
//! They stand in every text field but `Severity`, which a client asks for by name. Nothing in them does harm by itself.

use super::chance::Chance;
use super::entry::push_json_text;

/// 2,000 letters without a place to break.
const LONG_WORD: &str = {
    const BYTES: [u8; 2_000] = [b'W'; 2_000];
    match std::str::from_utf8(&BYTES) {
        Ok(text) => text,
        Err(_) => "W",
    }
};

const TEXTS: [&str; 12] = [
    "<script>document.title='owned'</script>",
    "<img src=x onerror=\"document.title='owned'\">",
    "\u{202e}gnp.elpmaxe\u{202c} turned round",
    "\u{2066}\u{2067}nested marks\u{2069}\u{200f}\u{200e}",
    "\u{1b}[31mred\u{1b}[0m\u{1b}]0;title\u{7}\u{1b}[2J",
    "=HYPERLINK(\"https://phish.example\",\"click\")",
    "line one\r\nline two\r\n\tand a tab",
    "null\u{0}byte and \u{feff}mark and zero\u{200b}width",
    "'; DROP TABLE CippLogs; -- \" \\ / ` ${7*7} {{7*7}} %s %n",
    "Z\u{364}\u{321}a\u{334}\u{31b}l\u{352}g\u{30d}o\u{353} \u{1f469}\u{200d}\u{1f4bb} \u{fdfd}",
    "</textarea></style></title><iframe src=\"https://frame.example\"></iframe>",
    LONG_WORD,
];

/// One of the texts, by turns.
pub(super) fn text(turn: u32) -> &'static str {
    TEXTS[turn as usize % TEXTS.len()]
}

/// A message of several of them.
pub(super) fn message(chance: &mut Chance, out: &mut Vec<u8>) {
    for _ in 0..3 {
        out.extend_from_slice(chance.pick(&TEXTS).as_bytes());
        out.push(b' ');
    }
}

/// An object with such keys and values.
pub(super) fn log_data(chance: &mut Chance, out: &mut Vec<u8>) {
    let first = chance.below(TEXTS.len() as u64) as u32;
    for turn in 0..3 {
        out.push(if turn == 0 { b'{' } else { b',' });
        push_json_text(out, text(first + turn).as_bytes());
        out.push(b':');
        push_json_text(out, text(first + turn + 1).as_bytes());
    }
    out.extend_from_slice(b",\"__proto__\":{\"polluted\":true},\"constructor\":\"x\"}");
}
