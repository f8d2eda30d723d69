//! [`Entries`]: the sessions with leases, by session and by user.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use super::registry::{Entry, Held};
use super::resting::Resting;
use crate::token::{SessionId, UserId};

/// The entries of all leases, and the sessions that rest.
#[derive(Default)]
pub(super) struct Entries {
    pub(super) sessions: HashMap<SessionId, (Arc<Entry>, Weak<Held>)>,
    /// The entries of each user, also of tokens without a session.
    pub(super) users: HashMap<UserId, Vec<Arc<Entry>>>,
    /// The number of entries of all users.
    pub(super) len: usize,
    pub(super) resting: Resting,
}

impl Entries {
    pub(super) fn forget(&mut self, entry: &Arc<Entry>) {
        self.forget_session(entry);
        self.forget_user(entry);
    }

    fn forget_session(&mut self, entry: &Arc<Entry>) {
        // Another entry may have taken its place.
        let is_own = |(own, _): &(Arc<Entry>, Weak<Held>)| Arc::ptr_eq(own, entry);
        if let Some(session) = entry.session()
            && self.sessions.get(session).is_some_and(is_own)
        {
            self.sessions.remove(session);
        }
    }

    pub(super) fn remember_user(&mut self, entry: &Arc<Entry>) {
        let entries = self.users.entry(entry.user().clone()).or_default();
        entries.push(entry.clone());
        self.len += 1;
    }

    pub(super) fn forget_user(&mut self, entry: &Arc<Entry>) {
        let Some(entries) = self.users.get_mut(entry.user()) else {
            return;
        };
        let before = entries.len();
        entries.retain(|own| !Arc::ptr_eq(own, entry));
        self.len = self.len + entries.len() - before;
        if entries.is_empty() {
            self.users.remove(entry.user());
        }
    }
}
