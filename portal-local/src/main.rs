//! Starts a local portal from the command line, and does what can be done to one.

mod cli;
mod doctor;
mod failure;
mod running;
mod shutdown;

use std::env;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::Path;
use std::process::ExitCode;

use clap::Parser as _;
use portal_local::{LocalPortal, LocalPortalBuilder};
use tracing_subscriber::EnvFilter;

use crate::cli::{Cli, Command, Place, Reset, Serve};
use crate::failure::Failure;
use crate::running::Running;
use crate::shutdown::Signals;

type Outcome = Result<(), Failure>;

fn main() -> ExitCode {
    match Cli::try_parse() {
        Ok(cli) => run(cli.command).map_or_else(Failure::report, |()| ExitCode::SUCCESS),
        Err(answer) => explain(&answer),
    }
}

/// Prints the help or the version on standard output, or the error of the command line on standard error.
fn explain(answer: &clap::Error) -> ExitCode {
    match answer.print() {
        Err(error) if !answer.use_stderr() => Failure::output(&error).report(),
        _ => ExitCode::from(u8::try_from(answer.exit_code()).unwrap_or(u8::MAX)),
    }
}

fn run(command: Command) -> Outcome {
    log_to_standard_error();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| {
            Failure::failed(format_args!(
                "cannot start threads: {error}; close other programs, then try again"
            ))
        })?;
    runtime.block_on(async {
        match command {
            Command::Serve(serve) => self::serve(serve).await,
            Command::Seed(place) => seed(place).await,
            Command::Reset(reset) => self::reset(reset).await,
            Command::Env(place) => env(place).await,
            Command::Doctor(options) => doctor::doctor(options, print).await,
        }
    })
}

fn log_to_standard_error() {
    let (filter, mistake) = match env::var(EnvFilter::DEFAULT_ENV) {
        Ok(wanted) if !wanted.is_empty() => match EnvFilter::try_new(&wanted) {
            Ok(filter) => (filter, None),
            Err(error) => (EnvFilter::new("warn"), Some(error.to_string())),
        },
        _ => (EnvFilter::new("warn"), None),
    };
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        // A file with colors is hard to search.
        .with_ansi(io::stderr().is_terminal())
        // It would write them to standard error, and panic if that is gone.
        .log_internal_errors(false)
        .init();
    if let Some(mistake) = mistake {
        tracing::warn!("RUST_LOG is ignored: {mistake}");
    }
}

/// Writes to standard output at once.
fn print(text: &str) -> Outcome {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .map_err(|error| Failure::output(&error))
}

async fn serve(serve: Serve) -> Outcome {
    let place = serve
        .database
        .as_ref()
        .map_or_else(|| "memory".to_owned(), |path| path.display().to_string());
    print(&format!(
        "Starting the local portal for {} (not Clerk) with data in {place}.\n",
        serve.app_name
    ))?;
    let exit_on_stdin_close = serve.exit_on_stdin_close;
    let users = match serve.demo_data {
        true => format!("\n{DEMO_USERS}"),
        false => String::new(),
    };
    let portal = described(serve).start().await?;

    // Listen before the first line is printed, because its reader may be quick.
    let mut signals = Signals::listen()?;
    // Print in one piece, because a program may close the pipe once it has read the address.
    let printed = print(&format!(
        "Listening on {0}. Open {0}/ in a browser.\n\nFor your application:\n\n{1}{users}\nPress Ctrl-C to stop.\n",
        portal.origin(),
        portal.environment_block()
    ));
    let ended = match printed {
        Ok(()) => tokio::select! {
            signal = signals.next() => signal.map(|_| ()),
            closed = shutdown::standard_input_closed(exit_on_stdin_close) => closed,
        },
        Err(failure) => Err(failure),
    };
    // The reader may have left long ago; the portal stops in order all the same.
    let _ = print("Shutting down.\n");
    tokio::select! {
        () = portal.shut_down() => ended,
        again = signals.next() => Err(Failure::Signalled(again?)),
    }
}

fn described(serve: Serve) -> LocalPortalBuilder {
    let mut builder = LocalPortal::builder()
        .application_name(serve.app_name)
        .bind((serve.address, serve.port))
        .token_lifetime_secs(serve.token_lifetime)
        .strict_redirects(serve.strict_redirects);
    if let Some(path) = serve.database {
        builder = builder.database_file(path);
    }
    for origin in serve.redirect_origin {
        builder = builder.redirect_origin(origin);
    }
    for url in serve.webhook_url {
        builder = builder.webhook(url);
    }
    if serve.demo_data {
        builder = builder.demo_data();
    }
    builder
}

async fn seed(place: Place) -> Outcome {
    match &place.database {
        Some(path) => opened(path, &place).demo_data().start().await?.shut_down().await,
        None => {
            Running::at(&place)?.post("/__local/seed").await?;
        }
    }
    print(&format!("Seeded. {DEMO_USERS}"))
}

const DEMO_USERS: &str = "Sign in with the password `correct horse battery` as one of these users:
  jane+clerk_test@example.com    administrator of the organization acme
  joe+clerk_test@example.com     member of acme
  solo+clerk_test@example.com    without an organization
  leaked+clerk_test@example.com  must set a new password first
code+clerk_test@example.com has no password. The verification code of each user is 424242.
";

async fn reset(reset: Reset) -> Outcome {
    let place = reset.place;
    if !reset.yes {
        let which = match &place.database {
            Some(path) => format!("in {}", path.display()),
            None => format!("of the portal at {}", place.origin()),
        };
        let message = format!("this deletes all users, organizations and emails {which}; add --yes to confirm");
        return Err(Failure::Usage(message));
    }
    match &place.database {
        Some(path) => {
            let portal = opened(path, &place).start().await?;
            portal.reset().await?;
            portal.shut_down().await;
        }
        None => {
            Running::at(&place)?.post("/__local/reset").await?;
        }
    }
    print("Everything except the keys is deleted.\n")
}

async fn env(place: Place) -> Outcome {
    let block = match &place.database {
        Some(path) => {
            let portal = opened(path, &place).start().await?;
            let block = portal.environment_block();
            portal.shut_down().await;
            block
        }
        None => Running::at(&place)?.get("/__local/env").await?,
    };
    print(&block)
}

fn opened(path: &Path, place: &Place) -> LocalPortalBuilder {
    // The keys and the links hold the address, so it must be the one that the portal will have.
    LocalPortal::builder()
        .bind((place.address, place.port))
        .database_file(path)
}
