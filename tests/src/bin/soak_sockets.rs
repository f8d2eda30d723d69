//! A soak of WebSockets whose sessions end in every way, with a local portal and an application as another process.
//!
//! ```sh
//! cargo run -p portal-tests --bin soak-sockets -- --sockets 2000 --minutes 10
//! ```
//!
//! Prints a line every ten seconds, and figures and a verdict at the end. Ctrl-C ends it early, with the figures so far.
//! Exits with 1 if a property was violated, and with 2 if it could not run. The limit of open files is raised if the hard
//! limit allows it.

use std::fmt::Display;
use std::process::ExitCode;

use portal_tests::soak::program::{self, conclude, say, signalled};
use portal_tests::soak::sockets::{self, Options};

#[tokio::main]
async fn main() -> ExitCode {
    // The application that the soak starts is this program, too.
    if std::env::args().nth(1).is_some_and(|argument| argument == "serve") {
        return match sockets::serve().await {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => explain(&error),
        };
    }
    let program = match std::env::current_exe() {
        Ok(program) => program,
        Err(error) => return explain(&error),
    };
    let options = match Options::parse(std::env::args().skip(1), program) {
        Ok(options) => options,
        Err(message) => return explain(&message),
    };
    match sockets::run(options, say, signalled()).await {
        Ok(report) => conclude(&report, report.is_passed()),
        Err(error) => explain(&error),
    }
}

fn explain(error: &impl Display) -> ExitCode {
    program::explain("soak-sockets", error)
}
