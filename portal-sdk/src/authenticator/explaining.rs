//! Explanations of decisions, for developers and logs.

use http::request::Parts;

use super::Authenticator;
use crate::backend::Backend;
use crate::decide::{Background, explain, explain_state, token_problem};
use crate::effect::{Known, KnownKeys};
use crate::request::{AuthenticateContext, PublicUrl};
use crate::secret::Secret;
use crate::state::{Explanation, RequestState};
use crate::token::{TokenError, TokenErrorReason};

impl<B: Backend> Authenticator<B> {
    /// Returns the error of a session token, by the keys in memory.
    ///
    /// Returns `None` if the token is valid or its key is not in memory. The error explains a refusal to developers;
    /// the decision may have run other checks first.
    #[cfg_attr(not(feature = "unstable-decision"), doc(hidden))]
    #[must_use]
    pub fn token_problem(&self, token: &Secret) -> Option<TokenError> {
        let now = self.shared.clock.now();
        let keys = KnownKeys::InMemory(self.shared.keys.peek(now));
        token_problem(&self.shared.instance, &keys, token.expose(), now)
    }

    /// Explains to developers how a request is decided.
    ///
    /// Nothing is fetched: if the decision needs a call to Clerk, the `outcome` says which. While `debug` lines are
    /// logged, each request that is not signed in writes one with its explanation, after its calls.
    #[must_use]
    pub fn explain(&self, parts: &Parts) -> Explanation {
        let cx = self.context(parts);
        explain(&cx, &self.in_memory(&cx), cx.read_at())
    }

    /// Explains like [`explain`](Self::explain), for a request that was decided, with a known public URL.
    #[cfg_attr(not(feature = "unstable-decision"), doc(hidden))]
    #[must_use]
    pub fn explain_decided(&self, parts: &Parts, url: &PublicUrl, state: &RequestState) -> Explanation {
        self.explain_after(parts, url, state, &Background::default())
    }

    /// Explains the last request of a redirect loop.
    ///
    /// `problem` is the last error of a session token in the browser's earlier requests.
    #[cfg_attr(not(feature = "unstable-decision"), doc(hidden))]
    #[must_use]
    pub fn explain_loop(
        &self,
        parts: &Parts,
        url: &PublicUrl,
        state: &RequestState,
        problem: Option<TokenErrorReason>,
    ) -> Explanation {
        let handshake = self.shared.last_handshake.read(Clone::clone);
        let before = Background {
            is_loop: true,
            problem,
            handshake,
        };
        self.explain_after(parts, url, state, &before)
    }

    fn explain_after(&self, parts: &Parts, url: &PublicUrl, state: &RequestState, before: &Background) -> Explanation {
        let cx = self.context(parts).with_public_url(url.clone());
        explain_state(&cx, &self.in_memory(&cx), cx.read_at(), state, before)
    }

    /// Returns the results in memory. Unlike [`known`](Self::known), it starts no fetch.
    fn in_memory(&self, cx: &AuthenticateContext<'_>) -> Known {
        Known {
            keys: KnownKeys::InMemory(self.shared.keys.peek(cx.read_at())),
            ended: self.ended(),
            ..Known::default()
        }
    }
}

/// Logs a decision with its explanation. Signed-in requests are skipped: they are the most, and need no explanation.
pub(super) fn log_decision(cx: &AuthenticateContext<'_>, known: &Known, state: &RequestState) {
    if state.claims().is_none() && tracing::enabled!(tracing::Level::DEBUG) {
        let explanation = explain_state(cx, known, cx.read_at(), state, &Background::default());
        let cause = explanation.likely_cause().map(tracing::field::display);
        tracing::debug!(%explanation, cause, "a request was decided");
    }
}
