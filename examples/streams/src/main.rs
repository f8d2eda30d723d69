//! A WebSocket and an event stream that end when the session does.
//!
//! ```sh
//! cargo run -p portal-example-streams
//! ```
//!
//! It prints the URL of a page that shows both streams and tells why they ended. Without keys it starts a local portal,
//! whose sessions it looks up every two seconds. With `CLERK_PUBLISHABLE_KEY` and `CLERK_SECRET_KEY` in the environment it
//! uses that Clerk application instead, and looks each session up once a minute.

mod streams;

use std::env;
use std::error::Error;
use std::io::{self, Write as _};
use std::net::Ipv4Addr;
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::response::Html;
use axum::routing::{get, post};
use portal_axum::portal_sdk::lease::LeasePolicy;
use portal_axum::{
    AuthenticateLayer, Authenticator, Instance, Portal, RedirectToPortal, RequireAuthLayer, SignOut, SignedIn,
};
use portal_local::LocalPortal;
use tokio::net::TcpListener;

/// Shorter than the default, because calls to a local portal cost nothing.
const LOCAL_INTERVAL: Duration = Duration::from_secs(2);
/// Short, so that a developer sees the streams outlive their tokens.
const LOCAL_TOKEN_LIFETIME_SECS: u32 = 4;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let (instance, local) = instance().await?;
    let leases = match local {
        Some(_) => LeasePolicy::default().with_interval(LOCAL_INTERVAL),
        None => LeasePolicy::default(),
    };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    // `localhost`, not 127.0.0.1: cookies ignore ports, and the local portal must not see the application's.
    let address = format!("http://localhost:{}", listener.local_addr()?.port());
    say(&format!("Application     {address}"));
    say(&format!("Account Portal  {}", Portal::from(&instance).base()));
    if local.is_some() {
        say("Sign in as jane+clerk_test@example.com with the password 'correct horse battery'.");
    }
    axum::serve(listener, application(instance, leases)).await?;
    Ok(())
}

/// The Clerk application of the environment, or else a local portal, which ends when it is dropped.
async fn instance() -> Result<(Instance, Option<LocalPortal>), Box<dyn Error>> {
    let is_set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
    if is_set("CLERK_PUBLISHABLE_KEY") || is_set("CLERK_SECRET_KEY") {
        return Ok((Instance::from_env()?, None));
    }
    let portal = LocalPortal::builder().token_lifetime_secs(LOCAL_TOKEN_LIFETIME_SECS);
    let portal = portal.demo_data().start().await?;
    // The publishable key contains the portal's address, so the two keys suffice.
    let instance = Instance::builder(portal.publishable_key().as_str(), portal.secret_key().expose());
    let instance = instance.clock_skew(Duration::from_secs(1)).build()?;
    Ok((instance, Some(portal)))
}

fn application(instance: Instance, leases: LeasePolicy) -> Router {
    let clerk = Authenticator::builder(instance).leases(leases).build();
    Router::new()
        .route("/", get(page))
        .route("/session", get(async || StatusCode::NO_CONTENT))
        .route("/events", get(streams::events))
        .route("/chat", get(streams::chat))
        .route_layer(RequireAuthLayer::signed_in())
        .route("/account", get(RedirectToPortal::user_profile()))
        .route("/sign-out", post(SignOut::new()))
        .layer(AuthenticateLayer::from_authenticator(clerk))
}

async fn page(user: SignedIn) -> Html<String> {
    // Clerk's IDs have letters, digits and underscores, so they need no escaping.
    Html(include_str!("page.html").replace("{user}", user.user_id().as_str()))
}

/// Prints a line for the user. `println!` would panic if the reader is gone.
fn say(line: &str) {
    let _ = writeln!(io::stdout(), "{line}");
}
