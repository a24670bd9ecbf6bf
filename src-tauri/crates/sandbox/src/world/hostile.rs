//! Texts made to break whoever shows or exports them: markup, script, right-to-left marks, terminal sequences, formulas,
//! endless words, halves of surrogate pairs.
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

/// Stands for a high surrogate without its low one. No text can hold that, so it is put into the row's JSON at the very
/// end, as an escape; this code point is no character, and no other text has it.
pub(crate) const LONE_HIGH: char = '\u{fdd0}';
/// Stands for a low surrogate without its high one.
pub(crate) const LONE_LOW: char = '\u{fdd1}';

const TEXTS: [&str; 20] = [
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
    "+cmd|' /C calc'!A0",
    "-2+3+cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "\t=1+1",
    "\r=1+1,\"next\";\"cell\"",
    "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}\u{200d}\u{1f466}\u{1f3f4}\u{e0067}\u{e0062}\u{e007f}\u{fe0f} \u{1f1e8}\u{1f1ed}",
    "\u{9b}31mred by C1\u{9d}0;title\u{9c} \u{85}\u{2028}\u{2029} and \u{ad}\u{61c}\u{180e}",
    "\u{ffff}\u{fffe}\u{10ffff}\u{e000} no characters, and \u{fffd}",
];

const LONE: [&str; 4] = [
    "\u{fdd0} a high half alone",
    "a low half alone \u{fdd1}",
    "the wrong way round: \u{fdd1}\u{fdd0}",
    "\u{1f469}\u{fdd0}\u{fdd0} after a whole one",
];

/// One of the texts, by turns.
pub(super) fn text(turn: u32, lone_surrogates: bool) -> &'static str {
    if lone_surrogates && turn.is_multiple_of(3) {
        return LONE[turn as usize / 3 % LONE.len()];
    }
    TEXTS[turn as usize % TEXTS.len()]
}

/// A message of several of them.
pub(super) fn message(chance: &mut Chance, lone_surrogates: bool, out: &mut Vec<u8>) {
    for _ in 0..3 {
        let turn = chance.below(3 * TEXTS.len() as u64) as u32;
        out.extend_from_slice(text(turn, lone_surrogates).as_bytes());
        out.push(b' ');
    }
}

/// An object with such keys and values.
pub(super) fn log_data(chance: &mut Chance, lone_surrogates: bool, out: &mut Vec<u8>) {
    let first = chance.below(TEXTS.len() as u64) as u32;
    for turn in 0..3 {
        out.push(if turn == 0 { b'{' } else { b',' });
        push_json_text(out, text(first + turn, lone_surrogates).as_bytes());
        out.push(b':');
        push_json_text(out, text(first + turn + 1, lone_surrogates).as_bytes());
    }
    out.extend_from_slice(b",\"__proto__\":{\"polluted\":true},\"constructor\":\"x\"}");
}
