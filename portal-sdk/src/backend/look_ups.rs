//! Calls for handshake payloads and renewed sessions. Requests with the same secrets share one call, and the number of
//! concurrent calls is bounded, because any client can invent a nonce or a refresh token.

use std::sync::Arc;

use tokio::sync::Semaphore;

use super::Backend;
use super::flights::Flights;
use crate::effect::{BackendError, HandshakePayload, RefreshedSession, SessionRefresh};
use crate::secret::Secret;
use crate::token::SessionId;

/// The most calls of one kind that run at once.
const MAX_RUNNING: usize = 64;
/// The most calls of one kind that run or wait. At five seconds a call, the last one waits for twenty.
const MAX_TAKEN_ON: usize = 320;

/// The result of one effect.
type Answer<T> = Result<T, BackendError>;

/// The calls of one authenticator that requests can cause.
#[derive(Debug, Default)]
pub(crate) struct LookUps {
    payloads: Flights<Box<str>, Answer<HandshakePayload>>,
    payloads_gate: Gate,
    renewals: Flights<Renewal, Answer<RefreshedSession>>,
    renewals_gate: Gate,
}

impl LookUps {
    /// Fetches the payload with this nonce. Requests with the same nonce share one call, because a nonce is valid once.
    pub(crate) async fn handshake_payload<B: Backend>(&self, backend: &B, nonce: &Secret) -> Answer<HandshakePayload> {
        let call = || {
            let (gate, backend, nonce) = (self.payloads_gate.clone(), backend.clone(), nonce.clone());
            async move { gate.pass(|| backend.handshake_payload(&nonce)).await }
        };
        let answer = self.payloads.join(nonce.expose().into(), call).await;
        answer.into_answer()
    }

    /// Renews a session. Requests with the same tokens share one call, because a page's scripts often find an expired
    /// session at the same time.
    pub(crate) async fn refresh_session<B: Backend>(
        &self,
        backend: &B,
        refresh: SessionRefresh,
    ) -> Answer<RefreshedSession> {
        let renewal = Renewal::of(&refresh);
        let call = || {
            let (gate, backend) = (self.renewals_gate.clone(), backend.clone());
            async move { gate.pass(|| backend.refresh_session(&refresh)).await }
        };
        let answer = self.renewals.join(renewal, call).await;
        answer.into_answer()
    }
}

/// The key of a shared renewal: every input of the new session.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Renewal {
    session_id: SessionId,
    expired_token: Box<str>,
    refresh_token: Box<str>,
    request_origin: String,
    suffixed_cookies: bool,
}

impl Renewal {
    fn of(refresh: &SessionRefresh) -> Self {
        Self {
            session_id: refresh.session_id.clone(),
            expired_token: refresh.expired_token.expose().into(),
            refresh_token: refresh.refresh_token.expose().into(),
            request_origin: refresh.request_origin.clone(),
            suffixed_cookies: refresh.suffixed_cookies,
        }
    }
}

/// Bounds the running and the waiting calls, and refuses further ones.
#[derive(Clone, Debug)]
struct Gate {
    taken_on: Arc<Semaphore>,
    running: Arc<Semaphore>,
}

impl Default for Gate {
    fn default() -> Self {
        Self {
            taken_on: Arc::new(Semaphore::new(MAX_TAKEN_ON)),
            running: Arc::new(Semaphore::new(MAX_RUNNING)),
        }
    }
}

impl Gate {
    async fn pass<T, F>(&self, call: impl FnOnce() -> F) -> Answer<T>
    where
        F: Future<Output = Result<T, BackendError>>,
    {
        let busy = BackendError::busy;
        let _place = self.taken_on.try_acquire().map_err(|_| busy())?;
        let _turn = self.running.acquire().await.map_err(|_| busy())?;
        call().await
    }
}
