//! The end of a stream: when, and why.

use std::future::Future;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::http::Method;
use portal_axum::portal_sdk::backend::{ApiPath, BackendApi as _, HttpBackend};
use portal_axum::portal_sdk::clock::UnixTime;
use portal_axum::{Authenticator, SessionId, SignedIn};
use tokio::sync::broadcast::{self, Sender};
use tokio::time::sleep;

/// The most sign-outs that wait for a slow stream. Further ones end it with [`Ending::Renew`].
const MOST_SIGN_OUTS: usize = 1_024;

/// The reason why a stream ended.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ending {
    /// The session may still live: the client opens the stream again and is authenticated again.
    Renew,
    /// The user signed out in this process.
    SignedOut,
    /// The session ended at Clerk: its user signed out there or was deleted, or an administrator revoked it.
    SessionEnded,
}

impl Ending {
    /// The word that the client receives.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Renew => "renew",
            Self::SignedOut => "signed-out",
            Self::SessionEnded => "session-ended",
        }
    }
}

/// The sessions whose streams this process serves.
#[derive(Clone)]
pub(crate) struct Sessions {
    clerk: Authenticator<HttpBackend>,
    signed_out: Sender<SessionId>,
    interval: Duration,
}

#[derive(serde::Deserialize)]
struct Session {
    status: String,
}

impl Sessions {
    /// `interval` is the time between two checks of a session at Clerk.
    pub(crate) fn new(clerk: Authenticator<HttpBackend>, interval: Duration) -> Self {
        Self {
            clerk,
            signed_out: broadcast::channel(MOST_SIGN_OUTS).0,
            interval,
        }
    }

    /// Tells the session's streams that its user has signed out.
    pub(crate) fn tell(&self, session: SessionId) {
        // An error means that no stream is open.
        let _ = self.signed_out.send(session);
    }

    /// Completes when the user signs out in this process.
    pub(crate) fn signed_out(&self, session: SessionId) -> impl Future<Output = Ending> + Send + 'static {
        // Subscribe before the future is polled, so that it misses no sign-out.
        let mut signed_out = self.signed_out.subscribe();
        async move {
            loop {
                match signed_out.recv().await {
                    Ok(id) if id == session => return Ending::SignedOut,
                    Ok(_) => {}
                    // This session may be among those whose sign-outs the stream missed.
                    Err(_) => return Ending::Renew,
                }
            }
        }
    }

    /// Completes when the session has ended at Clerk. It costs one call for each interval.
    pub(crate) async fn ended(self, session: SessionId) -> Ending {
        loop {
            // A timer, because Clerk does not tell this process when a session ends there.
            sleep(self.interval).await;
            if !self.is_active(&session).await {
                return Ending::SessionEnded;
            }
        }
    }

    async fn is_active(&self, session: &SessionId) -> bool {
        let path = ApiPath::new(["sessions", session.as_str()]);
        let found: Result<Session, _> = self.clerk.backend().request_as(Method::GET, path, ()).await;
        match found {
            Ok(session) => session.status == "active",
            // During an outage the stream stays open. Any other error is a refusal: Clerk does not know the session.
            Err(error) => error.is_outage(),
        }
    }
}

/// Completes when the request's token has expired. A new request then renews the session, or is signed out.
pub(crate) async fn token_expired(user: SignedIn) -> Ending {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let expires_at = user.claims().expires_at().map_or(0, UnixTime::as_secs);
    // Tokens are accepted until `exp` plus the skew. A stream that ends sooner reopens with the same token, and ends at once.
    let expires_at = Duration::from_secs(expires_at.try_into().unwrap_or_default()) + user.instance().clock_skew();
    sleep(expires_at.saturating_sub(now)).await;
    Ending::Renew
}
