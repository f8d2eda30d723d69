//! Outcomes in words: of a decision, and as a row expects them.

use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, LOCATION, SET_COOKIE,
};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue};
use portal_sdk::state::{Outcome, RequestState, UndecidedCause};
use url::Url;
use url::form_urlencoded::Serializer;

use super::words::Setting;
use crate::common::NOW_SECS;

/// The status, the reason, and what else a state says besides its headers.
pub(super) fn summary(state: &RequestState) -> String {
    match &state.outcome {
        Outcome::SignedIn(state) => {
            let pending = if state.claims.is_pending() { " pending" } else { "" };
            format!("signed-in {}{pending}", state.claims.user_id())
        }
        Outcome::SignedOut(state) => {
            format!("signed-out {}", state.reason)
        }
        Outcome::Handshake(state) => format!("handshake {}", state.reason),
        Outcome::Undecided(cause) => {
            let name = match cause {
                UndecidedCause::KeysOutOfReach(_) => "keys-out-of-reach",
                UndecidedCause::KeyNotLookedUpYet => "key-not-looked-up-yet",
                UndecidedCause::RenewalOutOfReach(_) => "renewal-out-of-reach",
                UndecidedCause::HandshakeOutOfReach(_) => "handshake-out-of-reach",
                UndecidedCause::HandshakeToken(_) => "handshake-token",
                UndecidedCause::SatelliteSignInUrl => "satellite-sign-in-url",
                _ => "something else",
            };
            format!("undecided {name} temporary={}", cause.is_temporary())
        }
        _ => "something else".to_owned(),
    }
}

/// The outcome that a row names, as its words.
///
/// After status and reason: `token=<kind>` which token counts; `sets=<payload>` cookies forwarded; `uncount` the counter
/// removed; `marked` the address marked and the counter set, because no cookie came along; `cors` the two headers of a
/// resolved handshake; `message=…` (`+` is a space); `to=<address>` another location than the Frontend API's. What a
/// handshake with the Frontend API carries besides the usual: `session=<kind>`, `dev=…`, `suffixed`, `redirect_url=…`,
/// `organization=…`, and `count=…` if it is not the first.
struct Words<'t> {
    status: &'t str,
    reason: &'t str,
    /// `pending` and `temporary=…`, which follow the reason.
    notes: String,
    token: Option<&'t str>,
    sets: Vec<String>,
    is_uncounted: bool,
    is_marked: bool,
    is_cors: bool,
    message: Option<String>,
    location: Option<String>,
    session: Option<String>,
    dev: Option<&'t str>,
    organization: Option<String>,
    suffixed: &'t str,
    count: &'t str,
    redirect_url: Option<&'t str>,
}

impl<'t> Words<'t> {
    fn parse(setting: &Setting, outcome: &'t str) -> Self {
        let mut words = outcome.split_whitespace();
        let status = words.next().unwrap();
        let reason = match status {
            "signed-in" => "user_1",
            _ => words.next().expect("a reason"),
        };
        let mut found = Self {
            status,
            reason,
            notes: String::new(),
            token: None,
            sets: Vec::new(),
            is_uncounted: false,
            is_marked: false,
            is_cors: false,
            message: None,
            location: None,
            session: None,
            dev: None,
            organization: None,
            suffixed: "false",
            count: "1",
            redirect_url: None,
        };
        for word in words {
            let (name, value) = word.split_once('=').unwrap_or((word, ""));
            match name {
                "token" => found.token = Some(value),
                "sets" => found.sets = setting.payload(value),
                "uncount" => found.is_uncounted = true,
                "marked" => found.is_marked = true,
                "cors" => found.is_cors = true,
                "message" => found.message = Some(value.replace('+', " ")),
                "to" => found.location = Some(value.to_owned()),
                "session" => found.session = Some(setting.token(value)),
                "dev" => found.dev = Some(value),
                "organization" => found.organization = Some(value.replace('+', " ")),
                "suffixed" => found.suffixed = "true",
                "redirect_url" => found.redirect_url = Some(value),
                "count" => found.count = value,
                "pending" | "temporary" => found.notes = format!("{} {word}", found.notes),
                _ => panic!("unknown word about an outcome: {word}"),
            }
        }
        found
    }

