//! Sign-in for plain hyper: the layers of `portal-tower` around a `service_fn`, without a web framework.
//!
//! ```sh
//! cargo run -p portal-example-hyper
//! ```
//!
//! It starts a local portal, and prints its own URL. With `CLERK_PUBLISHABLE_KEY` and `CLERK_SECRET_KEY` in the
//! environment it uses that Clerk application instead. Ctrl-C ends the program after the requests in progress.

mod pages;
mod serve;

use std::env;
use std::error::Error;
use std::io::{self, Write as _};
use std::net::Ipv4Addr;
use std::time::Duration;

use portal_local::LocalPortal;
use portal_tower::AuthenticateLayer;
use portal_tower::portal_sdk::instance::Instance;
use portal_tower::portal_sdk::portal::Portal;
use tokio::net::TcpListener;
use tower::{ServiceBuilder, service_fn};

/// The longest time for the head of a request, and between two requests.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let stop = stop_signal()?;
    let (instance, local) = instance().await?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    // `localhost`, not 127.0.0.1: cookies ignore ports, and the local portal must not see the application's.
    let address = format!("http://localhost:{}", listener.local_addr()?.port());
    let portal = Portal::from(&instance);
    say(&format!("Application     {address}"));
    say(&format!("Account Portal  {}", portal.base()));
    if local.is_some() {
        say("Sign in as jane+clerk_test@example.com with the password 'correct horse battery'.");
    }

    // One layer around all routes. It also answers handshakes, which arrive at any route.
    let service = ServiceBuilder::new()
        .layer(AuthenticateLayer::new(instance))
        .service(service_fn(pages::respond));
    serve::serve(listener, service, HEAD_TIMEOUT, stop).await;
    if let Some(local) = local {
        local.shut_down().await;
    }
    Ok(())
}

/// The Clerk application of the environment, or else a local portal, which ends when it is dropped.
async fn instance() -> Result<(Instance, Option<LocalPortal>), Box<dyn Error>> {
    let is_set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
    if is_set("CLERK_PUBLISHABLE_KEY") || is_set("CLERK_SECRET_KEY") {
        return Ok((Instance::from_env()?, None));
    }
    let portal = LocalPortal::builder().demo_data().start().await?;
    // The publishable key contains the portal's address, so the two keys suffice.
    let instance = Instance::builder(portal.publishable_key().as_str(), portal.secret_key().expose()).build()?;
    Ok((instance, Some(portal)))
}

/// Returns a future that completes on Ctrl-C, or on the signal of service managers. Both are caught from this call on.
#[cfg(unix)]
fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut interrupted = signal(SignalKind::interrupt())?;
    let mut terminated = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupted.recv() => {}
            _ = terminated.recv() => {}
        }
    })
}

/// Returns a future that completes on Ctrl-C.
#[cfg(windows)]
fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    let mut interrupted = tokio::signal::windows::ctrl_c()?;
    Ok(async move {
        interrupted.recv().await;
    })
}

/// Prints a line for the user. `println!` would panic if the reader is gone.
fn say(line: &str) {
    let _ = writeln!(io::stdout(), "{line}");
}
