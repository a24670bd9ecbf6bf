//! The other process: SQLCipher, asked line by line so that both sides take turns.

use std::{
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

/// The SQLCipher side.
pub struct Cipher {
    child: Child,
    questions: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    /// Size of its file.
    pub bytes: u64,
}

impl Cipher {
    /// Starts it and waits until it has its rows.
    pub fn start(program: &Path, file: &Path, rows: usize) -> Cipher {
        let mut child = Command::new(program)
            .arg(file)
            .arg(rows.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the SQLCipher side starts");
        let answers = BufReader::new(child.stdout.take().expect("its answers"));
        let mut cipher = Cipher {
            questions: child.stdin.take(),
            child,
            answers,
            bytes: 0,
        };
        cipher.bytes = cipher.answer().1;
        cipher
    }

    /// CPU milliseconds and the number that came out.
    pub fn ask(&mut self, question: &str) -> (f64, u64) {
        let questions = self.questions.as_mut().expect("it listens");
        writeln!(questions, "{question}").expect("it listens");
        questions.flush().expect("it listens");
        self.answer()
    }

    fn answer(&mut self) -> (f64, u64) {
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("it answers");
        let mut parts = line.split_whitespace();
        let cpu = parts.next().and_then(|part| part.parse().ok()).expect("CPU time");
        let number = parts.next().and_then(|part| part.parse().ok()).expect("a number");
        (cpu, number)
    }
}

impl Drop for Cipher {
    fn drop(&mut self) {
        drop(self.questions.take());
        // It ends with its input.
        let _ = self.child.wait();
    }
}
