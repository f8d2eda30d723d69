//! A Backend API that answers as a vector says, and remembers what it was asked.

use std::collections::BTreeMap;
use std::future::{Future, ready};
use std::sync::{Arc, Mutex};

use http::StatusCode;
use portal_sdk::backend::Backend;
use portal_sdk::effect::{BackendError, HandshakePayload, RefreshedSession, SessionRefresh};
use portal_sdk::key::KeySet;
use portal_sdk::secret::Secret;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use url::form_urlencoded;

use crate::vectors::file::Answer;

#[derive(Clone)]
pub(crate) struct ScriptedBackend(Arc<Script>);

struct Script {
    answers: BTreeMap<String, Answer>,
    calls: Mutex<Vec<Value>>,
}

impl ScriptedBackend {
    pub(crate) fn new(answers: &BTreeMap<String, Answer>) -> Self {
        Self(Arc::new(Script {
            answers: answers.clone(),
            calls: Mutex::default(),
        }))
    }

    /// The calls so far, as `[method, path with query]` with the body as a third element if there is one.
    pub(crate) fn calls(&self) -> Value {
        self.0.calls.lock().expect("no call panicked").clone().into()
    }

    fn answer<T: DeserializeOwned>(
        &self,
        method: &str,
        path: &str,
        query: &str,
        body: Option<Value>,
    ) -> Result<T, BackendError> {
        let mut call = vec![json!(method), json!(format!("{path}{query}"))];
        call.extend(body);
        self.0.calls.lock().expect("no call panicked").push(call.into());
        let unreachable = |problem: &str| BackendError::transport(problem);
        match self.0.answers.get(&format!("{method} {path}")) {
            None => Err(unreachable("this call is not in the vector")),
            Some(Answer::Failure { .. }) => Err(unreachable("the network fails")),
            Some(Answer::Response { status, body }) => read(*status, body),
        }
    }
}

/// An answer as `HttpBackend` takes it, whatever content type it came with.
fn read<T: DeserializeOwned>(status: u16, body: &str) -> Result<T, BackendError> {
    let status = StatusCode::from_u16(status).expect("a status");
    if status.is_success() {
        return serde_json::from_str(body).map_err(|error| BackendError::unreadable(status, error.to_string()));
    }
    let body: Value = serde_json::from_str(body).unwrap_or_default();
    let codes: Vec<&str> = body["errors"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|e| e["code"].as_str())
        .collect();
    let refused = codes.iter().find(|code| **code == "clerk_key_invalid");
    let code = refused.or(codes.iter().find(|code| !code.is_empty()));
    let error = BackendError::answer(status);
    Err(match code {
        Some(code) => error.with_code(*code),
        None => error,
    })
}

/// The answer of `GET /v1/jwks`.
#[derive(Deserialize)]
struct Jwks {
    keys: Vec<Value>,
}

impl Backend for ScriptedBackend {
    fn jwks(&self) -> impl Future<Output = Result<KeySet, BackendError>> + Send {
        let answer: Result<Jwks, _> = self.answer("GET", "/v1/jwks", "", None);
        ready(answer.map(|Jwks { keys }| KeySet::from_json(&json!({ "keys": keys }))))
    }

    fn handshake_payload(&self, nonce: &Secret) -> impl Future<Output = Result<HandshakePayload, BackendError>> + Send {
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("nonce", nonce.expose())
            .finish();
        ready(self.answer("GET", "/v1/clients/handshake_payload", &format!("?{query}"), None))
    }

    fn refresh_session(
        &self,
        refresh: &SessionRefresh,
    ) -> impl Future<Output = Result<RefreshedSession, BackendError>> + Send {
        let path = format!("/v1/sessions/{}/refresh", refresh.session_id);
        let query = if refresh.suffixed_cookies {
            "?suffixed_cookies=true"
        } else {
            ""
        };
        let headers: Map<String, Value> = refresh
            .request_headers
            .iter()
            .map(|(name, value)| (name.clone(), json!([value])))
            .collect();
        let body = json!({
            "format": "cookie",
            "expired_token": refresh.expired_token.expose(),
            "refresh_token": refresh.refresh_token.expose(),
            "request_origin": refresh.request_origin,
            "request_headers": headers,
        });
        #[derive(serde::Deserialize)]
        struct Cookies {
            cookies: Vec<Value>,
        }
        let answer: Result<Cookies, _> = self.answer("POST", &path, query, Some(body));
        ready(answer.and_then(|answer| {
            let texts = answer.cookies.iter().filter_map(Value::as_str);
            let cookies: Vec<String> = texts.map(str::to_owned).collect();
            if cookies.is_empty() && !answer.cookies.is_empty() {
                return Err(BackendError::unreadable(StatusCode::OK, "no string"));
            }
            Ok(RefreshedSession::new(cookies))
        }))
    }
}