    /// The address of a handshake with the Frontend API.
    fn handshake(&self, setting: &Setting, public_url: &Url) -> String {
        let mut query = Serializer::new(String::new());
        query
            .append_pair("redirect_url", self.redirect_url.unwrap_or(public_url.as_str()))
            .append_pair("__clerk_api_version", "2026-05-12")
            .append_pair("suffixed_cookies", self.suffixed)
            .append_pair("__clerk_hs_reason", self.reason)
            .append_pair("format", "nonce");
        for (name, value) in [
            ("__session", self.session.as_deref()),
            ("__clerk_db_jwt", self.dev),
            ("organization_id", self.organization.as_deref()),
        ] {
            if let Some(value) = value {
                query.append_pair(name, value);
            }
        }
        format!("{}/v1/client/handshake?{}", setting.frontend_api, query.finish())
    }

    /// The value of the counter's cookie that a handshake sets.
    fn counter(&self, public_url: &Url) -> String {
        match (self.reason, self.organization.as_deref()) {
            ("active-organization-mismatch", Some(name)) => {
                format!("{}.{:08x}", self.count, mark_of(public_url.path(), name))
            }
            _ => self.count.to_owned(),
        }
    }
}

/// The complete outcome that a row expects.
pub(super) struct Expected<'t> {
    pub(super) summary: String,
    pub(super) headers: HeaderMap,
    pub(super) token: Option<&'t str>,
}

impl<'t> Expected<'t> {
    pub(super) fn of(setting: &Setting, outcome: &'t str, parts: &Parts) -> Self {
        let words = Words::parse(setting, outcome);
        let public_url = Url::parse(&parts.uri.to_string()).unwrap();
        let secure = if public_url.scheme() == "https" { "; Secure" } else { "" };
        let counter = |value: &str, age: u8| {
            format!("__clerk_redirect_count={value}; HttpOnly; SameSite=Lax{secure}; Path=/; Max-Age={age}")
        };
        let (mut location, mut sets) = (words.location.clone(), words.sets.clone());
        if words.status == "handshake" {
            location.get_or_insert_with(|| words.handshake(setting, &public_url));
            sets.push(counter(&words.counter(&public_url), 10));
        }
        if words.is_marked {
            let clean = location.as_deref().expect("a clean address");
            let joint = if clean.contains('?') { '&' } else { '?' };
            location = Some(format!("{clean}{joint}__portal_cookie_check={NOW_SECS}"));
            sets.push(counter("1", 10));
        }
        if words.is_uncounted {
            sets.push(counter("", 0));
        }
        Self {
            summary: format!("{} {}{}", words.status, words.reason, words.notes),
            headers: headers(&words, location.as_deref(), &sets),
            token: words.token,
        }
    }
}

fn headers(words: &Words<'_>, location: Option<&str>, set_cookies: &[String]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let mut add = |name: HeaderName, value: &str| {
        headers.append(name, HeaderValue::from_str(value).unwrap());
    };
    if matches!(words.status, "signed-out" | "handshake") {
        add(HeaderName::from_static("x-clerk-auth-status"), words.status);
        add(HeaderName::from_static("x-clerk-auth-reason"), words.reason);
    }
    if let Some(message) = &words.message {
        add(HeaderName::from_static("x-clerk-auth-message"), message);
    }
    if words.is_cors {
        add(ACCESS_CONTROL_ALLOW_ORIGIN, "null");
        add(ACCESS_CONTROL_ALLOW_CREDENTIALS, "true");
    }
    for set_cookie in set_cookies {
        add(SET_COOKIE, set_cookie);
    }
    if let Some(location) = location {
        add(LOCATION, location);
    }
    if location.is_some() || !set_cookies.is_empty() {
        add(CACHE_CONTROL, "no-store");
    }
    headers
}

/// FNV-1a, 32 bits, of what the paths of `live+organizations` name.
fn mark_of(path: &str, name: &str) -> u32 {
    let kind = match name {
        "" => "personal",
        _ if path.starts_with("/orgs-by-id/") => "id",
        _ => "slug",
    };
    let bytes = format!("{kind}:{name}");
    bytes.bytes().fold(0x811c_9dc5, |hash: u32, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    })
}

pub(super) fn lines(headers: &HeaderMap) -> String {
    let mut lines: Vec<String> = headers
        .keys()
        .flat_map(|name| {
            headers
                .get_all(name)
                .iter()
                .map(move |value| format!("\n      {name}: {value:?}"))
        })
        .collect();
    // Fields of one name stay in their order.
    lines.sort_by_key(|line| line.split(": ").next().map(str::to_owned));
    lines.concat()
}
