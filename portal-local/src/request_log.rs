//! The portal's latest requests, so that a test can see if a handshake or a refresh took place.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use portal_sdk::clock::UnixTime;
use portal_sdk::names::query;
use url::{Url, form_urlencoded};

/// Enough for any test; a portal that runs for weeks must not grow.
const MOST_RECORDS: usize = 1_024;
/// The longest method and path that a record keeps, in bytes.
const MOST_METHOD_BYTES: usize = 32;
const MOST_PATH_BYTES: usize = 1_024;
/// The most bytes of a query string that a record keeps, so that all records stay below ten megabytes.
const MOST_QUERY_BYTES: usize = 4_096;
const MOST_PAIRS: usize = 64;
/// The depth to which URLs inside URLs are read. Deeper ones are omitted.
const DEEPEST: u32 = 4;
/// Stands where a record was cut.
const CUT: &str = "…";
const REDACTED: &str = "[redacted]";

/// Parameters that carry a credential.
const SECRET_PARAMETERS: [&str; 8] = [
    query::DEV_BROWSER,
    query::LEGACY_DEV_BROWSER,
    query::HANDSHAKE,
    query::HANDSHAKE_NONCE,
    query::SESSION,
    "__clerk_ticket",
    "ticket",
    "nonce",
];

/// A request and its response.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RequestRecord {
    /// The time of its arrival.
    pub at: UnixTime,
    /// Its method.
    pub method: String,
    /// Its path; `…` ends one of more than 1,024 bytes.
    pub path: String,
    /// Its query, decoded, in order; `[redacted]` in place of secrets. `…` marks a cut after
    /// 4,096 bytes or 64 pairs.
    pub query: Vec<(String, String)>,
    /// The status of the answer.
    pub status: u16,
}

impl RequestRecord {
    /// The first value of a query parameter.
    #[must_use]
    pub fn query_value(&self, name: &str) -> Option<&str> {
        let pair = self.query.iter().find(|(key, _)| key == name);
        pair.map(|(_, value)| value.as_str())
    }

    /// Returns `true` for a handshake.
    #[must_use]
    pub fn is_handshake(&self) -> bool {
        self.path.ends_with("/v1/client/handshake")
    }

    /// Returns the reason of a handshake (`__clerk_hs_reason`); `None` for other requests.
    #[must_use]
    pub fn handshake_reason(&self) -> Option<&str> {
        self.is_handshake()
            .then(|| self.query_value(query::HANDSHAKE_REASON))
            .flatten()
    }

    /// Returns `true` for a session refresh through the Backend API.
    #[must_use]
    pub fn is_refresh(&self) -> bool {
        self.path.starts_with("/v1/sessions/") && self.path.ends_with("/refresh")
    }
}

#[derive(Debug, Default)]
pub(crate) struct RequestLog(Mutex<VecDeque<RequestRecord>>);

impl RequestLog {
    pub(crate) fn push(&self, record: RequestRecord) {
        let record = RequestRecord {
            method: cut(&record.method, MOST_METHOD_BYTES),
            path: cut(&record.path, MOST_PATH_BYTES),
            ..record
        };
        let mut records = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if records.len() == MOST_RECORDS {
            records.pop_front();
        }
        records.push_back(record);
    }

    pub(crate) fn records(&self) -> Vec<RequestRecord> {
        let records = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        records.iter().cloned().collect()
    }
}

/// The pairs of a query string without its secrets, and at most about [`MOST_QUERY_BYTES`] of them.
pub(crate) fn redacted_query(raw: &str) -> Vec<(String, String)> {
    redacted(raw, DEEPEST)
}

fn redacted(raw: &str, depth: u32) -> Vec<(String, String)> {
    let mut left = MOST_QUERY_BYTES;
    let mut kept = Vec::new();
    let mut pairs = form_urlencoded::parse(raw.as_bytes());
    for (name, value) in pairs.by_ref() {
        let value = if SECRET_PARAMETERS.contains(&name.as_ref()) {
            REDACTED.into()
        } else {
            without_inner_secrets(&value, depth).map_or(value, Cow::Owned)
        };
        let pair = (cut(&name, left), cut(&value, left));
        left = left.saturating_sub(pair.0.len() + pair.1.len());
        kept.push(pair);
        if left == 0 || kept.len() == MOST_PAIRS {
            break;
        }
    }
    if pairs.next().is_some() {
        kept.push((CUT.to_owned(), CUT.to_owned()));
    }
    kept
}

/// Returns `text`, cut to `most` bytes with a mark if it is longer.
fn cut(text: &str, most: usize) -> String {
    if text.len() <= most {
        return text.to_owned();
    }
    let mut end = most;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let mut kept = String::with_capacity(end + CUT.len());
    kept.push_str(&text[..end]);
    kept.push_str(CUT);
    kept
}

