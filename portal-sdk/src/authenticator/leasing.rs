//! [`Authenticator::lease`]: the task that keeps a session's leases alive.

use std::sync::Arc;
use std::time::Duration;

use http::{Method, StatusCode};
use serde::Deserialize;
use tokio::runtime::Handle;
use tokio::time::sleep;

use super::Authenticator;
use crate::backend::{ApiPath, BackendApi, meter};
use crate::effect::BackendError;
use crate::fleet::SessionEndReason;
use crate::lease::{Entry, Lease, LeaseEnd, LeaseStep, TaskGuard};
use crate::token::{SessionClaims, SessionId};

/// A session as the Backend API returns it: `GET /sessions/{id}`.
#[derive(Deserialize)]
struct Found {
    status: String,
}

impl<B: BackendApi> Authenticator<B> {
    /// Returns a lease of the claims' session, for a connection that stays open.
    ///
    /// See [`lease`](crate::lease) for when it ends. If the session is known to have ended, so has the lease. All leases of
    /// a session share its look-ups. Claims without a session ID cannot be looked up: their lease ends as
    /// [`LeaseEnd::Unconfirmed`] when the token expires.
    ///
    /// Needs a tokio runtime with its timer, which drives the look-ups. Without a runtime, and after the runtime's shutdown,
    /// the lease ends as [`LeaseEnd::Unconfirmed`].
    ///
    /// ```
    /// use portal_sdk::fleet::SessionEndReason;
    /// use portal_sdk::lease::LeaseEnd;
    /// use portal_sdk::testing::TestInstance;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let clerk = TestInstance::new();
    /// let request = clerk.signed_in("user_1").session_id("sess_1").get("/chat").body(()).expect("a valid request");
    /// let state = clerk.authenticator().authenticate(&request.into_parts().0).await.state;
    ///
    /// let lease = clerk.authenticator().lease(state.claims().expect("signed in"));
    /// assert_eq!(lease.end(), None);
    /// clerk.authenticator().session_ended(&"sess_1".into(), SessionEndReason::Revoked);
    /// assert_eq!(lease.ended().await, LeaseEnd::SessionEnded(SessionEndReason::Revoked));
    /// # }
    /// ```
    #[must_use = "a dropped lease cannot end a connection"]
    pub fn lease(&self, claims: &SessionClaims) -> Lease {
        let leases = &self.shared.leases;
        let now = self.shared.clock.now();
        let (lease, new) = leases.lease(claims, now);
        let Some(entry) = new else {
            return lease;
        };
        if let Some(end) = self.known_end(&entry) {
            leases.end(&entry, end);
            return lease;
        }
        let guard = TaskGuard::new(leases.clone(), entry.clone());
        let expires_at = claims.expires_at().map(|at| at + self.shared.instance.clock_skew());
        let expires_in = expires_at.and_then(|at| at.age_of(now)).unwrap_or_default();
        // Without a runtime the guard is dropped, which ends the lease.
        if let Ok(runtime) = Handle::try_current() {
            let task = runtime.spawn(self.clone().drive(entry.clone(), expires_in, guard));
            entry.set_task(task.abort_handle());
        }
        lease
    }

    /// Returns the end of an entry's session or user, if it is known.
    fn known_end(&self, entry: &Entry) -> Option<LeaseEnd> {
        let (ended, now) = (self.ended(), self.shared.clock.now());
        if ended.is_deleted(entry.user(), now) {
            return Some(LeaseEnd::UserDeleted);
        }
        let reason = entry.session().and_then(|id| ended.reason(id, now));
        reason.map(LeaseEnd::SessionEnded)
    }

    /// Keeps an entry alive until its session has ended or cannot be confirmed. The guard then ends the leases.
    async fn drive(self, entry: Arc<Entry>, expires_in: Duration, _guard: TaskGuard) {
        let leases = &self.shared.leases;
        let Some(session) = entry.session() else {
            // A timer, because without a session ID nothing can be looked up.
            return sleep(expires_in).await;
        };
        loop {
            match leases.step(&entry) {
                // A timer, because Clerk does not tell this process when a session ends there.
                LeaseStep::Wait(wait) => sleep(wait).await,
                LeaseStep::End => return,
                // Boxed, so that the many tasks that only wait reserve no memory for a look-up.
                LeaseStep::LookUp => match Box::pin(leases.look_up(&entry, self.find(session))).await {
                    Ok(None) => leases.confirmed(&entry),
                    // Not told to the fleet: a replica with another instance's secret key finds no session at all.
                    Ok(Some(reason @ SessionEndReason::NotFound)) => {
                        return leases.end(&entry, LeaseEnd::SessionEnded(reason));
                    }
                    Ok(Some(reason)) => return self.session_ended(session, reason),
                    Err(error) => leases.failed(&entry, &error),
                },
            }
        }
    }

    /// Looks a session up. Returns the reason if it has ended.
    ///
    /// # Errors
    ///
    /// Returns [`BackendError`] if the call fails or is refused. Only 404 says that the session does not exist; 401 and 403
    /// concern the secret key.
    async fn find(&self, session: &SessionId) -> Result<Option<SessionEndReason>, BackendError> {
        meter::call_started("session");
        let path = ApiPath::new(["sessions", session.as_str()]);
        let found: Result<Found, _> = self.backend().request_as(Method::GET, path, ()).await;
        match found {
            Ok(found) => Ok(SessionEndReason::from_status(&found.status)),
            Err(error) if !error.is_outage() && error.status() == Some(StatusCode::NOT_FOUND) => {
                Ok(Some(SessionEndReason::NotFound))
            }
            Err(error) => Err(error),
        }
    }
}
