//! [`Authenticator`]: the decision, driven with a backend, the keys in memory and a clock.

use std::fmt;
use std::sync::Arc;

use http::request::Parts;
use url::Url;

use crate::backend::{Backend, KeyCache, KeyCachePolicy};
use crate::clock::{Clock, SystemClock};
use crate::decide::{Decision, Effect, Known, KnownKeys, decide};
use crate::instance::Instance;
use crate::request::{AuthenticateContext, ClerkUrl, RequestKind};
use crate::secret::Secret;
use crate::state::RequestState;

/// Effects per request: keys, handshake payload, refresh. Each is asked for once.
const MAX_EFFECTS: usize = 3;

/// Authenticates requests for one instance. Cloning shares the keys in memory; make one per instance and keep it.
pub struct Authenticator<B> {
    shared: Arc<Shared<B>>,
}

/// A request after authentication: the outcome, and the facts of the request that answering it takes.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Authenticated {
    /// Who it is from.
    pub state: RequestState,
    /// The address it was made to.
    pub url: ClerkUrl,
    /// What the caller can make of an answer.
    pub kind: RequestKind,
    /// The `Referer`, if it lies on the application's own origin.
    pub same_origin_referer: Option<Url>,
    /// The development browser's token, which links to the portal carry.
    pub dev_browser: Option<Secret>,
}

impl Authenticated {
    fn new(cx: &AuthenticateContext<'_>, state: RequestState) -> Self {
        let is_own = |referer: &&Url| referer.origin().ascii_serialization() == cx.url().origin();
        Self {
            state,
            kind: cx.kind(),
            same_origin_referer: cx.referer().filter(is_own).cloned(),
            dev_browser: cx.dev_browser_for_links().map(Secret::new),
            url: cx.url().clone(),
        }
    }
}

struct Shared<B> {
    instance: Instance,
    backend: B,
    clock: Box<dyn Clock>,
    keys: KeyCache,
}

impl<B: Backend> Authenticator<B> {
    /// An authenticator with the machine's clock and the default key-cache policy.
    #[must_use]
    pub fn new(instance: Instance, backend: B) -> Self {
        Self::with(instance, backend, SystemClock, KeyCachePolicy::default())
    }

    /// An authenticator with a clock and a key-cache policy of your own.
    #[must_use]
    pub fn with(instance: Instance, backend: B, clock: impl Clock, policy: KeyCachePolicy) -> Self {
        let shared = Shared {
            instance,
            backend,
            clock: Box::new(clock),
            keys: KeyCache::new(policy),
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

    /// Decides at once if nothing must be fetched for it; otherwise `None`, and [`authenticate`](Self::authenticate)
    /// must be awaited.
    #[must_use]
    pub fn settle(&self, parts: &Parts) -> Option<Authenticated> {
        let now = self.shared.clock.now();
        let cx = AuthenticateContext::new(parts, &self.shared.instance, now);
        let known = Known {
            keys: KnownKeys::InMemory(self.shared.keys.fresh(now)),
            ..Known::default()
        };
        match decide(&cx, &known, now) {
            Decision::Settled(state) => Some(Authenticated::new(&cx, state)),
            Decision::Needs(_) => None,
        }
    }

    /// Decides, fetching what is needed: at most the signing keys, one handshake payload and one renewed session.
    pub async fn authenticate(&self, parts: &Parts) -> Authenticated {
        let Shared {
            instance,
            backend,
            clock,
            keys,
        } = &*self.shared;
        let mut now = clock.now();
        // The choice between the cookie sets is made once, or the effects could be asked for different tokens.
        let cx = AuthenticateContext::new(parts, instance, now);
        let mut known = Known {
            keys: KnownKeys::InMemory(keys.fresh(now)),
            ..Known::default()
        };
        for _ in 0..=MAX_EFFECTS {
            match decide(&cx, &known, now) {
                Decision::Settled(state) => return Authenticated::new(&cx, state),
                Decision::Needs(Effect::SigningKeys { key_id }) => {
                    known.keys = keys.ask(backend, &**clock, key_id.as_deref()).await;
                }
                Decision::Needs(Effect::HandshakePayload(nonce)) => {
                    let payload = backend.handshake_payload(&nonce).await.map_err(Arc::new);
                    if let Err(error) = &payload {
                        tracing::warn!(%error, "the handshake payload cannot be fetched");
                    }
                    known.handshake = Some(payload);
                }
                Decision::Needs(Effect::RefreshSession(refresh)) => {
                    known.refresh = Some(backend.refresh_session(&refresh).await.map_err(Arc::new));
                }
            }
            // A token minted during the effect must not look issued in the future.
            now = clock.now();
        }
        unreachable!("each effect is asked for once, because its answer is filled in")
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
