//! [`EndedSessions`]: sessions that this process has ended while their tokens are still valid.

use std::collections::HashMap;
use std::sync::Arc;

use crate::clock::UnixTime;
use crate::token::SessionId;

/// The most sessions that are remembered. Each sign-out copies them.
const MAX_ENDED_SESSIONS: usize = 10_000;

/// The IDs of ended sessions, each until its tokens have expired. Cloning is cheap.
#[derive(Clone, Debug, Default)]
pub struct EndedSessions {
    /// `None` while the set is empty, the usual case.
    until: Option<Arc<HashMap<SessionId, UnixTime>>>,
}

impl EndedSessions {
    /// Returns these sessions and `id`, which is kept until `until`.
    ///
    /// Expired entries are dropped. Beyond the limit, the entry that expires first is dropped too.
    #[must_use]
    pub fn with(&self, id: SessionId, until: UnixTime, now: UnixTime) -> Self {
        let known = self.until.iter().flat_map(|ended| ended.iter());
        let mut ended: HashMap<_, _> = known
            .filter(|(_, until)| **until > now)
            .map(|(id, until)| (id.clone(), *until))
            .collect();
        if ended.len() >= MAX_ENDED_SESSIONS
            && !ended.contains_key(&id)
            && let Some(first) = ended.iter().min_by_key(|(_, until)| **until).map(|(id, _)| id.clone())
        {
            ended.remove(&first);
        }
        ended.insert(id, until);
        Self {
            until: Some(Arc::new(ended)),
        }
    }

    /// Returns `true` if the session `id` is ended at the time `now`.
    #[must_use]
    pub fn contains(&self, id: &SessionId, now: UnixTime) -> bool {
        let until = self.until.as_ref().and_then(|ended| ended.get(id));
        until.is_some_and(|until| *until > now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn session_is_ended_until_its_tokens_expire() {
        let at = UnixTime::from_secs;
        let (one, two) = (SessionId::from("sess_1"), SessionId::from("sess_2"));
        let none = EndedSessions::default();
        assert!(!none.contains(&one, at(0)));
        let ended = none.with(one.clone(), at(60), at(0));
        assert!(ended.contains(&one, at(59)) && !ended.contains(&two, at(59)));
        assert!(!ended.contains(&one, at(60)));
        let ended = ended.with(two.clone(), at(120), at(60));
        assert!(ended.contains(&two, at(61)));
        assert_eq!(ended.until.unwrap().len(), 1, "expired entries are forgotten");
    }

    #[test]
    fn session_that_expires_first_is_forgotten_beyond_the_limit() {
        let (at, now) = (UnixTime::from_secs, UnixTime::from_secs(0));
        let id = |n: usize| SessionId::from(format!("sess_{n}"));
        let first = EndedSessions::default().with(id(0), at(60), now);
        let full = HashMap::from_iter(
            (1..MAX_ENDED_SESSIONS)
                .map(|n| (id(n), at(70)))
                .chain([(id(0), at(60))]),
        );
        let full = EndedSessions {
            until: Some(Arc::new(full)),
        };
        assert!(first.contains(&id(0), now) && full.contains(&id(0), now));
        // A session that is ended again needs no further place.
        assert!(full.with(id(1), at(70), now).contains(&id(0), now));
        let full = full.with(id(MAX_ENDED_SESSIONS), at(80), now);
        assert!(
            !full.contains(&id(0), now) && full.contains(&id(1), now) && full.contains(&id(MAX_ENDED_SESSIONS), now)
        );
        assert_eq!(full.until.unwrap().len(), MAX_ENDED_SESSIONS);
    }
}
