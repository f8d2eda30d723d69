//! [`Leases`]: the sessions with leases in this process, one entry each.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::Instant;

use super::entries::Entries;
use super::gate::Gate;
use super::resting::State;
use super::{Lease, LeaseEnd, LeasePolicy, LeaseRule, LeaseStep};
use crate::clock::UnixTime;
use crate::effect::BackendError;
use crate::jitter::random;
use crate::throttle::Throttle;
use crate::token::{SessionClaims, SessionId, UserId};

/// The sessions with leases.
pub(crate) struct Leases {
    policy: LeasePolicy,
    /// The start of the steady clock. The system's clock may be set while a lease lasts.
    origin: Instant,
    gate: Gate,
    entries: Mutex<Entries>,
    /// The number of entries. Read without the lock, because most processes have none.
    len: AtomicUsize,
    look_ups: AtomicU64,
    /// `true` while look-ups fail, so that one line is logged for an outage.
    is_failing: AtomicBool,
    throttle: Throttle,
}

/// A session with leases, or a token without a session.
pub(crate) struct Entry {
    session: Option<SessionId>,
    user: UserId,
    state: Mutex<State>,
    ended: watch::Sender<Option<LeaseEnd>>,
    task: OnceLock<AbortHandle>,
}

/// The value that all leases of an entry share. The look-ups stop when it is dropped with the last lease.
pub(super) struct Held {
    entry: Arc<Entry>,
    leases: Arc<Leases>,
}

/// The guard of the task that looks an entry's session up. Dropping it ends the leases.
pub(crate) struct TaskGuard {
    leases: Arc<Leases>,
    entry: Arc<Entry>,
}

impl Leases {
    pub(crate) fn new(policy: LeasePolicy) -> Self {
        Self {
            policy,
            origin: Instant::now(),
            gate: Gate::default(),
            entries: Mutex::default(),
            len: AtomicUsize::new(0),
            look_ups: AtomicU64::new(0),
            is_failing: AtomicBool::new(false),
            throttle: Throttle::default(),
        }
    }

    /// Returns the number of entries.
    pub(crate) fn len(&self) -> usize {
        self.len.load(Ordering::Relaxed)
    }

    /// Returns the number of look-ups so far.
    pub(crate) fn look_ups(&self) -> u64 {
        self.look_ups.load(Ordering::Relaxed)
    }

    /// Returns a lease, and its entry if it is new. For a new entry, the caller checks if the session has ended and starts
    /// the task.
    ///
    /// `now` is the clock's time.
    pub(crate) fn lease(self: &Arc<Self>, claims: &SessionClaims, now: UnixTime) -> (Lease, Option<Arc<Entry>>) {
        let session = claims.session_id().filter(|id| !id.as_str().is_empty());
        let mut entries = self.entries();
        let shared = session.and_then(|id| entries.sessions.get(id)?.1.upgrade());
        if let Some(held) = shared {
            drop(entries);
            self.prove(&held.entry, claims, now);
            return (Lease { held }, None);
        }
        let resting = session.and_then(|id| entries.resting.take(id, self.now()));
        let entry = Arc::new(self.entry(session.cloned(), claims, resting, now));
        let held = Arc::new(Held {
            entry: entry.clone(),
            leases: self.clone(),
        });
        if let Some(session) = session {
            let replaced = entries
                .sessions
                .insert(session.clone(), (entry.clone(), Arc::downgrade(&held)));
            if let Some((replaced, _)) = replaced {
                entries.forget_user(&replaced);
            }
        }
        entries.remember_user(&entry);
        self.len.store(entries.len, Ordering::Relaxed);
        drop(entries);
        self.prove(&entry, claims, now);
        (Lease { held }, Some(entry))
    }

    /// Takes a token that was not seen before as proof that its session is alive.
    pub(crate) fn proven(&self, claims: &SessionClaims, now: UnixTime) {
        if self.len() == 0 {
            return;
        }
        let entry = {
            let entries = self.entries();
            let entry = claims.session_id().and_then(|id| entries.sessions.get(id));
            entry.map(|(entry, _)| entry.clone())
        };
        if let Some(entry) = entry {
            self.prove(&entry, claims, now);
        }
    }

