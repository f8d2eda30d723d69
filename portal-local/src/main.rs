//! Starts a local portal from the command line, and does what can be done to one.

mod cli;
mod running;

use std::error::Error;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::ExitCode;

use clap::Parser as _;
use portal_local::{LocalPortal, LocalPortalBuilder};
use tracing_subscriber::EnvFilter;

use crate::cli::{Cli, Command, Place, Reset, Serve};
use crate::running::Running;

type Outcome = Result<(), Box<dyn Error>>;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .init();
    match run(cli.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nothing can be done if the terminal is gone too.
            let _ = writeln!(io::stderr(), "portal-local: {error}");
            ExitCode::FAILURE
        }
    }
}

#[tokio::main]
async fn run(command: Command) -> Outcome {
    match command {
        Command::Serve(serve) => self::serve(serve).await,
        Command::Seed(place) => seed(place).await,
        Command::Reset(reset) => self::reset(reset).await,
        Command::Env(place) => env(place).await,
    }
}

async fn serve(serve: Serve) -> Outcome {
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
    if serve.strict_redirects {
        builder = builder.strict_redirects();
    }
    for origin in serve.redirect_origin {
        builder = builder.redirect_origin(origin);
    }
    if serve.demo_data {
        builder = builder.demo_data();
    }
    let portal = builder.start().await?;

    // From before the first line that says so: whoever reads it may be quick.
    let interrupted = interruption()?;
    writeln!(
        out,
        "Listening on {0}. Open {0}/ in a browser.\n\nFor the application:\n\n{1}",
        portal.origin(),
        portal.environment_block()
    )?;
    writeln!(out, "Ctrl-C stops it.")?;
    out.flush()?;

    interrupted.await?;
    writeln!(out, "Shutting down.")?;
    portal.shut_down().await;
    Ok(())
}

async fn seed(place: Place) -> Outcome {
    match &place.database {
        Some(path) => opened(path, &place).demo_data().start().await?.shut_down().await,
        None => {
            Running::at(&place)?.post("/__local/seed")?;
        }
    }
    let mut out = io::stdout();
    writeln!(
        out,
        "Seeded. Each of these signs in with the password `correct horse battery`:"
    )?;
    writeln!(
        out,
        "  jane+clerk_test@example.com    administrator of the organization acme"
    )?;
    writeln!(out, "  joe+clerk_test@example.com     member of acme")?;
    writeln!(out, "  solo+clerk_test@example.com    without an organization")?;
    writeln!(out, "  leaked+clerk_test@example.com  must set a new password first")?;
    writeln!(
        out,
        "code+clerk_test@example.com has no password; its code is 424242, as for the others."
    )?;
    Ok(())
}

async fn reset(reset: Reset) -> Outcome {
    let place = reset.place;
    if !reset.yes {
        let which = match &place.database {
            Some(path) => format!("in {}", path.display()),
            None => format!("of the portal at {}", place.origin()),
        };
        return Err(format!("this forgets all people, organizations and mail {which}; add --yes to do it").into());
    }
    match &place.database {
        Some(path) => {
            let portal = opened(path, &place).start().await?;
            portal.reset().await?;
            portal.shut_down().await;
        }
        None => {
            Running::at(&place)?.post("/__local/reset")?;
        }
    }
    writeln!(io::stdout(), "Everything is forgotten but the keys.")?;
    Ok(())
}

async fn env(place: Place) -> Outcome {
    let block = match &place.database {
        Some(path) => {
            let portal = opened(path, &place).start().await?;
            let block = portal.environment_block();
            portal.shut_down().await;
            block
        }
        None => Running::at(&place)?.get("/__local/env")?,
    };
    write!(io::stdout(), "{block}")?;
    Ok(())
}

fn opened(path: &Path, place: &Place) -> LocalPortalBuilder {
    // The keys and the links hold the address, so it must be the one that the portal will have.
    LocalPortal::builder()
        .bind((place.address, place.port))
        .database_file(path)
}

/// Listens from now on; the future ends with Ctrl-C, or a polite kill.
#[cfg(unix)]
fn interruption() -> io::Result<impl Future<Output = io::Result<()>>> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => Ok(()),
            _ = terminate.recv() => Ok(()),
        }
    })
}

#[cfg(not(unix))]
fn interruption() -> io::Result<impl Future<Output = io::Result<()>>> {
    Ok(tokio::signal::ctrl_c())
}
