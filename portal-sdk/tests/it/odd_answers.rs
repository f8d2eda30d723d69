//! Answers of Clerk's with one odd part: the rest still counts, nothing secret is shown, and the log stays short.

use http::Request;
use http::request::Parts;
use portal_sdk::authenticator::Authenticator;
use portal_sdk::backend::{Backend as _, BackendApi as _, HttpBackend};
use portal_sdk::secret::Secret;
use portal_sdk::state::{Outcome, RequestState};
use serde_json::{Value, json};

use crate::common::tokens::{instance_key, jwks_answer, session_token};
use crate::common::{LIVE_SUFFIX, NOW_SECS, now};
use crate::log::{Lines, set_default};
use crate::server::{Server, json as json_answer};

const ISSUER: &str = "https://clerk.example.com";

fn page(cookies: &str) -> Parts {
    let request = Request::get("https://app.example.com/")
        .header("sec-fetch-dest", "document")
        .header("cookie", cookies);
    request.body(()).unwrap().into_parts().0
}

async fn application(server: &Server) -> Authenticator<HttpBackend> {
    let instance = server.live_instance();
    let backend = HttpBackend::new(&instance);
    Authenticator::builder(instance).backend(backend).clock(now).build()
}

#[tokio::test]
async fn malformed_error_entry_keeps_the_error_code() {
    for errors in [
        r#"[5,{"code":"clerk_key_invalid"}]"#,
        r#"[null,{"code":5},{"message":"x"},{"code":"clerk_key_invalid"}]"#,
        r#"[{"code":"something_else"},"text",{"code":"clerk_key_invalid"}]"#,
    ] {
        let body = format!(r#"{{"errors":{errors}}}"#);
        let server = Server::always(move || json_answer(401, &body)).await;
        let error = HttpBackend::new(&server.instance()).jwks().await.unwrap_err();
        assert_eq!(error.code(), Some("clerk_key_invalid"), "{errors}");
    }
}

#[tokio::test]
async fn malformed_email_address_keeps_the_user() {
    let body = json!({
        "id": "user_1",
        "primary_email_address_id": "idn_2",
        "email_addresses": [5, { "id": "idn_1" }, { "id": "idn_2", "email_address": "ada@example.com" }],
    });
    let server = Server::always(move || json_answer(200, &body.to_string())).await;
    let user = HttpBackend::new(&server.instance())
        .user(&"user_1".into())
        .await
        .unwrap();
    assert_eq!(user.primary_email_address().unwrap().email_address, "ada@example.com");
}

#[tokio::test]
async fn malformed_user_field_counts_as_absent() {
    for (field, value) in [
        ("first_name", json!(5)),
        ("last_name", json!({})),
        ("username", json!([])),
        ("image_url", json!({})),
        ("primary_email_address_id", json!(5)),
        ("email_addresses", json!(null)),
        ("email_addresses", json!({})),
        ("email_addresses", json!("x")),
        ("public_metadata", json!("x")),
        ("private_metadata", json!([1])),
        ("unsafe_metadata", json!(5)),
    ] {
        let mut user = json!({
            "id": "user_1",
            "first_name": "Ada",
            "last_name": "Lovelace",
            "username": "ada",
            "image_url": "https://img.example/ada",
            "primary_email_address_id": "idn_1",
            "email_addresses": [{ "id": "idn_1", "email_address": "ada@example.com" }],
            "public_metadata": { "a": 1 },
            "private_metadata": { "a": 1 },
            "unsafe_metadata": { "a": 1 },
        });
        user[field] = value.clone();
        let server = Server::always(move || json_answer(200, &user.to_string())).await;
        let user = HttpBackend::new(&server.instance()).user(&"user_1".into()).await;
        let user = user.unwrap_or_else(|error| panic!("{field}={value}: {error}"));
        for (name, is_present) in [
            ("first_name", user.first_name.is_some()),
            ("last_name", user.last_name.is_some()),
            ("username", user.username.is_some()),
            ("image_url", user.image_url.is_some()),
            ("email", user.primary_email_address().is_some()),
            ("public_metadata", !user.public_metadata.is_empty()),
            ("private_metadata", !user.private_metadata.is_empty()),
            ("unsafe_metadata", !user.unsafe_metadata.is_empty()),
        ] {
            let is_odd = name == field || name == "email" && field.contains("email");
            assert_eq!(is_present, !is_odd, "{field}={value}: {name}");
        }
    }
}

#[tokio::test]
async fn malformed_verification_leaves_the_address_unverified() {
    for verification in [
        json!(null),
        json!("verified"),
        json!(5),
        json!([]),
        json!({}),
        json!({ "status": null }),
        json!({ "status": ["verified"] }),
    ] {
        let body = json!({
            "id": "user_1",
            "primary_email_address_id": "idn_1",
            "email_addresses": [{ "id": "idn_1", "email_address": "ada@example.com", "verification": verification }],
        });
        let server = Server::always(move || json_answer(200, &body.to_string())).await;
        let user = HttpBackend::new(&server.instance())
            .user(&"user_1".into())
            .await
            .unwrap();
        let email = user.primary_email_address().expect("an address");
        assert!(!email.is_verified, "{email:?}");
    }
}

#[tokio::test]
async fn user_without_an_id_is_unreadable() {
    for body in ["{}", r#"{"id":5}"#, "[]", "null"] {
        let server = Server::always(move || json_answer(200, body)).await;
        let error = HttpBackend::new(&server.instance())
            .user(&"user_1".into())
            .await
            .unwrap_err();
        assert!(error.is_unreadable(), "{body}: {error:?}");
    }
}

/// The state of an expired session whose renewal is answered with `cookies`.
async fn renewed_by(cookies: Value) -> RequestState {
    let cookies = json!({ "cookies": cookies }).to_string();
    let server = Server::start(move |n| {
        let answer = match n {
            0 => json_answer(200, &jwks_answer().to_string()),
            _ => json_answer(200, &cookies),
        };
        std::future::ready(answer)
    })
    .await;
    let expired = session_token(
        instance_key(),
        ISSUER,
        &json!({ "iat": NOW_SECS - 100, "exp": NOW_SECS - 40 }),
    );
    let cookies = format!("__session={expired}; __client_uat=1; __refresh_{LIVE_SUFFIX}=r");
    application(&server).await.authenticate(&page(&cookies)).await.state
}

/// The state after a handshake that brings `cookies`.
async fn brought(cookies: Value) -> RequestState {
    let payload = json!({ "directives": cookies }).to_string();
    let server = Server::start(move |n| {
        let answer = match n {
            0 => json_answer(200, &payload),
            _ => json_answer(200, &jwks_answer().to_string()),
        };
        std::future::ready(answer)
    })
    .await;
    let request = page("__clerk_handshake_nonce=abc; __client_uat=1");
    application(&server).await.authenticate(&request).await.state
}

fn odd_cookies() -> [Value; 7] {
    [
        json!(5),
        json!(null),
        json!("a=b\u{1}"),
        json!("a=b\nc"),
        json!("a=b\r\nc: d"),
        json!("a=\u{4e00}"),
        json!(["__session=x"]),
    ]
}

#[tokio::test]
async fn unusable_cookie_is_skipped_in_renewals_and_handshakes() {
    let token = session_token(instance_key(), ISSUER, &json!({}));
    let session = json!(format!("__session={token}; Path=/"));
    for odd in odd_cookies() {
        for cookies in [json!([odd, session]), json!([session, odd])] {
            for state in [renewed_by(cookies.clone()).await, brought(cookies).await] {
                assert!(state.claims().is_some(), "{odd}: {state:?}");
                let set = state.headers.iter().filter(|(name, _)| *name == "set-cookie");
                assert_eq!(set.count(), 1, "{odd}: {state:?}");
            }
        }
    }
}

#[tokio::test]
async fn cookie_with_a_line_end_after_it_is_trimmed() {
    let token = session_token(instance_key(), ISSUER, &json!({}));
    let cookies = json!(["a=José; Path=/", format!("__session={token}; Path=/\n")]);
    for state in [renewed_by(cookies.clone()).await, brought(cookies).await] {
        assert!(state.claims().is_some(), "{state:?}");
    }
}

#[tokio::test]
async fn handshake_of_unusable_cookies_decides_nothing() {
    for odd in odd_cookies() {
        let state = brought(json!([odd, "b=c"])).await;
        assert!(matches!(state.outcome, Outcome::Handshake(_)), "{odd}: {state:?}");
    }
}

#[tokio::test]
async fn renewal_without_a_session_cookie_is_an_outage() {
    for cookies in [
        json!([5]),
        json!(["x"]),
        json!([""]),
        json!(["a=b\u{1}"]),
        json!(["__session=garbage; Path=/"]),
        json!(["theme=dark; Path=/"]),
    ] {
        let state = renewed_by(cookies.clone()).await;
        assert!(matches!(state.outcome, Outcome::Undecided(_)), "{cookies}: {state:?}");
    }
}

#[tokio::test]
async fn renewal_that_ends_the_session_is_a_refusal() {
    for cookies in [
        json!([]),
        json!(["__session=; Path=/; Max-Age=0"]),
        json!(["__client_uat=0; Path=/"]),
    ] {
        let state = renewed_by(cookies.clone()).await;
        assert!(!matches!(state.outcome, Outcome::Undecided(_)), "{cookies}: {state:?}");
        assert!(state.claims().is_none());
    }
}

#[tokio::test]
async fn unreadable_answer_is_not_quoted() {
    let lines = Lines::default();
    let _guard = set_default(lines.clone());
    for body in [r#"{"directives":"__session=s3cr3t"}"#, r#""s3cr3t""#, r#"{"s3cr3t":1"#] {
        let server = Server::always(move || json_answer(200, body)).await;
        let backend = HttpBackend::new(&server.instance());
        let error = backend.handshake_payload(&Secret::new("s3cr3t")).await.unwrap_err();
        assert!(
            error.is_outage() && !format!("{error} {error:?}").contains("s3cr3t"),
            "{error:?}"
        );
    }
    assert!(
        !lines.all().is_empty() && lines.with("s3cr3t").is_empty(),
        "{:?}",
        lines.all()
    );
}

#[tokio::test]
async fn unknown_nonces_are_logged_once_per_interval() {
    for (status, body) in [(404, r#"{"errors":[{"code":"resource_not_found"}]}"#), (503, "")] {
        let server = Server::always(move || json_answer(status, body)).await;
        let authenticator = application(&server).await;
        let lines = Lines::default();
        let _guard = set_default(lines.clone());
        for n in 0..30 {
            let outcome = authenticator
                .authenticate(&page(&format!("__clerk_handshake_nonce=made-up-{n}")))
                .await;
            assert!(!matches!(outcome.state.outcome, Outcome::SignedIn(_)));
        }
        let loud: Vec<String> = lines
            .all()
            .into_iter()
            .filter(|line| !line.starts_with("DEBUG"))
            .collect();
        assert_eq!(loud.len(), 1, "{loud:?}");
        assert!(lines.with("made-up").is_empty(), "a nonce is not logged");
    }
}
