//! [`Authenticator`]: runs the decision with a backend, the keys in memory and a clock.

mod builder;
mod by_hand;
mod ending;
mod explaining;
mod health;
mod leasing;
mod observing;
mod users;
mod webhooks;

use std::fmt;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Weak};

use http::request::Parts;
use tracing::{Instrument as _, Span};

pub use self::builder::{AuthenticatorBuilder, DefaultBackend};
pub use self::health::{CallHealth, Health, KeyHealth, LeaseHealth, TokenHealth};
use crate::backend::{Backend, BackendApi, KeyCache, LookUps, MAX_WAIT, PageCache, SnapshotFile, UserCache, meter};
use crate::clock::{Clock, UnixTime};
use crate::cookie_watch::CookieWatch;
use crate::decide::{Decision, decide};
use crate::effect::{BackendError, Effect, EndedSessions, Known, KnownKeys, LastHandshake};
use crate::fleet::{Fleet, FleetMember, Listener};
use crate::host_watch::{HostWatch, is_watched};
use crate::instance::Instance;
use crate::latest::Latest;
use crate::lease::Leases;
use crate::portal::Portal;
use crate::request::{Addresses, AuthenticateContext, PublicUrl};
use crate::state::RequestState;
use crate::throttle::Throttle;
use crate::token::{SessionClaims, VerifiedTokens};

/// Authenticates requests for one instance. Create one per instance; clones share its caches.
///
/// ```
/// use http::Request;
/// use portal_sdk::authenticator::Authenticator;
/// use portal_sdk::instance::Instance;
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

/// The result of authenticating a request.
#[derive(Clone, Debug)]
#[non_exhaustive]
#[must_use = "an ignored result lets every request through"]
pub struct Authenticated {
    /// The outcome and its response headers.
    pub state: RequestState,
    /// The time at which the request was read.
    pub at: UnixTime,
}

struct Shared<B> {
    instance: Instance,
    backend: B,
    clock: Arc<dyn Clock>,
    keys: Arc<KeyCache>,
    verified: VerifiedTokens,
    addresses: Addresses,
    look_ups: LookUps,
    throttle: Throttle,
    ended: Latest<EndedSessions>,
    last_handshake: Latest<LastHandshake>,
    hosts: HostWatch,
    cookies: CookieWatch,
    portal: Portal,
    pages: Arc<PageCache>,
    users: Arc<UserCache>,
    fleet: Arc<dyn Fleet>,
    leases: Arc<Leases>,
    /// The longest lifetime of the accepted tokens, in milliseconds.
    longest_token: AtomicU64,
}

impl Authenticator<DefaultBackend> {
    /// Returns a builder, to set time limits, backend, clock or caches.
    pub fn builder(instance: Instance) -> AuthenticatorBuilder {
        AuthenticatorBuilder::new(instance)
    }
}

impl<B: Backend> Authenticator<B> {
    /// Creates an authenticator with `backend` and the default settings; see also [`builder`](Authenticator::builder).
    #[must_use]
    pub fn new(instance: Instance, backend: B) -> Self {
        Authenticator::builder(instance).backend(backend).build()
    }

    fn from_builder(builder: AuthenticatorBuilder<B>) -> Self {
        let instance = builder.instance.publishable_key();
        let snapshot = builder
            .key_snapshot
            .map(|path| SnapshotFile::new(path, instance.clone()));
        let keys = KeyCache::new(builder.key_cache)
            .with_keys(builder.initial_keys, snapshot, builder.clock.now())
            .with_fleet(builder.fleet.clone());
        let shared = Shared {
            portal: Portal::from(&builder.instance),
            verified: VerifiedTokens::new(builder.token_cache, builder.instance.clock_skew()),
            instance: builder.instance,
            backend: builder.backend,
            clock: builder.clock,
            keys: Arc::new(keys),
            look_ups: LookUps::new(builder.max_wait.unwrap_or(MAX_WAIT)),
            throttle: Throttle::default(),
            ended: Latest::default(),
            last_handshake: Latest::default(),
            hosts: HostWatch::default(),
            cookies: CookieWatch::default(),
            addresses: Addresses::default(),
            pages: Arc::default(),
            users: Arc::new(UserCache::new(builder.user_cache)),
            fleet: builder.fleet,
            leases: Arc::new(Leases::new(builder.leases)),
            longest_token: AtomicU64::new(0),
        };
        let shared = Arc::new(shared);
        let listener: Weak<Shared<B>> = Arc::downgrade(&shared);
        shared.fleet.join(FleetMember::new(listener as Weak<dyn Listener>));
        Self { shared }
    }

