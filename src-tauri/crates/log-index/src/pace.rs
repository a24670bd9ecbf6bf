//! Long work in small pieces: whoever searches asks between them whether to go on.
//!
//! The clock decides nothing but how much is done between two questions: much where it goes fast, little where a
//! pathological regular expression takes its time.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

/// Asked between pieces of work: whether to stop. Cheap, called thousands of times a second.
pub(crate) type Stop<'a> = &'a (dyn Fn() -> bool + Sync);

/// The search was stopped: a newer one took over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("A newer filter took over.")]
pub struct Stopped;

/// The most bytes between two questions.
const MOST: usize = 256 * 1024;
const LEAST: usize = 512;
const SLOW: Duration = Duration::from_millis(5);
const FAST: Duration = Duration::from_millis(1);

/// Asks whether to stop, after so much work that asking costs nothing.
pub(crate) struct Pace<'a> {
    stop: Stop<'a>,
    piece: usize,
    done: usize,
    since: Instant,
}

impl<'a> Pace<'a> {
    pub fn new(stop: Stop<'a>) -> Pace<'a> {
        Pace {
            stop,
            piece: 16 * 1024,
            done: 0,
            since: Instant::now(),
        }
    }

    /// Bytes that may be searched in one go.
    pub fn piece(&self) -> usize {
        self.piece - self.done.min(self.piece - 1)
    }

    /// So many bytes were searched.
    pub fn work(&mut self, bytes: usize) -> Result<(), Stopped> {
        self.done += bytes;
        if self.done < self.piece {
            return Ok(());
        }
        if (self.stop)() {
            return Err(Stopped);
        }
        let took = self.since.elapsed();
        // For a single long piece the time says what a byte costs, not that the pieces are too large.
        let pieces = (self.done / self.piece).max(1) as u32;
        if took > SLOW * pieces {
            self.piece = (self.piece / 4).max(LEAST);
        } else if took < FAST * pieces {
            self.piece = (self.piece * 2).min(MOST);
        }
        self.done = 0;
        self.since = Instant::now();
        Ok(())
    }
}

/// Fewer rows than this are not worth a second thread.
const ROWS_WORTH_A_THREAD: usize = 40_000;
const MOST_THREADS: usize = 4;

/// Does a piece of work for each of `parts` parts (with so many `rows` together), on several threads where that helps;
/// the results are in the order of the parts.
pub(crate) fn for_each_part<T: Send>(
    parts: usize,
    rows: usize,
    stop: Stop<'_>,
    work: impl Fn(usize) -> Result<T, Stopped> + Sync,
) -> Result<Vec<T>, Stopped> {
    let threads = std::thread::available_parallelism()
        .map_or(1, usize::from)
        .min(MOST_THREADS)
        .min(rows / ROWS_WORTH_A_THREAD + 1)
        .min(parts);
    let checked = |part| if stop() { Err(Stopped) } else { work(part) };
    if threads < 2 {
        return (0..parts).map(checked).collect();
    }
    let next = AtomicUsize::new(0);
    let results = Mutex::new((0..parts).map(|_| None).collect::<Vec<Option<T>>>());
    let worker = || {
        loop {
            let part = next.fetch_add(1, Ordering::Relaxed);
            if part >= parts {
                return;
            }
            match checked(part) {
                Ok(result) => results.lock().unwrap_or_else(PoisonError::into_inner)[part] = Some(result),
                Err(Stopped) => next.store(parts, Ordering::Relaxed),
            }
        }
    };
    std::thread::scope(|scope| {
        (1..threads).for_each(|_| drop(scope.spawn(worker)));
        worker();
    });
    let results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    results.into_iter().collect::<Option<Vec<T>>>().ok_or(Stopped)
}
