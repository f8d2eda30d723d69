//! Start-up: chooses the portal and the addresses, and prints them.

use std::env;
use std::io::{self, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use portal_axum::{AuthenticateLayer, ConfigError, Instance, InstanceBuilder};
use portal_local::LocalPortal;
use tokio::net::TcpListener;

use crate::app;
use crate::options::Options;
use crate::serve::{Limits, serve};

const PUBLISHABLE_KEY: &str = "CLERK_PUBLISHABLE_KEY";
const SECRET_KEY: &str = "CLERK_SECRET_KEY";
const DEFAULT_PORTAL_PORT: u16 = 8787;
const APPLICATION_NAME: &str = "Portal demo";

/// An error at start-up, in one line.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    #[error("{0}")]
    Config(#[from] ConfigError),
    #[error("{set} is set but {missing} is not; set both to use a Clerk application, or neither for a local portal")]
    HalfConfigured { set: &'static str, missing: &'static str },
    #[error(
        "{option} is for the local portal only, but {PUBLISHABLE_KEY} selects a Clerk application; remove one of them"
    )]
    OptionForLocalPortal { option: &'static str },
    #[error("local portal: {0} (--portal-port, --database and --token-lifetime set it)")]
    LocalPortal(#[from] portal_local::StartError),
    #[error("--port {port}: {source}; choose another one (0 picks a free one)")]
    Port { port: u16, source: io::Error },
}

pub(crate) async fn run(options: Options) -> Result<(), StartError> {
    let skew = Duration::from_secs(options.clock_skew);
    match keys_in_environment()? {
        true => with_clerk(&options, skew).await,
        false => with_local_portal(&options, skew).await,
    }
}

fn keys_in_environment() -> Result<bool, StartError> {
    let is_set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
    match (is_set(PUBLISHABLE_KEY), is_set(SECRET_KEY)) {
        (true, true) => Ok(true),
        (false, false) => Ok(false),
        (true, false) => Err(StartError::HalfConfigured {
            set: PUBLISHABLE_KEY,
            missing: SECRET_KEY,
        }),
        (false, true) => Err(StartError::HalfConfigured {
            set: SECRET_KEY,
            missing: PUBLISHABLE_KEY,
        }),
    }
}

async fn with_clerk(options: &Options, skew: Duration) -> Result<(), StartError> {
    if let Some(option) = options.for_local_portal() {
        return Err(StartError::OptionForLocalPortal { option });
    }
    let instance = InstanceBuilder::from_env()?.clock_skew(skew).build()?;
    say("Starting the demo application with your Clerk application (keys found in the environment).");
    let (listener, address) = listen(options.port).await?;
    say(&format!("  Application     {address}"));
    say(&format!(
        "  Account Portal  {}",
        portal_axum::Portal::from(&instance).base()
    ));
    say("  Check the keys  cargo run -p portal-local -- doctor");
    run_until_stopped(listener, instance, &address).await;
    Ok(())
}

async fn with_local_portal(options: &Options, skew: Duration) -> Result<(), StartError> {
    say("Starting the demo application and a local Account Portal (no Clerk keys in the environment).");
    let (listener, address) = listen(options.port).await?;
    let mut builder = LocalPortal::builder()
        .application_name(APPLICATION_NAME)
        .bind((Ipv4Addr::LOCALHOST, options.portal_port.unwrap_or(DEFAULT_PORTAL_PORT)));
    if let Some(file) = &options.database {
        builder = builder.database_file(file);
    }
    if let Some(secs) = options.token_lifetime {
        builder = builder.token_lifetime_secs(secs);
    }
    let portal = builder.start().await?;
    // The publishable key contains the portal's address, so the two keys suffice.
    let instance = Instance::builder(portal.publishable_key().as_str(), portal.secret_key().expose())
        .clock_skew(skew)
        .build()?;
    let data = options.database.as_ref().map_or_else(
        || "accounts are kept in memory; --database FILE keeps them for next time".to_owned(),
        |file| format!("accounts are kept in {}", file.display()),
    );
    say(&format!("  Application     {address}"));
    say(&format!("  Account Portal  {}  ({data})", portal.origin()));
    run_until_stopped(listener, instance, &address).await;
    portal.shut_down().await;
    Ok(())
}

async fn listen(port: u16) -> Result<(TcpListener, String), StartError> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let in_use = |source| StartError::Port { port, source };
    let listener = TcpListener::bind(address).await.map_err(in_use)?;
    let port = listener.local_addr().map_err(in_use)?.port();
    // `localhost`, not 127.0.0.1: cookies ignore ports, and the local portal must not see the application's.
    Ok((listener, format!("http://localhost:{port}")))
}

async fn run_until_stopped(listener: TcpListener, instance: Instance, address: &str) {
    say(&format!("\nOpen {address} in a browser. Stop with Ctrl-C."));
    let app = app::router(AuthenticateLayer::new(instance));
    serve(listener, app, Limits::default(), stopped()).await;
}

/// Completes on Ctrl-C, or on the signal of service managers.
async fn stopped() {
    let interrupted = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminated) = signal(SignalKind::terminate()) {
            tokio::select! { _ = interrupted => {}, _ = terminated.recv() => {} }
            return;
        }
    }
    let _ = interrupted.await;
}

/// Prints a line for the user. `println!` would panic if the reader is gone (`portal-demo | head -1`); the demo serves
/// on.
fn say(line: &str) {
    let _ = writeln!(io::stdout(), "{line}");
}
