//! Ctrl+C, and what the system sends to stop a process.
//!
//! A thread of its own listens, because the main thread may be stuck in a write to a pager that does not read. The
//! first signal cancels politely; the second one, or the end of the patience, leaves at once.

use std::io;
use std::process;
use std::thread;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::exit::Code;

/// Starts to listen. The token is cancelled at the first signal; the process ends with [`Code::Cancelled`] at the
/// second one or when it is still there after `patience`.
pub fn watch(patience: Duration) -> CancellationToken {
    let cancel = CancellationToken::new();
    let told = cancel.clone();
    thread::spawn(move || {
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else {
            return;
        };
        runtime.block_on(async {
            // Without listeners the system's own way stays: the process ends at once.
            let Ok(mut signals) = Signals::listen() else { return };
            signals.next().await;
            told.cancel();
            let _ = tokio::time::timeout(patience, signals.next()).await;
            process::exit(Code::Cancelled as i32);
        });
    });
    cancel
}

/// What stops a process here. A closed terminal (SIGHUP) is left to the system, so that nohup works.
#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};

        Ok(Signals {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// What stops a process here. Ctrl+Break is what a parent can send to a child without a console of its own.
#[cfg(windows)]
struct Signals {
    interrupt: tokio::signal::windows::CtrlC,
    pause: tokio::signal::windows::CtrlBreak,
    close: tokio::signal::windows::CtrlClose,
}

#[cfg(windows)]
impl Signals {
    fn listen() -> io::Result<Self> {
        use tokio::signal::windows::{ctrl_break, ctrl_c, ctrl_close};

        Ok(Signals {
            interrupt: ctrl_c()?,
            pause: ctrl_break()?,
            close: ctrl_close()?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.pause.recv() => {}
            _ = self.close.recv() => {}
        }
    }
}
