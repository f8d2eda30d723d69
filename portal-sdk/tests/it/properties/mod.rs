//! Properties of every request, tested with requests of random pieces.

mod answers;
mod memory;
mod requests;
mod secrets;
mod tokens;

use portal_sdk::instance::Satellite;
use std::collections::HashSet;
use std::sync::Arc;

use http::header::LOCATION;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Request};
use portal_sdk::decide::{Decision, decide};
use portal_sdk::effect::{Effect, Known, KnownKeys, MissingKey, RefreshedSession};
use portal_sdk::instance::Instance;
use portal_sdk::request::AuthenticateContext;
use portal_sdk::state::{Outcome, RequestState, UndecidedCause};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::Config;
use url::Url;

use self::answers::{Answers, answers};
use self::requests::request;
use self::tokens::{GENUINE, OTHER_KINDS};
use crate::common::tokens::{instance_key, jwks};
use crate::common::{LIVE_KEY, TEST_KEY, handshake_payload, now};

fn instances() -> Vec<(&'static str, Instance)> {
    let live = || Instance::builder(LIVE_KEY, "sk_live_x");
    let test = || Instance::builder(TEST_KEY, "sk_test_x");
    [
        ("live", live()),
        ("test", test()),
        ("live that explains refusals", live().debug(true)),
        ("test that explains refusals", test().debug(true)),
        ("live with a PEM key", live().jwt_key(instance_key().pem())),
        ("live behind a proxy", live().proxy_url("https://proxy.example/__clerk")),
        ("live with a proxy path", live().proxy_url("/__clerk")),
        (
            "live satellite",
            live().satellite(Satellite::on_domain("satellite.dev")),
        ),
        (
            "live satellite that asks",
            live().satellite(Satellite::on_domain("satellite.dev").with_auto_sync(true)),
        ),
        ("test primary", test().satellite_origins(["https://satellite.example"])),
        (
            "test satellite",
            test()
                .satellite(Satellite::on_domain("satellite.dev").with_auto_sync(true))
                .sign_in_url("https://primary.example/sign-in"),
        ),
    ]
    .map(|(name, builder)| (name, builder.build().unwrap()))
    .into()
}

/// Decides with these answers. Every turn is taken twice: the same arguments must give the same answer.
fn run(instance: &Instance, parts: &Parts, answers: &Answers) -> (RequestState, Vec<&'static str>) {
    let cx = AuthenticateContext::new(parts, instance, now());
    let key_set = Arc::new(jwks());
    let mut known = Known {
        keys: KnownKeys::InMemory(answers.has_keys.then(|| key_set.clone())),
        ..Known::default()
    };
    let mut asked = Vec::new();
    loop {
        let decision = decide(&cx, &known, now());
        let again = decide(&AuthenticateContext::new(parts, instance, now()), &known.clone(), now());
        assert_eq!(format!("{decision:?}"), format!("{again:?}"));
        let effect = match decision {
            Decision::Settled(state) => return (state, asked),
            Decision::Needs(effect) => effect,
        };
        let name = match effect {
            Effect::SigningKeys { .. } => {
                let (keys, missing) = match &answers.keys {
                    Ok(()) => (key_set.clone(), MissingKey::Unknown),
                    Err(missing) => (Arc::default(), missing.clone()),
                };
                known.keys = KnownKeys::Asked { keys, missing };
                "keys"
            }
            Effect::HandshakePayload(_) => {
                known.handshake = Some(answers.payload.clone().map(handshake_payload));
                "nonce"
            }
            Effect::RefreshSession(refresh) => {
                assert!(
                    refresh
                        .session_id
                        .as_str()
                        .bytes()
                        .all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
                );
                known.refresh = Some(answers.renewed.clone().map(RefreshedSession::new));
                "refresh"
            }
            other => panic!("an unknown effect: {other:?}"),
        };
        assert!(!asked.contains(&name), "{name} is asked for again after {asked:?}");
        asked.push(name);
    }
}

/// Origins that a redirect may lead to.
fn allowed_origins(instance: &Instance, parts: &Parts) -> HashSet<String> {
    let public_url = AuthenticateContext::new(parts, instance, now()).url().clone();
    // The host never comes from the path.
    assert_eq!(public_url.as_url().host_str(), Some("app.example.com"));
    let frontend_api = instance.frontend_api_base(public_url.origin());
    let others = [frontend_api.as_str()]
        .into_iter()
        .chain(instance.sign_in_url())
        .map(|url| Url::parse(url).unwrap().origin().ascii_serialization());
    let satellites = instance.satellite_origins().iter().map(ToString::to_string);
    others
        .chain(satellites)
        .chain([public_url.origin().to_owned()])
        .collect()
}

