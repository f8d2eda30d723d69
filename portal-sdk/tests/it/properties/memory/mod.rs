//! The memory of an authenticator changes no answer: the same requests are decided with and without it.

mod cookies;
mod sent;

use std::sync::Arc;
use std::time::Duration;

use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{HeaderMap, Request};
use portal_sdk::authenticator::Authenticator;
use portal_sdk::backend::KeyCachePolicy;
use portal_sdk::clock::{Clock as _, UnixTime};
use portal_sdk::decide::{Decision, decide};
use portal_sdk::effect::{Effect, EndedSessions, Known, KnownKeys, MissingKey, RefreshedSession};
use portal_sdk::fleet::SessionEndReason;
use portal_sdk::instance::Instance;
use portal_sdk::key::KeySet;
use portal_sdk::request::AuthenticateContext;
use portal_sdk::secret::Secret;
use portal_sdk::state::RequestState;
use portal_sdk::testing::{FakeBackend, TestClock, TestKey};
use portal_sdk::token::TokenCachePolicy;
use serde_json::json;

use self::sent::{Dice, request, tokens};
use crate::common::tokens::{KEY_ID, instance_key};
use crate::common::{LIVE_KEY, LIVE_SUFFIX, TEST_KEY, TEST_SUFFIX, error_answer, now};

/// The authenticators per instance, and the requests to each.
const RUNS: u64 = 50;
const REQUESTS: usize = 100;
/// The lifetime of keys.
const LIFETIME: Duration = Duration::from_secs(300);

/// The settings and the state of Clerk, as the decision gets them.
struct World {
    instance: Instance,
    keys: Arc<KeySet>,
    renewed: Vec<String>,
    ended: EndedSessions,
}

/// Decides without any memory.
fn plain(world: &World, parts: &Parts, now: UnixTime) -> RequestState {
    let cx = AuthenticateContext::new(parts, &world.instance, now);
    let mut known = Known {
        keys: KnownKeys::InMemory(Some(world.keys.clone())),
        ended: world.ended.clone(),
        ..Known::default()
    };
    loop {
        match decide(&cx, &known, now) {
            Decision::Settled(state) => return state,
            Decision::Needs(Effect::SigningKeys { .. }) => {
                let (keys, missing) = (world.keys.clone(), MissingKey::Unknown);
                known.keys = KnownKeys::Asked { keys, missing };
            }
            Decision::Needs(Effect::HandshakePayload(_)) => {
                known.handshake = Some(Err(error_answer(404, Some("resource_not_found"))));
            }
            Decision::Needs(Effect::RefreshSession(_)) => {
                let cookies = world.renewed.clone();
                known.refresh = Some(Ok(RefreshedSession::new(cookies)));
            }
            Decision::Needs(other) => panic!("an unknown effect: {other:?}"),
        }
    }
}

/// Returns all that a state says.
fn all_of(state: &RequestState) -> String {
    let mut headers = HeaderMap::new();
    state.headers.apply(&mut headers);
    let claims = state.claims().map(|claims| {
        let organization = claims.organization();
        (
            claims.token().expose().to_owned(),
            claims.as_json().clone(),
            format!("{organization:?}"),
            claims.expires_at(),
        )
    });
    format!("{state:?} {headers:?} {claims:?}")
}

/// Sets with the usual key, with another key of its ID, with both, and with none.
fn key_sets(other: &TestKey) -> [KeySet; 6] {
    let key = instance_key();
    let sets = [
        json!([key.jwk(KEY_ID)]),
        json!([other.jwk("ins_2"), key.jwk(KEY_ID)]),
        json!([key.jwk("ins_2"), key.jwk(KEY_ID)]),
        json!([other.jwk(KEY_ID)]),
        json!([other.jwk(KEY_ID), key.jwk("ins_2")]),
        json!([{ "kid": KEY_ID, "kty": "oct" }, other.jwk("ins_3")]),
    ];
    sets.map(|keys| KeySet::from_json(&json!({ "keys": keys })))
}

