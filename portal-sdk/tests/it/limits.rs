//! Oversized tokens are not decoded, and malformed nonces are not looked up.

use std::sync::Arc;

use http::request::Parts;
use http::{HeaderMap, HeaderValue, Request};
use portal_sdk::authenticator::Authenticator;
use portal_sdk::effect::RefreshedSession;
use portal_sdk::instance::Instance;
use portal_sdk::limits::{
    MAX_NONCE_BYTES, MAX_OPAQUE_TOKEN_BYTES, MAX_SET_COOKIE_BYTES, MAX_SET_COOKIES, MAX_TOKEN_BYTES,
};
use portal_sdk::state::{Outcome, RequestState, UndecidedCause};
use portal_sdk::testing::FakeBackend;
use portal_sdk::token::{TokenError, UnverifiedToken};
use serde_json::json;
use tokio::sync::Semaphore;

use crate::common::tokens::{instance_key, jwks, session_token};
use crate::common::{LIVE_KEY, LIVE_SUFFIX, NOW_SECS, TEST_KEY, handshake_payload, now};
use crate::server::{Server, json as json_answer};

fn authenticator(clerk: &FakeBackend, key: &str, secret: &str) -> Authenticator<FakeBackend> {
    let instance = Instance::builder(key, secret).build().unwrap();
    Authenticator::builder(instance)
        .backend(clerk.clone())
        .clock(now)
        .build()
}

fn live(clerk: &FakeBackend) -> Authenticator<FakeBackend> {
    authenticator(clerk, LIVE_KEY, "sk_live_x")
}

fn request(target: &str, headers: &[(&str, &str)]) -> Parts {
    let mut request = Request::get(target).header("sec-fetch-dest", "document");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(()).unwrap().into_parts().0
}

fn page(cookies: &str) -> Parts {
    request("https://app.example.com/", &[("cookie", cookies)])
}

fn reason(state: &RequestState) -> String {
    state.reason().map_or_else(|| format!("{state:?}"), ToString::to_string)
}

#[test]
fn oversized_token_is_refused_before_it_is_decoded() {
    let at_limit = "a".repeat(MAX_TOKEN_BYTES);
    assert_eq!(UnverifiedToken::decode(&at_limit).unwrap_err(), TokenError::Form);
    let beyond = "a".repeat(MAX_TOKEN_BYTES + 1);
    let found = MAX_TOKEN_BYTES + 1;
    assert_eq!(
        UnverifiedToken::decode(&beyond).unwrap_err(),
        TokenError::TooLarge { found }
    );
    assert_eq!(TokenError::TooLarge { found }.reason().as_str(), "token-invalid");
}

#[tokio::test]
async fn oversized_genuine_token_is_invalid_wherever_it_is_sent() {
    let large = session_token(
        instance_key(),
        "https://clerk.example.com",
        &json!({ "x": "x".repeat(MAX_TOKEN_BYTES) }),
    );
    let escaped = format!("%41{large}");
    let clerk = FakeBackend::new();
    for parts in [
        page(&format!("__session={large}; __client_uat=1")),
        page(&format!("__session={escaped}; __client_uat=1")),
        page(&format!(
            "__session_{LIVE_SUFFIX}={large}; __client_uat_{LIVE_SUFFIX}=1"
        )),
        request(
            "https://app.example.com/",
            &[("authorization", &format!("Bearer {large}"))],
        ),
        request("https://app.example.com/", &[("authorization", &large)]),
    ] {
        let outcome = live(&clerk).authenticate(&parts).await;
        assert_eq!(reason(&outcome.state), "token-invalid");
    }
    assert!(clerk.calls().is_empty(), "nothing is fetched for it");
}

#[tokio::test]
async fn oversized_token_is_not_sent_to_the_frontend_api() {
    let cookies = format!("__session={}", "a".repeat(MAX_TOKEN_BYTES + 1));
    let outcome = live(&FakeBackend::new()).authenticate(&page(&cookies)).await;
    let location = outcome.state.headers.location().expect("a handshake");
    assert!(location.len() < 1_000);
}