/// An address inside a parameter may carry secrets too, under names that are spelled in any way. `None` if it carries none.
fn without_inner_secrets(value: &str, depth: u32) -> Option<String> {
    let names_one = SECRET_PARAMETERS.iter().any(|name| value.contains(name));
    let Ok(mut url) = Url::parse(value) else {
        return names_one.then(|| REDACTED.into());
    };
    if url.query().is_none() && !names_one {
        return None;
    }
    let Some(depth) = depth.checked_sub(1) else {
        return Some(REDACTED.into());
    };
    let query = url.query().unwrap_or_default();
    let pairs = redacted(query, depth);
    let is_unchanged = form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .eq(pairs.iter().cloned());
    if is_unchanged && !names_one {
        return None;
    }
    url.query_pairs_mut().clear().extend_pairs(pairs);
    url.set_fragment(None);
    Some(url.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_do_not_reach_the_log() {
        let pairs = redacted_query(
            "redirect_url=http%3A%2F%2Flocalhost%3A3000%2Fa%3Fx%3D1%26__clerk_db_jwt%3Dsecret&__session=secret\
             &__clerk_hs_reason=dev-browser-missing&nonce=secret&note=__session%3Dsecret",
        );
        let text = format!("{pairs:?}");
        assert!(!text.contains("secret"), "{text}");
        assert!(text.contains("localhost:3000/a?x=1"), "{text}");
        assert!(text.contains("dev-browser-missing"), "{text}");
    }

    #[test]
    fn secrets_under_encoded_names_and_inside_addresses_do_not_reach_the_log() {
        let encoded = |text: &str| -> String { form_urlencoded::byte_serialize(text.as_bytes()).collect() };
        let inner = "http://localhost/?__clerk_db%5Fjwt=secret";
        let twice = format!("http://localhost/?redirect_url={}", encoded(inner));
        for raw in [
            "__clerk_db%5Fjwt=secret".to_owned(),
            format!("redirect_url={}", encoded(inner)),
            format!("redirect_url={}", encoded(&twice)),
            format!(
                "redirect_url={}",
                "http://x?a=".repeat(6_000) + "http://x?__session=secret"
            ),
        ] {
            let text = format!("{:?}", redacted_query(&raw));
            assert!(!text.contains("secret"), "{text}");
        }
    }

    #[test]
    fn addresses_without_secrets_are_logged_as_written() {
        let pairs = redacted_query("redirect_url=http%3A%2F%2Fx%2F%3Fa%3D%2520b%26c%23d");
        assert_eq!(pairs[0].1, "http://x/?a=%20b&c#d");
    }

    #[test]
    fn the_log_is_bounded() {
        let log = RequestLog::default();
        for status in 0..2_000 {
            log.push(RequestRecord {
                at: UnixTime::from_secs(0),
                method: "GET".into(),
                path: "/".into(),
                query: Vec::new(),
                status,
            });
        }
        let records = log.records();
        assert_eq!(records.len(), MOST_RECORDS);
        assert_eq!(records[MOST_RECORDS - 1].status, 1_999);
    }

    #[test]
    fn record_keeps_a_bounded_part_of_its_request() {
        let size =
            |pairs: &[(String, String)]| -> usize { pairs.iter().map(|(a, b)| a.capacity() + b.capacity()).sum() };
        for raw in [
            format!("redirect_url={}", "ä".repeat(30_000)),
            "a=1&".repeat(16_000),
            "&".repeat(60_000),
            format!("{}=1", "n".repeat(60_000)),
            format!("u=http%3A%2F%2Fx%2F%3F__session%3D{}", "s".repeat(60_000)),
        ] {
            let pairs = redacted_query(&raw);
            assert!(size(&pairs) < 3 * MOST_QUERY_BYTES, "{}", size(&pairs));
            assert!(pairs.len() <= MOST_PAIRS + 1, "{}", pairs.len());
        }
        assert!(redacted_query(&format!("a={}&b=2", "x".repeat(9_000))).ends_with(&[("…".into(), "…".into())]));
        let log = RequestLog::default();
        log.push(RequestRecord {
            at: UnixTime::from_secs(0),
            method: "M".repeat(9_000),
            path: format!("/{}", "p".repeat(60_000)),
            query: Vec::new(),
            status: 404,
        });
        let record = &log.records()[0];
        assert!(
            record.path.len() < 1_100 && record.path.ends_with('…'),
            "{}",
            record.path
        );
        assert!(record.method.len() < 50);
    }
}