    /// Ends the leases of a session.
    ///
    /// Locks even if there are no entries: the lock orders it with a lease that is created at the same time, which either
    /// is found here or finds its session ended.
    pub(crate) fn end_session(&self, id: &SessionId, end: LeaseEnd) {
        let entry = {
            let mut entries = self.entries();
            entries.resting.forget(id);
            entries.sessions.get(id).map(|(entry, _)| entry.clone())
        };
        if let Some(entry) = entry {
            self.end(&entry, end);
        }
    }

    /// Ends the leases of all sessions of a user.
    pub(crate) fn end_user(&self, id: &UserId, end: LeaseEnd) {
        let entries = {
            let mut entries = self.entries();
            entries.resting.forget_user(id);
            entries.users.get(id).cloned().unwrap_or_default()
        };
        for entry in entries {
            self.end(&entry, end);
        }
    }

    /// Ends the leases of an entry, unless they have ended.
    pub(crate) fn end(&self, entry: &Arc<Entry>, end: LeaseEnd) {
        // Removed first, so that a lease that is created next gets an entry that lives.
        self.remove(entry);
        entry.ended.send_if_modified(|ended| {
            let is_first = ended.is_none();
            ended.get_or_insert(end);
            is_first
        });
        if let (Some(session), LeaseEnd::SessionEnded(_) | LeaseEnd::UserDeleted) = (&entry.session, end) {
            // Last, because the last lease may have been dropped meanwhile.
            self.entries().resting.forget(session);
        }
        if let Some(task) = entry.task.get() {
            task.abort();
        }
    }

    /// Returns the next step for an entry.
    pub(crate) fn step(&self, entry: &Entry) -> LeaseStep {
        entry.state().rule.step(self.now())
    }

    /// Makes a look-up when it is its turn, and records its start.
    ///
    /// # Errors
    ///
    /// Returns [`BackendError`] if the call fails or its turn does not come in time.
    pub(crate) async fn look_up<T>(
        &self,
        entry: &Entry,
        call: impl Future<Output = Result<T, BackendError>>,
    ) -> Result<T, BackendError> {
        let patience = {
            let mut state = entry.state();
            state.was_looked_up = true;
            state.rule.started(self.now());
            state.rule.patience(self.now())
        };
        let counted = async {
            self.look_ups.fetch_add(1, Ordering::Relaxed);
            call.await
        };
        self.gate.pass(patience, || self.now(), counted).await
    }

    /// Records that the look-up found the session alive.
    pub(crate) fn confirmed(&self, entry: &Entry) {
        entry.state().rule.confirmed(random());
        if self.is_failing.swap(false, Ordering::Relaxed) {
            tracing::info!("sessions with live connections can be looked up again");
        }
    }

    /// Records a failed look-up.
    pub(crate) fn failed(&self, entry: &Entry, error: &BackendError) {
        entry.state().rule.failed(error.retry_after(), self.now(), random());
        // Once per outage, because every look-up fails then. At most once a minute, because a success resets the flag.
        if !self.is_failing.load(Ordering::Relaxed)
            && let Some(held_back) = self.throttle.admit("lease", self.now())
        {
            self.is_failing.store(true, Ordering::Relaxed);
            tracing::warn!(
                error = error.with_sources(),
                max_age_secs = self.policy.max_age.as_secs(),
                held_back,
                "a session with live connections cannot be looked up; they stay open until its last proof is older than \
                 max_age_secs"
            );
        }
    }

    /// The time of the steady clock.
    fn now(&self) -> UnixTime {
        UnixTime::from_millis(0) + self.origin.elapsed()
    }

