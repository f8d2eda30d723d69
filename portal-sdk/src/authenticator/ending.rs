//! The end of a session: finding the session of a token, rejecting its tokens, and telling the fleet.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::{Authenticator, Shared};
use crate::backend::Backend;
use crate::clock::UnixTime;
use crate::decide::{Decision, genuine_session};
use crate::effect::{Effect, EndedSessions, KnownKeys};
use crate::fleet::{FleetEvent, Listener, SessionEndReason};
use crate::lease::LeaseEnd;
use crate::secret::Secret;
use crate::state::UndecidedCause;
use crate::token::{GenuineSession, SessionClaims, SessionId, UserId};

/// The shortest time that an ended session is remembered: the lifetime of Clerk's session tokens.
const MIN_REMEMBERED: Duration = Duration::from_secs(60);
/// The longest time, for tokens that claim a longer lifetime.
const MAX_REMEMBERED: Duration = Duration::from_secs(24 * 60 * 60);
/// The precision of the end of that time. An end that is repeated meanwhile has the same one, and is not told again.
const PRECISION_MILLIS: i64 = 10_000;

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

    /// Rejects a session's tokens until they have expired, and ends its leases.
    ///
    /// Call it after sign-out, because a token outlives its session by up to a minute. The other members of the
    /// [fleet](super::AuthenticatorBuilder::fleet) do the same.
    #[cfg_attr(not(feature = "unstable-decision"), doc(hidden))]
    pub fn end_session(&self, session: &GenuineSession) {
        self.learn(&FleetEvent::SessionEnded {
            id: session.id.clone(),
            reason: SessionEndReason::SignedOut,
            until: self
                .shared
                .end_of_tokens(session.token_lifetime.max(self.shared.longest_lifetime())),
        });
    }

    /// Rejects the tokens of an ended session, and ends its [leases](crate::lease).
    ///
    /// Call it when a webhook reports the end of the session, or after you have revoked it. Tokens are rejected until they
    /// have expired. The other members of the [fleet](super::AuthenticatorBuilder::fleet) do the same.
    ///
    /// ```
    /// use portal_sdk::fleet::SessionEndReason;
    /// use portal_sdk::testing::TestInstance;
    ///
    /// let clerk = TestInstance::new();
    /// let request = clerk.signed_in("user_1").session_id("sess_1").get("/").body(()).expect("a valid request");
    /// let (parts, ()) = request.into_parts();
    /// let is_signed_in = || {
    ///     let authenticated = clerk.authenticator().try_authenticate(&parts).expect("no fetch");
    ///     authenticated.state.claims().is_some()
    /// };
    /// assert!(is_signed_in());
    /// clerk.authenticator().session_ended(&"sess_1".into(), SessionEndReason::Revoked);
    /// assert!(!is_signed_in());
    /// ```
    ///
    /// # Security
    ///
    /// It signs users out. Verify the webhook's signature before you call it.
    pub fn session_ended(&self, id: &SessionId, reason: SessionEndReason) {
        self.learn(&FleetEvent::SessionEnded {
            id: id.clone(),
            reason,
            until: self.shared.end_of_tokens(self.shared.longest_lifetime()),
        });
    }

    /// Rejects the tokens of a deleted user, and ends the user's [leases](crate::lease).
    ///
    /// Call it when a webhook reports the deletion, or after you have deleted the user. Also drops the user's data from
    /// memory. Tokens are rejected until they have expired. The other members of the
    /// [fleet](super::AuthenticatorBuilder::fleet) do the same.
    ///
    /// ```
    /// use portal_sdk::testing::TestInstance;
    ///
    /// let clerk = TestInstance::new();
    /// let request = clerk.signed_in("user_1").get("/").body(()).expect("a valid request");
    /// let (parts, ()) = request.into_parts();
    /// clerk.authenticator().user_deleted(&"user_1".into());
    /// let authenticated = clerk.authenticator().try_authenticate(&parts).expect("no fetch");
    /// assert!(authenticated.state.claims().is_none());
    /// ```
    ///
    /// # Security
    ///
    /// It signs users out. Verify the webhook's signature before you call it.
    pub fn user_deleted(&self, id: &UserId) {
        self.learn(&FleetEvent::UserDeleted {
            id: id.clone(),
            until: self.shared.end_of_tokens(self.shared.longest_lifetime()),
        });
    }

    fn learn(&self, event: &FleetEvent) {
        // A client can repeat its sign-out at will. Repeated events would displace the ends of other sessions from the
        // fleet's bounded queue and store.
        if self.shared.take_over(std::slice::from_ref(event)) {
            self.shared.fleet.tell(event);
        }
    }
}

