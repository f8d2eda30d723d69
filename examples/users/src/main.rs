//! A users table that sign-ins and webhooks keep in sync: axum with SQLite or Postgres.
//!
//! ```sh
//! cargo run -p portal-example-users
//! cargo run -p portal-example-users --features postgres -- --postgres postgres://user:password@localhost/name
//! ```
//!
//! It starts a local portal that sends its webhooks to the application, and prints its own URL. Sign in, change your name
//! in the portal, and reload the page: the row has changed.
//!
//! With `CLERK_PUBLISHABLE_KEY`, `CLERK_SECRET_KEY` and `CLERK_WEBHOOK_SIGNING_SECRET` in the environment it uses that Clerk
//! application instead. Clerk must reach the route `/webhooks/clerk`, such as through a tunnel.

use std::env;
use std::error::Error;
use std::io::{self, IsTerminal as _, Write as _};
use std::net::Ipv4Addr;
use std::path::PathBuf;

use clap::Parser;
use portal_axum::{Authenticator, Instance, Portal, WebhookReceiver};
use portal_example_users::{App, Database, local_portal, router};
use portal_local::LocalPortal;
use tokio::net::TcpListener;
use tracing_subscriber::EnvFilter;

/// A users table that sign-ins and webhooks keep in sync.
#[derive(Debug, Parser)]
#[command(name = "portal-example-users", version)]
struct Options {
    /// SQLite file of the table; `:memory:` keeps it until the program ends
    #[arg(long, value_name = "FILE", default_value = ":memory:")]
    database: PathBuf,

    /// Postgres server and database to use instead of SQLite
    #[cfg(feature = "postgres")]
    #[arg(
        long,
        value_name = "URL",
        conflicts_with = "database",
        env = "DATABASE_URL",
        hide_env_values = true
    )]
    postgres: Option<String>,
}

/// The Clerk application.
struct Clerk {
    instance: Instance,
    webhooks: WebhookReceiver,
    /// Ends when it is dropped.
    local: Option<LocalPortal>,
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
    let database = database(&options).await?;
    // Before the portal, which sends webhooks from its start.
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = format!("http://localhost:{}", listener.local_addr()?.port());
    let clerk = clerk(&address).await?;
    say(&format!("Application     {address}"));
    say(&format!("Account Portal  {}", Portal::from(&clerk.instance).base()));
    let sent_webhooks = clerk
        .local
        .as_ref()
        .map(|portal| format!("{}/__local/webhooks", portal.origin()));
    if let Some(page) = &sent_webhooks {
        say(&format!("Sent webhooks   {page}"));
        say("Sign in as jane+clerk_test@example.com with the password 'correct horse battery'.");
    }
    let app = App {
        database,
        sent_webhooks,
    };
    let authenticator = Authenticator::builder(clerk.instance).build();
    axum::serve(listener, router(app, authenticator, clerk.webhooks)).await?;
    Ok(())
}

async fn database(options: &Options) -> Result<Database, Box<dyn Error>> {
    #[cfg(feature = "postgres")]
    if let Some(url) = &options.postgres {
        // Without the URL, which holds a password.
        let opened = Database::postgres(url).await;
        return opened.map_err(|error| format!("--postgres: {error}").into());
    }
    let opened = Database::sqlite(&options.database);
    opened.map_err(|error| format!("--database {}: {error}", options.database.display()).into())
}

/// The Clerk application of the environment, or else a local portal.
async fn clerk(address: &str) -> Result<Clerk, Box<dyn Error>> {
    let is_set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
    if is_set("CLERK_PUBLISHABLE_KEY") || is_set("CLERK_SECRET_KEY") {
        return Ok(Clerk {
            instance: Instance::from_env()?,
            webhooks: WebhookReceiver::from_env()?,
            local: None,
        });
    }
    let portal = local_portal(address).demo_data().start().await?;
    // The publishable key contains the portal's address, so the two keys suffice.
    let instance = Instance::builder(portal.publishable_key().as_str(), portal.secret_key().expose()).build()?;
    Ok(Clerk {
        instance,
        webhooks: WebhookReceiver::new(portal.webhook_signing_secret().expose())?,
        local: Some(portal),
    })
}

/// Prints a line for the user. `println!` would panic if the reader is gone.
fn say(line: &str) {
    let _ = writeln!(io::stdout(), "{line}");
}
