//! The end of a session, as a future: [`Lease`], for WebSockets, event streams and other connections that stay open.
//!
//! A request is authenticated once, when it arrives. A connection that stays open outlives its token, and possibly its
//! session. [`Authenticator::lease`](crate::authenticator::Authenticator::lease) returns a [`Lease`], whose
//! [`ended`](Lease::ended) completes when the connection must be closed. [`LeaseEnd`] is the reason, with the words and
//! codes that tell the client.
//!
//! | The session | Its leases end |
//! |---|---|
//! | is ended by an authenticator of the [fleet](crate::fleet), after sign-out or a webhook | at once |
//! | ends at Clerk without a webhook | with the next look-up, after the [interval](LeasePolicy::with_interval): a minute by default |
//! | cannot be looked up, because Clerk is unreachable | when the last proof reaches the [age](LeasePolicy::with_max_age): ten minutes by default |
//!
//! A look-up is one call, `GET /sessions/{id}`. All leases of a session in one process share one look-up in each interval,
//! also if a client reconnects in a loop. A newer token of the session in a request to this process counts as a look-up. When
//! the last lease is dropped, the look-ups stop.
//!
//! Clerk limits the calls of an instance (<https://clerk.com/docs/guides/how-clerk-works/system-limits>), and sign-in needs
//! some of them. The calls per second are the number of connected sessions divided by the interval in seconds. With more
//! than a thousand sessions, use webhooks and a longer interval.

mod end;
mod entries;
mod gate;
mod policy;
mod registry;
mod resting;
mod rule;

use std::fmt;
use std::sync::Arc;

pub use end::LeaseEnd;
pub use policy::LeasePolicy;
pub(crate) use registry::{Entry, Leases, TaskGuard};
#[cfg(feature = "unstable-decision")]
pub use rule::{LeaseRule, LeaseStep};
#[cfg(not(feature = "unstable-decision"))]
pub(crate) use rule::{LeaseRule, LeaseStep};

use self::registry::Held;

/// A session's permission to keep a connection open. It ends with the session; cloning is cheap.
///
/// [`Authenticator::lease`](crate::authenticator::Authenticator::lease) creates it. Keep it as long as the connection,
/// because the session is looked up only while it has leases. The futures of [`ended`](Self::ended) keep it too.
///
/// ```
/// use portal_sdk::authenticator::Authenticator;
/// use portal_sdk::backend::BackendApi;
/// use portal_sdk::token::SessionClaims;
/// use tokio::sync::mpsc::Receiver;
///
/// /// Sends messages until the session ends, and returns the last line for the client.
/// async fn stream<B: BackendApi>(clerk: &Authenticator<B>, claims: &SessionClaims, mut news: Receiver<String>) -> String {
///     let lease = clerk.lease(claims);
///     let mut ended = std::pin::pin!(lease.ended());
///     loop {
///         tokio::select! {
///             end = &mut ended => return format!("bye: {end}"),
///             Some(line) = news.recv() => println!("{line}"),
///         }
///     }
/// }
/// ```
#[derive(Clone)]
pub struct Lease {
    held: Arc<Held>,
}

impl Lease {
    /// Completes when the connection must be closed.
    ///
    /// Any number of futures may wait. Cancel safe: a new future completes at once if the lease has ended.
    #[must_use = "a future does nothing unless polled"]
    pub fn ended(&self) -> impl Future<Output = LeaseEnd> + Send + use<> {
        let held = Arc::clone(&self.held);
        async move { held.ended().await }
    }

    /// Returns the reason if the lease has ended.
    #[must_use]
    pub fn end(&self) -> Option<LeaseEnd> {
        self.held.end()
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease")
            .field("end", &self.end())
            .finish_non_exhaustive()
    }
}
