//! The calls of the harness to the portal itself: its clock, its faults, its keys, its users.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Method, Request};
use http_body_util::Full;
use serde_json::{Value, json};

use super::wire::{Connections, Lost};

const PAGE: usize = 500;

/// A user as the Backend API shows it.
#[derive(Clone, Debug)]
pub(super) struct KnownUser {
    pub(super) id: String,
    pub(super) first_name: String,
}

/// A client of the portal's own interface and of the Backend API, with the secret key.
#[derive(Debug)]
pub(super) struct PortalClient {
    connections: Connections,
    authority: String,
    secret_key: String,
}

/// The status and the body of a response.
pub(super) type Reply = (u16, Value);

impl PortalClient {
    pub(super) fn new(origin: &str, secret_key: &str) -> Self {
        Self {
            connections: Connections::default(),
            authority: origin.trim_start_matches("http://").to_owned(),
            secret_key: secret_key.to_owned(),
        }
    }

    /// Sends a request with a JSON body.
    pub(super) async fn call(&mut self, method: Method, path: &str, body: Option<Value>) -> Result<Reply, Lost> {
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        let broken = |error: http::Error| Lost::Broken(error.to_string());
        let request = Request::builder()
            .method(method)
            .uri(path)
            .body(Full::new(Bytes::from(body)));
        let mut request = request.map_err(broken)?;
        let fields = request.headers_mut();
        fields.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Ok(key) = HeaderValue::from_str(&format!("Bearer {}", self.secret_key)) {
            fields.insert(AUTHORIZATION, key);
        }
        let response = self.connections.send(&self.authority, request).await?;
        let body = serde_json::from_slice(response.body()).unwrap_or(Value::Null);
        Ok((response.status().as_u16(), body))
    }

    pub(super) async fn set_clock(&mut self, skew_secs: i64) -> Result<Reply, Lost> {
        let body = json!({ "skew_secs": skew_secs });
        self.call(Method::POST, "/__local/clock", Some(body)).await
    }

    pub(super) async fn add_fault(&mut self, fault: Value) -> Result<Reply, Lost> {
        self.call(Method::POST, "/__local/faults", Some(fault)).await
    }

    pub(super) async fn clear_faults(&mut self) -> Result<Reply, Lost> {
        self.call(Method::DELETE, "/__local/faults", None).await
    }

    pub(super) async fn rotate_key(&mut self) -> Result<Reply, Lost> {
        self.call(Method::POST, "/__local/signing-key/rotate", Some(json!({})))
            .await
    }

    /// Returns the IDs of the keys in the key set.
    pub(super) async fn key_ids(&mut self) -> Result<Vec<String>, Lost> {
        let (_, keys) = self.call(Method::GET, "/v1/jwks", None).await?;
        let keys = keys["keys"].as_array().cloned().unwrap_or_default();
        Ok(keys
            .iter()
            .filter_map(|key| key["kid"].as_str().map(str::to_owned))
            .collect())
    }

    /// Writes something larger than a page, so that a full disk is noticed.
    pub(super) async fn write_metadata(&mut self, user_id: &str, text: &str) -> Result<Reply, Lost> {
        let body = json!({ "private_metadata": { "soak": text } });
        self.call(Method::PATCH, &format!("/v1/users/{user_id}/metadata"), Some(body))
            .await
    }

    /// Returns all users by their address, or the status of a refusal.
    pub(super) async fn users(&mut self) -> Result<Result<BTreeMap<String, KnownUser>, u16>, Lost> {
        let mut users = BTreeMap::new();
        loop {
            let offset = users.len();
            let path = format!("/v1/users?limit={PAGE}&offset={offset}&order_by=created_at");
            let (status, body) = self.call(Method::GET, &path, None).await?;
            let Some(page) = body.as_array().filter(|_| status == 200) else {
                return Ok(Err(status));
            };
            for user in page {
                let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
                let known = KnownUser {
                    id: text(&user["id"]),
                    first_name: text(&user["first_name"]),
                };
                users.insert(text(&user["email_addresses"][0]["email_address"]), known);
            }
            if page.len() < PAGE || users.len() == offset {
                return Ok(Ok(users));
            }
        }
    }
}
