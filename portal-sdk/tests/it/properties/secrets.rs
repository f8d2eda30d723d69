//! No secret is printed: every type that a request passes through is formatted, whatever the request holds.

use std::fmt::Debug;
use std::sync::Arc;

use http::request::Parts;
use http::{HeaderMap, HeaderValue};
use portal_sdk::authenticator::Authenticator;
use portal_sdk::decide::{Decision, decide};
use portal_sdk::effect::{Effect, Known, KnownKeys, MissingKey, RefreshedSession};
use portal_sdk::portal::{Portal, ReturnBackUrl};
use portal_sdk::request::AuthenticateContext;
use portal_sdk::secret::WithoutQuery;
use portal_sdk::state::Outcome;
use portal_sdk::testing::FakeBackend;
use portal_sdk::token::UnverifiedToken;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use proptest::test_runner::Config;
use tracing::subscriber::with_default;

use super::answers::{Answers, answers};
use super::instances;
use super::requests::request;
use super::tokens::{GENUINE, HANDSHAKES, OTHER_KINDS, WORTHLESS};
use crate::common::tokens::jwks;
use crate::common::{LIVE_SUFFIX, TEST_SUFFIX, handshake_payload, now};
use crate::log::Lines;

/// Part of every secret that is planted.
const MARK: &str = "s3cr3tPLANTED";

