//! [`EndedSessions`]: sessions and users that have ended while their tokens are still valid.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use crate::clock::UnixTime;
use crate::fleet::SessionEndReason;
use crate::token::{SessionClaims, SessionId, UserId};

/// The most sessions, and the most users, that are remembered.
const MAX_ENDED_SESSIONS: usize = 10_000;
/// The number of parts of the table. A sign-out copies one part and the list of parts, which are then about equally long.
const PARTS: usize = 128;
/// The share of a full table that is forgotten at once, so that a burst of sign-outs does not search it each time.
const FORGOTTEN: usize = 8;

/// The IDs of ended sessions and deleted users, each until its tokens have expired. Cloning is cheap.
#[derive(Clone, Debug, Default)]
pub struct EndedSessions {
    /// `None` while both tables are empty, the usual case.
    ended: Option<Arc<Ended>>,
}

#[derive(Clone, Debug, Default)]
struct Ended {
    sessions: Table<SessionId, SessionEndReason>,
    users: Table<UserId, ()>,
}

impl EndedSessions {
    /// Returns these sessions and `id`, which is kept until `until`.
    ///
    /// Expired entries are dropped. Beyond the limit, the entries that expire first are dropped too.
    #[must_use]
    pub fn with(&self, id: SessionId, reason: SessionEndReason, until: UnixTime, now: UnixTime) -> Self {
        self.with_all([(id, reason, until)], [], now)
    }

    /// Returns these sessions and all of the given sessions and users.
    ///
    /// It copies each part of the table at most once, so that events that arrive together cost less.
    #[must_use]
    pub fn with_all(
        &self,
        sessions: impl IntoIterator<Item = (SessionId, SessionEndReason, UnixTime)>,
        users: impl IntoIterator<Item = (UserId, UnixTime)>,
        now: UnixTime,
    ) -> Self {
        let mut ended = self.ended.as_deref().cloned().unwrap_or_default();
        for (id, reason, until) in sessions {
            ended.sessions.insert(id, reason, until, now);
        }
        for (id, until) in users {
            ended.users.insert(id, (), until, now);
        }
        Self {
            ended: Some(Arc::new(ended)),
        }
    }

    /// Returns `true` if a token with these claims is rejected at the time `now`.
    ///
    /// Its session has ended, or its user was deleted.
    #[must_use]
    pub fn rejects(&self, claims: &SessionClaims, now: UnixTime) -> bool {
        let Some(ended) = &self.ended else {
            return false;
        };
        let is_ended = |id: &SessionId| ended.sessions.get(id, now).is_some();
        claims.session_id().is_some_and(is_ended) || ended.users.get(claims.user_id(), now).is_some()
    }

    /// Returns why the session `id` has ended, if its tokens are rejected at the time `now`.
    #[must_use]
    pub fn reason(&self, id: &SessionId, now: UnixTime) -> Option<SessionEndReason> {
        self.ended.as_ref()?.sessions.get(id, now)
    }

    /// Returns `true` if the tokens of the deleted user `id` are rejected at the time `now`.
    #[must_use]
    pub fn is_deleted(&self, id: &UserId, now: UnixTime) -> bool {
        let deleted = self.ended.as_ref().and_then(|ended| ended.users.get(id, now));
        deleted.is_some()
    }

    /// Returns `true` if the session is known to have ended until `until` or later.
    pub(crate) fn knows_session(&self, id: &SessionId, until: UnixTime) -> bool {
        let known = self.ended.as_ref().and_then(|ended| ended.sessions.until(id));
        known.is_some_and(|known| known >= until)
    }

    /// Returns `true` if the user is known to be deleted until `until` or later.
    pub(crate) fn knows_user(&self, id: &UserId, until: UnixTime) -> bool {
        let known = self.ended.as_ref().and_then(|ended| ended.users.until(id));
        known.is_some_and(|known| known >= until)
    }
}

