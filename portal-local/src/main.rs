//! Starts a local portal from the command line.

use std::error::Error;
use std::io::{self, Write as _};
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use portal_local::LocalPortal;
use tracing_subscriber::EnvFilter;

/// A local stand-in for Clerk's Account Portal, for development. It listens on this machine only and sends no mail.
#[derive(Debug, Parser)]
#[command(version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the pages, the Frontend API and the Backend API until interrupted.
    Serve(Serve),
}

#[derive(Debug, Args)]
struct Serve {
    /// Loopback address to listen on.
    #[arg(long, value_name = "IP", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    address: IpAddr,
    /// Port to listen on; 0 picks a free one, and the keys change with it.
    #[arg(long, value_name = "PORT", default_value_t = 8787)]
    port: u16,
    /// SQLite file to keep accounts and sessions in, created if missing. Without it everything is in memory.
    #[arg(long, value_name = "FILE")]
    database: Option<PathBuf>,
    /// Seconds that a session token is good for.
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    token_lifetime: u32,
    /// The application's name, as the pages show it.
    #[arg(long, value_name = "NAME", default_value = "My Application")]
    app_name: String,
    /// Another origin that people may be sent back to, such as https://app.test; may be repeated.
    #[arg(long, value_name = "ORIGIN")]
    redirect_origin: Vec<String>,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .init();
    let Command::Serve(serve) = cli.command;
    match run(serve) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nothing can be done if the terminal is gone too.
            let _ = writeln!(io::stderr(), "portal-local: {error}");
            ExitCode::FAILURE
        }
    }
}

#[tokio::main]
async fn run(serve: Serve) -> Result<(), Box<dyn Error>> {
    let mut out = io::stdout();
    let place = serve
        .database
        .as_ref()
        .map_or_else(|| "memory".to_owned(), |path| path.display().to_string());
    writeln!(
        out,
        "Starting the local portal for {} (not Clerk), data in {place}.",
        serve.app_name
    )?;

    let mut builder = LocalPortal::builder()
        .application_name(serve.app_name)
        .bind((serve.address, serve.port))
        .token_lifetime_secs(serve.token_lifetime);
    if let Some(path) = serve.database {
        builder = builder.database_file(path);
    }
    for origin in serve.redirect_origin {
        builder = builder.redirect_origin(origin);
    }
    let portal = builder.start().await?;

    writeln!(
        out,
        "Listening on {0}. Open {0}/ in a browser.\n\nFor the application:\n",
        portal.origin()
    )?;
    for (name, value) in portal.environment() {
        writeln!(out, "{name}={value}")?;
    }
    writeln!(out, "\nCtrl-C stops it.")?;
    out.flush()?;

    interrupted().await?;
    writeln!(out, "Shutting down.")?;
    portal.shut_down().await;
    Ok(())
}

/// Ctrl-C, or a polite kill.
#[cfg(unix)]
async fn interrupted() -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        result = tokio::signal::ctrl_c() => result,
        _ = terminate.recv() => Ok(()),
    }
}

#[cfg(not(unix))]
async fn interrupted() -> io::Result<()> {
    tokio::signal::ctrl_c().await
}
