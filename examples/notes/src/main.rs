//! Notes, alone or in an organization: axum, askama, htmx and SQLite.
//!
//! ```sh
//! cargo run -p portal-example-notes
//! ```
//!
//! It starts a local portal, and prints its own URL. With `CLERK_PUBLISHABLE_KEY` and `CLERK_SECRET_KEY` in the
//! environment it uses that Clerk application instead. Notes stay in `notes.sqlite`.
//!
//! - Without an active organization users see their personal notes. In an organization all members read and write, and
//!   `org:admin` may delete the notes of others. `/organization` leads to the portal's page to switch.
//! - [`users`] keeps users by Clerk's ID, with the address that the session token carries.
//! - Every form works without script. `--htmx-js FILE` adds htmx, which then replaces only the list. This example
//!   contains no copy of htmx: download `dist/htmx.min.js` of version 2 or 4 from its package `htmx.org`.
//! - If the session ends while the page is open, the guard answers a form with a redirect to sign-in, and htmx with
//!   `HX-Redirect`. Either way the user returns to the notes.

mod app;
mod cleanup;
mod database;
mod notes;
mod pages;
#[cfg(test)]
mod tests;
mod users;

use std::env;
use std::error::Error;
use std::io::{self, IsTerminal as _, Write as _};
use std::net::Ipv4Addr;
use std::path::PathBuf;

use axum::body::Bytes;
use clap::Parser;
use portal_axum::{Authenticator, Instance, Portal};
use portal_local::{LocalPortal, Settings};
use tokio::net::TcpListener;
use tracing_subscriber::EnvFilter;

use crate::app::App;
use crate::database::Database;

/// A notes application with sign-in by Clerk's Account Portal.
#[derive(Debug, Parser)]
#[command(name = "portal-example-notes", version)]
struct Options {
    /// SQLite file of the notes; `:memory:` keeps them until the program ends
    #[arg(long, value_name = "FILE", default_value = "notes.sqlite")]
    database: PathBuf,

    /// Script file of htmx 2 or 4; without it the pages run no script
    #[arg(long, value_name = "FILE", env = "HTMX_JS")]
    htmx_js: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::parse();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        // A file with colors is hard to search.
        .with_ansi(io::stderr().is_terminal())
        .init();
    let htmx = match &options.htmx_js {
        Some(path) => Some(std::fs::read(path).map_err(|error| format!("--htmx-js {}: {error}", path.display()))?),
        None => None,
    };
    let database = Database::open(&options.database)
        .map_err(|error| format!("--database {}: {error}", options.database.display()))?;
    let (instance, local) = instance().await?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    say(&format!(
        "Application     http://localhost:{}",
        listener.local_addr()?.port()
    ));
    say(&format!("Account Portal  {}", Portal::from(&instance).base()));
    if local.is_some() {
        say("Sign in as jane+clerk_test@example.com with the password 'correct horse battery'.");
        say("joe+clerk_test@example.com has the same password.");
    }

    let clerk = Authenticator::builder(instance).build();
    tokio::spawn(cleanup::every_day(database.clone(), clerk.clone()));
    let app = App {
        database,
        htmx: htmx.map(Bytes::from),
    };
    axum::serve(listener, app::router(app, clerk)).await?;
    Ok(())
}

/// The Clerk application of the environment, or else a local portal, which ends when it is dropped.
async fn instance() -> Result<(Instance, Option<LocalPortal>), Box<dyn Error>> {
    let is_set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
    if is_set("CLERK_PUBLISHABLE_KEY") || is_set("CLERK_SECRET_KEY") {
        return Ok((Instance::from_env()?, None));
    }
    let mut settings = Settings::default();
    // At Clerk: dashboard, Sessions, Customize session token.
    let address = "{{user.primary_email_address}}".into();
    settings.session_claims.insert("email".to_owned(), address);
    let portal = LocalPortal::builder()
        .application_name("Notes")
        .settings(settings)
        .demo_data()
        .start()
        .await?;
    // The publishable key contains the portal's address, so the two keys suffice.
    let instance = Instance::builder(portal.publishable_key().as_str(), portal.secret_key().expose()).build()?;
    Ok((instance, Some(portal)))
}

/// Prints a line for the user. `println!` would panic if the reader is gone.
fn say(line: &str) {
    let _ = writeln!(io::stdout(), "{line}");
}