/// IDs, each with a value and the end of its time, in parts that clones share.
#[derive(Clone, Debug)]
struct Table<K, V> {
    /// Empty until the first insertion.
    parts: Vec<Arc<HashMap<K, (V, UnixTime)>>>,
    /// The number of entries, some of which may have expired.
    len: usize,
}

impl<K, V> Default for Table<K, V> {
    fn default() -> Self {
        Self {
            parts: Vec::new(),
            len: 0,
        }
    }
}

impl<K: Clone + Eq + Hash + Borrow<str>, V: Copy> Table<K, V> {
    fn get(&self, id: &K, now: UnixTime) -> Option<V> {
        let (value, until) = self.find(id)?;
        (until > now).then_some(value)
    }

    fn until(&self, id: &K) -> Option<UnixTime> {
        self.find(id).map(|(_, until)| until)
    }

    fn find(&self, id: &K) -> Option<(V, UnixTime)> {
        let id: &str = id.borrow();
        let part = self.parts.get(part_of(id))?;
        part.get(id).copied()
    }

    /// Inserts an entry, unless the same ID is kept longer.
    fn insert(&mut self, id: K, value: V, until: UnixTime, now: UnixTime) {
        match self.until(&id) {
            Some(known) if known >= until => return,
            None if self.len >= MAX_ENDED_SESSIONS => self.make_room(now),
            _ => {}
        }
        if self.parts.is_empty() {
            self.parts = vec![Arc::default(); PARTS];
        }
        let Some(part) = self.parts.get_mut(part_of(id.borrow())) else {
            return;
        };
        let part = Arc::make_mut(part);
        let before = part.len();
        part.retain(|_, (_, until)| *until > now);
        part.insert(id, (value, until));
        self.len = self.len + part.len() - before;
    }

    /// Drops the expired entries. If the table stays full, it also drops the entries that expire first.
    fn make_room(&mut self, now: UnixTime) {
        let live = |(_, (_, until)): &(&K, &(V, UnixTime))| *until > now;
        let entries = self.parts.iter().flat_map(|part| part.iter());
        let mut by_end: Vec<(UnixTime, K)> = entries
            .filter(live)
            .map(|(id, (_, until))| (*until, id.clone()))
            .collect();
        let mut first = Vec::new();
        if by_end.len() >= MAX_ENDED_SESSIONS {
            by_end.select_nth_unstable_by_key(MAX_ENDED_SESSIONS / FORGOTTEN, |(until, _)| *until);
            first.extend(by_end.drain(..MAX_ENDED_SESSIONS / FORGOTTEN).map(|(_, id)| id));
        }
        for part in &mut self.parts {
            Arc::make_mut(part).retain(|_, (_, until)| *until > now);
        }
        for id in &first {
            let id: &str = id.borrow();
            if let Some(part) = self.parts.get_mut(part_of(id)) {
                Arc::make_mut(part).remove(id);
            }
        }
        self.len = self.parts.iter().map(|part| part.len()).sum();
    }
}

/// Returns the part of an ID. The last characters of Clerk's IDs are random.
fn part_of(id: &str) -> usize {
    let last = id.bytes().rev().take(8);
    last.fold(0_usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into())) % PARTS
}

#[cfg(test)]
mod tests {
    use super::*;

    const REASON: SessionEndReason = SessionEndReason::SignedOut;

    fn at(secs: i64) -> UnixTime {
        UnixTime::from_secs(secs)
    }

    fn id(n: usize) -> SessionId {
        SessionId::from(format!("sess_{n}"))
    }

    fn len(ended: &EndedSessions) -> usize {
        let table = &ended.ended.as_ref().unwrap().sessions;
        let found = table.parts.iter().map(|part| part.len()).sum();
        assert_eq!(table.len, found);
        found
    }

