//! Parts that the programs of the soaks share.

use std::fmt::Display;
use std::io::{self, Write as _};
use std::process::ExitCode;

/// Completes on Ctrl-C, and on SIGTERM from service managers and `timeout`.
pub async fn signalled() {
    use tokio::signal::unix::{SignalKind, signal};
    match (signal(SignalKind::interrupt()), signal(SignalKind::terminate())) {
        (Ok(mut interrupted), Ok(mut terminated)) => {
            tokio::select! { _ = interrupted.recv() => {}, _ = terminated.recv() => {} }
        }
        // Without the signals it runs to its end.
        _ => std::future::pending().await,
    }
}

/// Prints a line. The run continues when the reader is gone.
pub fn say(line: &str) {
    let _ = writeln!(io::stdout(), "{line}");
}

/// Prints the report, and returns 0, or 1 if a property was violated.
pub fn conclude(report: &impl Display, is_passed: bool) -> ExitCode {
    say(&report.to_string());
    match is_passed {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

/// Prints the error of `program`, which could not run, and returns 2.
pub fn explain(program: &str, error: &impl Display) -> ExitCode {
    let _ = writeln!(io::stderr(), "{program}: {error}");
    ExitCode::from(2)
}
