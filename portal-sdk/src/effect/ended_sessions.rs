//! [`EndedSessions`]: sessions and users that have ended while their tokens are still valid.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher as _};
use std::sync::Arc;

use crate::clock::UnixTime;
use crate::fleet::SessionEndReason;
use crate::limits::MAX_ENDED_SESSIONS;
use crate::token::{SessionClaims, SessionId, UserId};

/// The number of parts of a table. A sign-out copies one part and the list of parts, which are then about equally long.
const PARTS: usize = 512;
/// The most entries of a part: 256. With 100,000 entries, parts have about 195.
const MAX_PART: usize = MAX_ENDED_SESSIONS / PARTS;

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
    /// Expired entries are dropped. Beyond the limit, the entries that expire first are dropped too: 256 are kept in each of
    /// 512 parts, to which a hash assigns the IDs.
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

/// IDs, each with a value and the end of its time.
type Part<K, V> = HashMap<K, (V, UnixTime)>;

/// Entries in parts that clones share.
#[derive(Clone, Debug)]
struct Table<K, V> {
    /// Empty until the first insertion.
    parts: Vec<Arc<Part<K, V>>>,
}

impl<K, V> Default for Table<K, V> {
    fn default() -> Self {
        Self { parts: Vec::new() }
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

    /// Inserts an entry, unless the same ID is kept longer. A known ID keeps its first value.
    fn insert(&mut self, id: K, value: V, until: UnixTime, now: UnixTime) {
        let known = self.find(&id);
        if known.is_some_and(|(_, known)| known >= until) {
            return;
        }
        if self.parts.is_empty() {
            self.parts = vec![Arc::default(); PARTS];
        }
        let Some(part) = self.parts.get_mut(part_of(id.borrow())) else {
            return;
        };
        if Arc::get_mut(part).is_none() {
            *part = Arc::new(live_copy(part, now));
        }
        let part = Arc::make_mut(part);
        if part.len() >= MAX_PART && !part.contains_key::<str>(id.borrow()) {
            forget_first(part);
        }
        let first = known.filter(|(_, until)| *until > now);
        part.insert(id, (first.map_or(value, |(first, _)| first), until));
    }
}

/// Copies the entries that have not expired.
fn live_copy<K: Clone + Eq + Hash, V: Copy>(part: &Part<K, V>, now: UnixTime) -> Part<K, V> {
    let live = part.iter().filter(|(_, (_, until))| *until > now);
    // With room for the entry that follows.
    let mut copy = Part::with_capacity(part.len() + 1);
    copy.extend(live.map(|(id, entry)| (id.clone(), *entry)));
    copy
}

/// Removes the entry that expires first.
fn forget_first<K: Clone + Eq + Hash + Borrow<str>, V>(part: &mut Part<K, V>) {
    let first = part.iter().min_by_key(|(_, (_, until))| *until);
    if let Some(id) = first.map(|(id, _)| id.clone()) {
        part.remove::<str>(id.borrow());
    }
}

/// Returns the part of an ID.
fn part_of(id: &str) -> usize {
    let mut hasher = DefaultHasher::new();
    hasher.write(id.as_bytes());
    usize::try_from(hasher.finish() % PARTS as u64).unwrap_or_default()
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
        table.parts.iter().map(|part| part.len()).sum()
    }

    /// Returns IDs of one part.
    fn of_one_part(count: usize) -> Vec<SessionId> {
        let part = part_of(id(0).as_str());
        let ids = (0..).map(id).filter(|id| part_of(id.as_str()) == part);
        ids.take(count).collect()
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
        let [one, two] = <[_; 2]>::try_from(of_one_part(2)).unwrap();
        let ended = EndedSessions::default().with(one, REASON, at(60), at(0));
        let ended = ended.with(two.clone(), REASON, at(120), at(60));
        assert_eq!((len(&ended), ended.reason(&two, at(61))), (1, Some(REASON)));
    }

    #[test]
    fn entry_is_kept_for_the_longer_of_two_times_with_the_first_reason() {
        let ended = EndedSessions::default().with(id(1), REASON, at(60), at(0));
        let later = ended.with(id(1), SessionEndReason::Revoked, at(90), at(0));
        let same = later.with(id(1), SessionEndReason::Expired, at(70), at(0));
        assert_eq!(same.reason(&id(1), at(80)), Some(REASON));
        let again = same.with(id(1), SessionEndReason::Revoked, at(200), at(90));
        assert_eq!(
            again.reason(&id(1), at(91)),
            Some(SessionEndReason::Revoked),
            "expired before"
        );
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
        let ids = of_one_part(MAX_PART + 1);
        let (last, first_ids) = ids.split_last().unwrap();
        let until = |n: usize| at(if n == 7 { 60 } else { 70 });
        let sessions = first_ids
            .iter()
            .enumerate()
            .map(|(n, id)| (id.clone(), REASON, until(n)));
        let full = EndedSessions::default().with_all(sessions, [], now);
        assert!(len(&full) == MAX_PART && full.reason(&ids[7], now).is_some());
        // A session that is ended again needs no further place.
        assert_eq!(len(&full.with(ids[1].clone(), REASON, at(80), now)), MAX_PART);
        let next = full.with(last.clone(), REASON, at(80), now);
        let known = |id: &SessionId| next.reason(id, now).is_some();
        assert!(!known(&ids[7]) && known(last) && len(&next) == MAX_PART);
        assert_eq!(ids.iter().filter(|id| !known(id)).count(), 1);
        // Expired entries make room before others are forgotten.
        let later = full.with(last.clone(), REASON, at(80), at(65));
        let remembered = |id: &&SessionId| later.reason(id, at(65)).is_some();
        assert_eq!(ids.iter().filter(remembered).count(), MAX_PART);
    }

    #[test]
    fn hundred_thousand_sign_outs_of_a_minute_are_remembered() {
        let ended = (0..10).fold(EndedSessions::default(), |ended, batch| {
            let sessions = (0..10_000).map(|n| (id(batch * 10_000 + n), REASON, at(60)));
            ended.with_all(sessions, [], at(0))
        });
        let forgotten = (0..100_000).filter(|n| ended.reason(&id(*n), at(59)).is_none());
        assert_eq!(forgotten.count(), 0);
    }

    #[test]
    fn burst_of_sign_outs_is_remembered_within_the_limit() {
        let mut ended = EndedSessions::default();
        for batch in 0..3 {
            let sign_outs = (0..MAX_ENDED_SESSIONS).map(|n| (id(batch * MAX_ENDED_SESSIONS + n), REASON, at(60)));
            ended = ended.with_all(sign_outs, [], at(0));
            assert!(ended.reason(&id((batch + 1) * MAX_ENDED_SESSIONS - 1), at(0)).is_some());
        }
        // Each part is full.
        assert_eq!(len(&ended), MAX_ENDED_SESSIONS);
    }
}
