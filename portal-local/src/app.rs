//! [`App`]: everything the handlers share.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware;
use portal_sdk::clock::UnixTime;
use portal_sdk::instance::PublishableKey;
use portal_sdk::secret::Secret;

use crate::clock::SkewedClock;
use crate::faults::Faults;
use crate::mint::Mint;
use crate::redirect::RedirectPolicy;
use crate::request_log::RequestLog;
use crate::secrets::FormKey;
use crate::seed::{Seed, SeedError};
use crate::slow_work::SlowWork;
use crate::store::{Store, StoreError};
use crate::store::{email_addresses, instance, prune, roles, second_factors, wipe};
use crate::{backend_api, boundary, control, flow, frontend_api, ids, mint, pages, seed, totp, unread_body};

/// The number of variables at the start of [`App::environment`] that an application of these crates needs.
const ENOUGH_VARIABLES: usize = 2;
/// Forms and Backend API bodies are a few hundred bytes; a refresh carries the headers of a whole request.
const MOST_BODY_BYTES: usize = 256 * 1_024;

/// The interval between deletions of expired data.
const PRUNE_EVERY_MILLIS: u64 = 60_000;

pub(crate) struct App {
    pub(crate) application_name: String,
    /// Scheme, host and port, as in the publishable key.
    pub(crate) origin: String,
    /// The `Host` values that are answered.
    pub(crate) hosts: Vec<String>,
    pub(crate) instance_id: String,
    pub(crate) publishable_key: PublishableKey,
    /// The same address without scheme and path, for clients that refuse those.
    pub(crate) plain_publishable_key: PublishableKey,
    pub(crate) secret_key: Secret,
    pub(crate) form_key: FormKey,
    pub(crate) mint: Mint,
    pub(crate) redirects: RedirectPolicy,
    pub(crate) store: Store,
    pub(crate) clock: SkewedClock,
    pub(crate) log: RequestLog,
    pub(crate) faults: Faults,
    pub(crate) slow_work: SlowWork,
    /// The time of the last deletion of expired data, in milliseconds since 1970.
    pub(crate) pruned_at: AtomicI64,
}

impl App {
    pub(crate) fn now(&self) -> UnixTime {
        self.clock.now()
    }

