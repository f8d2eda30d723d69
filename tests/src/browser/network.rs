//! The browser's requests, from its performance log.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::Value;
use url::Url;

/// A request for a page by the browser.
#[derive(Clone, PartialEq, Eq)]
pub struct Visit {
    /// The requested URL.
    pub url: Url,
    /// The status of the response; `None` before it arrives.
    pub status: Option<u16>,
    /// `true` if the previous response redirected here.
    pub is_redirected: bool,
}

impl Visit {
    /// Returns `true` for a handshake at the Frontend API.
    #[must_use]
    pub fn is_handshake(&self) -> bool {
        self.url.path().ends_with("/v1/client/handshake")
    }

    /// The first value of a query parameter.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<String> {
        super::parameter(&self.url, name)
    }
}

impl fmt::Debug for Visit {
    // One line per visit, so that a chain is readable.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let after = if self.is_redirected { "  then " } else { "" };
        match self.status {
            Some(status) => write!(f, "{after}{status} {}", self.url),
            None => write!(f, "{after}no answer yet {}", self.url),
        }
    }
}

/// The statuses of these visits, in order.
#[must_use]
pub fn statuses(visits: &[Visit]) -> Vec<u16> {
    visits.iter().filter_map(|visit| visit.status).collect()
}

/// The handshakes among these visits.
#[must_use]
pub fn handshakes(visits: &[Visit]) -> Vec<&Visit> {
    visits.iter().filter(|visit| visit.is_handshake()).collect()
}

/// The longest chain of redirects.
pub(crate) fn longest_chain(visits: &[Visit]) -> &[Visit] {
    visits
        .chunk_by(|_, next| next.is_redirected)
        .max_by_key(|chain| chain.len())
        .unwrap_or_default()
}

/// The messages of a performance log.
pub(super) fn messages(log: &Value) -> Vec<Value> {
    log.as_array()
        .into_iter()
        .flatten()
        .filter_map(|entry| serde_json::from_str::<Value>(entry["message"].as_str()?).ok())
        .map(|mut entry| entry["message"].take())
        .collect()
}

/// The hosts of requests that left this machine.
pub(super) fn other_hosts(messages: &[Value]) -> BTreeSet<String> {
    messages
        .iter()
        .filter(|message| message["method"] == "Network.requestWillBeSent")
        .filter_map(|message| Url::parse(message["params"]["request"]["url"].as_str()?).ok())
        .filter(|url| matches!(url.scheme(), "http" | "https" | "ws" | "wss"))
        .filter_map(|url| url.host_str().map(str::to_owned))
        .filter(|host| !is_this_machine(host))
        .collect()
}

/// Returns `true` for the hosts that Chromium may connect to; see its `--host-resolver-rules`.
fn is_this_machine(host: &str) -> bool {
    matches!(host, "localhost" | "127.0.0.1" | "127.0.0.2" | "[::1]") || host.ends_with(".localhost")
}

/// The page requests in a performance log.
// A redirect's response is in the event of the request that follows it; the last response has its own event.
pub(super) fn page_requests(messages: &[Value]) -> Vec<Visit> {
    let mut visits: Vec<(String, Visit)> = Vec::new();
    let status_of = |response: &Value| {
        response["status"]
            .as_u64()
            .and_then(|status| u16::try_from(status).ok())
    };
    for message in messages {
        let params = &message["params"];
        let id = params["requestId"].as_str().unwrap_or_default();
        match message["method"].as_str() {
            Some("Network.requestWillBeSent") if params["type"] == "Document" => {
                let redirect = status_of(&params["redirectResponse"]);
                let redirected = visits.iter_mut().rfind(|(other, _)| other == id);
                if let (Some((_, before)), Some(status)) = (redirected, redirect) {
                    before.status = Some(status);
                }
                if let Some(url) = params["request"]["url"].as_str().and_then(|url| Url::parse(url).ok()) {
                    let visit = Visit {
                        url,
                        status: None,
                        is_redirected: redirect.is_some(),
                    };
                    visits.push((id.to_owned(), visit));
                }
            }
            Some("Network.responseReceived") if params["type"] == "Document" => {
                if let Some((_, visit)) = visits.iter_mut().rfind(|(other, _)| other == id) {
                    visit.status = status_of(&params["response"]);
                }
            }
            _ => {}
        }
    }
    visits
        .into_iter()
        .map(|(_, visit)| visit)
        .filter(|visit| visit.url.scheme().starts_with("http"))
        .collect()
}
