//! Reads the tables and checks their rows.

use std::fmt::Write as _;
use std::sync::Arc;

use http::header::{
    ACCEPT, ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_ORIGIN, AUTHORIZATION, CACHE_CONTROL, COOKIE,
    LOCATION, ORIGIN, REFERER, SET_COOKIE,
};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request};
use portal_sdk::clock::UnixTime;
use portal_sdk::decide::{Decision, decide};
use portal_sdk::effect::{BackendError, Effect, Known, KnownKeys, MissingKey, RefreshedSession};
use portal_sdk::key::KeySet;
use portal_sdk::request::AuthenticateContext;
use portal_sdk::state::{Outcome, RequestState, UndecidedCause};
use portal_sdk::token::TokenError;
use url::Url;
use url::form_urlencoded::Serializer;

use super::words::Setting;
use crate::common::tokens::jwks;
use crate::common::{NOW_SECS, down, error_answer, handshake_payload, now};

/// Checks every row and reports all that fail.
pub(super) fn check(table: &str) {
    let rows: Vec<Row<'_>> = table.lines().filter_map(Row::parse).collect();
    assert!(!rows.is_empty(), "a table without rows");
    let mut report = String::new();
    for row in &rows {
        for problem in row.problems() {
            let _ = write!(report, "\n\n{}\n  {problem}", row.line);
        }
    }
    assert!(report.is_empty(), "{report}");
}

struct Row<'t> {
    line: &'t str,
    setting: Setting,
    request: &'t str,
    clerk: Vec<&'t str>,
    outcome: &'t str,
}

impl<'t> Row<'t> {
    fn parse(line: &'t str) -> Option<Self> {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            return None;
        }
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let [_, instance, request, clerk, outcome] = cells[..] else {
            panic!("{} cells instead of five: {line}", cells.len());
        };
        let clerk = clerk.split_whitespace().filter(|word| *word != "-").collect();
        Some(Self {
            line,
            setting: Setting::named(instance),
            request,
            clerk,
            outcome,
        })
    }

    fn problems(&self) -> Vec<String> {
        let parts = request(&self.setting, self.request);
        let (state, asked) = self.decide(&parts);
        let mut problems = Vec::new();
        let mut compare = |what: &str, found: String, expected: String| {
            if found != expected {
                problems.push(format!("{what}\n    found    {found}\n    expected {expected}"));
            }
        };
        compare(
            "asked of Clerk",
            asked.join(" "),
            self.clerk[usize::from(self.has_memory_word())..].join(" "),
        );
        let expected = Expected::of(self, &parts);
        compare("outcome", summary(&state), expected.summary.clone());
        if !matches!(state.outcome, Outcome::Undecided(_)) {
            let mut headers = HeaderMap::new();
            state.headers.apply(&mut headers);
            compare("headers", lines(&headers), lines(&expected.headers));
        }
        if let (Some(kind), Outcome::SignedIn(state)) = (&expected.token, &state.outcome) {
            compare("token", state.token.expose().to_owned(), self.setting.token(kind));
        }
        problems
    }

    fn has_memory_word(&self) -> bool {
        self.clerk.first() == Some(&"memory")
    }

    /// Asks for the decision until it is settled, carrying out effects by the row's answers. The names of the effects
    /// come back in order.
    fn decide(&self, parts: &Parts) -> (RequestState, Vec<String>) {
        let cx = AuthenticateContext::new(parts, &self.setting.instance, now());
        let keys_are_asked = self.clerk.iter().any(|word| word.starts_with("keys"));
        let is_in_memory = self.has_memory_word() || !(keys_are_asked || self.setting.instance.jwt_key().is_some());
        let mut known = Known {
            keys: KnownKeys::InMemory(is_in_memory.then(keys)),
            ..Known::default()
        };
        let mut asked = Vec::new();
        loop {
            assert!(asked.len() <= 3, "more than three effects: {}", self.line);
            let effect = match decide(&cx, &known, now()) {
                Decision::Settled(state) => return (state, asked),
                Decision::Needs(effect) => effect,
            };
            let name = match effect {
                Effect::SigningKeys { .. } => "keys",
                Effect::HandshakePayload(_) => "nonce",
                Effect::RefreshSession(_) => "refresh",
                other => panic!("an effect that tables do not know: {other:?}"),
            };
            let Some(word) = self.clerk.iter().find(|word| word.split('=').next() == Some(name)) else {
                panic!("{name} is asked for without an answer: {}", self.line);
            };
            let answer = word.split_once('=').map_or("", |(_, answer)| answer);
            match name {
                "keys" => known.keys = asked_keys(answer),
                "nonce" => {
                    let payload = error(answer).map_or_else(|| Ok(self.setting.payload(answer)), Err);
                    known.handshake = Some(payload.map(handshake_payload));
                }
                _ => {
                    let cookies = error(answer).map_or_else(|| Ok(self.setting.payload(answer)), Err);
                    known.refresh = Some(cookies.map(|cookies| RefreshedSession { cookies }));
                }
            }
            asked.push((*word).to_owned());
        }
    }
}

