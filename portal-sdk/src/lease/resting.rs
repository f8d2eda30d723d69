//! [`Resting`]: the sessions whose last lease was dropped a short time ago.

use std::collections::HashMap;
use std::mem;

use super::{LeaseRule, LeaseStep};
use crate::clock::UnixTime;
use crate::token::{SessionId, UserId};

/// The most sessions of a generation.
const MAX_YOUNG: usize = 2_048;

/// The knowledge of a session with leases.
#[derive(Clone)]
pub(super) struct State {
    pub(super) rule: LeaseRule,
    /// The time of issue of the newest token.
    pub(super) newest: Option<UnixTime>,
    pub(super) was_looked_up: bool,
}

/// The states of sessions without leases whose next look-up is not due yet.
///
/// Otherwise a client that opens and closes connections in a loop would cause a look-up with each. Two generations bound
/// the memory: a full one replaces the one before.
#[derive(Default)]
pub(super) struct Resting {
    young: Sessions,
    old: Sessions,
}

type Sessions = HashMap<SessionId, (UserId, State)>;

impl Resting {
    /// Keeps the state of a session that was looked up.
    pub(super) fn put(&mut self, session: &SessionId, user: &UserId, state: State) {
        if !state.was_looked_up {
            return;
        }
        if self.young.len() >= MAX_YOUNG {
            self.old = mem::take(&mut self.young);
        }
        self.young.insert(session.clone(), (user.clone(), state));
    }

    /// Removes the state of a session. Returns it if the next look-up is not due yet.
    pub(super) fn take(&mut self, session: &SessionId, now: UnixTime) -> Option<State> {
        let old = self.old.remove(session);
        let (_, state) = self.young.remove(session).or(old)?;
        matches!(state.rule.step(now), LeaseStep::Wait(_)).then_some(state)
    }

    /// Forgets a session that has ended, because the knowledge of before proves nothing.
    pub(super) fn forget(&mut self, session: &SessionId) {
        self.young.remove(session);
        self.old.remove(session);
    }

    /// Forgets the sessions of a user who was deleted.
    pub(super) fn forget_user(&mut self, user: &UserId) {
        for sessions in [&mut self.young, &mut self.old] {
            sessions.retain(|_, (owner, _)| owner != user);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lease::LeasePolicy;

    #[test]
    fn memory_of_resting_sessions_is_bounded_and_keeps_the_latest() {
        let (mut resting, user, now) = (Resting::default(), UserId::from("user_1"), UnixTime::from_secs(1));
        let state = State {
            rule: LeaseRule::new(LeasePolicy::default(), now, now, 0),
            newest: None,
            was_looked_up: true,
        };
        let id = |n: usize| SessionId::from(format!("sess_{n}"));
        for n in 0..10 * MAX_YOUNG {
            resting.put(&id(n), &user, state.clone());
            assert!(resting.young.len() + resting.old.len() <= 2 * MAX_YOUNG);
        }
        for n in 9 * MAX_YOUNG..10 * MAX_YOUNG {
            assert!(resting.take(&id(n), now).is_some() && resting.take(&id(n), now).is_none());
        }
        assert!(resting.take(&id(0), now).is_none());
    }
}
