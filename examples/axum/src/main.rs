//! The demo: a small axum application whose users sign in at the Account Portal.
//!
//! Without keys it starts a local portal, so that everything works without an account or a network. With
//! `CLERK_PUBLISHABLE_KEY` and `CLERK_SECRET_KEY` in the environment it uses that Clerk application instead.

mod app;
mod options;
mod pages;
mod serve;
mod start;
mod write_limit;

use std::io::{self, IsTerminal as _, Write as _};
use std::process::ExitCode;

use clap::Parser as _;
use tracing_subscriber::EnvFilter;

use crate::options::Options;

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn,portal_local::flow=info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_target(false)
        .without_time()
        .with_writer(io::stderr)
        // A file with colors is hard to search.
        .with_ansi(io::stderr().is_terminal())
        // Reporting it on the closed pipe would panic.
        .log_internal_errors(false)
        .init();
    match start::run(options).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error);
            ExitCode::FAILURE
        }
    }
}

/// Prints the error that ends the program. `eprintln!` would panic if the reader is gone.
fn complain(error: &start::StartError) {
    let _ = writeln!(io::stderr(), "error: {error}");
}
