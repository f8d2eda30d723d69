//! [`Authenticator`]: the decision, driven with a backend, the keys in memory and a clock.

mod builder;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use http::request::Parts;

pub use self::builder::{AuthenticatorBuilder, DefaultBackend};
use crate::backend::{Backend, BackendApi, KeyCache, LookUps, PageCache, User, UserCache};
use crate::clock::{Clock, UnixTime};
use crate::decide::{Decision, decide, genuine_session, token_problem};
use crate::effect::BackendError;
use crate::effect::{Effect, EndedSessions, Known, KnownKeys};
use crate::host_watch::HostWatch;
use crate::instance::Instance;
use crate::portal::Portal;
use crate::request::{AuthenticateContext, PublicUrl};
use crate::secret::Secret;
use crate::state::{RequestState, UndecidedCause};
use crate::throttle::Throttle;
use crate::token::{GenuineSession, TokenError, UserId};

/// The lifetime of Clerk's session tokens.
const MIN_REMEMBERED: Duration = Duration::from_secs(60);
/// The limit for tokens that claim a longer lifetime.
const MAX_REMEMBERED: Duration = Duration::from_secs(24 * 60 * 60);

/// Authenticates requests for one instance. Cloning shares everything it keeps in memory; make one per instance.
///
/// ```
/// use http::Request;
/// use portal_sdk::{Authenticator, Instance};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let instance = Instance::builder("pk_live_Y2xlcmsuZXhhbXBsZS5jb20k", "sk_live_example").build()?;
/// let authenticator = Authenticator::builder(instance).build();
///
/// let (parts, ()) = Request::get("https://app.example.com/").body(())?.into_parts();
/// let authenticated = authenticator.authenticate(&parts).await;
/// assert!(authenticated.state.claims().is_none());
/// # Ok(())
/// # }
/// ```
pub struct Authenticator<B> {
    shared: Arc<Shared<B>>,
}

/// A request after authentication.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Authenticated {
    /// The result.
    pub state: RequestState,
    /// The time the request was read.
    pub at: UnixTime,
}

struct Shared<B> {
    instance: Instance,
    backend: B,
    clock: Arc<dyn Clock>,
    keys: Arc<KeyCache>,
    look_ups: LookUps,
    throttle: Throttle,
    ended: ArcSwap<EndedSessions>,
    hosts: HostWatch,
    portal: Portal,
    pages: Arc<PageCache>,
    users: Arc<UserCache>,
}

impl Authenticator<DefaultBackend> {
    /// An authenticator with other settings than the defaults: time limits, backend, clock, caches.
    pub fn builder(instance: Instance) -> AuthenticatorBuilder {
        AuthenticatorBuilder::new(instance)
    }
}

impl<B: Backend> Authenticator<B> {
    /// An authenticator with this backend and the default settings. See [`builder`](Authenticator::builder) for others.
    #[must_use]
    pub fn new(instance: Instance, backend: B) -> Self {
        Authenticator::builder(instance).backend(backend).build()
    }

