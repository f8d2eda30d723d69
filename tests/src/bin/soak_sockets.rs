//! A soak of WebSockets whose sessions end in every way, with a local portal and an application as another process.
//!
//! ```sh
//! cargo run -p portal-tests --bin soak-sockets -- --sockets 2000 --minutes 10
//! ```
//!
//! Prints a line every ten seconds, and figures and a verdict at the end. Ctrl-C ends it early, with the figures so far.
//! Exits with 1 if a property was violated, and with 2 if it could not run. The limit of open files is raised if the hard
//! limit allows it.

use std::io::{self, Write as _};
use std::process::ExitCode;

use portal_tests::soak::sockets::{self, Options};

#[tokio::main]
async fn main() -> ExitCode {
    // The application that the soak starts is this program, too.
    if std::env::args().nth(1).is_some_and(|argument| argument == "serve") {
        return match sockets::serve().await {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => explain(&error.to_string()),
        };
    }
    let program = match std::env::current_exe() {
        Ok(program) => program,
        Err(error) => return explain(&error.to_string()),
    };
    let options = match Options::parse(std::env::args().skip(1), program) {
        Ok(options) => options,
        Err(message) => return explain(&message),
    };
    match sockets::run(options, say, signalled()).await {
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
    let _ = writeln!(io::stderr(), "soak-sockets: {message}");
    ExitCode::from(2)
}
