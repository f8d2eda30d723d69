//! Metrics of authentication, beside an application.
//!
//! ```sh
//! cargo run -p portal-example-metrics
//! ```
//!
//! It starts a local portal, and prints its own URLs; `/metrics` has the numbers in the text format of Prometheus. With
//! `CLERK_PUBLISHABLE_KEY` and `CLERK_SECRET_KEY` in the environment it uses that Clerk application instead.
//!
//! `portal-sdk` writes the numbers to the facade `metrics`, because its feature `metrics` is on. Any recorder of that facade
//! receives them; the documentation of `portal-sdk` lists their names.

use std::env;
use std::error::Error;
use std::io::{self, Write as _};
use std::net::Ipv4Addr;

use axum::Router;
use axum::routing::get;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use portal_axum::{AuthenticateLayer, Instance, Portal, RequireAuthLayer, SignedIn};
use portal_local::LocalPortal;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // Before the first request, because counts without a recorder are lost.
    let metrics = PrometheusBuilder::new().install_recorder()?;
    // Kept until the end: dropping the portal stops it.
    let (instance, local) = instance().await?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    // `localhost`, not 127.0.0.1: cookies ignore ports, and the local portal must not see the application's.
    let address = format!("http://localhost:{}", listener.local_addr()?.port());
    say(&format!("Application     {address}/dashboard"));
    say(&format!("Metrics         {address}/metrics"));
    say(&format!("Account Portal  {}", Portal::from(&instance).base()));
    if local.is_some() {
        say("Sign in as jane+clerk_test@example.com with the password 'correct horse battery'.");
    }
    axum::serve(listener, application(instance, metrics)).await?;
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

fn application(instance: Instance, metrics: PrometheusHandle) -> Router {
    Router::new()
        .route("/dashboard", get(dashboard))
        .route_layer(RequireAuthLayer::signed_in())
        .route("/", get(async || "This page is public."))
        .layer(AuthenticateLayer::new(instance))
        // Outside of the layer, so that reading the numbers does not change them. Let only your network reach it.
        .route("/metrics", get(async move || metrics.render()))
}

async fn dashboard(user: SignedIn) -> String {
    format!("Hello {}", user.user_id())
}

/// Prints a line for the user. `println!` would panic if the reader is gone.
fn say(line: &str) {
    let _ = writeln!(io::stdout(), "{line}");
}
