//! [`App`]: everything the handlers share.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware;
use portal_sdk::clock::{Clock, UnixTime};
use portal_sdk::instance::PublishableKey;
use portal_sdk::secret::Secret;

use crate::mint::Mint;
use crate::redirect::RedirectPolicy;
use crate::request_log::RequestLog;
use crate::secrets::FormKey;
use crate::store::{Store, StoreError};
use crate::{backend_api, boundary, frontend_api, pages};

/// Forms and Backend API bodies are a few hundred bytes; a refresh carries the headers of a whole request.
const MOST_BODY_BYTES: usize = 256 * 1_024;

pub(crate) struct App {
    pub(crate) application_name: String,
    /// Scheme, host and port, as in the publishable key.
    pub(crate) origin: String,
    /// The `Host` values that are answered.
    pub(crate) hosts: Vec<String>,
    pub(crate) instance_id: String,
    pub(crate) publishable_key: PublishableKey,
    pub(crate) secret_key: Secret,
    pub(crate) form_key: FormKey,
    pub(crate) mint: Mint,
    pub(crate) redirects: RedirectPolicy,
    pub(crate) store: Store,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) log: RequestLog,
}

impl App {
    pub(crate) fn now(&self) -> UnixTime {
        self.clock.now()
    }

    /// Runs slow work away from the async threads.
    pub(crate) async fn blocking<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        tokio::task::spawn_blocking(work)
            .await
            .map_err(|_| StoreError::interrupted())
    }

    /// The link that signs somebody in with `token`.
    pub(crate) fn sign_in_link(&self, token: &str) -> String {
        format!("{}/sign-in?__clerk_ticket={token}", self.origin)
    }

    /// The link in a mail that lets somebody in with `ticket`.
    pub(crate) fn ticket_link(&self, ticket: &str) -> String {
        format!("{}/v1/tickets/accept?ticket={ticket}", self.origin)
    }

    /// Name and value of everything an application can be told about this portal.
    pub(crate) fn environment(&self) -> Vec<(&'static str, String)> {
        let page = |path: &str| format!("{}{path}", self.origin);
        vec![
            ("CLERK_PUBLISHABLE_KEY", self.publishable_key.as_str().to_owned()),
            ("CLERK_SECRET_KEY", self.secret_key.expose().to_owned()),
            ("CLERK_API_URL", self.origin.clone()),
            ("CLERK_PROXY_URL", self.origin.clone()),
            ("CLERK_SIGN_IN_URL", page("/sign-in")),
            ("CLERK_SIGN_UP_URL", page("/sign-up")),
            ("CLERK_TELEMETRY_DISABLED", "1".to_owned()),
        ]
    }
}

pub(crate) fn router(app: &Arc<App>) -> Router {
    Router::new()
        .merge(pages::router(app))
        .merge(frontend_api::router(app))
        .nest("/accounts.dev", frontend_api::nested_router(app))
        .merge(backend_api::router(app))
        .layer(DefaultBodyLimit::max(MOST_BODY_BYTES))
        .layer(middleware::from_fn_with_state(Arc::clone(app), boundary::guard))
        .with_state(Arc::clone(app))
}
