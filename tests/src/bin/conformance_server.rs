//! The conformance server: see `portal_tests::conformance`.
//!
//! | Variable | Meaning |
//! |---|---|
//! | `PORT` | where to listen on 127.0.0.1; 0 or unset picks a free port |
//! | `CLERK_API_URL` | the Backend API's address, for every instance |
//! | `JWKS_TTL_MS` | how long fetched keys are fresh |
//! | `JWKS_MIN_REFETCH_MS` | the least time between two fetches caused by unknown key ids |

use std::env::{self, VarError};
use std::io::{self, Write as _};
use std::net::Ipv4Addr;
use std::process::ExitCode;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use portal_tests::conformance::options::Instances;
use portal_tests::conformance::server;
use portal_tower::portal_sdk::backend::KeyCachePolicy;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

#[tokio::main]
async fn main() -> ExitCode {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("error"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        // It would write them to standard error, and panic if that is gone.
        .log_internal_errors(false)
        .init();
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            // Nothing can be done if the terminal is gone too.
            let _ = writeln!(io::stderr(), "error: {problem}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), String> {
    let port = number("PORT")?.unwrap_or(0);
    let mut policy = KeyCachePolicy::default();
    if let Some(millis) = number("JWKS_TTL_MS")? {
        policy = policy.with_lifetime(Duration::from_millis(millis));
    }
    if let Some(millis) = number("JWKS_MIN_REFETCH_MS")? {
        policy = policy.with_min_refetch(Duration::from_millis(millis));
    }
    let api_url = env::var("CLERK_API_URL").ok().filter(|url| !url.is_empty());
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .await
        .map_err(|error| format!("PORT: {error}; expected a free port"))?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    let router = server::router(Arc::new(Instances::new(api_url, policy)));
    // Listen before the line is printed, because its reader may be quick.
    let mut interrupted = signal(SignalKind::interrupt()).map_err(|error| error.to_string())?;
    let mut terminated = signal(SignalKind::terminate()).map_err(|error| error.to_string())?;
    let stopped = async move {
        tokio::select! {
            _ = interrupted.recv() => {}
            _ = terminated.recv() => {}
        }
    };
    let said = writeln!(io::stdout(), "listening on http://{address}");
    match said {
        // The reader has left, and with it the only one who could learn the address.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
        said => said.map_err(|error| format!("standard output cannot be written: {error}; send it elsewhere"))?,
    }
    axum::serve(listener, router)
        .with_graceful_shutdown(stopped)
        .await
        .map_err(|error| error.to_string())
}

fn number<N: FromStr>(variable: &str) -> Result<Option<N>, String> {
    let text = match env::var(variable) {
        Ok(text) if !text.is_empty() => text,
        Ok(_) | Err(VarError::NotPresent) => return Ok(None),
        Err(VarError::NotUnicode(found)) => found.to_string_lossy().into_owned(),
    };
    let number = text
        .parse()
        .map_err(|_| format!("{variable}: expected a whole number, found {text:?}"))?;
    Ok(Some(number))
}
