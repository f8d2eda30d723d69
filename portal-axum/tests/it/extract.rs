//! `Auth`, `SignedIn`, `SignedIn<Custom>` and `Option<SignedIn>`.

use std::io;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use portal_axum::portal_sdk::backend::User;
use portal_axum::portal_sdk::effect::BackendError;
use portal_axum::portal_sdk::testing::FakeBackend;
use portal_axum::portal_tower::UserError;
use portal_axum::{Auth, SignedIn};
use serde_json::{Value, json};

use crate::ask::{As, SIGNED_OUT, TEST_KEY, get as ask, layer, session, token};

#[derive(serde::Deserialize)]
struct Claims {
    plan: String,
}

fn router() -> Router {
    Router::new()
        .route(
            "/anybody",
            get(async |auth: Auth| format!("{:?}", auth.state().status())),
        )
        .route(
            "/somebody",
            get(async |signed_in: SignedIn| signed_in.user_id().to_string()),
        )
        .route(
            "/plan",
            get(async |signed_in: SignedIn<Claims>| signed_in.custom().plan.clone()),
        )
        .route(
            "/perhaps",
            get(async |signed_in: Option<SignedIn>| {
                signed_in.map_or_else(|| "nobody".to_owned(), |signed_in| signed_in.user_id().to_string())
            }),
        )
        .route("/facts", get(facts))
        .route("/user", get(user))
}

async fn facts(signed_in: SignedIn) -> String {
    let organization = signed_in.organization().unwrap();
    json!({
        "token": signed_in.token().expose(),
        "session": signed_in.session_id().unwrap().as_str(),
        "organization": organization.id(),
        "role": organization.role(),
        "instance": signed_in.instance().publishable_key().as_str(),
        "url": signed_in.auth().public_url().to_string(),
        "email": signed_in.claims().as_json()["email"],
    })
    .to_string()
}

/// Asks for the user several times, by several extractors.
async fn user(auth: Auth, signed_in: SignedIn, again: Option<SignedIn>) -> String {
    let mut names = Vec::new();
    for _ in 0..2 {
        for user in [
            auth.user().await,
            signed_in.user().await,
            again.as_ref().unwrap().user().await,
        ] {
            names.push(match user {
                Ok(user) => user.full_name().unwrap(),
                Err(UserError::Backend(error)) => error.to_string(),
                Err(error) => error.to_string(),
            });
        }
    }
    names.join(", ")
}

#[tokio::test]
async fn signed_in_request_is_extracted() {
    let router = router().layer(layer(&FakeBackend::new()));
    let cookies = session(&json!({ "plan": "pro" }));
    for by in [As::Page, As::Script] {
        for (path, expected) in [
            ("/anybody", "Some(\"signed-in\")"),
            ("/somebody", "user_1"),
            ("/plan", "pro"),
            ("/perhaps", "user_1"),
        ] {
            let answer = ask(&router, path, &cookies, by).await;
            assert_eq!((answer.status, answer.body.as_str()), (200, expected), "{path}");
        }
    }
}

#[tokio::test]
async fn signed_out_request_is_rejected() {
    let router = router().layer(layer(&FakeBackend::new()));
    let pending = session(&json!({ "sts": "pending", "plan": "pro" }));
    for (cookies, page, reason) in [
        (SIGNED_OUT, "/sign-in?", "session-token-and-uat-missing"),
        (pending.as_str(), "/sign-in/tasks?", "session-pending"),
    ] {
        for path in ["/somebody", "/plan"] {
            let answer = ask(&router, path, cookies, As::Page).await;
            assert_eq!(answer.status, 303, "{path}");
            let expected = format!(
                "https://foo-bar-13.accounts.dev{page}redirect_url=http%3A%2F%2Flocalhost%3A3000{}&__clerk_db_jwt=dvb",
                path.replace('/', "%2F")
            );
            assert_eq!(answer.header("location").unwrap(), expected);
            assert_eq!(answer.header("cache-control"), Some("no-store"));

            let answer = ask(&router, path, cookies, As::Script).await;
            assert_eq!(answer.status, 401, "{path}");
            assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
            let body: Value = serde_json::from_str(&answer.body).unwrap();
            assert_eq!(body["error"]["reason"], reason);
        }
        assert_eq!(ask(&router, "/perhaps", cookies, As::Page).await.body, "nobody");
        assert_eq!(ask(&router, "/anybody", cookies, As::Script).await.status, 200);
    }
}