    /// Hashes or compares a password away from the async threads, a few at once.
    pub(crate) async fn blocking<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        let turn = self.slow_work.turn().await?;
        let work = move || {
            let _turn = turn;
            work()
        };
        tokio::task::spawn_blocking(work)
            .await
            .map_err(|_| StoreError::interrupted())
    }

    /// By which suffixes an application may know its cookies. The last one is that of the key with a path.
    pub(crate) fn cookie_suffixes(&self, for_plain_key: bool) -> Vec<&str> {
        let mut suffixes = Vec::with_capacity(2);
        if for_plain_key {
            suffixes.push(self.plain_publishable_key.cookie_suffix());
        }
        suffixes.push(self.publishable_key.cookie_suffix());
        suffixes
    }

    /// The link that signs a user in with `token`.
    pub(crate) fn sign_in_link(&self, token: &str) -> String {
        format!("{}/sign-in?__clerk_ticket={token}", self.origin)
    }

    /// The link in a mail that redeems `ticket`.
    pub(crate) fn ticket_link(&self, ticket: &str) -> String {
        ticket_link(&self.origin, ticket)
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

    /// The environment in the form of a `.env` file: the two keys, which are enough, then what other clients need.
    pub(crate) fn environment_block(&self) -> String {
        let mut block = String::new();
        for (position, (name, value)) in self.environment().into_iter().enumerate() {
            if position == ENOUGH_VARIABLES {
                block.push_str("\n# For other SDKs:\n");
            }
            block.push_str(&format!("{name}={value}\n"));
        }
        block.push_str("# For clients that refuse a scheme or a path inside the key; needs CLERK_PROXY_URL:\n");
        block.push_str(&format!(
            "# CLERK_PUBLISHABLE_KEY={}\n",
            self.plain_publishable_key.as_str()
        ));
        if let Ok(pem) = self.mint.public_key_line() {
            block.push_str(
                "# To verify tokens without asking for the keys (without the quotes for `docker run --env-file`):\n",
            );
            block.push_str(&format!("# CLERK_JWT_KEY=\"{pem}\"\n"));
        }
        block
    }

    /// Deletes expired data from time to time. Called with every request.
    pub(crate) async fn prune_if_due(&self) {
        let now = self.now();
        let last = self.pruned_at.load(Ordering::Relaxed);
        // The clock may have been set back since, so the distance counts.
        let is_due = now.as_millis().abs_diff(last) >= PRUNE_EVERY_MILLIS;
        let claimed = || {
            let exchanged =
                self.pruned_at
                    .compare_exchange(last, now.as_millis(), Ordering::Relaxed, Ordering::Relaxed);
            exchanged.is_ok()
        };
        if !is_due || !claimed() {
            return;
        }
        let pruned = self
            .store
            .transaction(move |connection| Ok(prune::expired(connection, now)?));
        if let Err(error) = pruned.await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "expired data could not be deleted; retrying in a minute"
            );
        }
    }

    /// Forgets everything but the keys.
    pub(crate) async fn reset(&self) -> Result<(), StoreError> {
        let now = self.now();
        self.store
            .transaction(move |connection| {
                wipe::everything_but_keys(connection)?;
                roles::ensure_system(connection, now)?;
                Ok(())
            })
            .await
    }

    /// Adds the missing parts of the seed.
    pub(crate) async fn seed(self: &Arc<Self>, seed: Seed) -> Result<(), SeedError> {
        let (app, now) = (Arc::clone(self), self.now());
        let store = &self.store;
        store
            .attempt(move |connection| seed::apply(&app, connection, &seed, now))
            .await
    }

    /// Signs with a new key from now on.
    pub(crate) async fn rotate_signing_key(self: &Arc<Self>) -> Result<(), StoreError> {
        let (app, now) = (Arc::clone(self), self.now());
        self.store
            .transaction(move |connection| {
                let key = mint::generate_key().map_err(|_| StoreError::interrupted())?;
                let key_id = ids::new_id(ids::INSTANCE, now);
                instance::set_signing_key(connection, &key_id, &key)?;
                app.mint.rotate(&key, key_id).map_err(|_| StoreError::interrupted())
            })
            .await
    }

    /// A link that signs one person in, by address or user id.
    pub(crate) async fn sign_in_link_for(&self, wanted: String) -> Result<Option<String>, StoreError> {
        let now = self.now();
        let token = self
            .store
            .transaction(move |connection| {
                let known = email_addresses::find_verified(connection, &wanted)?;
                let user_id = known.map_or(wanted, |address| address.user_id);
                let issued = flow::issue_sign_in_token(connection, &user_id, None, flow::SIGN_IN_TOKEN_SECS, now)?;
                Ok(issued.ok())
            })
            .await?;
        Ok(token.map(|(_, text)| self.sign_in_link(&text)))
    }

    /// Returns the code that a user's authenticator app shows, by address or user ID.
    pub(crate) async fn totp_code_for(&self, wanted: String) -> Result<Option<String>, StoreError> {
        let now = self.now();
        self.store
            .transaction(move |connection| {
                let known = email_addresses::find_verified(connection, &wanted)?;
                let user_id = known.map_or(wanted, |address| address.user_id);
                let held = second_factors::find(connection, &user_id)?;
                let step = totp::unused_step(held.last_step, now);
                Ok(held.secret.map(|secret| secret.code(step)))
            })
            .await
    }
}

pub(crate) fn ticket_link(origin: &str, ticket: &str) -> String {
    format!("{origin}/v1/tickets/accept?ticket={ticket}")
}

pub(crate) fn router(app: &Arc<App>) -> Router {
    Router::new()
        .merge(control::router(app))
        .merge(pages::router(app))
        .merge(frontend_api::router(app))
        .nest("/accounts.dev", frontend_api::nested_router(app))
        .merge(backend_api::router(app))
        .layer(DefaultBodyLimit::max(MOST_BODY_BYTES))
        .layer(middleware::from_fn_with_state(Arc::clone(app), boundary::guard))
        // Around everything: whatever answers may have left the body unread.
        .layer(middleware::from_fn(unread_body::settle))
        .with_state(Arc::clone(app))
}
