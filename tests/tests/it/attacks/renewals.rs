//! Injected refresh tokens and redirect counters.

use portal_sdk::effect::BackendError;
use serde_json::json;

use super::cookies::{check, forged, jar, own};
use super::signing::{SigningKey, USER};
use super::victim::{NOW_SECS, Route, Victim};

fn expired(key: &SigningKey) -> String {
    key.session(&json!({ "iat": NOW_SECS - 100, "nbf": NOW_SECS - 110, "exp": NOW_SECS - 40 }))
}

/// The signature is checked before the times: a forged token of the past must not cause a renewal.
#[test]
fn forged_expired_session_is_not_renewed() {
    let victim = Victim::new();
    for session in [expired(SigningKey::foreign()), "x".to_owned(), forged(), String::new()] {
        for refresh in ["r", "a.b.c", &own(), "../../x", "%0d%0a"] {
            let plain = [("__session", &*session), ("__client_uat", "1"), ("__refresh'", refresh)];
            check(&victim, &plain, None);
            let suffixed = [
                ("__session'", &*session),
                ("__client_uat'", "1"),
                ("__refresh'", refresh),
            ];
            check(&victim, &suffixed, None);
        }
    }
    // A valid session is not renewed either, and a plain refresh cookie is not read.
    check(
        &victim,
        &[("__session", &own()), ("__client_uat", "1"), ("__refresh'", "r")],
        Some(USER),
    );
    check(
        &victim,
        &[
            ("__session", &expired(SigningKey::of_instance())),
            ("__client_uat", "1"),
            ("__refresh", "r"),
        ],
        None,
    );
    assert_eq!(victim.clerk.calls(), ["jwks"]);
}

/// An injected refresh token is sent to Clerk with the user's own expired token. Clerk refuses the pair, and the request is
/// signed out.
#[test]
fn injected_refresh_token_renews_nothing() {
    let victim = Victim::new();
    let refused = BackendError::answer(http::StatusCode::UNAUTHORIZED).with_code("refresh_token_invalid");
    victim.clerk.set_refresh_session(Err(refused));
    let expired = expired(SigningKey::of_instance());
    for (number, refresh) in ["r", "a.b.c", "x y", "%0d%0aX-Injected: 1"].into_iter().enumerate() {
        let field = jar(&[
            ("__session", &expired),
            ("__client_uat", "1"),
            ("__refresh'", refresh),
            ("__refresh'", "second"),
        ]);
        for route in Route::ALL {
            victim
                .ask_and_wait(route, "", std::slice::from_ref(&field))
                .assert_not_signed_in(refresh);
        }
        // Requests with the same tokens share the result.
        let calls = victim.clerk.calls();
        assert_eq!(calls.len(), 2 + number, "{calls:?}");
        assert_eq!(calls.last().unwrap(), "refresh_session sess_1");
    }
    // A session ID that would leave its part of the path is not sent (G42).
    let times = json!({ "iat": NOW_SECS - 100, "exp": NOW_SECS - 40 });
    for session_id in [
        "../users/user_1",
        "sess_1/../x",
        "sess_1?x=",
        "sess_1#",
        "sess%2f1",
        ".",
        "..",
        "",
        "sess 1",
        "\u{e9}",
    ] {
        let mut claims = times.clone();
        claims["sid"] = session_id.into();
        let expired = SigningKey::of_instance().session(&claims);
        check(
            &victim,
            &[("__session", &expired), ("__client_uat", "1"), ("__refresh'", "r")],
            None,
        );
    }
}

/// The client sends the counter of redirects. No value signs a user in, and at the limit the page is served.
#[test]
fn forged_redirect_counter_is_signed_out() {
    let victim = Victim::new();
    let forged = &*forged();
    for count in [
        "0",
        "1",
        "3",
        "4",
        "-1",
        "18446744073709551616",
        "x",
        "",
        "3.zzzzzzzz",
        "2.1a2b3c4d",
        "NaN",
        "%33",
    ] {
        check(
            &victim,
            &[
                ("__clerk_redirect_count", count),
                ("__session", forged),
                ("__client_uat", "1"),
            ],
            None,
        );
        check(
            &victim,
            &[("__clerk_redirect_count", count), ("__client_uat", "1")],
            None,
        );
        check(
            &victim,
            &[
                ("__clerk_redirect_count", count),
                ("__session", &own()),
                ("__client_uat", "1"),
            ],
            Some(USER),
        );
    }
    let field = jar(&[("__clerk_redirect_count", "3"), ("__client_uat", "1")]);
    let answer = victim.ask(Route::PublicPage, "", &[field]);
    assert_eq!((answer.status, answer.body.as_str()), (200, "signed out"));
}
