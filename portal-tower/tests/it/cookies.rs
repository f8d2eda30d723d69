//! Cookies of others beside our own.

use http::{HeaderMap, HeaderValue};
use portal_tower::portal_sdk::testing::FakeBackend;
use portal_tower::{RequireAuthLayer, SignOut};
use serde_json::json;
use tower::Layer as _;

use crate::support::{AS_PAGE, App, SIGNED_OUT, TEST_ISSUER, layer, layer_with, request, send, session_token, test};

/// A page request with these `Cookie` fields, as bytes.
fn with_cookies(target: &str, fields: &[&str]) -> http::Request<http_body_util::Full<bytes::Bytes>> {
    let mut request = request(target, &[AS_PAGE]);
    let headers: &mut HeaderMap = request.headers_mut();
    for field in fields {
        headers.append("cookie", HeaderValue::from_bytes(field.as_bytes()).unwrap());
    }
    request
}

/// The redirect-loop cookie must be read whatever else the browser sends.
#[tokio::test]
async fn non_ascii_cookie_leaves_the_redirect_limit_in_force() {
    for is_split in [false, true] {
        let service = layer(test()).layer(RequireAuthLayer::signed_in().layer(App::default().service()));
        let mut ours = String::new();
        let mut statuses = Vec::new();
        for _ in 0..4 {
            let fields = match is_split {
                true => vec!["name=José".to_owned(), SIGNED_OUT.to_owned(), ours.clone()],
                false => vec![format!("name=José; {SIGNED_OUT}; {ours}")],
            };
            let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
            let answer = send(service.clone(), with_cookies("http://localhost:3000/x", &fields)).await;
            let cookie = answer
                .all("set-cookie")
                .into_iter()
                .find(|cookie| cookie.starts_with("__portal_redirects="));
            ours = cookie
                .and_then(|cookie| cookie.split(';').next())
                .unwrap_or(&ours)
                .to_owned();
            statuses.push(answer.status);
        }
        assert_eq!(statuses, [303, 303, 303, 401], "split: {is_split}");
    }
}

/// The token of a session that could not be ended before must be found for another attempt.
#[tokio::test]
async fn non_ascii_cookie_leaves_the_session_to_end_readable() {
    let token = session_token(TEST_ISSUER, &json!({}));
    let kept = format!("__portal_sign_out={token}");
    for fields in [
        vec![format!("name=José; {kept}")],
        vec!["name=José".to_owned(), kept.clone()],
    ] {
        let clerk = FakeBackend::new();
        let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
        let request = with_cookies("POST http://localhost:3000/sign-out", &fields);
        let answer = send(layer_with(test(), &clerk).layer(SignOut::new()), request).await;
        assert_eq!(
            (answer.status, clerk.calls()),
            (303, vec!["revoke_session sess_1".to_owned()])
        );
    }
}
