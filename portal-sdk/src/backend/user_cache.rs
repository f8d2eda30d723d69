//! [`UserCache`]: users in memory for a few seconds.
//!
//! The requests of one page share a look-up.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::flights::Flights;
use super::{BackendApi, User};
use crate::clock::{Clock, UnixTime};
use crate::effect::BackendError;
use crate::token::UserId;

/// The most users in memory. The oldest are evicted first.
const MAX_USERS: usize = 1_000;
/// The number of groups of users, each with a generation that [`UserCache::forget`] advances.
const GROUPS: usize = 256;

type Answer = Result<Arc<User>, BackendError>;
/// A user, and the start of the call that fetched the data, which may be that old.
type Dated = Result<(UnixTime, Arc<User>), BackendError>;

/// The recently fetched users of one instance.
#[derive(Debug)]
pub(crate) struct UserCache {
    lifetime: Duration,
    entries: Mutex<Entries>,
    /// The generation is part of the key, so that a call after `forget` does not join an earlier one.
    look_ups: Flights<(UserId, u64), Dated>,
    hasher: RandomState,
}

#[derive(Debug)]
struct Entries {
    users: HashMap<UserId, (UnixTime, Arc<User>)>,
    /// Every insertion, oldest first. After a replacement the older insertion no longer matches the time in `users`.
    insertions: VecDeque<(UnixTime, UserId)>,
    /// The number of `forget` calls for each group.
    generations: [u64; GROUPS],
}

impl Default for Entries {
    fn default() -> Self {
        Self {
            users: HashMap::new(),
            insertions: VecDeque::new(),
            generations: [0; GROUPS],
        }
    }
}

impl UserCache {
    /// Creates a cache that keeps users for `lifetime`; zero disables it.
    pub(crate) fn new(lifetime: Duration) -> Self {
        Self {
            lifetime,
            entries: Mutex::default(),
            look_ups: Flights::default(),
            hasher: RandomState::new(),
        }
    }

    /// Returns a user from memory, or fetches the data.
    ///
    /// Data in memory counts if it is fresh and not older than `since`. Concurrent callers share one call (single
    /// flight).
    pub(crate) async fn user<B: BackendApi>(
        self: &Arc<Self>,
        backend: &B,
        clock: &Arc<dyn Clock>,
        id: &UserId,
        since: Option<UnixTime>,
    ) -> Answer {
        if self.lifetime.is_zero() {
            return backend.user(id).await.map(Arc::new);
        }
        let now = clock.now();
        let generation = {
            let entries = self.entries();
            match entries.users.get(id) {
                Some((at, user)) if now.is_within(self.lifetime, *at) && since.is_none_or(|since| *at >= since) => {
                    return Ok(user.clone());
                }
                _ => entries.generations[self.group(id)],
            }
        };
        let look_up = || {
            let (cache, backend, clock, id) = (self.clone(), backend.clone(), clock.clone(), id.clone());
            async move {
                let at = clock.now();
                let user = Arc::new(backend.user(&id).await?);
                cache.keep(id, user.clone(), at, generation);
                Ok((at, user))
            }
        };
        let join = || self.look_ups.join((id.clone(), generation), look_up);
        // The call in progress may have begun before `since`. Only one that begins from now on is certainly new enough.
        let is_too_old = |at: UnixTime| at < now && since.is_some_and(|since| at < since);
        let answer = match join().await.into_answer() {
            Ok((at, _)) if is_too_old(at) => join().await.into_answer(),
            answer => answer,
        };
        answer.map(|(_, user)| user)
    }

    /// Drops the user, so that the next call fetches them. The result of a call in progress is not kept.
    pub(crate) fn forget(&self, id: &UserId) {
        let mut entries = self.entries();
        entries.users.remove(id);
        entries.generations[self.group(id)] += 1;
    }

    fn keep(&self, id: UserId, user: Arc<User>, at: UnixTime, generation: u64) {
        let mut entries = self.entries();
        if entries.generations[self.group(&id)] != generation {
            return;
        }
        entries.users.insert(id.clone(), (at, user));
        entries.insertions.push_back((at, id));
        let is_expired = |at: UnixTime, now: UnixTime| !now.is_within(self.lifetime, at);
        while entries
            .insertions
            .front()
            .is_some_and(|(oldest, _)| entries.insertions.len() > MAX_USERS || is_expired(*oldest, at))
        {
            let Some((inserted_at, id)) = entries.insertions.pop_front() else {
                break;
            };
            if entries.users.get(&id).is_some_and(|(at, _)| *at == inserted_at) {
                entries.users.remove(&id);
            }
        }
    }

    fn group(&self, id: &UserId) -> usize {
        (self.hasher.hash_one(id) % GROUPS as u64) as usize
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keep(cache: &UserCache, id: &str, secs: i64) {
        let user = Arc::new(User::builder(id).build());
        cache.keep(id.into(), user, UnixTime::from_secs(secs), 0);
    }

    #[test]
    fn cache_is_bounded_and_drops_the_oldest_users() {
        let cache = UserCache::new(Duration::from_secs(5));
        for n in 0..2 * MAX_USERS {
            keep(&cache, &format!("user_{n}"), 0);
        }
        let entries = cache.entries();
        assert_eq!((entries.users.len(), entries.insertions.len()), (MAX_USERS, MAX_USERS));
        assert!(!entries.users.contains_key("user_0") && entries.users.contains_key("user_1999"));
    }

    #[test]
    fn expired_users_are_evicted_and_replaced_ones_stay() {
        let cache = UserCache::new(Duration::from_secs(5));
        keep(&cache, "user_1", 0);
        keep(&cache, "user_2", 0);
        keep(&cache, "user_1", 4);
        keep(&cache, "user_3", 6);
        let entries = cache.entries();
        assert!(entries.users.contains_key("user_1") && entries.users.contains_key("user_3"));
        assert!(!entries.users.contains_key("user_2"));
        assert_eq!(entries.insertions.len(), 2);
    }
}
