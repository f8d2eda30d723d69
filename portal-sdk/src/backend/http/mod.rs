//! [`HttpBackend`]: the Backend API over hyper and rustls.

mod answer;
mod builder;
mod call_log;
mod connector;
mod probe;
mod skipped_keys;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, USER_AGENT};
use http::response::Parts;
use http::{HeaderValue, Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use url::Url;

use self::answer::{read_json, read_json_or_nothing, refusal};
pub use self::builder::HttpBackendBuilder;
use self::call_log::CallLog;
use self::connector::SecureConnector;
pub(crate) use self::probe::Probe;
use self::skipped_keys::SkippedKeys;
use super::{ApiPath, Backend, BackendApi};
use crate::effect::{BackendError, HandshakePayload, RefreshedSession, SessionRefresh};
use crate::instance::Instance;
use crate::key::KeySet;
use crate::names::{self, header, query};
use crate::portal::DiscoveredPages;
use crate::secret::Secret;

/// The size limit of a response body. A key set or a user has a few kilobytes.
const MAX_BODY_BYTES: usize = 1024 * 1024;
const AGENT: &str = concat!("portal-sdk/", env!("CARGO_PKG_VERSION"));

/// The Backend API of one instance. Clones share the connection pool.
///
/// Every call ends within five seconds (three to connect) and reads at most 1 MiB. Use
/// [`builder`](Self::builder) for other time limits, a proxy, or other root certificates. Redirects are not followed,
/// because they would send the secret key elsewhere.
///
/// ```
/// use portal_sdk::backend::{BackendApi, HttpBackend};
/// use portal_sdk::effect::BackendError;
/// use portal_sdk::instance::Instance;
///
/// async fn greeting(backend: &HttpBackend) -> Result<String, BackendError> {
///     let user = backend.user(&"user_2abc".into()).await?;
///     Ok(format!("Hello {}", user.full_name().unwrap_or_default()))
/// }
///
/// # fn main() -> Result<(), portal_sdk::instance::ConfigError> {
/// let instance = Instance::builder("pk_live_Y2xlcmsuZXhhbXBsZS5jb20k", "sk_live_example").build()?;
/// let backend = HttpBackend::new(&instance);
/// # drop(greeting(&backend));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct HttpBackend {
    client: Client<SecureConnector, Full<Bytes>>,
    settings: Arc<Settings>,
}

struct Settings {
    base: Url,
    /// The Frontend API's base URL, with a scheme and without a trailing slash.
    frontend_api: Box<str>,
    is_development: bool,
    authorization: HeaderValue,
    timeout: Duration,
    connect_timeout: Duration,
    call_log: CallLog,
    skipped_keys: SkippedKeys,
}

impl HttpBackend {
    /// Creates a client for `instance` with the default settings, without connecting.
    #[must_use]
    pub fn new(instance: &Instance) -> Self {
        Self::builder(instance).build()
    }

    /// Returns a builder, to set time limits or a connector.
    pub fn builder(instance: &Instance) -> HttpBackendBuilder {
        HttpBackendBuilder::new(instance.clone())
    }

    /// Calls the Backend API with the secret key.
    async fn call<T>(
        &self,
        method: Method,
        path: &ApiPath,
        body: Option<&Value>,
        read: Read<T>,
    ) -> Result<T, BackendError> {
        self.exchange_in_time(self.request_to(method, path, body)?, read).await
    }

    /// Returns the request of a Backend API call, with the secret key.
    fn request_to(&self, method: Method, path: &ApiPath, body: Option<&Value>) -> Result<Outgoing, BackendError> {
        path.check()?;
        let mut url = self.settings.base.clone();
        url.set_path(&format!("{}{}", url.path(), path.path()));
        if !path.query().is_empty() {
            url.set_query(Some(path.query()));
        }
        let body = body.map_or_else(Bytes::new, |body| body.to_string().into());
        Request::builder()
            .method(method)
            .uri(url.as_str())
            .header(AUTHORIZATION, self.settings.authorization.clone())
            .header(header::CLERK_API_VERSION, names::API_VERSION)
            .header(CONTENT_TYPE, "application/json")
            .header(ACCEPT, "application/json")
            .header(USER_AGENT, AGENT)
            .body(Full::new(body))
            .map_err(invalid)
    }

    /// Calls the Frontend API like a browser without cookies.
    async fn call_frontend_api<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        dev_browser: Option<&str>,
    ) -> Result<T, BackendError> {
        let mut url = Url::parse(&format!("{}{path}", self.settings.frontend_api)).map_err(invalid)?;
        if let Some(token) = dev_browser {
            url.query_pairs_mut().append_pair(query::DEV_BROWSER, token);
        }
        let request = without_credentials(method, &url, "application/json")?;
        self.exchange_in_time(request, read_json).await
    }

    fn keys_of(&self, Jwks { keys: entries }: Jwks) -> Result<KeySet, BackendError> {
        let is_empty = entries.is_empty();
        let skipped = &self.settings.skipped_keys;
        let keys = KeySet::from_entries(entries, |index, entry| skipped.log_once(index, entry));
        // A set without valid entries is an outage; only an empty set means that the instance has no keys.
        if keys.is_empty() && !is_empty {
            return Err(BackendError::unreadable(
                StatusCode::OK,
                "found no valid entry in the key set",
            ));
        }
        Ok(keys)
    }

    async fn exchange_in_time<T>(&self, request: Outgoing, read: Read<T>) -> Result<T, BackendError> {
        let timeout = self.settings.timeout;
        let (method, uri) = (request.method().clone(), request.uri().clone());
        let answer = tokio::time::timeout(timeout, self.exchange(request, read)).await;
        let answer = answer.unwrap_or(Err(BackendError::timeout(timeout)));
        if let Err(error) = &answer {
            self.settings.call_log.failed(&method, &uri, error);
        }
        answer
    }

    async fn exchange<T>(&self, request: Outgoing, read: Read<T>) -> Result<T, BackendError> {
        let response = self.client.request(request).await.map_err(not_sent)?;
        let (parts, body) = response.into_parts();
        read_answer(&parts, body, read).await
    }
}