#[tokio::test]
async fn oversized_refresh_token_counts_as_absent() {
    let expired = session_token(
        instance_key(),
        "https://clerk.example.com",
        &json!({ "iat": NOW_SECS - 100, "exp": NOW_SECS - 40 }),
    );
    for (size, expected) in [
        (MAX_OPAQUE_TOKEN_BYTES, vec!["jwks", "refresh_session sess_1"]),
        (MAX_OPAQUE_TOKEN_BYTES + 1, vec!["jwks"]),
    ] {
        let clerk = FakeBackend::new();
        let refresh = "r".repeat(size);
        let cookies = format!("__session={expired}; __client_uat=1; __refresh_{LIVE_SUFFIX}={refresh}");
        let _ = live(&clerk).authenticate(&page(&cookies)).await;
        assert_eq!(clerk.calls(), expected, "{size}");
    }
}

#[tokio::test]
async fn malformed_nonce_is_not_looked_up() {
    let valid = session_token(instance_key(), "https://clerk.example.com", &json!({}));
    let long = "n".repeat(MAX_NONCE_BYTES + 1);
    for nonce in ["a b", "a%0Ab", "%C3%A9", &long, &"n".repeat(60_000)] {
        let clerk = FakeBackend::new();
        let cookies = format!("__clerk_handshake_nonce={nonce}; __session={valid}; __client_uat=1");
        let outcome = live(&clerk).authenticate(&page(&cookies)).await;
        assert!(outcome.state.claims().is_some(), "the cookies decide");
        assert_eq!(clerk.calls(), ["jwks"]);
    }
    let clerk = FakeBackend::new();
    let cookies = format!("__clerk_handshake_nonce={}", &long[1..]);
    let _ = live(&clerk).authenticate(&page(&cookies)).await;
    assert_eq!(clerk.calls().len(), 1, "one of the limit's length is looked up");

    // In development the address is cleaned, as after any look-up that is refused.
    let clerk = FakeBackend::new();
    let address = format!("http://localhost:3000/p?__clerk_handshake_nonce={long}");
    let outcome = authenticator(&clerk, TEST_KEY, "sk_test_x")
        .authenticate(&request(&address, &[("cookie", "__clerk_db_jwt=dvb")]))
        .await;
    assert_eq!(outcome.state.headers.location().unwrap(), "http://localhost:3000/p");
    assert!(clerk.calls().is_empty());
}

#[tokio::test]
async fn cookies_beyond_the_limit_of_a_handshake_are_skipped() {
    let valid = session_token(instance_key(), "https://clerk.example.com", &json!({}));
    let own = [
        format!("__session={valid}; Path=/"),
        "__client_uat=1; Path=/".to_owned(),
    ];
    let small = |count: usize| (0..count).map(|n| format!("c{n}=v"));
    let large = format!("large={}", "v".repeat(MAX_SET_COOKIE_BYTES));
    for (set_cookies, expected) in [
        (
            own.iter().cloned().chain(small(MAX_SET_COOKIES - 2)).collect(),
            MAX_SET_COOKIES,
        ),
        (own.iter().cloned().chain(small(50_000)).collect(), MAX_SET_COOKIES),
        ([large.clone()].into_iter().chain(own.clone()).collect(), 2),
        (
            vec![
                format!("{}=v", "n".repeat(MAX_SET_COOKIE_BYTES - 2)),
                own[0].clone(),
                own[1].clone(),
            ],
            3,
        ),
    ] {
        let clerk = FakeBackend::new();
        clerk.set_jwks(Ok(jwks()));
        clerk.set_handshake_payload(Ok(handshake_payload(set_cookies)));
        let state = live(&clerk)
            .authenticate(&page("__clerk_handshake_nonce=n"))
            .await
            .state;
        assert!(state.claims().is_some(), "{state:?}");
        let mut headers = HeaderMap::new();
        state.headers.apply(&mut headers);
        // The nonce's cookie is removed too.
        let removal = |value: &&HeaderValue| value.as_bytes().starts_with(b"__clerk_handshake_nonce=;");
        let sent = headers
            .get_all("set-cookie")
            .iter()
            .filter(|value| !removal(value))
            .count();
        assert_eq!(sent, expected);
    }
    // A session cookie beyond the limit is skipped, like one that cannot be a header field.
    let clerk = FakeBackend::new();
    clerk.set_handshake_payload(Ok(handshake_payload(small(70).chain(own).collect())));
    let state = live(&clerk)
        .authenticate(&page("__clerk_handshake_nonce=n"))
        .await
        .state;
    assert_eq!(reason(&state), "session-token-and-uat-missing");
}

