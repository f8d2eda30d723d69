//! Log lines of failed calls, without the secrets in their query strings.

use http::{Method, Uri};

use crate::clock::{Clock as _, SystemClock};
use crate::effect::BackendError;
use crate::throttle::Throttle;

/// Paths of calls that a request can cause. An outage of each is a warning at most once a minute.
///
/// Failures of other calls are `debug` lines: the caches of keys and page URLs log their own outages, and applications
/// handle the errors of the calls they make.
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
    /// Logs a failed call. Refusals are `debug` lines, because the caller explains them.
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

/// Returns `uri` without user information and query string, which may hold a nonce or a token.
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
