//! The end of a session: finding the session of a token, and rejecting its tokens.

use std::time::Duration;

use super::{Authenticator, Shared};
use crate::backend::Backend;
use crate::decide::{Decision, genuine_session};
use crate::effect::{Effect, EndedSessions, KnownKeys};
use crate::secret::Secret;
use crate::state::UndecidedCause;
use crate::token::GenuineSession;

/// The shortest time that an ended session is remembered: the lifetime of Clerk's session tokens.
const MIN_REMEMBERED: Duration = Duration::from_secs(60);
/// The longest time, for tokens that claim a longer lifetime.
const MAX_REMEMBERED: Duration = Duration::from_secs(24 * 60 * 60);

impl<B: Backend> Authenticator<B> {
    /// Returns the session of a genuine token, expired or not.
    ///
    /// A genuine token is signed by this instance; for any other token the result is `None`.
    ///
    /// It does not authenticate the request. Use it only to end that session.
    ///
    /// # Errors
    ///
    /// Returns [`UndecidedCause`] if the signing keys are unreachable.
    #[cfg_attr(not(feature = "unstable-decision"), doc(hidden))]
    pub async fn genuine_session(&self, token: &Secret) -> Result<Option<GenuineSession>, UndecidedCause> {
        let Shared {
            instance,
            backend,
            clock,
            keys,
            ..
        } = &*self.shared;
        let mut known = KnownKeys::InMemory(keys.in_memory(backend, clock));
        if let Decision::Needs(Effect::SigningKeys { key_id }) = genuine_session(instance, &known, token.expose()) {
            known = keys.ask(backend, clock, key_id.as_deref()).await;
        }
        match genuine_session(instance, &known, token.expose()) {
            Decision::Settled(session) => session,
            Decision::Needs(_) => Ok(None),
        }
    }

    /// Rejects a session's tokens from now on, until they have expired.
    ///
    /// Call it after sign-out, because a token outlives its session by up to a minute. Only this authenticator and its
    /// clones remember the session.
    #[cfg_attr(not(feature = "unstable-decision"), doc(hidden))]
    pub fn end_session(&self, session: &GenuineSession) {
        let Shared {
            instance, clock, ended, ..
        } = &*self.shared;
        let now = clock.now();
        // Another tab may have just received a new token.
        let lifetime = session.token_lifetime.clamp(MIN_REMEMBERED, MAX_REMEMBERED);
        let skew = instance.clock_skew();
        let until = now + lifetime + skew + skew;
        ended.update(|ended| {
            ended
                .unwrap_or(&EndedSessions::default())
                .with(session.id.clone(), until, now)
        });
    }
}
