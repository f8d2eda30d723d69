//! The application of the soak: WebSockets that are closed with their session, sign-out, and webhooks, some of them lost.

use std::convert::Infallible;
use std::error::Error;
use std::io::{self, Write as _};
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::extract::State;
use axum::extract::ws::{Message, WebSocketUpgrade};
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Json, Router};
use http::StatusCode;
use portal_axum::portal_sdk::backend::BackendApi;
use portal_axum::portal_sdk::fleet::SessionEndReason;
use portal_axum::portal_sdk::lease::LeasePolicy;
use portal_axum::{
    AuthenticateLayer, Authenticator, Instance, LeasedSocket, RequireAuthLayer, SignOut, SignedIn, WebhookDelivery,
    WebhookEvent, WebhookReceiver,
};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tokio::runtime::Handle;

/// The setting that the application reads as a line of JSON, once the portal knows its address.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Setting {
    pub(super) publishable_key: String,
    pub(super) secret_key: String,
    pub(super) webhook_secret: String,
    /// The interval between two look-ups of a session, in seconds.
    pub(super) interval_secs: u64,
}

/// The figures that the application reports.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(super) struct Open {
    pub(super) sockets: u64,
    /// Sessions with leases.
    pub(super) sessions: u64,
    pub(super) look_ups: u64,
    pub(super) tasks: u64,
}

/// Returns `true` if the application loses the webhooks about this user, so that only look-ups find the end of a session.
pub(super) fn loses_webhooks_of(user_id: &str) -> bool {
    user_id.bytes().map(u64::from).sum::<u64>().is_multiple_of(4)
}

/// Serves the application: prints its address, reads its setting from standard input, and runs until that is closed.
///
/// # Errors
///
/// Returns an error if it cannot start.
pub async fn serve() -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    writeln!(
        io::stdout(),
        "Application  http://localhost:{}",
        listener.local_addr()?.port()
    )?;
    let line = tokio::task::spawn_blocking(|| {
        let mut line = String::new();
        io::stdin().read_line(&mut line).map(|_| line)
    });
    let setting: Setting = serde_json::from_str(&line.await??)?;
    let instance = Instance::builder(&setting.publishable_key, &setting.secret_key).build()?;
    let policy = LeasePolicy::default().with_interval(Duration::from_secs(setting.interval_secs));
    let clerk = Authenticator::builder(instance).leases(policy).build();
    let receiver = WebhookReceiver::new(&setting.webhook_secret)?;
    axum::serve(listener, application(clerk, receiver)).await?;
    Ok(())
}

fn application<B: BackendApi + Send + Sync + 'static>(clerk: Authenticator<B>, receiver: WebhookReceiver) -> Router {
    let sockets = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&sockets);
    let of_figures = clerk.clone();
    let of_webhooks = clerk.clone();
    let handler = move |delivery: WebhookDelivery| {
        let clerk = of_webhooks.clone();
        async move {
            handle(&clerk, &delivery.event);
            Ok::<(), Infallible>(())
        }
    };
    Router::new()
        .route("/chat", get(chat))
        .route("/session", get(async || StatusCode::NO_CONTENT))
        .route_layer(RequireAuthLayer::signed_in())
        .route("/sign-out", post(SignOut::new()))
        .route("/webhooks", post(receiver.into_service(handler)))
        .with_state(sockets)
        .layer(AuthenticateLayer::from_authenticator(clerk))
        .route("/figures", get(async move || figures(&of_figures, &counted)))
}

fn handle<B: BackendApi>(clerk: &Authenticator<B>, event: &WebhookEvent) {
    match event {
        WebhookEvent::UserDeleted(user) if !loses_webhooks_of(user.id.as_str()) => clerk.user_deleted(&user.id),
        WebhookEvent::SessionEnded(session)
        | WebhookEvent::SessionRemoved(session)
        | WebhookEvent::SessionRevoked(session)
            if !loses_webhooks_of(session.user_id.as_str()) =>
        {
            let reason = SessionEndReason::from_status(&session.status).unwrap_or_default();
            clerk.session_ended(&session.id, reason);
        }
        _ => {}
    }
}

fn figures<B: BackendApi>(clerk: &Authenticator<B>, sockets: &AtomicU64) -> Json<Open> {
    let leases = clerk.health().leases;
    Json(Open {
        sockets: sockets.load(Ordering::Relaxed),
        sessions: leases.sessions as u64,
        look_ups: leases.look_ups,
        tasks: Handle::current().metrics().num_alive_tasks() as u64,
    })
}

async fn chat(State(sockets): State<Arc<AtomicU64>>, user: SignedIn, upgrade: WebSocketUpgrade) -> Response {
    let lease = user.lease();
    upgrade.on_upgrade(|socket| async move {
        let _counted = Counted::new(sockets);
        let mut socket = LeasedSocket::new(socket, lease);
        while let Some(Ok(message)) = socket.recv().await {
            if matches!(message, Message::Text(_)) && socket.send(message).await.is_err() {
                return;
            }
        }
    })
}

struct Counted(Arc<AtomicU64>);

impl Counted {
    fn new(sockets: Arc<AtomicU64>) -> Self {
        sockets.fetch_add(1, Ordering::Relaxed);
        Self(sockets)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