#[tokio::test]
async fn look_ups_are_bounded_and_shared() {
    let gate = Arc::new(Semaphore::new(0));
    let permits = gate.clone();
    let server = Server::start(move |_| {
        let permits = permits.clone();
        async move {
            permits.acquire().await.unwrap().forget();
            json_answer(404, r#"{"errors":[{"code":"resource_not_found"}]}"#)
        }
    })
    .await;
    let instance = server.live_instance();
    let backend = portal_sdk::backend::HttpBackend::new(&instance);
    let authenticator = Authenticator::builder(instance).backend(backend).clock(now).build();
    let ask = |nonce: String| {
        let authenticator = authenticator.clone();
        tokio::spawn(async move {
            let cookies = format!("__clerk_handshake_nonce={nonce}");
            authenticator.authenticate(&page(&cookies)).await.state
        })
    };
    // A hundred requests with one nonce, and five hundred with one each.
    let shared: Vec<_> = (0..100).map(|_| ask("same".to_owned())).collect();
    let made_up: Vec<_> = (0..500).map(|n| ask(format!("n{n}"))).collect();
    while server.count() < 64 {
        tokio::task::yield_now().await;
    }
    for _ in 0..1_000 {
        tokio::task::yield_now().await;
    }
    assert_eq!(server.count(), 64, "so many run at once");
    gate.add_permits(10_000);
    for state in shared {
        assert_eq!(reason(&state.await.unwrap()), "session-token-and-uat-missing");
    }
    let mut refused = 0;
    for state in made_up {
        let state = state.await.unwrap();
        match &state.outcome {
            Outcome::Undecided(cause) => {
                assert!(matches!(cause, UndecidedCause::HandshakeOutOfReach(_)));
                refused += 1;
            }
            _ => assert_eq!(reason(&state), "session-token-and-uat-missing"),
        }
    }
    assert_eq!(refused, 501 - 320, "the others cannot be told");
    assert_eq!(server.count(), 320);
}

#[tokio::test]
async fn concurrent_renewals_of_one_session_share_a_call() {
    let expired = session_token(
        instance_key(),
        "https://clerk.example.com",
        &json!({ "iat": NOW_SECS - 100, "exp": NOW_SECS - 40 }),
    );
    let renewed = session_token(instance_key(), "https://clerk.example.com", &json!({}));
    let clerk = FakeBackend::new();
    clerk.set_jwks(Ok(jwks()));
    clerk.set_refresh_session(Ok(RefreshedSession::new([format!("__session={renewed}; Path=/")])));
    let authenticator = live(&clerk);
    // The keys first, so that all come to the renewal together.
    let valid = format!("__session={renewed}; __client_uat=1");
    let _ = authenticator.authenticate(&page(&valid)).await;
    let cookies = |refresh: &str| format!("__session={expired}; __client_uat=1; __refresh_{LIVE_SUFFIX}={refresh}");
    let requests: Vec<_> = (0..12)
        .map(|n| {
            let (authenticator, parts) = (authenticator.clone(), page(&cookies(["one", "two"][n % 2])));
            tokio::spawn(async move { authenticator.authenticate(&parts).await.state })
        })
        .collect();
    for state in requests {
        assert!(state.await.unwrap().claims().is_some());
    }
    assert_eq!(
        clerk.calls(),
        ["jwks", "refresh_session sess_1", "refresh_session sess_1"],
        "one for each refresh token"
    );
}
