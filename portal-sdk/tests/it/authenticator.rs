//! The decision driven by [`Authenticator`]: which requests reach Clerk, and what the outcome says besides itself.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use http::Request;
use http::request::Parts;
use portal_sdk::authenticator::Authenticator;
use portal_sdk::clock::UnixTime;
use portal_sdk::effect::RefreshedSession;
use portal_sdk::instance::Instance;
use portal_sdk::request::AuthenticateContext;
use portal_sdk::secret::Secret;
use portal_sdk::state::{Outcome, RequestState};
use portal_sdk::testing::FakeBackend;
use serde_json::json;

use crate::common::tokens::{foreign_key, header, instance_key, jwks, session_token};
use crate::common::{LIVE_KEY, LIVE_SUFFIX, NOW_SECS, TEST_KEY, clock, down, error_answer, handshake_payload, now};

const ISSUER: &str = "https://clerk.example.com";

fn instance() -> Instance {
    Instance::builder(LIVE_KEY, "sk_live_x").build().unwrap()
}

fn authenticator(clerk: &FakeBackend) -> Authenticator<FakeBackend> {
    Authenticator::builder(instance())
        .backend(clerk.clone())
        .clock(now)
        .build()
}

fn page(cookies: &str) -> Parts {
    let request = Request::get("https://app.example.com/path")
        .header("cookie", cookies)
        .header("sec-fetch-dest", "document");
    request.body(()).unwrap().into_parts().0
}

fn signed_in() -> Parts {
    let token = session_token(instance_key(), ISSUER, &json!({}));
    page(&format!("__session={token}; __client_uat=1"))
}

fn expired_token() -> String {
    session_token(
        instance_key(),
        ISSUER,
        &json!({ "iat": NOW_SECS - 100, "exp": NOW_SECS - 40 }),
    )
}

fn reason(state: &RequestState) -> String {
    state.reason().map_or_else(|| format!("{state:?}"), ToString::to_string)
}

#[tokio::test]
async fn keys_in_memory_decide_without_awaiting() {
    let clerk = FakeBackend::new();
    let authenticator = authenticator(&clerk);
    assert!(
        authenticator.try_authenticate(&signed_in()).is_none(),
        "no key is in memory yet"
    );
    for _ in 0..3 {
        let outcome = authenticator.authenticate(&signed_in()).await;
        assert!(outcome.state.claims().is_some(), "{:?}", outcome.state);
    }
    let outcome = authenticator
        .clone()
        .try_authenticate(&signed_in())
        .expect("clones share the keys");
    assert!(outcome.state.claims().is_some());
    assert_eq!(clerk.calls(), ["jwks"]);
}

#[tokio::test]
async fn request_without_a_token_makes_no_call() {
    let clerk = FakeBackend::new();
    let authenticator = authenticator(&clerk);
    for cookies in [
        "",
        "__client_uat=1",
        "__session=abc; __client_uat=1",
        "__clerk_handshake=abc",
    ] {
        let outcome = authenticator.try_authenticate(&page(cookies)).expect(cookies);
        assert!(outcome.state.claims().is_none());
    }
    assert!(clerk.calls().is_empty());
}

#[tokio::test]
async fn each_effect_is_carried_out_once() {
    let expired = expired_token();
    let cookies = format!("__clerk_handshake_nonce=n1; __session={expired}; __client_uat=1; __refresh_{LIVE_SUFFIX}=r");
    let renewed = session_token(instance_key(), ISSUER, &json!({}));
    let stale_payload = vec![format!("__session={expired}; Path=/")];
    let every_effect = ["handshake_payload n1", "jwks", "refresh_session sess_1"];

    let clerk = FakeBackend::new();
    clerk.set_handshake_payload(Ok(handshake_payload(stale_payload)));
    clerk.set_refresh_session(Ok(RefreshedSession::new([format!("__session={renewed}; Path=/")])));
    let outcome = authenticator(&clerk).authenticate(&page(&cookies)).await;
    assert!(outcome.state.claims().is_some(), "{:?}", outcome.state);
    assert_eq!(clerk.calls(), every_effect);

    // The same when each fails.
    for error in [
        down(),
        error_answer(500, None),
        error_answer(429, None),
        error_answer(302, None),
        error_answer(403, None),
        error_answer(404, Some("resource_not_found")),
    ] {
        let clerk = FakeBackend::new();
        clerk.set_handshake_payload(Err(error.clone()));
        clerk.set_refresh_session(Err(error.clone()));
        let outcome = authenticator(&clerk).authenticate(&page(&cookies)).await;
        match &outcome.state.outcome {
            Outcome::Undecided(cause) => assert!(error.is_outage() && cause.is_temporary()),
            _ => assert_eq!(
                reason(&outcome.state),
                "session-token-expired-refresh-resource_not_found"
            ),
        }
        assert_eq!(clerk.calls(), every_effect, "{error}");

        clerk.set_jwks(Err(error.clone()));
        let outcome = authenticator(&clerk).authenticate(&page(&cookies)).await;
        match &outcome.state.outcome {
            Outcome::Undecided(cause) => assert!(error.is_outage() && cause.is_temporary()),
            _ => assert_eq!(reason(&outcome.state), "jwk-remote-failed-to-load"),
        }
    }
}

