//! Ctrl+C, and what the system sends to stop a process.
//!
//! A thread of its own listens, because the main thread may be stuck in a write to a pager that does not read. The
//! first signal cancels politely; the second one, or the end of the patience, leaves at once.

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
            if signal().await.is_err() {
                return;
            }
            told.cancel();
            let _ = tokio::time::timeout(patience, signal()).await;
            process::exit(Code::Cancelled as i32);
        });
    });
    cancel
}

/// Returns when the next signal arrives.
#[cfg(unix)]
async fn signal() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
        _ = hang_up.recv() => {}
    }
    Ok(())
}

/// Returns when the next signal arrives.
#[cfg(windows)]
async fn signal() -> std::io::Result<()> {
    use tokio::signal::windows;

    let mut interrupt = windows::ctrl_c()?;
    // What a parent process can send to a child without a console of its own.
    let mut pause = windows::ctrl_break()?;
    let mut close = windows::ctrl_close()?;
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = pause.recv() => {}
        _ = close.recv() => {}
    }
    Ok(())
}
