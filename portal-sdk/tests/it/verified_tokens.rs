//! Tokens that were verified before: only the signature is remembered, for the key that verified it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use http::header::COOKIE;
use http::request::Parts;
use portal_sdk::authenticator::Authenticator;
use portal_sdk::backend::{Backend, KeyCachePolicy};
use portal_sdk::clock::Clock as _;
use portal_sdk::instance::Instance;
use portal_sdk::key::KeySet;
use portal_sdk::secret::Secret;
use portal_sdk::state::{AuthReason, RequestState};
use portal_sdk::testing::{FakeBackend, TestInstance, TestKey};
use portal_sdk::token::{TokenCachePolicy, TokenErrorReason};
use serde_json::json;

use crate::common::{LIVE_KEY, LIVE_SUFFIX};

fn signed_in(clerk: &TestInstance) -> Parts {
    let request = clerk.signed_in("user_1").get("/").body(());
    request.unwrap().into_parts().0
}

fn state<B: Backend>(authenticator: &Authenticator<B>, parts: &Parts) -> RequestState {
    authenticator.try_authenticate(parts).expect("nothing is fetched").state
}

/// Returns where the token of a signed-in request is in memory.
fn place<B: Backend>(authenticator: &Authenticator<B>, parts: &Parts) -> *const u8 {
    let state = state(authenticator, parts);
    let claims = state.claims().expect("signed in");
    claims.token().expose().as_ptr()
}

#[test]
fn second_request_shares_the_verified_token() {
    let clerk = TestInstance::new();
    let request = signed_in(&clerk);
    let authenticator = clerk.authenticator();
    assert_eq!(place(&authenticator, &request), place(&authenticator, &request));
    let off = Authenticator::builder(clerk.instance().clone())
        .backend(clerk.backend().clone())
        .clock(clerk.clock().clone())
        .token_cache(TokenCachePolicy::OFF)
        .build();
    let first = state(&off, &request);
    assert_ne!(first.claims().unwrap().token().expose().as_ptr(), place(&off, &request));
}

#[test]
fn times_of_a_verified_token_are_checked_for_every_request() {
    let clerk = TestInstance::new();
    let mut request = signed_in(&clerk);
    let authenticator = clerk.authenticator();
    place(&authenticator, &request);

    clerk.clock().advance(Duration::from_secs(64));
    place(&authenticator, &request);
    clerk.clock().advance(Duration::from_secs(1));
    let expired = state(&authenticator, &request);
    assert!(
        matches!(expired.reason(), Some(AuthReason::SessionTokenExpired(_))),
        "{expired:?}"
    );

    clerk.clock().set(clerk.clock().now() - Duration::from_secs(600));
    let future = state(&authenticator, &request);
    assert_eq!(future.reason(), Some(&AuthReason::SessionTokenNotActiveYet));

    // The client has changed since the token was issued.
    clerk.clock().advance(Duration::from_secs(600 - 30));
    place(&authenticator, &request);
    let later = clerk.clock().now().as_secs() + 60;
    let cookies = request.headers[COOKIE]
        .to_str()
        .unwrap()
        .replace("=1", &format!("={later}"));
    request.headers.insert(COOKIE, cookies.parse().unwrap());
    let outdated = state(&authenticator, &request);
    assert_eq!(outdated.reason(), Some(&AuthReason::SessionTokenIatBeforeClientUat));
}

#[tokio::test]
async fn ended_session_of_a_verified_token_is_signed_out() {
    let clerk = TestInstance::new();
    let request = signed_in(&clerk);
    let authenticator = clerk.authenticator();
    let signed_in = state(&authenticator, &request);
    let token = signed_in.claims().expect("signed in").token();
    let session = authenticator.genuine_session(token).await.unwrap();
    authenticator.end_session(&session.expect("a genuine token"));
    assert_eq!(
        state(&authenticator, &request).reason(),
        Some(&AuthReason::SessionEnded)
    );
}

#[tokio::test]
async fn token_counts_only_for_the_key_that_verified_it() {
    let clerk = TestInstance::new();
    let backend = FakeBackend::new();
    let lifetime = Duration::from_secs(20);
    let authenticator = Authenticator::builder(Instance::builder(LIVE_KEY, "sk_live_x").build().unwrap())
        .backend(backend.clone())
        .clock(clerk.clock().clone())
        .key_cache(KeyCachePolicy::default().with_lifetime(lifetime).with_jitter(false))
        .build();
    let request = signed_in(&clerk);
    assert!(request.headers[COOKIE].to_str().unwrap().contains(LIVE_SUFFIX));
    let first = authenticator.authenticate(&request).await.state;
    let first = first.claims().expect("signed in").token().expose().as_ptr();

    // The same key from another fetch.
    refetch(&clerk, &authenticator, lifetime).await;
    assert_eq!(place(&authenticator, &request), first);

    // Another key with the same ID.
    backend.set_jwks(Ok(TestKey::generate().key_set()));
    refetch(&clerk, &authenticator, lifetime).await;
    let refused = state(&authenticator, &request);
    let signature = AuthReason::Token(TokenErrorReason::TokenInvalidSignature);
    assert_eq!(refused.reason(), Some(&signature), "{refused:?}");

    // No such key.
    backend.set_jwks(Ok(KeySet::from_json(
        &json!({ "keys": [{ "kid": "ins_other", "kty": "oct" }] }),
    )));
    refetch(&clerk, &authenticator, lifetime).await;
    let removed = authenticator.authenticate(&request).await.state;
    assert!(removed.claims().is_none(), "{removed:?}");
}