proptest! {
    #![proptest_config(Config { cases: 1_500, failure_persistence: None, ..Config::default() })]

    #[test]
    fn decision_properties_hold_for_random_requests((name, instance) in select(instances()), parts in request(), answers in answers()) {
        let (state, asked) = run(&instance, &parts, &answers);
        prop_assert!(asked.len() <= 3);

        // Nothing signs in without a valid signature by the instance's key.
        if let Outcome::SignedIn(signed_in) = &state.outcome {
            let token = signed_in.claims.token().expose();
            let is = |known: &[String]| known.iter().any(|known| known == token);
            let is_brought = || state.headers.iter().any(|(_, value)| value.to_str().is_ok_and(|value| value.contains(token)));
            prop_assert!(is(&GENUINE) || (is(&OTHER_KINDS) && is_brought()), "{name}: {token}");
        }

        // Nothing else than an outage, a bad handshake in development and a contradiction of settings is an error.
        if let Outcome::Undecided(cause) = &state.outcome {
            match cause {
                UndecidedCause::KeysOutOfReach(_) | UndecidedCause::KeyNotLookedUpYet => {
                    prop_assert!(asked.contains(&"keys") && answers.keys.is_err());
                }
                UndecidedCause::RenewalOutOfReach(error) => {
                    prop_assert!(asked.contains(&"refresh") && error.is_outage());
                }
                UndecidedCause::HandshakeOutOfReach(error) => {
                    prop_assert!(asked.contains(&"nonce") && error.is_outage());
                }
                UndecidedCause::HandshakeToken(_) => prop_assert!(instance.is_development()),
                UndecidedCause::SatelliteSignInUrl => {
                    prop_assert!(instance.is_satellite() && parts.headers.contains_key("origin"));
                }
                other => prop_assert!(false, "{other}"),
            }
        }

        // Redirects go to allowed origins, and answer a GET unless they only clean the URL.
        let mut headers = HeaderMap::new();
        state.headers.apply(&mut headers);
        if let Some(location) = headers.get(LOCATION) {
            let location = Url::parse(location.to_str().unwrap()).unwrap();
            let origin = location.origin().ascii_serialization();
            let is_loopback = matches!(location.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
            let is_allowed = allowed_origins(&instance, &parts).contains(&origin)
                || (is_loopback && instance.is_development());
            prop_assert!(is_allowed, "{name}: {location}");
            prop_assert!(parts.method == Method::GET || !matches!(state.outcome, Outcome::Handshake(_)));
        }
        prop_assert_eq!(matches!(state.outcome, Outcome::Handshake(_)) && !headers.contains_key(LOCATION), false);

        // Where a cookie is set, no cache may keep the answer.
        if headers.contains_key("set-cookie") {
            prop_assert_eq!(&headers["cache-control"], "no-store");
        }
    }

    #[test]
    fn header_properties_hold_for_random_values(name in select(vec![
        "host", "x-forwarded-host", "x-forwarded-proto", "authorization", "cookie", "accept", "origin", "referer",
        "sec-fetch-dest", "user-agent",
    ]), bytes in vec(any::<u8>(), 0..200), (_, instance) in select(instances()), answers in answers()) {
        let Ok(value) = HeaderValue::from_bytes(&bytes) else { return Ok(()) };
        let request = Request::get("/p").header("host", "app.example.com").header(name, value);
        let parts = request.body(()).unwrap().into_parts().0;
        let (state, _) = run(&instance, &parts, &answers);
        prop_assert!(state.claims().is_none());
        prop_assert!(!matches!(&state.outcome, Outcome::Undecided(cause) if !instance.is_satellite() && !cause.is_temporary()));
    }
}

/// The random requests would be worth little if they never reached the interesting answers.
#[test]
fn random_requests_reach_every_outcome() {
    use proptest::strategy::ValueTree as _;
    use proptest::test_runner::TestRunner;

    let mut runner = TestRunner::deterministic();
    let strategy = (select(instances()), request(), answers());
    let mut outcomes = HashSet::new();
    let mut effects = HashSet::new();
    for _ in 0..3_000 {
        let ((_, instance), parts, answers) = strategy.new_tree(&mut runner).unwrap().current();
        let (state, asked) = run(&instance, &parts, &answers);
        outcomes.insert(state.status().unwrap_or("undecided"));
        effects.extend(asked);
        if state.headers.location().is_some() {
            outcomes.insert("redirect");
        }
    }
    for outcome in ["signed-in", "signed-out", "handshake", "undecided", "redirect"] {
        assert!(outcomes.contains(outcome), "{outcome} was never reached");
    }
    assert_eq!(effects.len(), 3, "{effects:?}");
}
