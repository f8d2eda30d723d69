//! Calls for handshake payloads and renewed sessions. Requests with the same secrets share one call, and the number of
//! concurrent calls is bounded, because any client can invent a nonce or a refresh token.

mod answers;
mod gate;

use std::hash::Hash;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use self::answers::SharedAnswers;
use self::gate::Gate;
use super::flights::Flights;
use super::{Backend, meter};
use crate::clock::{Clock, UnixTime};
use crate::effect::{BackendError, HandshakePayload, RefreshedSession, SessionRefresh};
use crate::secret::Secret;
use crate::token::SessionId;

/// The time that requests wait for a call, from its start.
pub(crate) const MAX_WAIT: Duration = Duration::from_secs(5);

/// The result of one effect.
type Answer<T> = Result<T, BackendError>;

/// The calls of one authenticator that requests can cause.
pub(crate) struct LookUps {
    payloads: Calls<Box<str>, HandshakePayload>,
    renewals: Calls<Renewal, RefreshedSession>,
    answers: Arc<SharedAnswers<Renewal, RefreshedSession>>,
    shared: AtomicU64,
}

/// The numbers of one kind of calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct CallCounts {
    pub(crate) started: u64,
    pub(crate) in_flight: usize,
}

impl LookUps {
    /// Creates look-ups that requests wait for until `max_wait` after their start.
    pub(crate) fn new(max_wait: Duration) -> Self {
        Self {
            payloads: Calls::new("handshake_payload", max_wait),
            renewals: Calls::new("renewal", max_wait),
            answers: Arc::default(),
            shared: AtomicU64::new(0),
        }
    }

    /// Fetches the payload with this nonce. Requests with the same nonce share one call.
    ///
    /// The response is not kept: a nonce is valid once, and must not work a second time.
    pub(crate) async fn handshake_payload<B: Backend>(
        &self,
        backend: &B,
        clock: &Arc<dyn Clock>,
        nonce: &Secret,
    ) -> Answer<HandshakePayload> {
        let call = || {
            let (backend, nonce) = (backend.clone(), nonce.clone());
            async move { backend.handshake_payload(&nonce).await }
        };
        self.payloads
            .share(clock, nonce.expose().into(), call, |_, _, _| {})
            .await
    }

    /// Renews a session. Requests with the same tokens share one call, because a page's scripts often find an expired
    /// session at the same time, and its result for some seconds, because more of them follow.
    pub(crate) async fn refresh_session<B: Backend>(
        &self,
        backend: &B,
        clock: &Arc<dyn Clock>,
        refresh: SessionRefresh,
    ) -> Answer<RefreshedSession> {
        let renewal = Renewal::of(&refresh);
        if let Some(answer) = self.answers.get(&renewal, clock.now()) {
            self.shared.fetch_add(1, Ordering::Relaxed);
            meter::renewal_shared();
            return answer;
        }
        let call = || {
            let backend = backend.clone();
            async move { backend.refresh_session(&refresh).await }
        };
        let answers = self.answers.clone();
        self.renewals
            .share(clock, renewal, call, move |renewal, answer, now| {
                answers.keep(renewal, answer, now);
            })
            .await
    }

    pub(crate) fn payload_counts(&self) -> CallCounts {
        self.payloads.counts()
    }

    pub(crate) fn renewal_counts(&self) -> CallCounts {
        self.renewals.counts()
    }

    /// The renewals that were answered with the result of an earlier one.
    pub(crate) fn shared_answers(&self) -> u64 {
        self.shared.load(Ordering::Relaxed)
    }
}

/// The calls of one kind.
struct Calls<K, T> {
    flights: Flights<K, Answer<T>>,
    gate: Gate,
    started: Arc<AtomicU64>,
    /// The kind's name in metrics.
    kind: &'static str,
}

impl<K, T> Calls<K, T>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    T: Clone + Send + Sync + 'static,
{
    fn new(kind: &'static str, max_wait: Duration) -> Self {
        Self {
            kind,
            flights: Flights::with_limit(max_wait),
            gate: Gate::default(),
            started: Arc::default(),
        }
    }

    /// Makes the call, or waits for the one in progress; `keep` gets its result first.
    async fn share<F>(
        &self,
        clock: &Arc<dyn Clock>,
        key: K,
        call: impl FnOnce() -> F,
        keep: impl FnOnce(K, &Answer<T>, UnixTime) + Send + 'static,
    ) -> Answer<T>
    where
        F: Future<Output = Answer<T>> + Send + 'static,
    {
        self.gate.check(clock.now())?;
        let work = || {
            let (gate, started, clock, key) = (self.gate.clone(), self.started.clone(), clock.clone(), key.clone());
            let (call, kind) = (call(), self.kind);
            async move {
                let answer = gate
                    .pass(&*clock, async {
                        started.fetch_add(1, Ordering::Relaxed);
                        meter::call_started(kind);
                        call.await
                    })
                    .await;
                keep(key, &answer, clock.now());
                answer
            }
        };
        self.flights.join(key.clone(), work).await.into_answer()
    }

    fn counts(&self) -> CallCounts {
        CallCounts {
            started: self.started.load(Ordering::Relaxed),
            in_flight: self.flights.len(),
        }
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
