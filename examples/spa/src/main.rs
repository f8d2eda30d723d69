//! A single-page client that calls a JSON API of another origin with Bearer tokens.
//!
//! ```sh
//! cargo run -p portal-example-spa
//! ```
//!
//! It starts a local portal and two servers, and prints their URLs. With `CLERK_PUBLISHABLE_KEY` and `CLERK_SECRET_KEY`
//! in the environment it uses that Clerk application instead.
//!
//! | Server | Has |
//! |---|---|
//! | [`page`] | three static files, sign-in, sign-out, and `/token`, which gives the session token to the page's own script |
//! | [`api`] | JSON for requests with such a token in `Authorization`, from the page's origin only |
//!
//! Only a server can receive the session from the Account Portal, in a handshake. A page without a server needs Clerk's
//! script, which calls Clerk's Frontend API; here the page's server takes its place, and the page runs no script but its own.
//! The token is valid for a minute. When the API answers 401, the script gets the next token.

mod api;
mod page;
#[cfg(test)]
mod tests;

use std::env;
use std::error::Error;
use std::io::{self, Write as _};
use std::net::Ipv4Addr;

use axum::http::HeaderValue;
use portal_axum::{AuthenticateLayer, Instance, InstanceBuilder, Portal};
use portal_local::LocalPortal;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let (settings, local) = settings().await?;
    let (page, page_origin) = listen().await?;
    let (api, api_origin) = listen().await?;
    let allowed_origin = HeaderValue::from_str(&page_origin)?;

    let instance = settings.clone().build()?;
    say(&format!("Application     {page_origin}"));
    say(&format!("API             {api_origin}"));
    say(&format!("Account Portal  {}", Portal::from(&instance).base()));
    if local.is_some() {
        say("Sign in as jane+clerk_test@example.com with the password 'correct horse battery'.");
    }

    // The tokens are issued for the page's origin, and the API accepts no others.
    let for_api = settings.authorized_parties([page_origin]).build()?;
    let page_routes = page::router(AuthenticateLayer::new(instance), &api_origin);
    let api_routes = api::router(AuthenticateLayer::new(for_api), allowed_origin);
    let page = async { axum::serve(page, page_routes).await };
    let api = async { axum::serve(api, api_routes).await };
    tokio::try_join!(page, api)?;
    Ok(())
}

/// Listens on a free port, and returns its origin too.
async fn listen() -> io::Result<(TcpListener, String)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    // `localhost`, not 127.0.0.1: cookies ignore ports, and the local portal must not see the application's.
    let origin = format!("http://localhost:{}", listener.local_addr()?.port());
    Ok((listener, origin))
}

/// The settings of the Clerk application of the environment, or else of a local portal, which ends when it is dropped.
async fn settings() -> Result<(InstanceBuilder, Option<LocalPortal>), Box<dyn Error>> {
    let is_set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
    if is_set("CLERK_PUBLISHABLE_KEY") || is_set("CLERK_SECRET_KEY") {
        return Ok((InstanceBuilder::from_env()?, None));
    }
    let portal = LocalPortal::builder().demo_data().start().await?;
    // The publishable key contains the portal's address, so the two keys suffice.
    let settings = Instance::builder(portal.publishable_key().as_str(), portal.secret_key().expose());
    Ok((settings, Some(portal)))
}

/// Prints a line for the user. `println!` would panic if the reader is gone.
fn say(line: &str) {
    let _ = writeln!(io::stdout(), "{line}");
}
