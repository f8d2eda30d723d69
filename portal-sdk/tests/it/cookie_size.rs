//! The warning about session cookies that browsers will soon not store.

use std::time::Duration;

use http::Request;
use http::request::Parts;
use portal_sdk::authenticator::Authenticator;
use portal_sdk::effect::RefreshedSession;
use portal_sdk::instance::Instance;
use portal_sdk::limits::{MAX_COOKIE_BYTES, SESSION_COOKIE_WARNING_BYTES};
use portal_sdk::testing::{FakeBackend, TestInstance, TestSession};
use serde_json::json;

use crate::common::tokens::{instance_key, jwks, session_token};
use crate::common::{LIVE_KEY, LIVE_SUFFIX, NOW_SECS, TEST_KEY, handshake_payload, now};
use crate::log::{Lines, set_default};

const WARNING: &str = "the session cookie is almost as large as browsers store";

fn with_claim(clerk: &TestInstance, bytes: usize) -> TestSession {
    let session = clerk.signed_in("user_1").claim("team", "red");
    session.claim("avatar", "hunter2".repeat(bytes / 7))
}

fn page(cookies: &str) -> Parts {
    let request = Request::get("https://app.example.com/").header("sec-fetch-dest", "document");
    request.header("cookie", cookies).body(()).unwrap().into_parts().0
}

#[test]
fn session_cookie_near_the_limit_is_warned_of_once_with_its_largest_claim() {
    let lines = Lines::default();
    let _guard = set_default(lines.clone());
    let clerk = TestInstance::new();
    let authenticator = clerk.authenticator();
    let ask = |session: &TestSession| {
        let parts = session.get("/").body(()).unwrap().into_parts().0;
        assert!(authenticator.try_authenticate(&parts).unwrap().state.claims().is_some());
        lines.with(WARNING)
    };
    assert_eq!(ask(&with_claim(&clerk, 500)), [""; 0], "an ordinary token");
    let large = with_claim(&clerk, 2_100);
    assert!((SESSION_COOKIE_WARNING_BYTES - 200..MAX_COOKIE_BYTES).contains(&large.token().len()));
    let [warning] = &ask(&large)[..] else {
        panic!("{:?}", lines.all())
    };
    let claim = r#"largest_claim=avatar largest_claim_bytes=2111"#;
    assert!(warning.starts_with("WARN ") && warning.contains(claim), "{warning}");
    assert!(
        warning.contains("limit=4096") && !warning.contains("hunter2"),
        "{warning}"
    );
    let bytes = large.token().len() + "__session_".len() + 8 + "=".len() + 128;
    assert!(warning.contains(&format!("bytes={bytes} ")), "{warning}");
    // Neither the same token nor another one.
    clerk.clock().advance(Duration::from_secs(1));
    for session in [&large, &with_claim(&clerk, 2_200)] {
        assert_eq!(ask(session).len(), 1);
    }
}

#[test]
fn permissions_are_named_if_they_are_the_largest_claim() {
    let lines = Lines::default();
    let _guard = set_default(lines.clone());
    let clerk = TestInstance::new();
    let permissions: Vec<String> = (0..100).map(|n| format!("org:feature_{n}:manage")).collect();
    let session = clerk.signed_in("user_1").claim("team", "red");
    let session = session
        .claim("org_id", "org_1")
        .claim("org_permissions", json!(permissions));
    let parts = session.get("/").body(()).unwrap().into_parts().0;
    let authenticated = clerk.authenticator().try_authenticate(&parts).unwrap();
    assert!(authenticated.state.claims().is_some());
    assert_eq!(
        lines.with("largest_claim=org_permissions ").len(),
        1,
        "{:?}",
        lines.all()
    );
}

#[test]
fn large_token_in_the_authorization_header_is_not_warned_of() {
    let lines = Lines::default();
    let _guard = set_default(lines.clone());
    let clerk = TestInstance::new();
    let token = with_claim(&clerk, 3_000).token();
    let request = Request::get("/").header("authorization", format!("Bearer {token}"));
    let parts = request.body(()).unwrap().into_parts().0;
    assert!(
        clerk
            .authenticator()
            .try_authenticate(&parts)
            .unwrap()
            .state
            .claims()
            .is_some()
    );
    assert_eq!(lines.with(WARNING), [""; 0]);
}

/// A cookie above the limit never arrives, so the warning must come when it is set.
#[tokio::test]
async fn oversized_session_cookie_is_warned_of_when_it_is_set() {
    let claims = json!({ "avatar": "x".repeat(4_000) });
    let large = session_token(instance_key(), "https://clerk.example.com", &claims);
    let old = json!({ "iat": NOW_SECS - 100, "exp": NOW_SECS - 40 });
    let expired = session_token(instance_key(), "https://clerk.example.com", &old);
    let set_cookies = vec![
        format!("__session={large}; Path=/"),
        "__client_uat=1; Path=/".to_owned(),
    ];
    for (key, secret, cookies) in [
        (TEST_KEY, "sk_test_x", "__clerk_db_jwt=dvb".to_owned()),
        (LIVE_KEY, "sk_live_x", "__clerk_handshake_nonce=n".to_owned()),
        (
            LIVE_KEY,
            "sk_live_x",
            format!("__session={expired}; __client_uat=1; __refresh_{LIVE_SUFFIX}=r"),
        ),
    ] {
        let lines = Lines::default();
        let _guard = set_default(lines.clone());
        let clerk = FakeBackend::new();
        clerk.set_jwks(Ok(jwks()));
        clerk.set_handshake_payload(Ok(handshake_payload(set_cookies.clone())));
        clerk.set_refresh_session(Ok(RefreshedSession::new(set_cookies.clone())));
        let authenticator = Authenticator::builder(Instance::builder(key, secret).build().unwrap())
            .backend(clerk.clone())
            .clock(now)
            .build();
        let mut parts = page(&cookies);
        if key == TEST_KEY {
            parts.uri = "http://localhost:3000/?__clerk_handshake_nonce=n".parse().unwrap();
        }
        let _ = authenticator.authenticate(&parts).await;
        assert_eq!(
            lines.with("largest_claim=avatar").len(),
            1,
            "{key}: {:?}",
            clerk.calls()
        );
    }
}
