//! [`App`]: what the handlers share.

use std::sync::atomic::AtomicI64;

use portal_sdk::clock::UnixTime;
use portal_sdk::instance::PublishableKey;
use portal_sdk::secret::Secret;

use crate::clock::SkewedClock;
use crate::faults::Faults;
use crate::links;
use crate::mint::Mint;
use crate::redirect::RedirectPolicy;
use crate::request_log::RequestLog;
use crate::secrets::FormKey;
use crate::slow_work::SlowWork;
use crate::store::{Store, StoreError};

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
        links::sign_in_link(&self.origin, token)
    }

    /// The link in a mail that redeems `ticket`.
    pub(crate) fn ticket_link(&self, ticket: &str) -> String {
        links::ticket_link(&self.origin, ticket)
    }
}
