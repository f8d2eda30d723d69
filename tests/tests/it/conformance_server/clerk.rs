//! A Backend API on loopback, and the tokens of its instances.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State};
use http::StatusCode;
use http_body_util::BodyExt as _;
use portal_sdk::testing::TestKey;
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// A Backend API that answers what it was told to, and remembers what it was asked.
pub(crate) struct Clerk {
    pub(crate) address: String,
    shared: Arc<Shared>,
}

struct Shared {
    answers: BTreeMap<&'static str, Value>,
    calls: Mutex<Vec<(String, Value)>>,
}

impl Clerk {
    /// Starts one that gives the signing keys, and `answers` by path.
    pub(crate) async fn start<const N: usize>(answers: [(&'static str, Value); N]) -> Self {
        let mut answers = BTreeMap::from(answers);
        answers.insert("/v1/jwks", json!({ "keys": [TestKey::of_process().jwk(TestKey::ID)] }));
        let shared = Arc::new(Shared {
            answers,
            calls: Mutex::default(),
        });
        let router = Router::new().fallback(answer).with_state(shared.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = format!("http://{}", listener.local_addr().expect("it is bound"));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, shared }
    }

    /// The bodies of the calls to `path` so far; null where there was none.
    pub(crate) fn calls(&self, path: &str) -> Vec<Value> {
        let calls = self.shared.calls.lock().expect("no call panicked");
        let to_path = calls.iter().filter(|(called, _)| called == path);
        to_path.map(|(_, body)| body.clone()).collect()
    }
}

async fn answer(State(shared): State<Arc<Shared>>, request: Request) -> (StatusCode, String) {
    let path = request.uri().path().to_owned();
    let body: Bytes = request.into_body().collect().await.expect("a body").to_bytes();
    let body = serde_json::from_slice(&body).unwrap_or_default();
    shared
        .calls
        .lock()
        .expect("no call panicked")
        .push((path.clone(), body));
    match shared.answers.get(path.as_str()) {
        Some(answer) => (StatusCode::OK, answer.to_string()),
        None => (StatusCode::NOT_FOUND, json!({ "errors": [] }).to_string()),
    }
}

/// A session token of the instance whose Frontend API is `frontend_api`, which ends `seconds` from now.
pub(crate) fn session_token(frontend_api: &str, seconds: i64) -> String {
    signed(&json!({
        "iss": format!("https://{frontend_api}"),
        "sub": "user_1",
        "sid": "sess_1",
        "v": 2,
        "iat": now() + seconds - 60,
        "nbf": now() + seconds - 70,
        "exp": now() + seconds,
    }))
}

/// A handshake token that brings `directives`.
pub(crate) fn handshake_token(directives: &[String]) -> String {
    signed(&json!({ "handshake": directives }))
}

/// Unix seconds.
pub(crate) fn now() -> i64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is after 1970");
    i64::try_from(elapsed.as_secs()).expect("it is not that late")
}

fn signed(claims: &Value) -> String {
    let header = json!({ "alg": "RS256", "kid": TestKey::ID, "typ": "JWT" });
    TestKey::of_process().sign(&header, claims)
}