    fn entry(
        &self,
        session: Option<SessionId>,
        claims: &SessionClaims,
        resting: Option<State>,
        now: UnixTime,
    ) -> Entry {
        Entry {
            session,
            user: claims.user_id().clone(),
            state: Mutex::new(resting.unwrap_or_else(|| self.state(claims, now))),
            ended: watch::Sender::new(None),
            task: OnceLock::new(),
        }
    }

    /// Returns the state of a session that is not known.
    fn state(&self, claims: &SessionClaims, now: UnixTime) -> State {
        let age = claims.issued_at().map(|at| now.age_of(at).unwrap_or_default());
        // With a token that has expired, the session may have ended so long ago that its end is forgotten.
        let age = match age {
            Some(age) if claims.expires_at().is_none_or(|at| at > now) => age,
            // As old as an interval at least, so that the session is looked up at once.
            age => age.unwrap_or_default().max(self.policy.interval),
        };
        let now = self.now();
        State {
            rule: LeaseRule::new(self.policy, now - age, now, random()),
            newest: claims.issued_at(),
            was_looked_up: false,
        }
    }

    /// Takes a token as proof if it was issued later than those before.
    ///
    /// Times of issue are compared, because the age of a known token changes when the clock is set.
    fn prove(&self, entry: &Entry, claims: &SessionClaims, now: UnixTime) {
        let Some(issued_at) = claims.issued_at() else {
            return;
        };
        let mut state = entry.state();
        if state.newest.is_some_and(|newest| newest >= issued_at) {
            return;
        }
        state.newest = Some(issued_at);
        let age = now.age_of(issued_at).unwrap_or_default();
        state.rule.proven(self.now() - age, random());
    }

    fn remove(&self, entry: &Arc<Entry>) {
        let mut entries = self.entries();
        entries.forget(entry);
        self.has_removed(&entries);
    }

    /// Removes an entry whose last lease was dropped.
    fn rest(&self, entry: &Arc<Entry>) {
        let mut entries = self.entries();
        entries.forget(entry);
        if let Some(session) = &entry.session
            && entry.ended.borrow().is_none()
            && !entries.sessions.contains_key(session)
        {
            entries.resting.put(session, &entry.user, entry.state().clone());
        }
        self.has_removed(&entries);
    }

    fn has_removed(&self, entries: &Entries) {
        self.len.store(entries.len, Ordering::Relaxed);
        if entries.len == 0 {
            // Nothing is left to show the end of this outage, so the next failure is another one's.
            self.is_failing.store(false, Ordering::Relaxed);
        }
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        // The critical sections leave no partial state, so a poisoned lock is still consistent.
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    pub(crate) fn session(&self) -> Option<&SessionId> {
        self.session.as_ref()
    }

    pub(crate) fn user(&self) -> &UserId {
        &self.user
    }

    /// Sets the task that keeps the entry alive.
    pub(crate) fn set_task(&self, task: AbortHandle) {
        let task = self.task.get_or_init(|| task);
        // It may have ended before the task was known.
        if self.ended.borrow().is_some() {
            task.abort();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    pub(super) async fn ended(&self) -> LeaseEnd {
        let mut ended = self.entry.ended.subscribe();
        let ended = ended.wait_for(Option::is_some).await;
        // The sender lives as long as the entry, so that the wait does not fail.
        ended.ok().and_then(|ended| *ended).unwrap_or(LeaseEnd::Unconfirmed)
    }

    pub(super) fn end(&self) -> Option<LeaseEnd> {
        *self.entry.ended.borrow()
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.leases.rest(&self.entry);
        if let Some(task) = self.entry.task.get() {
            task.abort();
        }
    }
}

impl TaskGuard {
    pub(crate) fn new(leases: Arc<Leases>, entry: Arc<Entry>) -> Self {
        Self { leases, entry }
    }
}

/// Runs when the task has ended, its runtime was shut down, or a custom backend panicked.
impl Drop for TaskGuard {
    fn drop(&mut self) {
        self.leases.end(&self.entry, LeaseEnd::Unconfirmed);
    }
}

impl fmt::Debug for Leases {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Leases")
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}
