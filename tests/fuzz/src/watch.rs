//! Ends a run that hangs, and keeps the input that did it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::corpus::Corpus;

/// No input takes a thousandth of this, however slow the machine is.
const LONGEST: Duration = Duration::from_secs(120);

type Current = Mutex<Option<(Instant, Vec<u8>)>>;

pub(crate) struct Watch(Arc<Current>);

impl Watch {
    pub(crate) fn start(corpus: &Corpus) -> Watch {
        let watch = Watch(Arc::default());
        let (current, corpus) = (Arc::downgrade(&watch.0), corpus.clone());
        std::thread::spawn(move || {
            loop {
                std::thread::sleep(Duration::from_secs(1));
                // Ends with the run.
                let Some(current) = current.upgrade() else {
                    return;
                };
                let current = current.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some((_, input)) = current.as_ref().filter(|(since, _)| since.elapsed() > LONGEST) {
                    let path = corpus.keep_failure(input);
                    eprintln!(
                        "{}: it hangs on the input that is kept as {}",
                        corpus.name,
                        path.display()
                    );
                    std::process::abort();
                }
            }
        });
        watch
    }

    pub(crate) fn begin(&self, input: &[u8]) {
        self.set(Some((Instant::now(), input.to_vec())));
    }

    pub(crate) fn end(&self) {
        self.set(None);
    }

    fn set(&self, current: Option<(Instant, Vec<u8>)>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = current;
    }
}
