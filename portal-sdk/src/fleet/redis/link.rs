//! [`Link`]: what the authenticators and the thread of the connection share.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use super::super::{Fleet as _, FleetEvent, FleetHealth, FleetMember, InProcessFleet};
use super::address::Address;
use super::connection::{KEPT_AFTER_END, Names};
use super::problem::Problem;
use super::queue::Queue;
use super::worker;
use crate::clock::{Clock as _, SystemClock, UnixTime};

/// The state of a fleet.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) address: Address,
    pub(super) names: Names,
    /// The time limit of connecting and of each answer.
    pub(super) limit: Duration,
    /// The authenticators of this process.
    members: InProcessFleet,
    queue: Mutex<Queue>,
    /// Wakes the thread for events, members and the end.
    pub(super) wake: Notify,
    /// Ends a pause of the thread.
    pub(super) closed: Notify,
    is_closed: AtomicBool,
    has_thread: AtomicBool,
    is_connected: AtomicBool,
    /// `true` if a member has to hear the stored events.
    must_read: AtomicBool,
    /// The time of the last answer, in milliseconds: earlier events were heard. [`i64::MAX`] before the first one.
    answered_at: AtomicI64,
    said: Mutex<Said>,
}

/// The kinds of lines logged since the last working connection, so that an outage logs each kind once.
#[derive(Debug, Default)]
struct Said {
    unreachable: bool,
    refused: bool,
    not_stored: bool,
    dropped: bool,
    no_thread: bool,
}

impl Link {
    pub(super) fn new(address: Address, prefix: &str, limit: Duration) -> Self {
        Self {
            address,
            names: Names::new(prefix),
            limit,
            members: InProcessFleet::new(),
            queue: Mutex::default(),
            wake: Notify::new(),
            closed: Notify::new(),
            is_closed: AtomicBool::new(false),
            has_thread: AtomicBool::new(false),
            is_connected: AtomicBool::new(false),
            must_read: AtomicBool::new(false),
            answered_at: AtomicI64::new(i64::MAX),
            said: Mutex::default(),
        }
    }

    /// Tells the members of this process, and queues the event for the others.
    pub(super) fn tell(self: &Arc<Self>, event: &FleetEvent) {
        self.members.tell(event);
        // The others would skip it, and with it the whole message that it makes too long.
        if !event.has_possible_id() {
            return;
        }
        let is_dropped = self.queue().push(event.clone(), SystemClock.now() - KEPT_AFTER_END);
        if is_dropped && !std::mem::replace(&mut self.said().dropped, true) {
            let server = self.address.server();
            tracing::warn!(server, "too many events wait for Redis; the oldest are dropped");
        }
        self.wake();
    }

    /// Adds a member, which hears the stored events soon.
    pub(super) fn join(self: &Arc<Self>, member: FleetMember) {
        self.members.join(member);
        self.must_read.store(true, Ordering::Release);
        self.wake();
    }

    /// Wakes the thread, and starts it if it is not running.
    fn wake(self: &Arc<Self>) {
        self.wake.notify_one();
        if self.has_thread.swap(true, Ordering::AcqRel) {
            return;
        }
        if let Err(error) = worker::start(self.clone()) {
            self.has_thread.store(false, Ordering::Release);
            if !std::mem::replace(&mut self.said().no_thread, true) {
                tracing::warn!(%error, "the thread of the fleet could not start; the next event tries again");
            }
        }
    }

    /// Ends the thread. If it is connected, it first sends the events that wait.
    pub(super) fn close(&self) {
        self.is_closed.store(true, Ordering::Release);
        self.wake.notify_one();
        self.closed.notify_one();
    }

    pub(super) fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::Acquire)
    }

    pub(super) fn health(&self) -> FleetHealth {
        let queue = self.queue();
        FleetHealth {
            is_connected: self.is_connected.load(Ordering::Acquire),
            waiting: queue.len(),
            dropped: queue.dropped(),
        }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn said(&self) -> MutexGuard<'_, Said> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The thread's side.
impl Link {
    pub(super) fn hear(&self, events: &[FleetEvent]) {
        if !events.is_empty() {
            self.members.hear(events);
        }
    }

    pub(super) fn take_batch(&self, now: UnixTime) -> Vec<FleetEvent> {
        self.queue().take_batch(now)
    }

    pub(super) fn give_back(&self, batch: Vec<FleetEvent>) {
        self.queue().give_back(batch);
    }

    pub(super) fn take_must_read(&self) -> bool {
        self.must_read.swap(false, Ordering::AcqRel)
    }

    /// Makes the thread read the stored events once it is connected.
    pub(super) fn set_must_read(&self) {
        self.must_read.store(true, Ordering::Release);
    }

    /// Notes that all events until now were heard.
    pub(super) fn answered(&self, now: UnixTime) {
        self.answered_at.store(now.as_millis(), Ordering::Relaxed);
    }

    /// Returns the time since which this replica may have missed events.
    ///
    /// Those whose tokens have expired meanwhile still end live connections. Before the first answer there are none.
    pub(super) fn away_since(&self, now: UnixTime) -> UnixTime {
        now.min(UnixTime::from_millis(self.answered_at.load(Ordering::Relaxed)))
    }

    pub(super) fn connected(&self) {
        self.is_connected.store(true, Ordering::Release);
        let dropped = self.queue().dropped();
        let mut said = self.said();
        let server = self.address.server();
        if said.unreachable || said.refused {
            tracing::info!(server, dropped, "Redis is back; the events that waited are sent");
        } else {
            tracing::info!(server, "connected to Redis");
        }
        *said = Said {
            not_stored: said.not_stored,
            ..Said::default()
        };
    }

    pub(super) fn lost(&self, problem: &Problem) {
        self.is_connected.store(false, Ordering::Release);
        let mut said = self.said();
        let is_said = match problem {
            Problem::Unreachable(_) => &mut said.unreachable,
            Problem::Refused(_) => &mut said.refused,
        };
        if std::mem::replace(is_said, true) {
            return;
        }
        let server = self.address.server();
        match problem {
            Problem::Unreachable(_) => tracing::warn!(
                server,
                %problem,
                "Redis is out of reach; this replica continues with the events that it knows, and sends its own later"
            ),
            Problem::Refused(_) => tracing::warn!(
                server,
                %problem,
                "Redis refuses this replica; check the server, the password, the database and the access rules. The replica \
                 continues with the events that it knows, and sends its own later"
            ),
        }
    }

    /// Notes if events are stored. If not, they are still published.
    pub(super) fn stored(&self, problem: Option<&Problem>) {
        let mut said = self.said();
        let Some(problem) = problem else {
            said.not_stored = false;
            return;
        };
        if !std::mem::replace(&mut said.not_stored, true) {
            let server = self.address.server();
            tracing::warn!(server, %problem, "Redis stores no events; replicas that are not connected miss them");
        }
    }

    /// Notes that the thread panicked and connects again.
    pub(super) fn panicked(&self) {
        self.is_connected.store(false, Ordering::Release);
        let server = self.address.server();
        tracing::error!(server, "the connection to Redis panicked; it is opened again");
    }

    pub(super) fn thread_ended(&self) {
        self.is_connected.store(false, Ordering::Release);
        self.has_thread.store(false, Ordering::Release);
    }
}

/// Records the end of the thread, even by a panic.
pub(super) struct ThreadGuard(pub(super) Arc<Link>);

impl Drop for ThreadGuard {
    fn drop(&mut self) {
        self.0.thread_ended();
    }
}
