//! A replica that learns sign-outs at other replicas over Redis.
//!
//! ```sh
//! examples/replicas/run.sh
//! ```
//!
//! The script starts Redis, a local portal and two replicas on this machine, and prints their URLs. Sign in at one, open
//! the other in another tab, and sign out there: the first page shows at once that its session has ended.
//!
//! A replica needs `CLERK_PUBLISHABLE_KEY`, `CLERK_SECRET_KEY` and `PORTAL_REDIS_URL`. Without the last, it only knows its
//! own sign-outs.

use std::convert::Infallible;
use std::error::Error;
use std::io::{self, Write as _};
use std::net::Ipv4Addr;

use axum::Router;
use axum::response::Html;
use axum::response::sse::{Event, Sse};
use axum::routing::{get, post};
use futures_util::stream::{self, Stream, StreamExt as _};
use portal_axum::portal_sdk::fleet::RedisFleet;
use portal_axum::{
    AuthenticateLayer, Authenticator, ConfigError, Instance, Leased, RequireAuthLayer, SignOut, SignedIn,
};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let application = application(&Instance::from_env()?)?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    // `localhost`, not 127.0.0.1: cookies ignore ports, and the local portal must not see the application's.
    let address = format!("http://localhost:{}", listener.local_addr()?.port());
    // `println!` would panic if the reader is gone.
    writeln!(io::stdout(), "Application     {address}")?;
    axum::serve(listener, application).await?;
    Ok(())
}

fn application(instance: &Instance) -> Result<Router, ConfigError> {
    let mut clerk = Authenticator::builder(instance.clone());
    if let Some(fleet) = RedisFleet::from_env(instance)? {
        clerk = clerk.fleet(fleet);
    }
    Ok(Router::new()
        .route("/", get(page))
        .route("/events", get(events))
        .route_layer(RequireAuthLayer::signed_in())
        .route("/sign-out", post(SignOut::new()))
        .layer(AuthenticateLayer::from_authenticator(clerk.build())))
}

async fn page(user: SignedIn) -> Html<String> {
    // Clerk's IDs have letters, digits and underscores, so they need no escaping.
    Html(include_str!("page.html").replace("{user}", user.user_id().as_str()))
}

/// A stream that stays open until the session ends. The last event says why.
async fn events(user: SignedIn) -> Leased<Sse<impl Stream<Item = Result<Event, Infallible>>>> {
    let opened = stream::iter([Ok(Event::default().data("open"))]);
    Leased::new(Sse::new(opened.chain(stream::pending())), user.lease())
}