    fn from_builder(builder: AuthenticatorBuilder<B>) -> Self {
        let shared = Shared {
            portal: Portal::from(&builder.instance),
            instance: builder.instance,
            backend: builder.backend,
            clock: builder.clock,
            keys: Arc::new(KeyCache::new(builder.key_cache)),
            look_ups: LookUps::default(),
            throttle: Throttle::default(),
            ended: ArcSwap::default(),
            hosts: HostWatch::default(),
            pages: Arc::default(),
            users: Arc::new(UserCache::new(builder.user_cache)),
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// The instance that requests are authenticated for.
    #[must_use]
    pub fn instance(&self) -> &Instance {
        &self.shared.instance
    }

    /// The backend that effects are carried out with.
    #[must_use]
    pub fn backend(&self) -> &B {
        &self.shared.backend
    }
}

impl<B: BackendApi> Authenticator<B> {
    /// The user with this ID, from memory if they were looked up within the last
    /// [some seconds](AuthenticatorBuilder::user_cache).
    ///
    /// Concurrent calls for one user share one call to Clerk (single flight). At most 1,000 users are kept. A failure
    /// is not kept.
    ///
    /// # Errors
    ///
    /// Returns [`BackendError`] if there is no usable answer, or no such user.
    pub async fn user(&self, id: &UserId) -> Result<Arc<User>, BackendError> {
        let Shared {
            backend, clock, users, ..
        } = &*self.shared;
        users.user(backend, clock, id, None).await
    }

    /// [`user`](Self::user), from memory only if they were looked up at `since` or later. Pass the time a session token was
    /// issued: the data is then at least as new as the token.
    ///
    /// # Errors
    ///
    /// Returns [`BackendError`] if there is no usable answer, or no such user.
    pub async fn user_since(&self, id: &UserId, since: UnixTime) -> Result<Arc<User>, BackendError> {
        let Shared {
            backend, clock, users, ..
        } = &*self.shared;
        users.user(backend, clock, id, Some(since)).await
    }

    /// Drops a user from memory, so that the next [`user`](Self::user) looks them up. Call it after you have changed
    /// them.
    ///
    /// Other processes keep theirs until they expire.
    pub fn forget_user(&self, id: &UserId) {
        self.shared.users.forget(id);
    }

    /// The portal to link to. Where the instance [discovers
    /// pages](crate::instance::InstanceBuilder::discover_pages) it has the addresses read so far, and reads them in the
    /// background when it is time; that needs a tokio runtime.
    #[must_use]
    pub fn portal(&self) -> Portal {
        let Shared {
            instance,
            backend,
            clock,
            portal,
            pages,
            ..
        } = &*self.shared;
        if !instance.discovers_pages() {
            return portal.clone();
        }
        pages.refresh(backend, clock);
        match pages.pages() {
            Some(pages) => portal.clone().with_discovered(pages),
            None => portal.clone(),
        }
    }

    /// Reads the addresses of the portal's pages now, so that the first link has them. Worth a call at start-up where
    /// the instance [discovers pages](crate::instance::InstanceBuilder::discover_pages). There is one read at a time:
    /// if they are being read already, this waits for that answer.
    ///
    /// # Errors
    ///
    /// [`BackendError`] if they cannot be read. Nothing is lost: links use the derived addresses, and they are tried
    /// again in the background.
    pub async fn discover_pages(&self) -> Result<(), BackendError> {
        let Shared {
            backend, clock, pages, ..
        } = &*self.shared;
        pages.read(backend, &**clock).await
    }
}

impl<B: Backend> Authenticator<B> {
    /// Decides at once if nothing must be fetched. Returns `None` otherwise; await [`authenticate`](Self::authenticate)
    /// then.
    #[must_use]
    pub fn try_authenticate(&self, parts: &Parts) -> Option<Authenticated> {
        self.try_with(&self.context(parts))
    }

    /// [`try_authenticate`](Self::try_authenticate) for a request whose public URL is known, because a router has
    /// changed the request's own address since.
    #[must_use]
    pub fn try_authenticate_at(&self, parts: &Parts, url: &PublicUrl) -> Option<Authenticated> {
        self.try_with(&self.context(parts).with_public_url(url.clone()))
    }

    /// Decides, fetching what is needed: at most the signing keys, one handshake payload and one renewed session.
    pub async fn authenticate(&self, parts: &Parts) -> Authenticated {
        self.with_effects(self.context(parts)).await
    }

    /// [`authenticate`](Self::authenticate) for a request whose public URL is known, because a router has changed the
    /// request's own address since.
    pub async fn authenticate_at(&self, parts: &Parts, url: &PublicUrl) -> Authenticated {
        self.with_effects(self.context(parts).with_public_url(url.clone()))
            .await
    }

    fn context<'r>(&'r self, parts: &'r Parts) -> AuthenticateContext<'r> {
        AuthenticateContext::new(parts, &self.shared.instance, self.shared.clock.now())
    }

    fn try_with(&self, cx: &AuthenticateContext<'_>) -> Option<Authenticated> {
        match decide(cx, &self.known(cx), cx.read_at()) {
            Decision::Settled(state) => Some(self.authenticated(cx, state)),
            Decision::Needs(_) => None,
        }
    }

    async fn with_effects(&self, cx: AuthenticateContext<'_>) -> Authenticated {
        let Shared {
            backend,
            clock,
            keys,
            look_ups,
            ..
        } = &*self.shared;
        let mut now = cx.read_at();
        // One context for all turns: the choice between the cookie sets is made once, or the effects could be for
        // different tokens.
        let mut known = self.known(&cx);
        // An effect's answer or failure is filled in, and the effect then not requested again: four turns at most.
        loop {
            let decision = decide(&cx, &known, now);
            match decision {
                Decision::Settled(state) => return self.authenticated(&cx, state),
                Decision::Needs(Effect::SigningKeys { key_id }) => {
                    known.keys = keys.ask(backend, clock, key_id.as_deref()).await;
                }
                Decision::Needs(Effect::HandshakePayload(nonce)) => {
                    let payload = look_ups.handshake_payload(backend, &nonce).await;
                    if let Err(error) = &payload {
                        self.warn_of_handshake(error);
                    }
                    known.handshake = Some(payload);
                }
                Decision::Needs(Effect::RefreshSession(refresh)) => {
                    known.refresh = Some(look_ups.refresh_session(backend, *refresh).await);
                }
            }
            // A token minted during the effect must not look issued in the future.
            now = clock.now();
        }
    }

    /// Returns the session of a token that this instance signed, even an expired one; `None` for any other token.
    ///
    /// It does not authenticate the request. Use it only to end that session.
    ///
    /// # Errors
    ///
    /// [`UndecidedCause`] if the signing keys are out of reach.
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

    /// What is wrong with a session token, by the keys in memory; `None` if nothing is, or it cannot be told without
    /// asking Clerk. For an explanation to developers: the decision may have looked at other things first.
    #[must_use]
    pub fn token_problem(&self, token: &Secret) -> Option<TokenError> {
        let now = self.shared.clock.now();
        let keys = KnownKeys::InMemory(self.shared.keys.peek(now));
        token_problem(&self.shared.instance, &keys, token.expose(), now)
    }

    /// Treats a session as over from now on, for as long as tokens of it can still be good. Call it when the session
    /// has been signed out: a token lives on for a minute whatever happens to its session. Only this authenticator and
    /// its clones remember it.
    pub fn end_session(&self, session: &GenuineSession) {
        let Shared {
            instance, clock, ended, ..
        } = &*self.shared;
        let now = clock.now();
        // Another tab may have got a token in this very moment.
        let lifetime = session.token_lifetime.clamp(MIN_REMEMBERED, MAX_REMEMBERED);
        let lifetime_millis = i64::try_from(lifetime.as_millis()).unwrap_or(i64::MAX);
        let until = now
            .plus_millis(lifetime_millis)
            .plus_millis(2 * instance.clock_skew_millis());
        ended.rcu(|ended| ended.with(session.id.clone(), until, now));
    }

    /// Returns how many events of `cause` were held back since the last one that was let through, or `None` if this one
    /// is held back too: at most one a minute is let through. For log lines that a request can cause.
    #[must_use]
    pub fn admits_log_line(&self, cause: &'static str) -> Option<u64> {
        self.shared.throttle.admit(cause, self.shared.clock.now())
    }

    /// Anyone can make up a nonce, so that a refused one is no news more than once in a while. A backend logs its own
    /// outages.
    fn warn_of_handshake(&self, error: &BackendError) {
        if error.is_outage() {
            return;
        }
        if let Some(held_back) = self.admits_log_line("handshake payload") {
            tracing::warn!(%error, held_back, "a handshake payload was refused");
        }
    }

    /// Returns what is known without waiting. A request without a token needs no keys and causes no fetch.
    fn known(&self, cx: &AuthenticateContext<'_>) -> Known {
        let Shared {
            backend,
            clock,
            keys,
            ended,
            ..
        } = &*self.shared;
        let carries_token = cx.bearer().is_some()
            || cx.session_token().is_some()
            || cx.handshake_token().is_some()
            || cx.handshake_nonce().is_some();
        Known {
            keys: KnownKeys::InMemory(carries_token.then(|| keys.in_memory(backend, clock)).flatten()),
            ended: EndedSessions::clone(&ended.load()),
            ..Known::default()
        }
    }

    fn authenticated(&self, cx: &AuthenticateContext<'_>, state: RequestState) -> Authenticated {
        self.shared.hosts.look_at(cx);
        Authenticated {
            state,
            at: cx.read_at(),
        }
    }
}

impl<B> Clone for Authenticator<B> {
    fn clone(&self) -> Self {
        Self {
            shared: self.shared.clone(),
        }
    }
}

impl<B> fmt::Debug for Authenticator<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authenticator")
            .field("instance", &self.shared.instance)
            .finish_non_exhaustive()
    }
}
