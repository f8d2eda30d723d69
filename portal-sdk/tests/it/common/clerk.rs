//! A Backend API in memory that counts what it is asked.

use std::sync::{Arc, Mutex};

use http::{Method, StatusCode};
use portal_sdk::backend::{ApiPath, Backend, BackendApi, User};
use portal_sdk::effect::{BackendError, HandshakePayload, RefreshedSession, SessionRefresh};
use portal_sdk::key::KeySet;
use portal_sdk::portal::DiscoveredPages;
use portal_sdk::secret::Secret;
use portal_sdk::token::{SessionId, UserId};
use serde_json::{Value, json};

use super::mint;

/// Clones share answers and calls.
#[derive(Clone)]
pub(crate) struct FakeClerk(Arc<Mutex<Script>>);

struct Script {
    calls: Vec<String>,
    jwks: Result<KeySet, BackendError>,
    handshake_payload: Result<HandshakePayload, BackendError>,
    refresh: Result<RefreshedSession, BackendError>,
    user: Result<User, BackendError>,
    revoke: Result<(), BackendError>,
    pages: Result<DiscoveredPages, BackendError>,
}

impl FakeClerk {
    /// Knows the instance's key and a user; refuses the rest.
    pub(crate) fn new() -> Self {
        let ada = json!({
            "id": "user_1",
            "first_name": "Ada",
            "primary_email_address_id": "idn_1",
            "email_addresses": [{ "id": "idn_1", "email_address": "ada@example.com" }],
        });
        Self(Arc::new(Mutex::new(Script {
            calls: Vec::new(),
            jwks: Ok(mint::jwks()),
            handshake_payload: Err(answer(404, Some("resource_not_found"))),
            refresh: Err(answer(404, Some("resource_not_found"))),
            user: Ok(serde_json::from_value(ada).unwrap()),
            revoke: Ok(()),
            pages: Err(answer(404, Some("resource_not_found"))),
        })))
    }

    /// Every request so far, by name.
    pub(crate) fn calls(&self) -> Vec<String> {
        self.0.lock().unwrap().calls.clone()
    }

    pub(crate) fn set_jwks(&self, answer: Result<KeySet, BackendError>) {
        self.0.lock().unwrap().jwks = answer;
    }

    pub(crate) fn set_handshake_payload(&self, directives: Result<Vec<String>, BackendError>) {
        self.0.lock().unwrap().handshake_payload = directives.map(payload);
    }

    pub(crate) fn set_refresh(&self, cookies: Result<Vec<String>, BackendError>) {
        self.0.lock().unwrap().refresh = cookies.map(|cookies| RefreshedSession { cookies });
    }

    pub(crate) fn set_user(&self, answer: Result<User, BackendError>) {
        self.0.lock().unwrap().user = answer;
    }

    pub(crate) fn set_revoke(&self, answer: Result<(), BackendError>) {
        self.0.lock().unwrap().revoke = answer;
    }

    pub(crate) fn set_pages(&self, answer: Result<DiscoveredPages, BackendError>) {
        self.0.lock().unwrap().pages = answer;
    }

    fn asked<T: Clone>(
        &self,
        call: String,
        answer: impl Fn(&Script) -> Result<T, BackendError>,
    ) -> Result<T, BackendError> {
        let mut script = self.0.lock().unwrap();
        script.calls.push(call);
        answer(&script)
    }
}

impl Backend for FakeClerk {
    async fn jwks(&self) -> Result<KeySet, BackendError> {
        // A real response takes time; a lock that is held meanwhile would show.
        tokio::task::yield_now().await;
        self.asked("jwks".to_owned(), |script| script.jwks.clone())
    }

    async fn handshake_payload(&self, nonce: &Secret) -> Result<HandshakePayload, BackendError> {
        tokio::task::yield_now().await;
        self.asked(format!("handshake_payload {}", nonce.expose()), |script| {
            script.handshake_payload.clone()
        })
    }

    async fn refresh_session(&self, refresh: &SessionRefresh) -> Result<RefreshedSession, BackendError> {
        tokio::task::yield_now().await;
        self.asked(format!("refresh {}", refresh.session_id), |script| {
            script.refresh.clone()
        })
    }
}

impl BackendApi for FakeClerk {
    async fn request(&self, method: Method, path: ApiPath, _: Option<Value>) -> Result<Value, BackendError> {
        self.asked(format!("{method} {path}"), |_| {
            Err(answer(404, Some("resource_not_found")))
        })
    }

    async fn user(&self, id: &UserId) -> Result<User, BackendError> {
        tokio::task::yield_now().await;
        self.asked(format!("user {id}"), |script| script.user.clone())
    }

    async fn revoke_session(&self, id: &SessionId) -> Result<(), BackendError> {
        tokio::task::yield_now().await;
        self.asked(format!("revoke {id}"), |script| script.revoke.clone())
    }

    async fn portal_pages(&self) -> Result<DiscoveredPages, BackendError> {
        tokio::task::yield_now().await;
        self.asked("portal_pages".to_owned(), |script| script.pages.clone())
    }
}

/// A handshake payload of these `Set-Cookie` values, as it comes over the wire.
#[expect(clippy::needless_pass_by_value, reason = "it is what the values become")]
pub(crate) fn payload(directives: Vec<String>) -> HandshakePayload {
    serde_json::from_value(json!({ "directives": directives })).unwrap()
}

/// An error answer.
pub(crate) fn answer(status: u16, code: Option<&str>) -> BackendError {
    let error = BackendError::answer(StatusCode::from_u16(status).unwrap());
    match code {
        Some(code) => error.with_code(code),
        None => error,
    }
}

/// No connection.
pub(crate) fn down() -> BackendError {
    BackendError::connect(std::io::Error::from(std::io::ErrorKind::ConnectionRefused))
}