fn keys() -> Arc<KeySet> {
    Arc::new(jwks())
}

fn asked_keys(answer: &str) -> KnownKeys {
    let (keys, missing) = match answer {
        "" => (keys(), MissingKey::Unknown),
        "down" => (Arc::default(), MissingKey::OutOfReach(down())),
        "down-but-kept" => (keys(), MissingKey::OutOfReach(down())),
        "secret-key-refused" => (Arc::default(), MissingKey::Refused(TokenError::SecretKeyRefused)),
        "none" => {
            let problem = "the key set is empty".into();
            (
                Arc::default(),
                MissingKey::Refused(TokenError::KeysNotLoaded { problem }),
            )
        }
        "too-soon" => (keys(), MissingKey::TooSoon),
        other => panic!("no such answer about keys: {other}"),
    };
    KnownKeys::Asked { keys, missing }
}

/// `down`, `timeout`, `unreadable`, or a status with or without a code; `None` for a success.
fn error(answer: &str) -> Option<BackendError> {
    let (status, code) = answer
        .split_once(':')
        .map_or((answer, None), |(status, code)| (status, Some(code)));
    let error = match status {
        "down" => down(),
        "timeout" => BackendError::timeout(std::time::Duration::from_secs(5)),
        "unreadable" => BackendError::unreadable(http::StatusCode::OK, "not JSON"),
        status => error_answer(status.parse().ok()?, code),
    };
    Some(error)
}

/// A request in words: method, address, `document`/`iframe`/`dest=…`, `accept=…`, cookies by their short names,
/// `bearer=<kind>`, `authorization=…` (`+` is a space), `referer=…`, `origin=…`,
/// `site=…` (`Sec-Fetch-Site`).
pub(super) fn request(setting: &Setting, words: &str) -> Parts {
    let mut method = Method::GET;
    let mut address = Url::parse(setting.address).unwrap();
    let mut headers = HeaderMap::new();
    let mut cookies = Vec::new();
    let mut set = |name: HeaderName, value: &str| {
        headers.append(name, HeaderValue::from_str(value).unwrap());
    };
    for word in words.split_whitespace() {
        let (name, value) = word.split_once('=').unwrap_or((word, ""));
        if let Some(cookie) = setting.cookie_name(name) {
            let value = match name.trim_end_matches('\'') {
                "session" | "handshake" => setting.token(value),
                _ => setting.fill_in(value),
            };
            cookies.push(format!("{cookie}={value}"));
            continue;
        }
        let sec_fetch_dest = HeaderName::from_static("sec-fetch-dest");
        match name {
            "GET" | "HEAD" | "POST" | "PUT" => method = name.parse().unwrap(),
            "api" => {}
            "document" | "iframe" => set(sec_fetch_dest, name),
            "dest" => set(sec_fetch_dest, value),
            "accept" => set(ACCEPT, value),
            "bearer" => set(AUTHORIZATION, &format!("Bearer {}", setting.token(value))),
            "authorization" => set(AUTHORIZATION, &setting.fill_in(&value.replace('+', " "))),
            "referer" => set(REFERER, value),
            "origin" => set(ORIGIN, value),
            "site" => set(HeaderName::from_static("sec-fetch-site"), value),
            _ if word.starts_with('/') || word.starts_with("http") => {
                address = address.join(&setting.fill_in(word)).unwrap();
            }
            _ => panic!("no such word about a request: {word}"),
        }
    }
    let mut request = Request::builder()
        .method(method)
        .uri(address.as_str())
        .body(())
        .unwrap();
    if !cookies.is_empty() {
        headers.insert(COOKIE, HeaderValue::from_str(&cookies.join("; ")).unwrap());
    }
    *request.headers_mut() = headers;
    request.into_parts().0
}

/// Status and reason, and what a state says besides its headers.
fn summary(state: &RequestState) -> String {
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

/// The expected outcome of a row.
///
/// After status and reason: `token=<kind>` which token counts; `sets=<payload>` cookies forwarded; `uncount` the counter
/// removed; `marked` the address marked and the counter set, because no cookie came along; `cors` the two headers of a resolved handshake; `message=…` (`+` is a space); `to=<address>` another
/// location than the Frontend API's. What a handshake with the Frontend API carries besides the usual: `session=<kind>`,
/// `dev=…`, `suffixed`, `redirect_url=…`, `organization=…`, and `count=…` if it is not the first.
struct Expected<'t> {
    summary: String,
    headers: HeaderMap,
    token: Option<&'t str>,
}

