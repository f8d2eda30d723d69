//! A replica that learns over Redis which sessions ended at other replicas.
//!
//! ```sh
//! examples/replicas/run.sh
//! ```
//!
//! The script starts Redis, a local portal and two replicas on this machine, and prints their URLs. Sign in at replica 2,
//! open replica 1 in another tab, and sign out there: the page of replica 2 shows at once that its streams have ended. The
//! same happens if you sign out or delete your account at the portal, which tells replica 1 by a webhook.
//!
//! A replica needs `CLERK_PUBLISHABLE_KEY`, `CLERK_SECRET_KEY`, `CLERK_WEBHOOK_SIGNING_SECRET` and `PORTAL_REDIS_URL`. Without
//! the last, it only knows its own sign-outs and webhooks. `PORT` is the port to listen on (default: a free one).

use std::convert::Infallible;
use std::env;
use std::error::Error;
use std::io::{self, IsTerminal as _, Write as _};
use std::net::Ipv4Addr;

use axum::Router;
use axum::extract::ws::WebSocketUpgrade;
use axum::response::sse::{Event, Sse};
use axum::response::{Html, Response};
use axum::routing::{get, post};
use futures_util::stream::{self, Stream, StreamExt as _};
use portal_axum::portal_sdk::fleet::RedisFleet;
use portal_axum::{
    AuthenticateLayer, Authenticator, ConfigError, Instance, Leased, LeasedSocket, RedirectToPortal, RequireAuthLayer,
    SignOut, SignedIn, WebhookDelivery, WebhookReceiver,
};
use tokio::net::TcpListener;
use tracing_subscriber::EnvFilter;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // The fleet logs when Redis is out of reach, and when it is back.
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        // A file with colors is hard to search.
        .with_ansi(io::stderr().is_terminal())
        .init();
    let application = application(&Instance::from_env()?, WebhookReceiver::from_env()?)?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port()?)).await?;
    // `localhost`, not 127.0.0.1: cookies ignore ports, and the local portal must not see the application's.
    let address = format!("http://localhost:{}", listener.local_addr()?.port());
    // `println!` would panic if the reader is gone.
    writeln!(io::stdout(), "Application     {address}")?;
    axum::serve(listener, application).await?;
    Ok(())
}

fn port() -> Result<u16, String> {
    let Ok(port) = env::var("PORT") else { return Ok(0) };
    let parsed = port.parse();
    parsed.map_err(|_| format!("PORT: expected a number up to 65535, found {port:?}"))
}

fn application(instance: &Instance, webhooks: WebhookReceiver) -> Result<Router, ConfigError> {
    let mut clerk = Authenticator::builder(instance.clone());
    if let Some(fleet) = RedisFleet::from_env(instance)? {
        clerk = clerk.fleet(fleet);
    }
    let clerk = clerk.build();
    // Ends the sessions that a delivery reports, here and in the fleet. This application has nothing else to do.
    let webhooks = webhooks.with_authenticator(clerk.clone());
    let webhooks = webhooks.into_service(async |_: WebhookDelivery| Ok::<(), Infallible>(()));
    Ok(Router::new()
        .route("/", get(page))
        .route("/events", get(events))
        .route("/chat", get(chat))
        .route_layer(RequireAuthLayer::signed_in())
        .route("/account", get(RedirectToPortal::user_profile()))
        .route("/sign-out", post(SignOut::new()))
        .layer(AuthenticateLayer::from_authenticator(clerk))
        // Outside the layer: a delivery has no session, and its signature is its proof.
        .route("/webhooks/clerk", post(webhooks)))
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

/// A WebSocket that stays open until the session ends. The close frame says why.
async fn chat(user: SignedIn, upgrade: WebSocketUpgrade) -> Response {
    let lease = user.lease();
    upgrade.on_upgrade(async |socket| {
        let mut socket = LeasedSocket::new(socket, lease);
        while let Some(Ok(_)) = socket.recv().await {}
    })
}
