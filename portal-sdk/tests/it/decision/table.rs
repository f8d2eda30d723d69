//! Reads the tables and checks their rows.

use std::fmt::Write as _;
use std::sync::Arc;

use http::HeaderMap;
use http::request::Parts;
use portal_sdk::clock::UnixTime;
use portal_sdk::decide::{Decision, decide};
use portal_sdk::effect::{BackendError, Effect, Known, KnownKeys, MissingKey, RefreshedSession};
use portal_sdk::key::KeySet;
use portal_sdk::request::AuthenticateContext;
use portal_sdk::state::{Outcome, RequestState};
use portal_sdk::token::TokenError;

use super::expected::{Expected, lines, summary};
use super::request::request;
use super::words::Setting;
use crate::common::tokens::jwks;
use crate::common::{down, error_answer, handshake_payload, now};

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
        let expected = Expected::of(&self.setting, self.outcome, &parts);
        compare("outcome", summary(&state), expected.summary.clone());
        if !matches!(state.outcome, Outcome::Undecided(_)) {
            let mut headers = HeaderMap::new();
            state.headers.apply(&mut headers);
            compare("headers", lines(&headers), lines(&expected.headers));
        }
        if let (Some(kind), Outcome::SignedIn(state)) = (&expected.token, &state.outcome) {
            compare(
                "token",
                state.claims.token().expose().to_owned(),
                self.setting.token(kind),
            );
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
                    known.refresh = Some(cookies.map(RefreshedSession::new));
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
        other => panic!("unknown answer about keys: {other}"),
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
