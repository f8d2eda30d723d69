//! Replicas that tell each other which sessions have ended: [`Fleet`], [`FleetEvent`], [`InProcessFleet`] and, with the
//! feature `redis`, `RedisFleet`.
//!
//! A session token outlives its session by up to a minute. The process that ends a session rejects its tokens at once;
//! a fleet lets the other replicas of the application do so too. It also ends their live connections, see
//! [`lease`](crate::lease).

mod event;
mod in_process;
#[cfg(feature = "redis")]
mod redis;

use std::fmt;
use std::sync::{Arc, Weak};

pub use event::{FleetEvent, SessionEndReason};
pub use in_process::InProcessFleet;

#[cfg(feature = "redis")]
pub use self::redis::{RedisFleet, RedisFleetBuilder};

/// Carries events between the authenticators of one Clerk instance.
///
/// [`AuthenticatorBuilder::fleet`](crate::authenticator::AuthenticatorBuilder::fleet) takes an implementation. The
/// default, [`InProcessFleet`], reaches the authenticators of one process. `RedisFleet` (feature `redis`) reaches those
/// of other processes.
///
/// An implementation between processes sends [`FleetEvent::to_json`], and passes what it receives to each
/// [`FleetMember`]. It also stores each event under its [key](FleetEvent::store_key) until it
/// [expires](FleetEvent::until), so that a replica that was away learns it after it reconnects. Keep it longer if a
/// replica can be away longer, because an expired event still ends live connections. Events may arrive late, repeatedly
/// and in any order. They may also return to the replica that sent them. While the connection is down, the replicas
/// continue with the events they know.
///
/// # Security
///
/// A process that can send events can sign users out and end their live connections. It can also make each replica fetch the
/// signing keys sooner, once for each key in a [key lifetime](crate::backend::KeyCachePolicy::with_lifetime). It cannot sign
/// a user in. Give only the application's replicas access to the transport. Events contain no secrets, only the IDs of
/// sessions, users and keys.
///
/// # Example
///
/// ```
/// use std::sync::{Mutex, PoisonError};
///
/// use portal_sdk::fleet::{Fleet, FleetEvent, FleetMember};
///
/// /// Sends each event as one line of a queue, which a task writes to the network.
/// #[derive(Debug)]
/// struct LineFleet {
///     queue: tokio::sync::mpsc::Sender<String>,
///     members: Mutex<Vec<FleetMember>>,
/// }
///
/// impl Fleet for LineFleet {
///     fn tell(&self, event: &FleetEvent) {
///         // `try_send` never waits. A full queue loses the event.
///         let _ = self.queue.try_send(event.to_json());
///     }
///
///     fn join(&self, member: FleetMember) {
///         self.members.lock().unwrap_or_else(PoisonError::into_inner).push(member);
///     }
/// }
///
/// impl LineFleet {
///     /// Handles lines from the network. An event of a later version is skipped.
///     fn received(&self, lines: &[String]) {
///         let events: Vec<_> = lines.iter().filter_map(|line| FleetEvent::from_json(line)).collect();
///         let mut members = self.members.lock().unwrap_or_else(PoisonError::into_inner);
///         members.retain(|member| !member.is_gone());
///         members.iter().for_each(|member| member.hear(&events));
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a fleet",
    note = "`RedisFleet::from_env` returns an `Option`: call `fleet(…)` only if it is `Some`"
)]
pub trait Fleet: fmt::Debug + Send + Sync + 'static {
    /// Sends an event to the other members.
    ///
    /// Must return at once and must not block, because requests call it. Queue the event if sending takes time.
    fn tell(&self, event: &FleetEvent);

    /// Adds a member, which hears the events from now on.
    ///
    /// Called once for each authenticator, when it is built, possibly outside a tokio runtime.
    fn join(&self, member: FleetMember);

    /// Returns the state of the connection; `None` if the fleet has none, as within one process.
    ///
    /// [`Authenticator::health`](crate::authenticator::Authenticator::health) shows it.
    fn health(&self) -> Option<FleetHealth> {
        None
    }
}

/// The state of a fleet's connection.
///
/// ```
/// use portal_sdk::fleet::FleetHealth;
///
/// let mut health = FleetHealth::default();
/// health.is_connected = true;
/// health.waiting = 3;
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct FleetHealth {
    /// `true` while events can be sent and received.
    pub is_connected: bool,
    /// The number of events that wait to be sent.
    pub waiting: usize,
    /// The number of events that were dropped because too many waited.
    pub dropped: u64,
}

impl<F: Fleet + ?Sized> Fleet for Arc<F> {
    fn tell(&self, event: &FleetEvent) {
        (**self).tell(event);
    }

    fn join(&self, member: FleetMember) {
        (**self).join(member);
    }

    fn health(&self) -> Option<FleetHealth> {
        (**self).health()
    }
}

/// An authenticator in a [`Fleet`]. It does not keep the authenticator alive; cloning is cheap.
#[derive(Clone)]
pub struct FleetMember {
    listener: Weak<dyn Listener>,
}

impl FleetMember {
    pub(crate) fn new(listener: Weak<dyn Listener>) -> Self {
        Self { listener }
    }

    /// Passes events to the authenticator. A no-op once the authenticator is dropped.
    ///
    /// Never waits for the network. Events that the authenticator knows change nothing. Pass events that arrive together
    /// in one call, because each call copies parts of a shared table.
    pub fn hear(&self, events: &[FleetEvent]) {
        if let Some(listener) = self.listener.upgrade() {
            listener.hear(events);
        }
    }

    /// Returns `true` once the authenticator is dropped. Remove the member then.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.listener.strong_count() == 0
    }
}

impl fmt::Debug for FleetMember {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FleetMember")
            .field("is_gone", &self.is_gone())
            .finish_non_exhaustive()
    }
}

/// An authenticator that takes over events.
pub(crate) trait Listener: Send + Sync {
    fn hear(&self, events: &[FleetEvent]);
}
