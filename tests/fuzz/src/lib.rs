//! Inputs changed at random, run after run: what reads texts and files from outside must never panic, hang, or break its
//! promises, whatever it is given.
//!
//! Here: the runner ([`Fuzz`]), which any crate's tests can use, and the corpus of inputs it starts from. A target says
//! by a number what an input made it do; an input that makes it do something new is changed further, and a long run
//! keeps it in the corpus. That number stands in for the coverage that needs a compiler of its own elsewhere: this runs
//! with the stable toolchain on every system, as a part of `cargo test`.
//!
//! What deliberately is not here: the targets (`tests/`, and the row splitter's in `cipp-client`, which nobody outside of
//! that crate can reach).
#![allow(
    clippy::expect_used,
    clippy::print_stderr,
    reason = "this crate exists for tests alone"
)]

mod corpus;
mod mutate;
mod watch;

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::{Duration, Instant};

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use corpus::Corpus;
use mutate::Mutator;
use watch::Watch;

/// How long every target runs, in minutes. Without it each runs for a fixed number of inputs, always the same ones.
pub const MINUTES: &str = "CIPP_DESK_FUZZ_MINUTES";

/// The seed of the short run: the same inputs every time.
const SEED: u64 = 20_260_808;
/// At most so many inputs are held to be changed further.
const LARGEST_POOL: usize = 4000;

/// One target and how it is run.
#[derive(Debug)]
pub struct Fuzz {
    corpus: Corpus,
    words: Vec<Vec<u8>>,
    seeds: Vec<Vec<u8>>,
    runs: u32,
    longest: usize,
}

impl Fuzz {
    /// A target by the name of its folder in the corpus.
    pub fn new(name: &'static str) -> Fuzz {
        Fuzz {
            corpus: Corpus::of(name),
            words: Vec::new(),
            seeds: Vec::new(),
            runs: 1000,
            longest: 4096,
        }
    }

    /// Bytes that mean something to the target; they are put in here and there.
    pub fn words(mut self, words: &[&str]) -> Fuzz {
        self.words.extend(words.iter().map(|word| word.as_bytes().to_vec()));
        self
    }

    /// An input to start from, beside those of the corpus.
    pub fn seed(mut self, input: Vec<u8>) -> Fuzz {
        self.seeds.push(input);
        self
    }

    /// How many inputs the short run tries.
    pub fn runs(mut self, runs: u32) -> Fuzz {
        self.runs = runs;
        self
    }

    /// Longer inputs are cut, in bytes.
    pub fn longest(mut self, longest: usize) -> Fuzz {
        self.longest = longest;
        self
    }

    /// Runs the corpus, then changed inputs. `check` panics when a promise is broken, and otherwise returns a number for
    /// what the input made it do.
    ///
    /// # Panics
    /// Where `check` does. The input is kept in the corpus before, so that every later run begins with it.
    pub fn run(self, mut check: impl FnMut(&[u8]) -> u64) {
        let long = std::env::var(MINUTES)
            .ok()
            .and_then(|minutes| minutes.parse::<f64>().ok());
        let seed = if long.is_some() { rand::random() } else { SEED };
        let watch = Watch::start(&self.corpus);
        let mut seen = HashSet::new();
        let mut pool: Vec<Vec<u8>> = Vec::new();
        for input in self.corpus.inputs().into_iter().chain(self.seeds.iter().cloned()) {
            seen.insert(self.try_one(&input, &watch, &mut check));
            pool.push(input);
        }
        let mut mutator = Mutator {
            random: ChaCha8Rng::seed_from_u64(seed),
            words: &self.words,
            longest: self.longest,
        };
        let (start, mut last_word) = (Instant::now(), Instant::now());
        let mut runs: u64 = 0;
        loop {
            let over = match long {
                Some(minutes) => start.elapsed().as_secs_f64() >= minutes * 60.0,
                None => runs >= u64::from(self.runs),
            };
            if over {
                break;
            }
            let input = mutator.next(&pool);
            runs += 1;
            if seen.insert(self.try_one(&input, &watch, &mut check)) {
                if long.is_some() {
                    self.corpus.keep_new(&input);
                }
                if pool.len() < LARGEST_POOL {
                    pool.push(input);
                } else {
                    let place = mutator.random.random_range(0..pool.len());
                    pool[place] = input;
                }
            }
            if long.is_some() && last_word.elapsed() > Duration::from_secs(30) {
                last_word = Instant::now();
                eprintln!("{}: {runs} inputs, {} kinds of outcome", self.corpus.name, seen.len());
            }
        }
        eprintln!(
            "{}: {runs} inputs (seed {seed}), {} kinds of outcome, {} inputs in the pool",
            self.corpus.name,
            seen.len(),
            pool.len()
        );
    }

    fn try_one(&self, input: &[u8], watch: &Watch, check: &mut impl FnMut(&[u8]) -> u64) -> u64 {
        watch.begin(input);
        let outcome = catch_unwind(AssertUnwindSafe(|| check(input)));
        watch.end();
        match outcome {
            Ok(number) => number,
            Err(panic) => {
                let path = self.corpus.keep_failure(input);
                eprintln!(
                    "{}: the input that did it is kept as {}",
                    self.corpus.name,
                    path.display()
                );
                resume_unwind(panic)
            }
        }
    }
}

/// A number for anything that can be hashed.
pub fn number_of(what: &(impl Hash + ?Sized)) -> u64 {
    let mut hasher = DefaultHasher::new();
    what.hash(&mut hasher);
    hasher.finish()
}