impl<B> Authenticator<B> {
    /// Notes the lifetime of an accepted token, so that an ended session is remembered as long as its tokens are valid.
    pub(super) fn note_lifetime(&self, claims: &SessionClaims) {
        if let (Some(issued_at), Some(expires_at)) = (claims.issued_at(), claims.expires_at()) {
            let lifetime = expires_at.age_of(issued_at).unwrap_or_default();
            let millis = u64::try_from(lifetime.as_millis()).unwrap_or(u64::MAX);
            self.shared.longest_token.fetch_max(millis, Ordering::Relaxed);
        }
    }
}

impl<B: Backend> Shared<B> {
    /// Returns the time at which a session's tokens with this lifetime have expired.
    fn end_of_tokens(&self, lifetime: Duration) -> UnixTime {
        // Counted from now, because another tab may have just received a new token.
        let lifetime = lifetime.clamp(MIN_REMEMBERED, MAX_REMEMBERED);
        let skew = self.instance.clock_skew();
        rounded_up(self.clock.now() + lifetime + skew + skew)
    }

    /// Returns the longest lifetime of the tokens that this process has accepted.
    fn longest_lifetime(&self) -> Duration {
        Duration::from_millis(self.longest_token.load(Ordering::Relaxed))
    }

    /// Takes over events of this process or of the fleet. Known events change nothing.
    ///
    /// Returns `true` if the end of a session or user was not known.
    fn take_over(&self, events: &[FleetEvent]) -> bool {
        let now = self.clock.now();
        let is_new = self.remember_ended(events, now);
        // After the sessions are remembered, so that a lease created meanwhile is ended here or finds its session ended.
        for event in events {
            match event {
                FleetEvent::SessionEnded { id, reason, .. } => {
                    self.leases.end_session(id, LeaseEnd::SessionEnded(*reason));
                }
                FleetEvent::UserDeleted { id, .. } => {
                    self.users.forget(id);
                    self.leases.end_user(id, LeaseEnd::UserDeleted);
                }
                FleetEvent::KeyRemoved { key_id } => self.keys.reported_removed(key_id, now),
            }
        }
        is_new
    }

    /// Adds the ended sessions and deleted users that are not known. Returns `true` if there are some.
    fn remember_ended(&self, events: &[FleetEvent], now: UnixTime) -> bool {
        // Capped, because another process may send any time.
        let latest = self.end_of_tokens(MAX_REMEMBERED);
        // It may also have accepted no token that lives as long as those of this process.
        let longest = self.longest_lifetime();
        let least = (longest > MIN_REMEMBERED).then(|| self.end_of_tokens(longest));
        let kept_until = |until: UnixTime| least.map_or(until, |least| until.max(least));
        let known = self.ended.get();
        let known = known.as_deref().cloned().unwrap_or_default();
        let (mut sessions, mut users) = (Vec::new(), Vec::new());
        for event in events {
            match event {
                FleetEvent::SessionEnded { id, reason, until } => {
                    let until = latest.min(*until);
                    let kept_until = kept_until(until);
                    if kept_until > now && !known.knows_session(id, until) {
                        sessions.push((id.clone(), *reason, kept_until));
                    }
                }
                FleetEvent::UserDeleted { id, until } => {
                    let until = latest.min(*until);
                    let kept_until = kept_until(until);
                    if kept_until > now && !known.knows_user(id, until) {
                        users.push((id.clone(), kept_until));
                    }
                }
                FleetEvent::KeyRemoved { .. } => {}
            }
        }
        if sessions.is_empty() && users.is_empty() {
            return false;
        }
        self.ended.update(|ended| {
            let ended = ended.unwrap_or(&EndedSessions::default()).clone();
            ended.with_all(sessions.iter().cloned(), users.iter().cloned(), now)
        });
        true
    }
}

/// Returns the next multiple of [`PRECISION_MILLIS`]. Up, because no token may outlive its entry.
fn rounded_up(time: UnixTime) -> UnixTime {
    let millis = time.as_millis();
    let missing = match millis.rem_euclid(PRECISION_MILLIS) {
        0 => 0,
        rest => PRECISION_MILLIS - rest,
    };
    UnixTime::from_millis(millis.saturating_add(missing))
}

impl<B: Backend> Listener for Shared<B> {
    fn hear(&self, events: &[FleetEvent]) {
        let _is_new = self.take_over(events);
    }
}