#[tokio::test]
async fn clock_is_read_again_after_an_effect() {
    let renewed = session_token(
        instance_key(),
        ISSUER,
        &json!({ "iat": NOW_SECS + 10, "nbf": NOW_SECS + 10, "exp": NOW_SECS + 70 }),
    );
    let request = page(&format!(
        "__session={}; __client_uat=1; __refresh_{LIVE_SUFFIX}=r",
        expired_token()
    ));
    let clerk = FakeBackend::new();
    clerk.set_refresh_session(Ok(RefreshedSession::new([format!("__session={renewed}; Path=/")])));

    let secs = AtomicI64::new(NOW_SECS);
    let clock = move || UnixTime::from_secs(secs.fetch_add(3, Ordering::Relaxed));
    let moving = Authenticator::builder(instance())
        .backend(clerk.clone())
        .clock(clock)
        .build();
    let outcome = moving.authenticate(&request).await;
    assert!(outcome.state.claims().is_some(), "{:?}", outcome.state);

    let outcome = authenticator(&clerk).authenticate(&request).await;
    assert_eq!(
        reason(&outcome.state),
        "session-token-expired-refresh-invalid-session-token"
    );
}

#[tokio::test]
async fn outage_is_undecided_and_not_signed_out() {
    let clerk = FakeBackend::new();
    let clock = clock();
    let authenticator = Authenticator::builder(instance())
        .backend(clerk.clone())
        .clock(clock.clone())
        .build();

    clerk.set_jwks(Err(down()));
    for _ in 0..3 {
        let outcome = authenticator.authenticate(&signed_in()).await;
        assert!(
            matches!(outcome.state.outcome, Outcome::Undecided(_)),
            "{:?}",
            outcome.state
        );
    }
    assert_eq!(clerk.calls(), ["jwks"], "a failure is remembered for a moment");

    clerk.set_jwks(Ok(jwks()));
    clock.advance(Duration::from_secs(1));
    let outcome = authenticator.authenticate(&signed_in()).await;
    assert!(outcome.state.claims().is_some(), "{:?}", outcome.state);
    assert_eq!(clerk.calls(), ["jwks", "jwks"]);
}

#[test]
fn return_address_and_development_token_are_read_from_a_form() {
    let instance = Instance::builder(TEST_KEY, "sk_test_x").build().unwrap();
    let facts = |method: &str, headers: &[(&str, &str)]| {
        let mut request = Request::builder()
            .method(method)
            .uri("/form?a=1")
            .header("host", "localhost:3000");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let parts = request.body(()).unwrap().into_parts().0;
        let cx = AuthenticateContext::new(&parts, &instance, now());
        (
            cx.url().to_string(),
            cx.same_origin_referer().map(|referer| referer.path().to_owned()),
            cx.dev_browser_for_links().map(str::to_owned),
        )
    };
    let headers = [
        ("sec-fetch-dest", "document"),
        ("cookie", "__clerk_db_jwt=dvb_1"),
        ("referer", "http://localhost:3000/page"),
    ];
    let here = "http://localhost:3000/form?a=1".to_owned();
    let expected = (here.clone(), Some("/page".to_owned()), Some("dvb_1".to_owned()));
    assert_eq!(facts("POST", &headers), expected);
    for referer in [
        "http://localhost:3001/page",
        "https://localhost:3000/page",
        "page",
        "https://evil.example/",
    ] {
        assert_eq!(
            facts("GET", &[("referer", referer)]),
            (here.clone(), None, None),
            "{referer}"
        );
    }
}

#[test]
fn debug_output_contains_no_secret() {
    let outcome = format!("{:?} {:?}", authenticator(&FakeBackend::new()), instance());
    assert!(!outcome.contains("sk_live_x"), "{outcome}");
}