/// Lets the keys' lifetime end, and waits until the fetch in the background has replaced them.
async fn refetch(clerk: &TestInstance, authenticator: &Authenticator<FakeBackend>, lifetime: Duration) {
    clerk.clock().advance(lifetime);
    let request = signed_in(clerk);
    drop(authenticator.try_authenticate(&request));
    while authenticator.health().keys.age != Some(Duration::ZERO) {
        tokio::task::yield_now().await;
    }
}

#[test]
fn health_counts_the_verified_tokens_in_memory() {
    let clerk = TestInstance::new();
    let authenticator = clerk.authenticator();
    assert_eq!(authenticator.health().tokens.remembered, 0);
    let (one, two) = (signed_in(&clerk), clerk.signed_in("user_2").get("/").body(()));
    let two = two.unwrap().into_parts().0;
    for request in [&one, &two, &one] {
        place(&authenticator, request);
    }
    let tokens = authenticator.health().tokens;
    assert_eq!(tokens.remembered, 2);
    assert!((1_000..10_000).contains(&tokens.bytes), "{tokens:?}");
}

#[test]
fn referer_of_another_site_is_found_after_the_address_is_known() {
    let settings = Instance::builder(LIVE_KEY, "sk_live_x").public_origin("https://app.example.com");
    let clerk = TestInstance::from_builder(settings).unwrap();
    let authenticator = clerk.authenticator();
    let visit = |referer: &str| {
        let request = clerk.signed_in("user_1").get("/").header("host", "app.example.com");
        let request = request
            .header("sec-fetch-dest", "document")
            .header("referer", referer)
            .body(());
        let state = state(&authenticator, &request.unwrap().into_parts().0);
        state.claims().is_some()
    };
    for _ in 0..2 {
        assert!(visit("https://app.example.com/cart?step=1"));
        for elsewhere in [
            "https://app.example.com:8443/",
            "https://app.example.com.evil.example/",
            "https://app.example.com@evil.example/",
            "http://app.example.com/",
        ] {
            assert!(!visit(elsewhere), "{elsewhere}");
        }
    }
}

#[test]
fn requests_of_many_threads_see_an_ended_session_at_once() {
    const THREADS: usize = 4;
    const ROUNDS: usize = 40;
    const MAX_TOKENS: usize = 20;
    let clerk = TestInstance::new();
    let authenticator = Authenticator::builder(clerk.instance().clone())
        .backend(clerk.backend().clone())
        .clock(clerk.clock().clone())
        .token_cache(TokenCachePolicy::default().with_max_tokens(MAX_TOKENS))
        .build();
    let requests: Vec<Parts> = (0..ROUNDS)
        .map(|n| {
            let session = clerk.signed_in("user_1").session_id(format!("sess_{n}"));
            session.get("/").body(()).unwrap().into_parts().0
        })
        .collect();
    let ended = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while ended.load(Ordering::SeqCst) < ROUNDS {
                    let before = ended.load(Ordering::SeqCst);
                    for (n, request) in requests.iter().enumerate() {
                        let is_signed_in = state(&authenticator, request).claims().is_some();
                        assert!(!is_signed_in || n >= before, "session {n} was ended");
                        let was_ended = n < ended.load(Ordering::SeqCst);
                        assert!(
                            is_signed_in || was_ended || n == ended.load(Ordering::SeqCst),
                            "session {n}"
                        );
                    }
                    assert!(authenticator.health().tokens.remembered <= MAX_TOKENS);
                }
            });
        }
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        for request in &requests {
            let cookies = request.headers[COOKIE].to_str().unwrap();
            let token = cookies.split(';').next().unwrap().split_once('=').unwrap().1;
            let session = runtime
                .block_on(authenticator.genuine_session(&Secret::new(token)))
                .unwrap();
            authenticator.end_session(&session.unwrap());
            ended.fetch_add(1, Ordering::SeqCst);
            thread::yield_now();
        }
    });
}
