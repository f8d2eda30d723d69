//! [`FakeBackend`]: an in-memory Backend API.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::TestKey;
use crate::backend::{ApiPath, Backend, BackendApi, User};
use crate::effect::{BackendError, HandshakePayload, RefreshedSession, SessionRefresh};
use crate::key::KeySet;
use crate::portal::DiscoveredPages;
use crate::secret::Secret;
use crate::token::{SessionId, UserId};

/// An in-memory Backend API that records its calls. Clones share responses and calls.
///
/// By default it serves the key of [`TestKey::of_process`], returns a user with no data but the requested ID, knows every
/// session as active until it revokes it, and responds 404 to other calls.
///
/// ```
/// use http::StatusCode;
/// use portal_sdk::backend::BackendApi as _;
/// use portal_sdk::effect::BackendError;
/// use portal_sdk::testing::FakeBackend;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let backend = FakeBackend::new();
/// backend.set_user("user_2", Err(BackendError::answer(StatusCode::NOT_FOUND)));
///
/// assert!(backend.user(&"user_1".into()).await.is_ok());
/// assert!(backend.user(&"user_2".into()).await.is_err());
/// assert_eq!(backend.calls(), ["user user_1", "user user_2"]);
/// # }
/// ```
#[derive(Clone)]
pub struct FakeBackend(Arc<Mutex<Script>>);

struct Script {
    calls: Vec<String>,
    keys: Result<KeySet, BackendError>,
    handshake_payload: Result<HandshakePayload, BackendError>,
    refresh: Result<RefreshedSession, BackendError>,
    users: HashMap<UserId, Result<User, BackendError>>,
    revoke: Result<(), BackendError>,
    revoked: HashSet<SessionId>,
    pages: Result<DiscoveredPages, BackendError>,
    /// Responses by method and path.
    responses: HashMap<String, Result<Value, BackendError>>,
}

impl FakeBackend {
    /// Creates a backend with the default responses.
    ///
    /// # Panics
    ///
    /// Panics if the operating system provides no randomness for the key.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(Mutex::new(Script {
            calls: Vec::new(),
            keys: Ok(TestKey::of_process().key_set()),
            handshake_payload: Err(not_found()),
            refresh: Err(not_found()),
            users: HashMap::new(),
            revoke: Ok(()),
            revoked: HashSet::new(),
            pages: Err(not_found()),
            responses: HashMap::new(),
        })))
    }

    /// Returns all calls so far.
    ///
    /// A call is the method's name with its ID or nonce (`user user_1`), or the HTTP method and path of a
    /// [`request`](BackendApi::request) (`GET /organizations/org_1`).
    #[must_use]
    pub fn calls(&self) -> Vec<String> {
        self.script().calls.clone()
    }

    /// Sets the result of [`Backend::jwks`].
    pub fn set_jwks(&self, answer: Result<KeySet, BackendError>) {
        self.script().keys = answer;
    }

    /// Sets the result of [`Backend::handshake_payload`].
    pub fn set_handshake_payload(&self, answer: Result<HandshakePayload, BackendError>) {
        self.script().handshake_payload = answer;
    }

    /// Sets the result of [`Backend::refresh_session`].
    pub fn set_refresh_session(&self, answer: Result<RefreshedSession, BackendError>) {
        self.script().refresh = answer;
    }

    /// Sets the result of [`BackendApi::user`] for one user.
    pub fn set_user(&self, id: impl Into<UserId>, answer: Result<User, BackendError>) {
        self.script().users.insert(id.into(), answer);
    }

    /// Sets the result of [`BackendApi::revoke_session`].
    pub fn set_revoke_session(&self, answer: Result<(), BackendError>) {
        self.script().revoke = answer;
    }

    /// Sets the result of [`BackendApi::portal_pages`].
    pub fn set_portal_pages(&self, answer: Result<DiscoveredPages, BackendError>) {
        self.script().pages = answer;
    }

    /// Sets the result of [`BackendApi::request`] for one method and path.
    ///
    /// Calls that use `request` get it too.
    ///
    /// ```
    /// use http::Method;
    /// use portal_sdk::backend::ApiPath;
    /// use portal_sdk::testing::FakeBackend;
    /// use serde_json::json;
    ///
    /// let members = ApiPath::new(["organizations", "org_1", "memberships"]);
    /// FakeBackend::new().set_response(&Method::GET, &members, Ok(json!({ "data": [], "total_count": 0 })));
    /// ```
    pub fn set_response(&self, method: &Method, path: &ApiPath, answer: Result<Value, BackendError>) {
        self.script().responses.insert(format!("{method} {path}"), answer);
    }

    /// Ignore poisoning, so that a panic in one thread does not hide the test's own failure.
    fn script(&self) -> MutexGuard<'_, Script> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn call<T>(&self, call: String, answer: impl FnOnce(&Script) -> T) -> T {
        // Yield, so that concurrent callers overlap as in production.
        tokio::task::yield_now().await;
        let mut script = self.script();
        script.calls.push(call);
        answer(&script)
    }
}

impl Script {
    /// Returns a session as active or revoked; `None` if `id` is a longer path.
    fn session(&self, id: &str) -> Option<Result<Value, BackendError>> {
        let status = if self.revoked.contains(id) { "revoked" } else { "active" };
        (!id.contains('/')).then(|| Ok(json!({ "object": "session", "id": id, "status": status })))
    }
}

impl Default for FakeBackend {
    fn default() -> Self {
        Self::new()
    }
}

impl Backend for FakeBackend {
    async fn jwks(&self) -> Result<KeySet, BackendError> {
        self.call("jwks".to_owned(), |script| script.keys.clone()).await
    }

    async fn handshake_payload(&self, nonce: &Secret) -> Result<HandshakePayload, BackendError> {
        let call = format!("handshake_payload {}", nonce.expose());
        self.call(call, |script| script.handshake_payload.clone()).await
    }

    async fn refresh_session(&self, refresh: &SessionRefresh) -> Result<RefreshedSession, BackendError> {
        let call = format!("refresh_session {}", refresh.session_id);
        self.call(call, |script| script.refresh.clone()).await
    }
}

impl BackendApi for FakeBackend {
    async fn request(&self, method: Method, path: ApiPath, _: Option<Value>) -> Result<Value, BackendError> {
        let call = format!("{method} {path}");
        let answer = self.call(call.clone(), |script| {
            let response = script.responses.get(&call).cloned();
            response.or_else(|| script.session(call.strip_prefix("GET /sessions/")?))
        });
        answer.await.unwrap_or_else(|| Err(not_found()))
    }

    async fn user(&self, id: &UserId) -> Result<User, BackendError> {
        let known = self.call(format!("user {id}"), |script| script.users.get(id).cloned());
        known.await.unwrap_or_else(|| Ok(User::builder(id.clone()).build()))
    }

    async fn revoke_session(&self, id: &SessionId) -> Result<(), BackendError> {
        let revoked = self.call(format!("revoke_session {id}"), |script| script.revoke.clone());
        revoked.await?;
        self.script().revoked.insert(id.clone());
        Ok(())
    }

    async fn portal_pages(&self) -> Result<DiscoveredPages, BackendError> {
        self.call("portal_pages".to_owned(), |script| script.pages.clone())
            .await
    }
}

impl fmt::Debug for FakeBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FakeBackend")
            .field("calls", &self.calls())
            .finish_non_exhaustive()
    }
}

fn not_found() -> BackendError {
    BackendError::answer(StatusCode::NOT_FOUND).with_code("resource_not_found")
}