#[tokio::test]
async fn ended_session_is_signed_out_with_a_valid_token() {
    let clerk = FakeBackend::new();
    let authenticator = authenticator(&clerk);
    let outcome = authenticator.authenticate(&signed_in()).await;
    let Outcome::SignedIn(state) = &outcome.state.outcome else {
        panic!("{:?}", outcome.state);
    };
    let session = authenticator
        .genuine_session(state.claims.token())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(session.id.as_str(), "sess_1");
    assert_eq!(session.token_lifetime, Duration::from_secs(60));

    authenticator.end_session(&session);
    let outcome = authenticator
        .clone()
        .try_authenticate(&signed_in())
        .expect("the keys are in memory");
    assert_eq!(reason(&outcome.state), "session-ended");
    let other = session_token(instance_key(), ISSUER, &json!({ "sid": "sess_2" }));
    let outcome = authenticator.try_authenticate(&page(&format!("__session={other}; __client_uat=1")));
    assert!(outcome.unwrap().state.claims().is_some());
    assert_eq!(clerk.calls(), ["jwks"]);
}

#[tokio::test]
async fn genuine_session_requires_a_token_of_the_instance() {
    let clerk = FakeBackend::new();
    let authenticator = authenticator(&clerk);
    let session_of = async |token: String| {
        let session = authenticator.genuine_session(&Secret::new(token)).await.unwrap();
        session.map(|session| session.id.to_string())
    };
    assert_eq!(session_of(expired_token()).await.as_deref(), Some("sess_1"));
    let early = session_token(instance_key(), ISSUER, &json!({ "nbf": NOW_SECS + 900 }));
    assert_eq!(session_of(early).await.as_deref(), Some("sess_1"));
    let forged = session_token(foreign_key(), ISSUER, &json!({}));
    assert_eq!(session_of(forged).await, None);
    let machines = instance_key().sign(
        &header(&json!({ "cat": "cl_B7d4PD222AAA" })),
        &json!({ "sid": "sess_1" }),
    );
    assert_eq!(session_of(machines).await, None);
    assert_eq!(session_of("garbage".to_owned()).await, None);

    clerk.set_jwks(Err(down()));
    let authenticator = self::authenticator(&clerk);
    let cause = authenticator
        .genuine_session(&Secret::new(expired_token()))
        .await
        .unwrap_err();
    assert!(cause.is_temporary(), "{cause}");
}

#[tokio::test]
async fn token_problem_uses_keys_in_memory() {
    let clerk = FakeBackend::new();
    let authenticator = authenticator(&clerk);
    let problem = |token: String| {
        let problem = authenticator.token_problem(&Secret::new(token));
        problem.map(|problem| problem.reason().to_string())
    };
    let good = || session_token(instance_key(), ISSUER, &json!({}));
    assert_eq!(problem(good()), None, "no key is in memory, and none is asked for");
    assert!(authenticator.authenticate(&signed_in()).await.state.claims().is_some());
    assert_eq!(problem(good()), None);
    assert_eq!(problem(expired_token()).as_deref(), Some("token-expired"));
    assert_eq!(problem("garbage".to_owned()).as_deref(), Some("token-invalid"));
    let forged = session_token(foreign_key(), ISSUER, &json!({}));
    assert_eq!(problem(forged).as_deref(), Some("token-invalid-signature"));
    assert_eq!(clerk.calls(), ["jwks"]);
}

#[test]
fn request_facts_are_read_from_headers() {
    let authenticator = authenticator(&FakeBackend::new());
    let request = |method: &str, headers: &[(&str, &str)]| {
        let mut request = Request::builder().method(method).uri("https://app.example.com/x?y");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    };
    let own = "https://app.example.com/list";
    let headers = [("referer", own), ("sec-fetch-site", "same-origin"), ("cookie", "a=b")];
    let parts = request("POST", &headers);
    let cx = AuthenticateContext::new(&parts, authenticator.instance(), now());
    assert_eq!(cx.same_origin_referer().map(url::Url::as_str), Some(own));
    assert!(!cx.comes_from_elsewhere() && !cx.is_cross_site());
    assert_eq!(cx.url().as_url().path(), "/x");
    assert!(cx.same_origin(own).is_some() && cx.same_origin("https://evil.example/list").is_none());

    let headers = [
        ("referer", "https://evil.example/list"),
        ("sec-fetch-site", "cross-site"),
        ("cookie", "a=b"),
    ];
    let parts = request("GET", &headers);
    let cx = AuthenticateContext::new(&parts, authenticator.instance(), now());
    assert!(cx.same_origin_referer().is_none());
    assert!(cx.comes_from_elsewhere() && !cx.is_cross_site());
    let parts = request("DELETE", &headers);
    assert!(AuthenticateContext::new(&parts, authenticator.instance(), now()).is_cross_site());
    assert!(format!("{authenticator:?}").contains("Authenticator"));
}
