//! [`App`]: what the handlers share.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use portal_sdk::clock::UnixTime;
use portal_sdk::instance::PublishableKey;
use portal_sdk::secret::Secret;

use crate::clock::SkewedClock;
use crate::faults::Faults;
use crate::flow::{Application, Flows};
use crate::request_log::RequestLog;
use crate::secrets::FormKey;
use crate::store::Store;
use crate::webhooks::Webhooks;

pub(crate) struct App {
    /// The `Host` values that are answered.
    pub(crate) hosts: Vec<String>,
    pub(crate) publishable_key: PublishableKey,
    /// The same address without scheme and path, for clients that refuse those.
    pub(crate) plain_publishable_key: PublishableKey,
    pub(crate) secret_key: Secret,
    pub(crate) webhook_secret: Secret,
    pub(crate) form_key: FormKey,
    pub(crate) store: Store,
    pub(crate) flows: Flows,
    pub(crate) clock: Arc<SkewedClock>,
    pub(crate) log: RequestLog,
    pub(crate) faults: Faults,
    pub(crate) webhooks: Arc<Webhooks>,
    /// The time of the last deletion of expired data, in milliseconds since 1970.
    pub(crate) pruned_at: AtomicI64,
}

impl Deref for App {
    type Target = Application;

    fn deref(&self) -> &Application {
        self.flows.application()
    }
}

impl App {
    pub(crate) fn now(&self) -> UnixTime {
        self.clock.now()
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
}