    #[test]
    fn session_is_ended_until_its_tokens_expire() {
        let (one, two) = (id(1), id(2));
        let none = EndedSessions::default();
        assert_eq!(none.reason(&one, at(0)), None);
        let ended = none.with(one.clone(), SessionEndReason::Revoked, at(60), at(0));
        assert_eq!(ended.reason(&one, at(59)), Some(SessionEndReason::Revoked));
        assert!(ended.reason(&two, at(59)).is_none() && ended.reason(&one, at(60)).is_none());
        assert!(none.reason(&one, at(59)).is_none(), "a value does not change");
    }

    #[test]
    fn expired_entries_of_a_part_are_dropped_with_the_next_insertion() {
        let same_part: Vec<_> = (0..)
            .filter(|n| part_of(id(*n).as_str()) == part_of(id(0).as_str()))
            .take(2)
            .collect();
        let ended = EndedSessions::default().with(id(same_part[0]), REASON, at(60), at(0));
        let ended = ended.with(id(same_part[1]), REASON, at(120), at(60));
        assert_eq!(
            (len(&ended), ended.reason(&id(same_part[1]), at(61))),
            (1, Some(REASON))
        );
    }

    #[test]
    fn entry_is_kept_for_the_longer_of_two_times() {
        let ended = EndedSessions::default().with(id(1), REASON, at(60), at(0));
        let later = ended.with(id(1), SessionEndReason::Revoked, at(90), at(0));
        let same = later.with(id(1), REASON, at(70), at(0));
        assert_eq!(same.reason(&id(1), at(80)), Some(SessionEndReason::Revoked));
        assert!(same.knows_session(&id(1), at(90)) && !same.knows_session(&id(1), at(91)));
        assert_eq!(len(&same), 1);
    }

    #[test]
    fn token_of_a_deleted_user_is_rejected_until_it_expires() {
        let claims = |user: &str| SessionClaims::of_payload(user, serde_json::Map::new());
        let ended = EndedSessions::default().with_all([], [("user_1".into(), at(60))], at(0));
        assert!(ended.rejects(&claims("user_1"), at(59)) && ended.is_deleted(&"user_1".into(), at(59)));
        assert!(!ended.rejects(&claims("user_1"), at(60)) && !ended.rejects(&claims("user_2"), at(59)));
        assert!(ended.knows_user(&"user_1".into(), at(60)) && !ended.knows_user(&"user_1".into(), at(61)));
    }

    #[test]
    fn session_that_expires_first_is_forgotten_beyond_the_limit() {
        let now = at(0);
        let sessions = (0..MAX_ENDED_SESSIONS).map(|n| (id(n), REASON, at(if n == 7 { 60 } else { 70 })));
        let full = EndedSessions::default().with_all(sessions, [], now);
        assert!(len(&full) == MAX_ENDED_SESSIONS && full.reason(&id(7), now).is_some());
        // A session that is ended again needs no further place.
        assert_eq!(len(&full.with(id(1), REASON, at(80), now)), MAX_ENDED_SESSIONS);
        let next = full.with(id(MAX_ENDED_SESSIONS), REASON, at(80), now);
        assert!(next.reason(&id(7), now).is_none() && next.reason(&id(MAX_ENDED_SESSIONS), now).is_some());
        assert_eq!(len(&next), MAX_ENDED_SESSIONS - MAX_ENDED_SESSIONS / FORGOTTEN + 1);
        // Expired entries make room before others are forgotten.
        assert_eq!(
            len(&full.with(id(MAX_ENDED_SESSIONS), REASON, at(80), at(65))),
            MAX_ENDED_SESSIONS
        );
    }

    #[test]
    fn burst_of_sign_outs_is_remembered_within_the_limit() {
        let mut ended = EndedSessions::default();
        for n in 0..3 * MAX_ENDED_SESSIONS {
            ended = ended.with(id(n), REASON, at(60), at(0));
            assert!(ended.reason(&id(n), at(0)).is_some());
        }
        assert!(len(&ended) <= MAX_ENDED_SESSIONS);
    }
}