impl<'t> Expected<'t> {
    fn of(row: &Row<'t>, parts: &Parts) -> Self {
        let setting = &row.setting;
        let mut words = row.outcome.split_whitespace();
        let status = words.next().unwrap();
        let mut reason = if status == "signed-in" {
            "user_1"
        } else {
            words.next().expect("a reason")
        }
        .to_owned();
        let mut headers = HeaderMap::new();
        let mut add = |name: HeaderName, value: &str| {
            headers.append(name, HeaderValue::from_str(value).unwrap());
        };
        if matches!(status, "signed-out" | "handshake") {
            add(HeaderName::from_static("x-clerk-auth-status"), status);
            add(HeaderName::from_static("x-clerk-auth-reason"), &reason);
        }
        let public_url = setting.instance_url(parts);
        let secure = if public_url.scheme() == "https" { "; Secure" } else { "" };
        let (mut token, mut location) = (None, None);
        let (mut session, mut dev, mut organization, mut suffixed, mut count) = (None, None, None, "false", "1");
        let mut redirect_url = public_url.to_string();
        let (mut is_uncounted, mut is_marked) = (false, false);
        let mut notes = String::new();
        let mut sets = Vec::new();
        for word in words {
            let (name, value) = word.split_once('=').unwrap_or((word, ""));
            match name {
                "token" => token = Some(value),
                "sets" => sets = setting.payload(value),
                "uncount" => is_uncounted = true,
                "marked" => is_marked = true,
                "cors" => {
                    add(ACCESS_CONTROL_ALLOW_ORIGIN, "null");
                    add(ACCESS_CONTROL_ALLOW_CREDENTIALS, "true");
                }
                "message" => add(
                    HeaderName::from_static("x-clerk-auth-message"),
                    &value.replace('+', " "),
                ),
                "to" => location = Some(value.to_owned()),
                "session" => session = Some(setting.token(value)),
                "dev" => dev = Some(value),
                "organization" => organization = Some(value.replace('+', " ")),
                "suffixed" => suffixed = "true",
                "redirect_url" => redirect_url = value.to_owned(),
                "count" => count = value,
                "pending" | "temporary" => notes = format!("{notes} {word}"),
                _ => panic!("no such word about an outcome: {word}"),
            }
        }
        if status == "handshake" {
            let mut query = Serializer::new(String::new());
            query
                .append_pair("redirect_url", &redirect_url)
                .append_pair("__clerk_api_version", "2026-05-12")
                .append_pair("suffixed_cookies", suffixed)
                .append_pair("__clerk_hs_reason", &reason)
                .append_pair("format", "nonce");
            for (name, value) in [
                ("__session", session.as_deref()),
                ("__clerk_db_jwt", dev),
                ("organization_id", organization.as_deref()),
            ] {
                if let Some(value) = value {
                    query.append_pair(name, value);
                }
            }
            let frontend_api = setting.frontend_api;
            location.get_or_insert_with(|| format!("{frontend_api}/v1/client/handshake?{}", query.finish()));
            let mark = match (reason.as_str(), organization.as_deref()) {
                ("active-organization-mismatch", Some(name)) => format!(".{:08x}", mark_of(public_url.path(), name)),
                _ => String::new(),
            };
            sets.push(format!(
                "__clerk_redirect_count={count}{mark}; HttpOnly; SameSite=Lax{secure}; Path=/; Max-Age=10"
            ));
        }
        if is_marked {
            let clean = location.as_deref().expect("a clean address");
            let joint = if clean.contains('?') { '&' } else { '?' };
            location = Some(format!("{clean}{joint}__portal_cookie_check={NOW_SECS}"));
            sets.push(format!(
                "__clerk_redirect_count=1; HttpOnly; SameSite=Lax{secure}; Path=/; Max-Age=10"
            ));
        }
        if is_uncounted {
            sets.push(format!(
                "__clerk_redirect_count=; HttpOnly; SameSite=Lax{secure}; Path=/; Max-Age=0"
            ));
        }
        for cookie in &sets {
            add(SET_COOKIE, cookie);
        }
        if let Some(location) = &location {
            add(LOCATION, location);
        }
        if location.is_some() || !sets.is_empty() {
            add(CACHE_CONTROL, "no-store");
        }
        reason.push_str(&notes);
        Self {
            summary: format!("{status} {reason}"),
            headers,
            token,
        }
    }
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

impl Setting {
    fn instance_url(&self, parts: &Parts) -> Url {
        Url::parse(&parts.uri.to_string()).unwrap()
    }
}

fn lines(headers: &HeaderMap) -> String {
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

/// The decision about `parts` at `now` with every key in memory and nothing to ask.
pub(super) fn decide_at(setting: &Setting, parts: &Parts, now: UnixTime) -> RequestState {
    let cx = AuthenticateContext::new(parts, &setting.instance, now);
    let known = Known {
        keys: KnownKeys::InMemory(Some(keys())),
        ..Known::default()
    };
    match decide(&cx, &known, now) {
        Decision::Settled(state) => state,
        Decision::Needs(effect) => panic!("{effect:?} is asked for"),
    }
}