#[tokio::test]
async fn undecided_request_returns_503() {
    let clerk = FakeBackend::new();
    let refused = io::Error::from(io::ErrorKind::ConnectionRefused);
    clerk.set_jwks(Err(BackendError::connect(refused)));
    let router = router().layer(layer(&clerk));
    let cookies = session(&json!({}));
    for path in ["/somebody", "/plan", "/perhaps"] {
        for (by, content_type) in [(As::Page, "text/html; charset=utf-8"), (As::Script, "application/json")] {
            let answer = ask(&router, path, &cookies, by).await;
            assert_eq!(answer.status, 503, "{path}");
            assert_eq!(answer.header("content-type"), Some(content_type));
            assert_eq!(answer.header("retry-after"), Some("5"));
        }
    }
    let answer = ask(&router, "/anybody", &cookies, As::Page).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "None"));
}

#[tokio::test]
async fn missing_layer_returns_500() {
    for path in ["/anybody", "/somebody", "/plan", "/perhaps"] {
        let answer = ask(&router(), path, &session(&json!({})), As::Page).await;
        assert_eq!(answer.status, 500, "{path}");
        assert!(answer.body.contains("AuthenticateLayer"), "{}", answer.body);
    }
}

#[tokio::test]
async fn mismatched_custom_claims_return_500() {
    let router = router().layer(layer(&FakeBackend::new()));
    for claims in [json!({}), json!({ "plan": 5 })] {
        let answer = ask(&router, "/plan", &session(&claims), As::Page).await;
        assert_eq!(answer.status, 500);
        // Their values stay secret.
        assert!(!answer.body.contains('5'), "{}", answer.body);
    }
}

#[tokio::test]
async fn signed_in_returns_the_session_facts() {
    let router = router().layer(layer(&FakeBackend::new()));
    let claims = json!({ "v": 2, "o": { "id": "org_1", "rol": "admin" }, "email": "ada@example.com" });
    let answer = ask(&router, "/facts?a=1", &session(&claims), As::Page).await;
    let facts: Value = serde_json::from_str(&answer.body).unwrap();
    let expected = json!({
        "token": token(&claims),
        "session": "sess_1",
        "organization": "org_1",
        "role": "org:admin",
        "instance": TEST_KEY,
        "url": "http://localhost:3000/facts?a=1",
        "email": "ada@example.com",
    });
    assert_eq!(facts, expected);
}

#[tokio::test]
async fn user_is_looked_up_once_and_only_if_asked_for() {
    let clerk = FakeBackend::new();
    clerk.set_user("user_1", Ok(User::builder("user_1").first_name("Ada").build()));
    let router = router().layer(layer(&clerk));
    let cookies = session(&json!({}));
    ask(&router, "/somebody", &cookies, As::Page).await;
    assert_eq!(clerk.calls(), ["jwks"]);

    let answer = ask(&router, "/user", &cookies, As::Page).await;
    assert_eq!(answer.body, ["Ada"; 6].join(", "));
    assert_eq!(clerk.calls(), ["jwks", "user user_1"]);

    ask(&router, "/user", &cookies, As::Page).await;
    assert_eq!(clerk.calls(), ["jwks", "user user_1"], "another request within seconds");
}

#[tokio::test]
async fn failed_look_up_is_retried() {
    let clerk = FakeBackend::new();
    let not_found = BackendError::answer(StatusCode::NOT_FOUND).with_code("resource_not_found");
    clerk.set_user("user_1", Err(not_found));
    let router = router().layer(layer(&clerk));
    let answer = ask(&router, "/user", &session(&json!({})), As::Page).await;
    assert!(answer.body.contains("404"), "{}", answer.body);
    assert_eq!(clerk.calls().len(), 1 + 6);
}
