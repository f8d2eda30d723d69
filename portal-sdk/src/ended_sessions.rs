//! Sessions that were signed out here while tokens of theirs are still good.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{PoisonError, RwLock};

use crate::clock::UnixTime;
use crate::token::SessionId;

/// Ids of ended sessions, each until its tokens have expired.
#[derive(Debug, Default)]
pub(crate) struct EndedSessions {
    until: RwLock<HashMap<SessionId, UnixTime>>,
    /// Almost always false, so that a request does not ask for the lock.
    is_any: AtomicBool,
}

impl EndedSessions {
    /// Remembers `id` until `until`, and forgets those whose time is over.
    pub(crate) fn remember(&self, id: SessionId, until: UnixTime, now: UnixTime) {
        let mut ended = self.until.write().unwrap_or_else(PoisonError::into_inner);
        ended.retain(|_, until| *until > now);
        ended.insert(id, until);
        self.is_any.store(true, Ordering::Release);
    }

    pub(crate) fn contains(&self, id: &SessionId, now: UnixTime) -> bool {
        self.is_any.load(Ordering::Acquire)
            && self
                .until
                .read()
                .unwrap_or_else(PoisonError::into_inner)
                .get(id)
                .is_some_and(|until| *until > now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_remembered_until_its_tokens_are_over() {
        let at = UnixTime::from_secs;
        let ended = EndedSessions::default();
        let (one, two) = (SessionId::from("sess_1"), SessionId::from("sess_2"));
        assert!(!ended.contains(&one, at(0)));
        ended.remember(one.clone(), at(60), at(0));
        assert!(ended.contains(&one, at(59)) && !ended.contains(&two, at(59)));
        assert!(!ended.contains(&one, at(60)));
        ended.remember(two.clone(), at(120), at(60));
        assert!(ended.contains(&two, at(61)));
        assert_eq!(ended.until.read().unwrap().len(), 1, "what is over is forgotten");
    }
}
