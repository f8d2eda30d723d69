//! Cache headers of responses whose handlers extract the user.

use std::convert::Infallible;
use std::task::Poll;

use axum::Router;
use axum::body::Body;
use axum::http::header::CACHE_CONTROL;
use axum::routing::get;
use futures_util::stream::poll_fn;
use portal_axum::portal_sdk::testing::FakeBackend;
use portal_axum::{ActiveOrganization, Auth, SignedIn};
use serde_json::json;

use crate::ask::{As, SIGNED_OUT, get as ask, layer, session};

fn router() -> Router {
    Router::new()
        .route("/static", get(async || "the same for every user"))
        .route("/url", get(async |auth: Auth| auth.public_url().origin().to_owned()))
        .route("/auth", get(async |auth: Auth| auth.signed_in().is_some().to_string()))
        .route("/signed-in", get(async |_: SignedIn| "signed in"))
        .route("/perhaps", get(async |_: Option<SignedIn>| "perhaps"))
        .route("/team", get(async |_: Option<ActiveOrganization>| "team"))
        .route("/stream", get(stream))
        .route(
            "/shared",
            get(async |_: Option<SignedIn>| ([(CACHE_CONTROL, "public, max-age=60")], "shared")),
        )
        .layer(layer(&FakeBackend::new()))
}

/// Reads the user when the response's head is on its way.
async fn stream(auth: Auth) -> Body {
    let mut once = Some(auth);
    Body::from_stream(poll_fn(move |_| {
        let user = once
            .take()
            .map(|auth| Ok::<_, Infallible>(auth.signed_in().is_some().to_string()));
        Poll::Ready(user)
    }))
}

#[tokio::test]
async fn extracting_the_user_makes_the_response_private() {
    let (app, user) = (router(), session(&json!({})));
    for (path, cookies) in [
        ("/auth", user.as_str()),
        ("/auth", SIGNED_OUT),
        ("/signed-in", &user),
        ("/perhaps", &user),
        ("/perhaps", SIGNED_OUT),
        ("/team", &user),
        ("/stream", &user),
        ("/stream", SIGNED_OUT),
    ] {
        let answer = ask(&app, path, cookies, As::Page).await;
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.all("cache-control"), ["private"], "{path}");
        assert_eq!(answer.all("vary"), ["Cookie, Authorization"], "{path}");
    }
}

#[tokio::test]
async fn response_without_the_user_stays_cacheable() {
    let (app, user) = (router(), session(&json!({})));
    for path in ["/static", "/url", "/nowhere"] {
        for cookies in [user.as_str(), SIGNED_OUT] {
            let answer = ask(&app, path, cookies, As::Page).await;
            assert_eq!(answer.header("cache-control"), None, "{path}");
            assert_eq!(answer.header("vary"), None, "{path}");
        }
    }
}

#[tokio::test]
async fn cache_control_of_the_handler_is_kept() {
    let answer = ask(&router(), "/shared", SIGNED_OUT, As::Page).await;
    assert_eq!(answer.all("cache-control"), ["public, max-age=60"]);
    assert_eq!(answer.all("vary"), ["Cookie, Authorization"]);
}
