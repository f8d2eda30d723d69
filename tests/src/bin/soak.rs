//! A soak of the local portal, the demo and an example, with faults.
//!
//! ```sh
//! cargo run -p portal-tests --bin soak -- --minutes 30 --seed 1
//! ```
//!
//! Prints a line every ten seconds, and figures and a verdict at the end. Ctrl-C ends it early, with the figures so far.
//! Exits with 1 if a property was violated, and with 2 if it could not run.

use std::process::ExitCode;

use portal_tests::soak::program::{conclude, explain, say, signalled};
use portal_tests::soak::{self, Options};

#[tokio::main]
async fn main() -> ExitCode {
    let options = match Options::parse(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(message) => return explain("soak", &message),
    };
    match soak::run(options, say, signalled()).await {
        Ok(report) => conclude(&report, report.is_passed()),
        Err(error) => explain("soak", &error),
    }
}
