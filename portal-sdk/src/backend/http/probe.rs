//! Calls whose answers are examined instead of used: key sets with the server's time, and the status of a page.

use std::time::{Duration, UNIX_EPOCH};

use http::{HeaderMap, Method, StatusCode, header};
use httpdate::parse_http_date;
use tokio::time::timeout;
use url::Url;

use super::answer::read_json;
use super::{HttpBackend, invalid, not_sent, read_answer, without_credentials};
use crate::backend::ApiPath;
use crate::clock::UnixTime;
use crate::effect::BackendError;
use crate::key::KeySet;

/// The answer to a call for keys.
#[derive(Debug)]
pub(crate) struct Probe {
    /// The keys, or the error of the call.
    pub(crate) keys: Result<KeySet, BackendError>,
    /// The server's time in whole seconds (`Date`, RFC 9110 section 6.6.1), also of a refusal.
    pub(crate) date: Option<UnixTime>,
}

impl HttpBackend {
    /// The time limit of one call.
    pub(crate) fn timeout(&self) -> Duration {
        self.settings.timeout
    }

    /// The time limit of connecting.
    pub(crate) fn connect_timeout(&self) -> Duration {
        self.settings.connect_timeout
    }

    /// Fetches the keys from the Backend API with the secret key: `GET /jwks`.
    pub(crate) async fn probe_backend_api(&self) -> Probe {
        self.probe_keys(self.request_to(Method::GET, &ApiPath::new(["jwks"]), None))
            .await
    }

    /// Fetches the keys that the Frontend API at `base` publishes: `GET /.well-known/jwks.json`.
    pub(crate) async fn probe_frontend_api(&self, base: &str) -> Probe {
        let url = Url::parse(&format!("{base}/.well-known/jwks.json")).map_err(invalid);
        self.probe_keys(url.and_then(|url| without_credentials(Method::GET, &url, "application/json")))
            .await
    }

    /// Returns the status of a page, without following redirects or reading the page.
    pub(crate) async fn probe_page(&self, url: &Url) -> Result<StatusCode, BackendError> {
        let limit = self.settings.timeout;
        let asking = async {
            match self.page_status(Method::HEAD, url).await? {
                // Servers that know GET only (RFC 9110 sections 15.5.6 and 15.6.2).
                StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_IMPLEMENTED => {
                    self.page_status(Method::GET, url).await
                }
                status => Ok(status),
            }
        };
        timeout(limit, asking)
            .await
            .unwrap_or_else(|_| Err(BackendError::timeout(limit)))
    }

    async fn page_status(&self, method: Method, url: &Url) -> Result<StatusCode, BackendError> {
        let request = without_credentials(method, url, "text/html")?;
        let response = self.client.request(request).await.map_err(not_sent)?;
        Ok(response.status())
    }

    async fn probe_keys(&self, request: Result<super::Outgoing, BackendError>) -> Probe {
        let mut date = None;
        let asking = async {
            let response = self.client.request(request?).await.map_err(not_sent)?;
            let (parts, body) = response.into_parts();
            date = date_of(&parts.headers);
            self.keys_of(read_answer(&parts, body, read_json).await?)
        };
        let limit = self.settings.timeout;
        let keys = timeout(limit, asking).await;
        Probe {
            keys: keys.unwrap_or_else(|_| Err(BackendError::timeout(limit))),
            date,
        }
    }
}

fn date_of(headers: &HeaderMap) -> Option<UnixTime> {
    let text = headers.get(header::DATE)?.to_str().ok()?;
    let since = parse_http_date(text).ok()?.duration_since(UNIX_EPOCH).ok()?;
    Some(UnixTime::from_secs(i64::try_from(since.as_secs()).ok()?))
}
