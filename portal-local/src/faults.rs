//! Failures on demand: what an application does when Clerk does not answer as it should.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, HeaderValue};
use axum::http::{Response, StatusCode};
use axum::response::IntoResponse as _;

use crate::json::ApiError;

/// The second mount path of the Frontend API. A fault's path omits it.
const SECOND_MOUNT: &str = "/accounts.dev";
const MOST_FAULTS: usize = 256;

/// Something that goes wrong for the next calls of an endpoint.
///
/// ```
/// use std::time::Duration;
/// use portal_local::Fault;
///
/// let unavailable = Fault::status(503).on("/v1/jwks").times(3);
/// let slow = Fault::delay(Duration::from_secs(5)).on("/v1/sessions/*/refresh").method("POST");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub(crate) action: FaultAction,
    pub(crate) path: String,
    pub(crate) method: Option<String>,
    pub(crate) times: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FaultAction {
    Status(u16),
    Delay(Duration),
    Garbage,
    Drop,
}

impl Fault {
    fn new(action: FaultAction) -> Self {
        Self {
            action,
            path: "*".to_owned(),
            method: None,
            times: 1,
        }
    }

    /// Sets the status of the response, with Clerk's error body. An invalid status becomes 500.
    #[must_use]
    pub fn status(status: u16) -> Self {
        Self::new(FaultAction::Status(status))
    }

    /// The answer is right, and late.
    #[must_use]
    pub fn delay(delay: Duration) -> Self {
        Self::new(FaultAction::Delay(delay))
    }

    /// The answer says that it is JSON, with status 200, and is not.
    #[must_use]
    pub fn garbage() -> Self {
        Self::new(FaultAction::Garbage)
    }

    /// The connection closes without an answer.
    #[must_use]
    pub fn dropped_connection() -> Self {
        Self::new(FaultAction::Drop)
    }

    /// Sets the path: as in the request, without query string and `/accounts.dev`; `*` matches anything. Default: every
    /// path except the portal's own `/__local/*`.
    #[must_use]
    pub fn on(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }

    /// Sets the method. Default: every method.
    #[must_use]
    pub fn method(mut self, method: impl Into<String>) -> Self {
        self.method = Some(method.into().to_ascii_uppercase());
        self
    }

    /// Sets the number of calls. Default: one.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = times;
        self
    }

    fn concerns(&self, method: &str, path: &str) -> bool {
        self.times > 0
            && self.method.as_deref().is_none_or(|wanted| wanted == method)
            && matches(&self.path, path.strip_prefix(SECOND_MOUNT).unwrap_or(path))
    }
}

/// Returns `true` if `text` matches `pattern`, in which `*` matches anything.
fn matches(pattern: &str, text: &str) -> bool {
    let Some((before, after)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(mut rest) = text.strip_prefix(before) else {
        return false;
    };
    let parts: Vec<&str> = after.split('*').collect();
    let (last, middle) = parts.split_last().unwrap_or((&"", &[]));
    for part in middle {
        match rest.split_once(part) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// The faults that are still to come.
#[derive(Debug, Default)]
pub(crate) struct Faults(Mutex<Vec<Fault>>);

impl Faults {
    pub(crate) fn add(&self, fault: Fault) {
        let mut faults = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if fault.times > 0 && faults.len() < MOST_FAULTS {
            faults.push(fault);
        }
    }

    pub(crate) fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    pub(crate) fn list(&self) -> Vec<Fault> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns the fault of a call, and counts the call. The first added fault applies first.
    pub(crate) fn take(&self, method: &str, path: &str) -> Option<FaultAction> {
        if path.starts_with("/__local") {
            return None;
        }
        let mut faults = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let index = faults.iter().position(|fault| fault.concerns(method, path))?;
        let fault = faults.get_mut(index)?;
        fault.times -= 1;
        let action = fault.action;
        if fault.times == 0 {
            faults.remove(index);
        }
        Some(action)
    }
}

impl FaultAction {
    /// The answer that takes the place of the right one; `None` once a delay is over.
    pub(crate) async fn answer(self) -> Option<Response<Body>> {
        match self {
            Self::Status(status) => {
                let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                let error = ApiError::new(status, "fault_on_demand", "A fault on demand")
                    .explain("This local portal was told to fail here.");
                Some(error.into_response())
            }
            Self::Delay(delay) => {
                tokio::time::sleep(delay).await;
                None
            }
            Self::Garbage => {
                let mut response = Response::new(Body::from("{\"garbage\": \u{0}"));
                let json = HeaderValue::from_static("application/json");
                response.headers_mut().insert(CONTENT_TYPE, json);
                Some(response)
            }
            // A body that fails before its first byte: the server closes the connection and has sent nothing.
            Self::Drop => Some(Response::new(Body::new(Broken))),
        }
    }
}

struct Broken;

impl axum::body::HttpBody for Broken {
    type Data = axum::body::Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<Self::Data>, Self::Error>>> {
        let error = std::io::Error::other("connection dropped by a fault on demand");
        std::task::Poll::Ready(Some(Err(error)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_whole_paths() {
        for (pattern, path, expected) in [
            ("*", "/anything", true),
            ("/v1/jwks", "/v1/jwks", true),
            ("/v1/jwks", "/v1/jwks/x", false),
            ("/v1/sessions/*/refresh", "/v1/sessions/sess_1/refresh", true),
            ("/v1/sessions/*/refresh", "/v1/sessions/sess_1/revoke", false),
            ("/v1/*", "/v1/users", true),
            ("/v1/*", "/v2/users", false),
            ("*/a/*/c", "/x/a/b/c", true),
            ("*/a/*/c", "/x/a/b/d", false),
        ] {
            assert_eq!(matches(pattern, path), expected, "{pattern} {path}");
        }
    }

    #[test]
    fn a_fault_is_used_up() {
        let faults = Faults::default();
        faults.add(Fault::status(503).on("/v1/jwks").method("get").times(2));
        assert_eq!(faults.take("POST", "/v1/jwks"), None);
        assert_eq!(faults.take("GET", "/v1/jwks"), Some(FaultAction::Status(503)));
        assert_eq!(
            faults.take("GET", "/accounts.dev/v1/jwks"),
            Some(FaultAction::Status(503))
        );
        assert_eq!(faults.take("GET", "/v1/jwks"), None);
        faults.add(Fault::garbage());
        assert_eq!(
            faults.take("GET", "/__local/faults"),
            None,
            "the way to clear them stays open"
        );
    }
}