impl Backend for HttpBackend {
    fn address(&self) -> &str {
        self.settings.base.as_str()
    }

    async fn jwks(&self) -> Result<KeySet, BackendError> {
        let jwks = self.call(Method::GET, &ApiPath::new(["jwks"]), None, read_json).await?;
        self.keys_of(jwks)
    }

    async fn handshake_payload(&self, nonce: &Secret) -> Result<HandshakePayload, BackendError> {
        let path = ApiPath::new(["clients", "handshake_payload"]).with_query("nonce", nonce.expose());
        match self.call(Method::GET, &path, None, read_json).await {
            // Retry once, because a failed handshake shows the user an error page.
            Err(error) if is_worth_a_retry(&error) => self.call(Method::GET, &path, None, read_json).await,
            answer => answer,
        }
    }

    async fn refresh_session(&self, refresh: &SessionRefresh) -> Result<RefreshedSession, BackendError> {
        let mut path = ApiPath::new(["sessions", refresh.session_id.as_str(), "refresh"]);
        if refresh.suffixed_cookies {
            path = path.with_query("suffixed_cookies", true);
        }
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
        let answer: Cookies = self.call(Method::POST, &path, Some(&body), read_json).await?;
        let texts = answer
            .cookies
            .iter()
            .filter_map(|cookie| cookie.as_str().map(str::to_owned));
        let cookies: Vec<String> = texts.collect();
        // A list without valid entries is unreadable; only an empty list means no cookies.
        if cookies.is_empty() && !answer.cookies.is_empty() {
            return Err(BackendError::unreadable(
                StatusCode::OK,
                "found no string in the list of cookies",
            ));
        }
        if cookies.len() < answer.cookies.len() {
            tracing::debug!("ignored the cookies of a renewed session that are not strings");
        }
        Ok(RefreshedSession::new(cookies))
    }
}

impl BackendApi for HttpBackend {
    async fn request(&self, method: Method, path: ApiPath, body: Option<Value>) -> Result<Value, BackendError> {
        self.call(method, &path, body.as_ref(), read_json_or_nothing).await
    }

    async fn portal_pages(&self) -> Result<DiscoveredPages, BackendError> {
        const ENVIRONMENT: &str = "/v1/environment";
        let answer = self.call_frontend_api(Method::GET, ENVIRONMENT, None).await;
        let status = answer.as_ref().err().and_then(BackendError::status);
        let is_refused = status.is_some_and(|status| status.is_client_error());
        if !(is_refused && self.settings.is_development) {
            return answer;
        }
        // A development instance may refuse unregistered browsers.
        let browser: DevBrowser = self.call_frontend_api(Method::POST, "/v1/dev_browser", None).await?;
        self.call_frontend_api(Method::GET, ENVIRONMENT, Some(&browser.id))
            .await
    }
}

impl fmt::Debug for HttpBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpBackend")
            .field("base", &self.settings.base.as_str())
            .finish_non_exhaustive()
    }
}

type Outgoing = Request<Full<Bytes>>;

/// A reader of a success's body.
type Read<T> = fn(StatusCode, &[u8]) -> Result<T, BackendError>;

/// A key set (RFC 7517 section 5) with unparsed entries.
#[derive(Deserialize)]
struct Jwks {
    keys: Vec<Value>,
}

/// A newly registered development browser.
#[derive(Deserialize)]
struct DevBrowser {
    id: Box<str>,
}

/// The response to a refresh: cookies.
#[derive(Deserialize)]
struct Cookies {
    cookies: Vec<Value>,
}

/// Returns a request without the secret key and without a body.
fn without_credentials(method: Method, url: &Url, accept: &'static str) -> Result<Outgoing, BackendError> {
    Request::builder()
        .method(method)
        .uri(url.as_str())
        .header(ACCEPT, accept)
        .header(USER_AGENT, AGENT)
        .body(Full::default())
        .map_err(invalid)
}

async fn read_answer<T>(parts: &Parts, body: Incoming, read: Read<T>) -> Result<T, BackendError> {
    let status = parts.status;
    let body = match Limited::new(body, MAX_BODY_BYTES).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) if error.is::<LengthLimitError>() => {
            return Err(BackendError::unreadable(status, "expected at most 1 MiB, found more"));
        }
        Err(error) => return Err(BackendError::transport(error)),
    };
    match status.is_success() {
        true => read(status, &body),
        false => Err(refusal(status, &parts.headers, &body)),
    }
}

/// The error of a call that cannot be written as an HTTP request.
fn invalid(error: impl std::error::Error) -> BackendError {
    BackendError::invalid_request(error.to_string())
}

fn not_sent(error: hyper_util::client::legacy::Error) -> BackendError {
    match error.is_connect() {
        true => BackendError::connect(error),
        false => BackendError::transport(error),
    }
}

fn is_worth_a_retry(error: &BackendError) -> bool {
    match error.status() {
        None => error.is_outage() && !error.is_busy(),
        // A server that sends `Retry-After` is not called again before that time.
        Some(_) if error.retry_after().is_some() => false,
        Some(status) => !error.is_unreadable() && status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED,
    }
}
