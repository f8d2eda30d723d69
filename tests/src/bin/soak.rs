//! A soak of the local portal, the demo and an example, with faults.
//!
//! ```sh
//! cargo run -p portal-tests --bin soak -- --minutes 30 --seed 1
//! ```
//!
//! Prints a line every ten seconds, and figures and a verdict at the end. Ctrl-C ends it early, with the figures so far.
//! Exits with 1 if a property was violated, and with 2 if it could not run.

use std::io::{self, Write as _};
use std::process::ExitCode;

use portal_tests::soak::{self, Options};

#[tokio::main]
async fn main() -> ExitCode {
    let options = match Options::parse(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(message) => return explain(&message),
    };
    match soak::run(options, say, signalled()).await {
        Ok(report) => {
            say(&report.to_string());
            if report.is_passed() {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            }
        }
        Err(error) => explain(&error.to_string()),
    }
}

/// Completes on Ctrl-C, and on SIGTERM from service managers and `timeout`.
async fn signalled() {
    use tokio::signal::unix::{SignalKind, signal};
    match (signal(SignalKind::interrupt()), signal(SignalKind::terminate())) {
        (Ok(mut interrupted), Ok(mut terminated)) => {
            tokio::select! { _ = interrupted.recv() => {}, _ = terminated.recv() => {} }
        }
        // Without the signals it runs to its end.
        _ => std::future::pending().await,
    }
}

fn say(line: &str) {
    // The run continues when the reader is gone.
    let _ = writeln!(io::stdout(), "{line}");
}

fn explain(message: &str) -> ExitCode {
    let _ = writeln!(io::stderr(), "soak: {message}");
    ExitCode::from(2)
}
