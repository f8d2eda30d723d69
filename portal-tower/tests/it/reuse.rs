//! The memory of finished requests is used again, and nothing of a request is left in it.

use std::convert::Infallible;
use std::future::{Future as _, pending};
use std::panic::resume_unwind;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Waker};
use std::thread;

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::Full;
use portal_tower::portal_sdk::portal::PortalPage;
use portal_tower::portal_sdk::testing::FakeBackend;
use portal_tower::{Auth, AuthenticateLayer};
use serde_json::json;
use tower::util::BoxCloneSyncService;
use tower::{Layer as _, Service as _, ServiceExt as _, service_fn};

use crate::support::{LIVE_ISSUER, TEST_ISSUER, forged_token, layer, live, request, session_token, test};

type App = BoxCloneSyncService<Request<Full<Bytes>>, Response<Full<Bytes>>, Infallible>;

/// The texts of handlers, and the values that one of them keeps.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<(Vec<String>, Vec<Auth>)>>);

/// Returns all that a handler can learn.
async fn all_of(auth: &Auth) -> String {
    format!(
        "{:?} {:?} {:?} {} {} {} {:?} {:?}",
        auth.identity(),
        auth.state(),
        auth.signed_in().map(|user| user.claims().as_json().clone()),
        auth.public_url().as_url(),
        auth.link(PortalPage::SignIn),
        auth.is_cross_site(),
        auth.check().map_err(|refusal| refusal.cause().clone()).err(),
        auth.user().await.map(|user| user.id.clone()),
    )
}

/// An application that ends each request as its field `x-ending` says.
fn app(seen: &Seen) -> App {
    let Seen(seen) = seen.clone();
    BoxCloneSyncService::new(service_fn(move |request: Request<Full<Bytes>>| {
        let seen = seen.clone();
        async move {
            let auth = request.extensions().get::<Auth>().unwrap().clone();
            let ending = request.headers()["x-ending"].to_str().unwrap();
            let text = match ending {
                "ignore" => "ignored".to_owned(),
                _ => all_of(&auth).await,
            };
            match ending {
                "panic" => resume_unwind(Box::new("intended")),
                "cancel" => pending().await,
                "keep" => seen.lock().unwrap().1.push(auth),
                _ => {}
            }
            seen.lock().unwrap().0.push(text);
            Ok(Response::default())
        }
    }))
}

/// Two instances, and one within the other.
fn services(seen: &Seen) -> [App; 3] {
    let (one, other) = (layer(live()), layer(test()).with_no_store(true));
    let within = |layer: &AuthenticateLayer<FakeBackend>, inner: App| {
        let service = layer.layer(inner);
        BoxCloneSyncService::new(service.map_response(|response| response.map(|_| Full::default())))
    };
    let both = within(&one, within(&other, app(seen)));
    [within(&one, app(seen)), within(&other, app(seen)), both]
}

/// The fields of request `number`.
fn fields(number: usize, cookies: &[String]) -> Vec<(&'static str, String)> {
    let long = format!("https://app.example.com/{}", "x".repeat(number));
    let nth = |values: &[&str], of: usize| values.get(number % of).map(|value| (*value).to_owned());
    let fields = [
        ("cookie", Some(cookies[number % cookies.len()].clone())),
        ("host", nth(&["app.example.com", "localhost:3000", ""], 4)),
        ("sec-fetch-dest", nth(&["document", "empty"], 3)),
        ("sec-fetch-site", nth(&["cross-site", "same-origin"], 5)),
        ("referer", nth(&[&long], 7)),
        ("accept", nth(&["text/html"], 2)),
        ("hx-request", nth(&["true"], 11)),
    ];
    let some = fields.into_iter().filter_map(|(name, value)| Some((name, value?)));
    some.collect()
}

async fn outcome(app: App, request: Request<Full<Bytes>>) -> (u16, HeaderMap) {
    let response = app.oneshot(request).await.unwrap();
    (response.status().as_u16(), response.headers().clone())
}

#[tokio::test]
async fn requests_on_one_thread_are_answered_as_on_new_threads() {
    let claims = json!({ "sub": "user_2", "v": 2, "o": { "id": "org_1", "slg": "acme", "rol": "admin" } });
    let sessions = [
        session_token(LIVE_ISSUER, &json!({})),
        session_token(LIVE_ISSUER, &claims),
        session_token(TEST_ISSUER, &claims),
        session_token(TEST_ISSUER, &json!({ "sts": "pending" })),
        forged_token(LIVE_ISSUER),
    ];
    let mut cookies = sessions
        .map(|token| format!("__session={token}; __client_uat=1; __clerk_db_jwt=dvb"))
        .to_vec();
    cookies.extend(["__clerk_db_jwt=dvb".to_owned(), "a=1".to_owned()]);
    let seen = Seen::default();
    let services = services(&seen);
    let take = || std::mem::take(&mut seen.0.lock().unwrap().0);

    for number in 0..600_usize {
        let ending = ["read", "ignore", "panic", "read", "cancel", "elsewhere", "keep"][number % 13 % 7];
        let fields = fields(number, &cookies);
        let target = ["/", "/a?b=1", "POST /c", "HEAD /d"][number / 3 % 4];
        let made = |ending| {
            let fields = fields.iter().map(|(name, value)| (*name, value.as_str()));
            let fields: Vec<_> = fields.chain([("x-ending", ending)]).collect();
            request(target, &fields)
        };
        let app = services[number / 5 % 3].clone();
        let alone = |app: App, request| {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            thread::spawn(move || runtime.block_on(outcome(app, request)))
                .join()
                .unwrap()
        };
        match ending {
            "panic" => drop(tokio::spawn(outcome(app, made(ending))).await),
            "cancel" => {
                let mut future = pin!(outcome(app, made(ending)));
                let _ = future.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            }
            "elsewhere" => {
                let expected = (alone(app.clone(), made(ending)), take());
                let mut app = app;
                let begun = app.call(made(ending));
                let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
                let response = thread::spawn(move || runtime.block_on(begun)).join().unwrap().unwrap();
                let found = (response.status().as_u16(), response.headers().clone());
                assert_eq!((found, take()), expected, "{number}: {target} {fields:?}");
            }
            _ => {
                let expected = (alone(app.clone(), made(ending)), take());
                let found = (outcome(app, made(ending)).await, take());
                assert_eq!(found, expected, "{number}: {target} {fields:?}");
            }
        }
        take();
    }
    assert!(!seen.0.lock().unwrap().1.is_empty());
}
