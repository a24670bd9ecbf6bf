//! The SQLCipher side, asked line by line by the bench: each answer is a line with CPU milliseconds and a number.

use std::{
    io::{BufRead, Write, stdin, stdout},
    path::PathBuf,
};

use engine_bench::{
    measure::timed,
    sqlite::{Look, deep_page, fill, keystroke, open, read_all},
};

const KEY: &str = "a passphrase of the bench";

fn main() {
    let mut arguments = std::env::args().skip(1);
    let path = PathBuf::from(arguments.next().expect("the file to be made"));
    let total: usize = arguments.next().and_then(|text| text.parse().ok()).expect("how many rows");
    let mut database = open(&path, Some(KEY)).expect("SQLCipher opens");
    let version: String = database
        .query_row("PRAGMA cipher_version", [], |row| row.get(0))
        .expect("this is SQLCipher");
    let (cpu, _) = timed(|| fill(&mut database, total).expect("SQLCipher takes the rows"));
    answer(&format!("{cpu} {} {version}", std::fs::metadata(&path).map_or(0, |file| file.len())));
    for line in stdin().lock().lines() {
        let line = line.expect("a line");
        let (cpu, number) = match line.as_str() {
            "read" => timed(|| read_all(&database).expect("SQLCipher reads") as u64),
            "deep" => timed(|| deep_page(&database, total / 2).expect("SQLCipher reads") as u64),
            look => {
                let look = Look::read(look).expect("a known question");
                timed(|| keystroke(&database, &look).expect("SQLCipher searches").hits)
            }
        };
        answer(&format!("{cpu} {number}"));
    }
}

fn answer(line: &str) {
    writeln!(stdout(), "{line}").expect("somebody reads");
    stdout().flush().expect("somebody reads");
}
