//! The portal's Backend API and its log, as an administrator with the secret key sees them.

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use portal_local::LocalPortal;
use serde_json::{Value, json};

/// A client of one portal that follows no redirect.
#[derive(Clone, Debug)]
pub struct BackendApi {
    client: Client<HttpConnector, Full<Bytes>>,
    origin: String,
    secret_key: String,
}

/// The portal's response.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body. Text that is not JSON becomes a JSON string.
    pub body: Value,
}

impl BackendApi {
    /// A client with this portal's secret key.
    #[must_use]
    pub fn of(portal: &LocalPortal) -> Self {
        Self {
            client: Client::builder(TokioExecutor::new()).build_http(),
            origin: portal.origin().to_owned(),
            secret_key: portal.secret_key().expose().to_owned(),
        }
    }

    /// A client of the portal of another process, with its secret key.
    ///
    /// # Panics
    ///
    /// If no portal has this origin.
    pub async fn at(origin: &str) -> Self {
        let mut api = Self {
            client: Client::builder(TokioExecutor::new()).build_http(),
            origin: origin.to_owned(),
            secret_key: String::new(),
        };
        let environment = api.visit("/__local/env", "text/plain").await.body;
        let mut lines = environment.as_str().expect("text").lines();
        let key = lines.find_map(|line| line.strip_prefix("CLERK_SECRET_KEY="));
        api.secret_key = key.expect("a secret key").to_owned();
        api
    }

    /// `GET`s an address of the Backend API that is there.
    ///
    /// # Panics
    ///
    /// If it is not.
    pub async fn get(&self, path: &str) -> Value {
        let answer = self.ask(Method::GET, path, None).await;
        assert_eq!(answer.status, StatusCode::OK, "GET {path}: {}", answer.body);
        answer.body
    }

    /// `POST`s what the Backend API accepts.
    ///
    /// # Panics
    ///
    /// If it does not.
    pub async fn post(&self, path: &str, body: Value) -> Value {
        let answer = self.ask(Method::POST, path, Some(body)).await;
        assert_eq!(answer.status, StatusCode::OK, "POST {path}: {}", answer.body);
        answer.body
    }

    /// `DELETE`s an object that is there.
    ///
    /// # Panics
    ///
    /// If it is not.
    pub async fn delete(&self, path: &str) -> Value {
        let answer = self.ask(Method::DELETE, path, None).await;
        assert_eq!(answer.status, StatusCode::OK, "DELETE {path}: {}", answer.body);
        answer.body
    }

    /// The status of a `GET`.
    ///
    /// # Panics
    ///
    /// If there is no answer.
    pub async fn status(&self, path: &str) -> StatusCode {
        self.ask(Method::GET, path, None).await.status
    }

    /// The user with this address.
    ///
    /// # Panics
    ///
    /// If there is not exactly one.
    pub async fn user(&self, address: &str) -> Value {
        let wanted = percent_encoding::utf8_percent_encode(address, percent_encoding::NON_ALPHANUMERIC);
        let mut found = self.get(&format!("/v1/users?email_address={wanted}")).await;
        match found.as_array_mut().map(Vec::as_mut_slice) {
            Some([user]) => user.take(),
            _ => panic!("not one user has the address {address}: {found}"),
        }
    }

    /// The sessions of a user that have not ended.
    ///
    /// # Panics
    ///
    /// If there is no answer.
    pub async fn live_sessions(&self, user_id: &str) -> Vec<Value> {
        let sessions = self.get(&format!("/v1/sessions?user_id={user_id}&limit=100")).await;
        let is_live = |session: &&Value| matches!(session["status"].as_str(), Some("active" | "pending"));
        sessions
            .as_array()
            .into_iter()
            .flatten()
            .filter(is_live)
            .cloned()
            .collect()
    }

    /// `GET`s an address of the portal as a browser or, with another `accept`, as a script does.
    ///
    /// # Panics
    ///
    /// If there is no answer.
    pub async fn visit(&self, path: &str, accept: &str) -> Answer {
        let request = Request::get(format!("{}{path}", self.origin)).header(ACCEPT, accept);
        self.send(request.body(Full::default()).expect("a request")).await
    }

    async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.origin))
            .header(AUTHORIZATION, format!("Bearer {}", self.secret_key))
            .header(CONTENT_TYPE, "application/json");
        let body = body.map(|body| Bytes::from(body.to_string())).unwrap_or_default();
        self.send(request.body(body.into()).expect("a request")).await
    }

    async fn send(&self, request: Request<Full<Bytes>>) -> Answer {
        let asked = format!("{} {}", request.method(), request.uri());
        let response = self.client.request(request).await;
        let (head, body) = response.unwrap_or_else(|error| panic!("{asked}: {error}")).into_parts();
        let body = body.collect().await.unwrap_or_else(|error| panic!("{asked}: {error}"));
        let body = body.to_bytes();
        Answer {
            status: head.status,
            headers: head.headers,
            body: serde_json::from_slice(&body).unwrap_or_else(|_| json!(String::from_utf8_lossy(&body))),
        }
    }
}