/// Lets the keys be fetched, if that is due.
async fn refresh(authenticator: &Authenticator<FakeBackend>, token: &str) {
    let bearer = Request::get("/").header(AUTHORIZATION, token).body(()).unwrap();
    drop(authenticator.try_authenticate(&bearer.into_parts().0));
    for _ in 0..4 {
        tokio::task::yield_now().await;
    }
}

/// Decides requests with and without memory, and returns how many were signed in.
async fn compare(seed: u64, publishable_key: &str, suffix: &str, tokens: &[String], other: &TestKey) -> usize {
    let mut dice = Dice::new(seed);
    let policy = *dice.pick(&[
        TokenCachePolicy::default(),
        TokenCachePolicy::default().with_max_tokens(3),
    ]);
    let clock = TestClock::at(now());
    let backend = FakeBackend::new();
    let renewed = vec![format!("__session={}; Path=/", tokens[1]), "__client_uat=1".to_owned()];
    backend.set_refresh_session(Ok(RefreshedSession::new(renewed.clone())));
    let instance = Instance::builder(publishable_key, publishable_key.replace("pk_", "sk_"))
        .organization_patterns(["/orgs/:slug", "/orgs/:slug/(.*)"]);
    let mut world = World {
        instance: instance.build().unwrap(),
        keys: Arc::new(instance_key().key_set()),
        renewed,
        ended: EndedSessions::default(),
    };
    let warm = Authenticator::builder(world.instance.clone())
        .backend(backend.clone())
        .clock(clock.clone())
        .initial_keys(instance_key().key_set())
        .token_cache(policy)
        .key_cache(
            KeyCachePolicy::default()
                .with_lifetime(LIFETIME)
                .with_min_refetch(Duration::ZERO)
                .with_jitter(false),
        )
        .build();
    let mut signed_in = 0;
    for case in 0..REQUESTS {
        let time = clock.now();
        match dice.below(100) {
            0 => {
                let keys = dice.pick(&key_sets(other)).clone();
                world.keys = Arc::new(keys.clone());
                backend.set_jwks(Ok(keys));
                clock.advance(LIFETIME);
                refresh(&warm, &tokens[0]).await;
                clock.set(now());
            }
            1 => {
                let token = Secret::new(dice.pick(tokens).as_str());
                if let Ok(Some(session)) = warm.genuine_session(&token).await {
                    warm.end_session(&session);
                    let lifetime = session
                        .token_lifetime
                        .clamp(Duration::from_secs(60), Duration::from_secs(86_400));
                    let until = clock.now() + lifetime + world.instance.clock_skew() * 2;
                    world.ended = world
                        .ended
                        .with(session.id, SessionEndReason::SignedOut, until, clock.now());
                }
            }
            2..=5 => clock.set(now() + Duration::from_millis(dice.below(120_000) as u64)),
            6 => clock.set(now() - Duration::from_secs(dice.below(120) as u64)),
            7..=20 => clock.set(now()),
            _ => {}
        }
        if clock.now() != time {
            // No request finds a fetch in progress, which may leave it undecided.
            refresh(&warm, &tokens[0]).await;
        }
        let parts = request(&mut dice, tokens, suffix);
        let expected = all_of(&plain(&world, &parts, clock.now()));
        for turn in 0..1 + usize::from(dice.one_in(4)) {
            let found = warm.authenticate(&parts).await.state;
            signed_in += usize::from(found.claims().is_some());
            let found = all_of(&found);
            assert_eq!(found, expected, "seed {seed}, case {case}, turn {turn}: {parts:?}");
            for _ in 0..4 {
                tokio::task::yield_now().await;
            }
        }
    }
    signed_in
}

#[tokio::test]
async fn memory_changes_no_answer() {
    let other = TestKey::generate();
    let (live, test) = ("https://clerk.example.com", "https://foo-bar-13.clerk.accounts.dev");
    for (key, suffix, issuer) in [(LIVE_KEY, LIVE_SUFFIX, live), (TEST_KEY, TEST_SUFFIX, test)] {
        let tokens = tokens(issuer, &other);
        let mut signed_in = 0;
        for seed in 0..RUNS {
            signed_in += compare(seed, key, suffix, &tokens, &other).await;
        }
        assert!(signed_in > 500, "{signed_in} requests are signed in");
    }
}
