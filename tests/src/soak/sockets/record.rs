//! [`Record`]: the counts, times and violations of a run.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::soak::watch::Violations;

const MOST_TEXTS: usize = 10;

/// A property of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Property {
    Closed,
    Reason,
    Living,
    Refused,
    NoneLeft,
    Answers,
    Memory,
    Descriptors,
    Tasks,
}

impl Property {
    pub(super) const ALL: [Self; 9] = [
        Self::Closed,
        Self::Reason,
        Self::Living,
        Self::Refused,
        Self::NoneLeft,
        Self::Answers,
        Self::Memory,
        Self::Descriptors,
        Self::Tasks,
    ];

    /// Returns `true` if it is measured over time, so that a short run says nothing about it.
    pub(super) fn is_trend(self) -> bool {
        matches!(self, Self::Memory | Self::Descriptors | Self::Tasks)
    }
}

impl fmt::Display for Property {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Closed => "each socket of an ended session is closed in time",
            Self::Reason => "the close frame has the right code and reason",
            Self::Living => "no socket of a live session is closed or silent",
            Self::Refused => "a token of an ended session opens no socket",
            Self::NoneLeft => "no socket, lease or task is left at the end",
            Self::Answers => "requests get the expected answer, and the program runs",
            Self::Memory => "memory is flat",
            Self::Descriptors => "file descriptors and threads are flat",
            Self::Tasks => "tasks are flat",
        })
    }
}

/// The way in which a session ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum End {
    SignOut,
    Revocation,
    Deletion,
    /// As above, but the application loses the webhook.
    UnreportedRevocation,
    UnreportedDeletion,
}

impl End {
    pub(super) const ALL: [Self; 5] = [
        Self::SignOut,
        Self::Revocation,
        Self::Deletion,
        Self::UnreportedRevocation,
        Self::UnreportedDeletion,
    ];

    /// Returns the same end without its webhook. Sign-out takes place in the application, which needs none.
    pub(super) fn unreported(self) -> Self {
        match self {
            Self::Revocation => Self::UnreportedRevocation,
            Self::Deletion => Self::UnreportedDeletion,
            other => other,
        }
    }

    /// Returns the reasons that the close frame may have.
    pub(super) fn reasons(self) -> &'static [&'static str] {
        match self {
            Self::SignOut => &["signed-out"],
            Self::Revocation | Self::UnreportedRevocation => &["revoked"],
            // The portal sends `session.revoked` too, and a look-up may come before either. The first one decides.
            Self::Deletion => &["user-deleted", "revoked", "not-found"],
            Self::UnreportedDeletion => &["not-found"],
        }
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::SignOut => "sign-out by the page",
            Self::Revocation => "revocation, webhook",
            Self::Deletion => "deletion of the user, webhook",
            Self::UnreportedRevocation => "revocation, look-up",
            Self::UnreportedDeletion => "deletion of the user, look-up",
        })
    }
}

/// Everything that was seen.
#[derive(Debug, Default)]
pub(super) struct Record {
    pub(super) is_over: AtomicBool,
    pub(super) opened: AtomicU64,
    pub(super) echoes: AtomicU64,
    pub(super) vanished: AtomicU64,
    pub(super) mute: AtomicU64,
    pub(super) renewals: AtomicU64,
    pub(super) ended_sessions: AtomicU64,
    closed: Mutex<BTreeMap<End, Vec<u64>>>,
    violations: Mutex<BTreeMap<Property, Violations>>,
}

impl Record {
    pub(super) fn violated(&self, property: Property, text: impl fmt::Display) {
        let mut violations = self.violations.lock().unwrap_or_else(PoisonError::into_inner);
        let found = violations.entry(property).or_default();
        found.count += 1;
        if found.texts.len() < MOST_TEXTS {
            found.texts.push(text.to_string());
        }
    }

    /// Records the time from the end of a session to the close frame of one of its sockets.
    pub(super) fn closed(&self, end: End, after: Duration) {
        let mut closed = self.closed.lock().unwrap_or_else(PoisonError::into_inner);
        let millis = u64::try_from(after.as_millis()).unwrap_or(u64::MAX);
        closed.entry(end).or_default().push(millis);
    }

    pub(super) fn violations(&self) -> BTreeMap<Property, Violations> {
        self.violations.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns the times of each kind of end in milliseconds, sorted.
    pub(super) fn close_times(&self) -> BTreeMap<End, Vec<u64>> {
        let mut times = self.closed.lock().unwrap_or_else(PoisonError::into_inner).clone();
        times.values_mut().for_each(|times| times.sort_unstable());
        times
    }
}