    /// The instance that requests are authenticated for.
    #[must_use]
    pub fn instance(&self) -> &Instance {
        &self.shared.instance
    }

    /// The backend that carries out the effects.
    #[must_use]
    pub fn backend(&self) -> &B {
        &self.shared.backend
    }
}

impl<B: BackendApi> Authenticator<B> {
    /// Returns the portal, to write links.
    ///
    /// If the instance [discovers pages](crate::instance::InstanceBuilder::discover_pages), the portal has the page
    /// URLs known so far. They are refreshed in the background, which needs a tokio runtime.
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

    /// Fetches the URLs of the portal's pages now, for the first link.
    ///
    /// Call it at start-up if the instance [discovers pages](crate::instance::InstanceBuilder::discover_pages).
    /// Concurrent callers share one fetch (single flight).
    ///
    /// # Errors
    ///
    /// Returns [`BackendError`] if the fetch fails. Links then use the derived URLs, and the fetch is retried in the
    /// background.
    pub async fn discover_pages(&self) -> Result<(), BackendError> {
        let Shared {
            backend, clock, pages, ..
        } = &*self.shared;
        pages.read(backend, &**clock).await
    }
}

impl<B: Backend> Authenticator<B> {
    /// Authenticates a request if nothing must be fetched.
    ///
    /// Returns `None` otherwise; await [`authenticate`](Self::authenticate) then.
    #[must_use]
    pub fn try_authenticate(&self, parts: &Parts) -> Option<Authenticated> {
        self.try_with(&self.context(parts))
    }

    /// Authenticates like [`try_authenticate`](Self::try_authenticate), for a request with a known public URL.
    ///
    /// Use it if a router has changed the request's URI since the URL was read.
    #[must_use]
    pub fn try_authenticate_at(&self, parts: &Parts, url: &PublicUrl) -> Option<Authenticated> {
        self.try_with(&self.context(parts).with_public_url(url.clone()))
    }

    /// Authenticates a request.
    ///
    /// Fetches at most the signing keys, one handshake payload and one renewed session.
    pub async fn authenticate(&self, parts: &Parts) -> Authenticated {
        self.observed(self.context(parts)).await
    }

    /// Authenticates like [`authenticate`](Self::authenticate), for a request with a known public URL.
    ///
    /// Use it if a router has changed the request's URI since the URL was read.
    pub async fn authenticate_at(&self, parts: &Parts, url: &PublicUrl) -> Authenticated {
        self.observed(self.context(parts).with_public_url(url.clone())).await
    }

    fn context<'r>(&'r self, parts: &'r Parts) -> AuthenticateContext<'r> {
        let Shared {
            instance,
            clock,
            verified,
            addresses,
            ..
        } = &*self.shared;
        AuthenticateContext::with_memory(parts, instance, clock.now(), verified, addresses)
    }

    fn try_with(&self, cx: &AuthenticateContext<'_>) -> Option<Authenticated> {
        let Shared { clock, keys, .. } = &*self.shared;
        let mut known = self.known(cx);
        loop {
            match decide(cx, &known, cx.read_at()) {
                Decision::Settled(state) => {
                    let span = observing::span();
                    return Some(span.in_scope(|| self.authenticated(&span, cx, &known, state)));
                }
                // Reached at most once, because the result is then known.
                Decision::Needs(Effect::SigningKeys { key_id }) => {
                    known.keys = keys.ask_now(&**clock, key_id.as_deref())?;
                }
                Decision::Needs(_) => return None,
            }
        }
    }