/// A place of a secret.
#[derive(Clone, Copy, Debug)]
enum Place {
    Cookie(&'static str),
    Suffixed(&'static str),
    Query(&'static str),
    Bearer,
    RefererQuery,
    HtmxQuery,
}

const PLACES: [Place; 18] = [
    Place::Cookie("__session"),
    Place::Cookie("__clerk_db_jwt"),
    Place::Cookie("__clerk_handshake"),
    Place::Cookie("__clerk_handshake_nonce"),
    Place::Suffixed("__session"),
    Place::Suffixed("__refresh"),
    Place::Suffixed("__clerk_db_jwt"),
    Place::Query("__clerk_db_jwt"),
    Place::Query("__clerk_handshake"),
    Place::Query("__clerk_handshake_nonce"),
    Place::Query("__clerk_ticket"),
    Place::Query("__dev_session"),
    Place::Query("__session"),
    Place::Query("code"),
    Place::Bearer,
    Place::RefererQuery,
    Place::HtmxQuery,
    Place::Cookie("application"),
];

fn plant(mut parts: Parts, places: &[Place]) -> Parts {
    let append = |headers: &mut HeaderMap, name: &'static str, value: String| {
        headers.append(name, HeaderValue::try_from(value).unwrap());
    };
    for place in places {
        let headers = &mut parts.headers;
        match place {
            Place::Cookie(name) => append(headers, "cookie", format!("{name}={MARK}")),
            Place::Suffixed(name) => {
                for suffix in [LIVE_SUFFIX, TEST_SUFFIX] {
                    append(headers, "cookie", format!("{name}_{suffix}={MARK}"));
                }
            }
            Place::Query(name) => {
                let uri = parts.uri.to_string();
                let separator = if uri.contains('?') { '&' } else { '?' };
                parts.uri = format!("{uri}{separator}{name}={MARK}")
                    .parse()
                    .unwrap_or(parts.uri.clone());
            }
            Place::Bearer => append(headers, "authorization", format!("Bearer {MARK}")),
            Place::RefererQuery => append(headers, "referer", format!("http://app.example.com/p?x={MARK}")),
            Place::HtmxQuery => append(headers, "hx-current-url", format!("http://app.example.com/p?x={MARK}")),
        }
    }
    parts
}

/// The secrets that must not be printed: the planted secrets, and the signature of every token.
fn check(printed: &[String]) -> Result<(), TestCaseError> {
    let tokens = [&GENUINE, &OTHER_KINDS, &WORTHLESS, &HANDSHAKES]
        .into_iter()
        .flat_map(|tokens| tokens.iter());
    let signatures: Vec<&str> = tokens
        .filter_map(|token| token.rsplit('.').next())
        .filter(|signature| signature.len() > 40)
        .collect();
    for text in printed {
        prop_assert!(!text.contains(MARK), "{text}");
        prop_assert!(!signatures.iter().any(|signature| text.contains(signature)), "{text}");
    }
    Ok(())
}

fn shown(printed: &mut Vec<String>, value: &impl Debug) {
    printed.push(format!("{value:?}"));
    printed.push(format!("{value:#?}"));
}

/// Decides with these answers and formats everything on the way.
fn walk(instance: &portal_sdk::instance::Instance, parts: &Parts, answers: &Answers, printed: &mut Vec<String>) {
    let cx = AuthenticateContext::new(parts, instance, now());
    shown(printed, &cx);
    shown(printed, cx.url());
    for token in [cx.session_token(), cx.handshake_token()].into_iter().flatten() {
        shown(printed, &UnverifiedToken::decode(token));
    }
    let keys = Arc::new(jwks());
    let mut known = Known {
        keys: KnownKeys::InMemory(Some(keys.clone())),
        ..Known::default()
    };
    loop {
        shown(printed, &known);
        let decision = decide(&cx, &known, now());
        shown(printed, &decision);
        let state = match decision {
            Decision::Settled(state) => state,
            Decision::Needs(Effect::HandshakePayload(_)) => {
                known.handshake = Some(answers.payload.clone().map(handshake_payload));
                continue;
            }
            Decision::Needs(Effect::RefreshSession(refresh)) => {
                shown(printed, &refresh);
                known.refresh = Some(answers.renewed.clone().map(RefreshedSession::new));
                continue;
            }
            Decision::Needs(Effect::SigningKeys { .. }) => {
                let (keys, missing) = (keys.clone(), MissingKey::Unknown);
                known.keys = KnownKeys::Asked { keys, missing };
                continue;
            }
            Decision::Needs(other) => panic!("{other:?}"),
        };
        shown(printed, &state);
        shown(printed, &state.headers);
        match &state.outcome {
            Outcome::SignedOut(state) => {
                printed.extend(
                    state
                        .token_error
                        .iter()
                        .chain(&state.handshake_problem)
                        .map(ToString::to_string),
                );
                printed.push(state.reason.to_string());
            }
            Outcome::Undecided(cause) => printed.push(cause.to_string()),
            _ => {}
        }
        break;
    }
    let portal = Portal::from(instance);
    let link = portal
        .sign_in()
        .with_requested_from(cx.url().as_url())
        .with_dev_browser(cx.dev_browser_for_links());
    let link = link.with_return_back(format!("https://evil.example/?ticket={MARK}"));
    shown(printed, &link);
    if let Err(error) = link.to_url() {
        shown(printed, &error);
        printed.push(error.to_string());
    }
    let back = ReturnBackUrl::parse(cx.url().as_url().as_str(), &portal, Some(cx.url().as_url()));
    shown(printed, &back);
    shown(printed, &WithoutQuery(cx.url().as_url()));
}

/// Answers in which the renewed cookies hold a planted secret too.
fn planted_answers() -> impl Strategy<Value = Answers> {
    answers().prop_map(|mut answers| {
        for cookies in [&mut answers.payload, &mut answers.renewed].into_iter().flatten() {
            cookies.push(format!("__session={MARK}; Path=/"));
            cookies.push(MARK.to_owned());
        }
        answers
    })
}

proptest! {
    #![proptest_config(Config { cases: 400, failure_persistence: None, ..Config::default() })]

    #[test]
    fn no_secret_is_printed(
        (_, instance) in select(instances()),
        parts in request(),
        places in subsequence(PLACES.to_vec(), 0..PLACES.len()),
        answers in planted_answers(),
    ) {
        let parts = plant(parts, &places);
        let (mut printed, lines) = (Vec::new(), Lines::default());
        with_default(lines.clone(), || {
            walk(&instance, &parts, &answers, &mut printed);
            let clerk = FakeBackend::new();
            clerk.set_handshake_payload(answers.payload.clone().map(handshake_payload));
            clerk.set_refresh_session(answers.renewed.clone().map(RefreshedSession::new));
            let authenticator = Authenticator::builder(instance.clone()).backend(clerk).clock(now).build();
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let authenticated = runtime.block_on(authenticator.authenticate(&parts));
            shown(&mut printed, &authenticator);
            shown(&mut printed, &authenticated);
        });
        printed.extend(lines.all());
        check(&printed)?;
    }
}
