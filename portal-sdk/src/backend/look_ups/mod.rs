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

/// The default time that requests wait for a call, from its start.
pub(crate) const MAX_WAIT: Duration = Duration::from_secs(5);

/// The result of one effect.
type Answer<T> = Result<T, BackendError>;

/// The calls of one authenticator that requests can cause.
pub(crate) struct LookUps {
    payloads: Calls<Box<str>, HandshakePayload>,
    renewals: Calls<Renewal, RefreshedSession>,
}

/// The counts of one kind of call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct CallCounts {
    pub(crate) started: u64,
    pub(crate) in_flight: usize,
}

impl LookUps {
    /// Creates look-ups; requests wait for at most `max_wait`, from a call's start.
    pub(crate) fn new(max_wait: Duration) -> Self {
        Self {
            payloads: Calls::new("handshake_payload", max_wait),
            renewals: Calls {
                answers: Some(Arc::default()),
                ..Calls::new("renewal", max_wait)
            },
        }
    }

    /// Fetches the payload with this nonce. Requests with the same nonce share one call.
    ///
    /// The response is not kept, because a nonce must not work a second time.
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
        self.payloads.share(clock, nonce.expose().into(), call).await
    }

    /// Renews a session. Requests with the same tokens share one call.
    ///
    /// A page's scripts often find an expired session at the same time. Later requests with the same tokens share the
    /// result for some seconds.
    pub(crate) async fn refresh_session<B: Backend>(
        &self,
        backend: &B,
        clock: &Arc<dyn Clock>,
        refresh: SessionRefresh,
    ) -> Answer<RefreshedSession> {
        let renewal = Renewal::of(&refresh);
        let call = || {
            let backend = backend.clone();
            async move { backend.refresh_session(&refresh).await }
        };
        self.renewals.share(clock, renewal, call).await
    }

    pub(crate) fn payload_counts(&self) -> CallCounts {
        self.payloads.counts()
    }

    pub(crate) fn renewal_counts(&self) -> CallCounts {
        self.renewals.counts()
    }

    /// Returns the number of renewals that used an earlier result.
    pub(crate) fn shared_answers(&self) -> u64 {
        self.renewals.shared.load(Ordering::Relaxed)
    }
}

/// The calls of one kind.
struct Calls<K, T> {
    flights: Arc<Flights<K, Answer<T>>>,
    gate: Gate,
    /// Results for later requests, if they may be shared.
    answers: Option<Arc<SharedAnswers<K, T>>>,
    started: Arc<AtomicU64>,
    /// The number of requests that used an earlier call's result.
    shared: Arc<AtomicU64>,
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
            flights: Arc::new(Flights::with_limit(max_wait)),
            gate: Gate::default(),
            answers: None,
            started: Arc::default(),
            shared: Arc::default(),
        }
    }

    /// Returns a shared result, or makes the call or waits for the one in progress.
    async fn share<F>(&self, clock: &Arc<dyn Clock>, key: K, call: impl FnOnce() -> F) -> Answer<T>
    where
        F: Future<Output = Answer<T>> + Send + 'static,
    {
        if let Some(answer) = self.shared_answer(&key, clock.now()) {
            return answer;
        }
        self.gate.check(clock.now())?;
        let work = || {
            let (calls, clock, key, call) = (self.clone(), clock.clone(), key.clone(), call());
            async move {
                // Another call may have ended since the check above.
                match calls.shared_answer(&key, clock.now()) {
                    Some(answer) => answer,
                    None => calls.make(key, &*clock, call).await,
                }
            }
        };
        self.flights.join(key.clone(), work).await.into_answer()
    }

    async fn make(&self, key: K, clock: &dyn Clock, call: impl Future<Output = Answer<T>>) -> Answer<T> {
        let counted = async {
            self.started.fetch_add(1, Ordering::Relaxed);
            meter::call_started(self.kind);
            call.await
        };
        let answer = self.gate.pass(clock, counted).await;
        if let Some(answers) = &self.answers {
            answers.keep(key, &answer, clock.now());
        }
        answer
    }

    fn shared_answer(&self, key: &K, now: UnixTime) -> Option<Answer<T>> {
        let answer = self.answers.as_ref()?.get(key, now)?;
        self.shared.fetch_add(1, Ordering::Relaxed);
        meter::renewal_shared();
        Some(answer)
    }

    fn counts(&self) -> CallCounts {
        CallCounts {
            started: self.started.load(Ordering::Relaxed),
            in_flight: self.flights.len(),
        }
    }
}

impl<K, T> Clone for Calls<K, T> {
    fn clone(&self) -> Self {
        Self {
            flights: self.flights.clone(),
            gate: self.gate.clone(),
            answers: self.answers.clone(),
            started: self.started.clone(),
            shared: self.shared.clone(),
            kind: self.kind,
        }
    }
}

/// The key of a shared renewal: every input except the request's header fields.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn result_that_is_kept_between_the_check_and_the_call_is_shared() {
        let answers = Arc::new(SharedAnswers::default());
        let calls: Calls<&str, &str> = Calls {
            answers: Some(answers.clone()),
            ..Calls::new("renewal", MAX_WAIT)
        };
        // The clock is read for the check, for the gate, and for the call; another call ends at the second time.
        let reads = AtomicU64::new(0);
        let clock: Arc<dyn Clock> = Arc::new(move || {
            let now = UnixTime::from_secs(1_800_000_000);
            if reads.fetch_add(1, Ordering::Relaxed) == 1 {
                answers.keep("key", &Ok("another call's"), now);
            }
            now
        });
        let answer = calls.share(&clock, "key", || async { Ok("a second call's") }).await;
        assert_eq!(answer.unwrap(), "another call's");
        assert_eq!((calls.counts().started, calls.shared.load(Ordering::Relaxed)), (0, 1));
    }
}
