//! A Backend API on loopback, and the tokens of its instances.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use http_body_util::BodyExt as _;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use tokio::net::TcpListener;

const KEY_ID: &str = "ins_main";

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
        answers.insert("/v1/jwks", json!({ "keys": [public_key()] }));
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
    let mut header = Header::new(Algorithm::RS256);
    header.kid = Some(KEY_ID.to_owned());
    jsonwebtoken::encode(&header, claims, &private_key()).expect("it can be signed")
}

/// The key that the vectors are signed with too.
fn private_key() -> EncodingKey {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("conformance/record/keys.json");
    let keys: Value = serde_json::from_str(&fs::read_to_string(path).expect("the keys")).expect("JSON");
    let pem = keys["main"].as_str().expect("a key");
    let base64: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    EncodingKey::from_rsa_der(&pkcs1(&STANDARD.decode(base64).expect("base64")))
}

/// The RSA key inside a PKCS #8 container (RFC 5208): what follows its fixed start.
fn pkcs1(pkcs8: &[u8]) -> Vec<u8> {
    pkcs8[26..].to_vec()
}

fn public_key() -> Value {
    let mut jwk = Jwk::from_encoding_key(&private_key(), Algorithm::RS256).expect("a public half");
    jwk.common.key_id = Some(KEY_ID.to_owned());
    serde_json::to_value(jwk).expect("JSON")
}