    fn observed<'c>(&'c self, cx: AuthenticateContext<'c>) -> impl Future<Output = Authenticated> + Send + 'c {
        let span = observing::span();
        self.with_effects(span.clone(), cx).instrument(span)
    }

    async fn with_effects(&self, span: Span, cx: AuthenticateContext<'_>) -> Authenticated {
        let Shared {
            backend,
            clock,
            keys,
            look_ups,
            ..
        } = &*self.shared;
        let mut now = cx.read_at();
        // One context for all turns: a second choice between the cookie sets could mix the effects of different tokens.
        let mut known = self.known(&cx);
        // At most four turns, because the result of each effect is then known and it is not requested twice.
        loop {
            let decision = decide(&cx, &known, now);
            match decision {
                Decision::Settled(state) => return self.authenticated(&span, &cx, &known, state),
                Decision::Needs(Effect::SigningKeys { key_id }) => {
                    known.keys = keys.ask(backend, clock, key_id.as_deref()).await;
                }
                Decision::Needs(Effect::HandshakePayload(nonce)) => {
                    let payload = look_ups.handshake_payload(backend, clock, &nonce).await;
                    self.note_handshake(&payload, clock.now());
                    known.handshake = Some(payload);
                }
                Decision::Needs(Effect::RefreshSession(refresh)) => {
                    known.refresh = Some(look_ups.refresh_session(backend, clock, *refresh).await);
                }
            }
            // The session may have ended during the effect.
            known.ended = self.ended();
            // A token minted during the effect must not look issued in the future.
            now = clock.now();
        }
    }

    /// Returns the results known without waiting. A request without a token needs no keys and causes no fetch.
    fn known(&self, cx: &AuthenticateContext<'_>) -> Known {
        let Shared {
            instance,
            backend,
            clock,
            keys,
            ..
        } = &*self.shared;
        let carries_token = || {
            cx.bearer().is_some()
                || cx.session_token().is_some()
                || cx.handshake_token().is_some()
                || cx.handshake_nonce().is_some()
        };
        let needs_keys = instance.jwt_key().is_none() && carries_token();
        Known {
            keys: KnownKeys::InMemory(needs_keys.then(|| keys.in_memory(backend, clock)).flatten()),
            ended: self.ended(),
            ..Known::default()
        }
    }

    fn ended(&self) -> EndedSessions {
        self.shared.ended.read(EndedSessions::clone).unwrap_or_default()
    }

    fn authenticated(
        &self,
        span: &Span,
        cx: &AuthenticateContext<'_>,
        known: &Known,
        state: RequestState,
    ) -> Authenticated {
        self.shared.hosts.look_at(cx);
        observing::record(span, &state);
        explaining::log_decision(cx, known, &state);
        // Only for signed-in users, because any client can send any host and fill the few places.
        if state.claims().is_some() && !is_watched(cx.instance()) {
            cx.remember_origin();
        }
        if let Some(claims) = state.claims().filter(|claims| !claims.is_remembered()) {
            self.remember(claims, cx);
        }
        Authenticated {
            state,
            at: cx.read_at(),
        }
    }
}

impl<B> Authenticator<B> {
    /// Remembers a token that was not seen before.
    fn remember(&self, claims: &SessionClaims, cx: &AuthenticateContext<'_>) {
        let Shared {
            verified,
            cookies,
            leases,
            ..
        } = &*self.shared;
        leases.proven(claims, cx.read_at());
        self.note_lifetime(claims);
        // A token in `Authorization` is in no cookie.
        if cx.bearer().is_none() {
            cookies.look_at(claims.token().expose(), cx.instance());
        }
        if let Some((tokens, bytes)) = verified.insert(claims, cx.read_at()) {
            meter::verified_tokens(tokens, bytes);
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
