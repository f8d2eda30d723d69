//! One log line for a failed call, with its address and without the secrets of its query.

use http::{Method, Uri};

use crate::clock::{Clock as _, SystemClock};
use crate::effect::BackendError;
use crate::throttle::Throttle;

/// Paths of calls that a request can cause. An outage of each is a warning once a minute at most; the other calls are
/// made by caches, which log the beginning and the end of an outage themselves.
const CAUSED_BY_REQUESTS: [(&str, &str); 4] = [
    ("/handshake_payload", "handshake payload"),
    ("/refresh", "refresh"),
    ("/revoke", "revoke"),
    ("/users/", "user"),
];

#[derive(Debug, Default)]
pub(super) struct CallLog {
    throttle: Throttle,
}

impl CallLog {
    /// Logs a failed call. A refusal is an answer, which its caller explains.
    pub(super) fn failed(&self, method: &Method, uri: &Uri, error: &BackendError) {
        let (address, problem) = (address_of(uri), error.with_sources());
        let cause = CAUSED_BY_REQUESTS
            .into_iter()
            .find(|(path, _)| uri.path().contains(path));
        let held_back = match cause {
            Some((_, cause)) if error.is_outage() => self.throttle.admit(cause, SystemClock.now()),
            _ => None,
        };
        match held_back {
            Some(held_back) => tracing::warn!(%method, address, problem, held_back, "a call to Clerk failed"),
            None => tracing::debug!(%method, address, problem, "a call to Clerk failed"),
        }
    }
}

/// `uri` without user information and query: those may hold a nonce or a token.
fn address_of(uri: &Uri) -> String {
    let scheme = uri.scheme_str().unwrap_or("http");
    let host = uri.host().unwrap_or_default();
    let port = uri.port().map_or_else(String::new, |port| format!(":{port}"));
    format!("{scheme}://{host}{port}{}", uri.path())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn address_is_logged_without_secrets() {
        for (uri, address) in [
            (
                "https://api.clerk.com/v1/clients/handshake_payload?nonce=secret",
                "https://api.clerk.com/v1/clients/handshake_payload",
            ),
            ("http://user:secret@127.0.0.1:9/v1/jwks", "http://127.0.0.1:9/v1/jwks"),
            ("http://[::1]:9/v1/jwks?a", "http://[::1]:9/v1/jwks"),
        ] {
            assert_eq!(address_of(&uri.parse().unwrap()), address);
        }
    }
}
