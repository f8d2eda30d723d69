//! Shutdown of a serving portal: by a signal, or by the end of standard input.

use std::io;
use std::thread;

use tokio::sync::oneshot;

use crate::failure::Failure;

/// The signals that end the program: Ctrl-C and a polite kill.
pub(crate) struct Signals {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
}

impl Signals {
    /// Listens from now on.
    #[cfg(unix)]
    pub(crate) fn listen() -> Result<Self, Failure> {
        use tokio::signal::unix::{SignalKind, signal};

        let listen = |kind| signal(kind).map_err(|error| unheard(&error));
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
        })
    }

    /// Waits for the next one; returns its number.
    #[cfg(unix)]
    pub(crate) async fn next(&mut self) -> Result<u8, Failure> {
        const INTERRUPT: u8 = 2;
        const TERMINATE: u8 = 15;

        tokio::select! {
            _ = self.interrupt.recv() => Ok(INTERRUPT),
            _ = self.terminate.recv() => Ok(TERMINATE),
        }
    }

    #[cfg(not(unix))]
    pub(crate) fn listen() -> Result<Self, Failure> {
        Ok(Self {})
    }

    #[cfg(not(unix))]
    pub(crate) async fn next(&mut self) -> Result<u8, Failure> {
        const INTERRUPT: u8 = 2;

        tokio::signal::ctrl_c().await.map_err(|error| unheard(&error))?;
        Ok(INTERRUPT)
    }
}

fn unheard(error: &io::Error) -> Failure {
    Failure::failed(format_args!("cannot listen for signals: {error}; try again"))
}

/// Reads and discards standard input to its end, if it `matters`. Otherwise never returns.
pub(crate) async fn standard_input_closed(matters: bool) -> Result<(), Failure> {
    if !matters {
        return std::future::pending().await;
    }
    let (closed, is_closed) = oneshot::channel();
    // A thread outside of the runtime, which would wait for it at the end of the program.
    let reading = thread::Builder::new().name("stdin".to_owned()).spawn(move || {
        // Input that cannot be read is as good as closed.
        let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
        let _ = closed.send(());
    });
    reading.map_err(|error| Failure::failed(format_args!("cannot watch standard input: {error}; try again")))?;
    let _ = is_closed.await;
    Ok(())
}
