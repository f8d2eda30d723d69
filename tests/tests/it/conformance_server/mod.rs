//! The conformance server as suites in other languages use it.
//!
//! They start a process, set options in headers, and read responses over HTTP.

mod clerk;
mod server;

use std::collections::BTreeMap;

use clerk::{Clerk, handshake_token, now, session_token};
use http::StatusCode;
use serde_json::json;
use server::{Answer, Server};
use url::Url;

/// An instance's option headers.
struct Keys {
    publishable: &'static str,
    secret: &'static str,
    frontend_api: &'static str,
    /// The public address of the application.
    host: &'static str,
}

const LIVE: Keys = Keys {
    publishable: "pk_live_Y2xlcmsuZXhhbXBsZS5jb20k",
    secret: "sk_live_hunter2",
    frontend_api: "clerk.example.com",
    host: "app.example.com",
};
const TEST: Keys = Keys {
    publishable: "pk_test_Zm9vLWJhci0xMy5jbGVyay5hY2NvdW50cy5kZXYk",
    secret: "sk_test_hunter2",
    frontend_api: "foo-bar-13.clerk.accounts.dev",
    host: "localhost:3000",
};

/// A URL without a listener.
const NOWHERE: &str = "http://127.0.0.1:1";

impl Keys {
    /// Sends a request as a browser that opens a page.
    async fn open(&self, server: &Server, target: &str, fields: &[(&str, &str)]) -> Answer {
        let mut all: Vec<(&str, &[u8])> = vec![
            ("host", self.host.as_bytes()),
            ("x-publishable-key", self.publishable.as_bytes()),
            ("x-secret-key", self.secret.as_bytes()),
            ("sec-fetch-dest", b"document"),
        ];
        all.extend(fields.iter().map(|(name, value)| (*name, value.as_bytes())));
        server.get(target, &all).await
    }

    fn session(&self) -> String {
        session_token(self.frontend_api, 55)
    }

    /// The directives of a handshake: two cookies.
    fn directives(&self) -> [String; 2] {
        [
            format!("__session={}; Path=/", self.session()),
            format!("__client_uat={}; Path=/", now() - 60),
        ]
    }
}

fn signed_in_cookies(session: &str) -> String {
    format!("__session={session}; __client_uat={}", now() - 60)
}

fn assert_signed_in(answer: &Answer) {
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    assert_eq!(answer.header("x-clerk-auth-status"), Some("signed-in"));
    assert_eq!(answer.body["userId"], "user_1");
    assert_eq!(answer.body["sessionId"], "sess_1");
}

#[tokio::test]
async fn keys_are_fetched_once_per_instance() {
    let clerk = Clerk::start([]).await;
    let server = Server::start(&clerk.address).await;
    let cookie = signed_in_cookies(&LIVE.session());
    for _ in 0..3 {
        assert_signed_in(&LIVE.open(&server, "/path", &[("cookie", &cookie)]).await);
    }
    assert_eq!(clerk.calls("/v1/jwks").len(), 1);
    server.stop().await;
}

#[tokio::test]
async fn request_without_session_token_is_signed_out_or_redirected() {
    let clerk = Clerk::start([]).await;
    let server = Server::start(&clerk.address).await;
    let answer = LIVE.open(&server, "/", &[]).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(
        answer.body,
        json!({
            "status": "signed-out", "reason": "session-token-and-uat-missing", "userId": null, "sessionId": null,
            "sessionStatus": null, "orgId": null, "orgRole": null, "orgSlug": null, "orgPermissions": null, "actor": null,
        })
    );
    assert_eq!(
        answer.header("x-clerk-auth-reason"),
        Some("session-token-and-uat-missing")
    );

    let answer = LIVE.open(&server, "/a?b=1", &[("cookie", "__client_uat=1")]).await;
    assert_eq!(answer.status, StatusCode::TEMPORARY_REDIRECT);
    assert_eq!(answer.header("x-clerk-auth-status"), Some("handshake"));
    assert_eq!(answer.cookies().len(), 1);
    let location = Url::parse(answer.header("location").unwrap()).unwrap();
    assert_eq!(location.host_str(), Some("clerk.example.com"));
    let query: BTreeMap<_, _> = location.query_pairs().collect();
    assert_eq!(query["redirect_url"], "http://app.example.com/a?b=1");
}

#[tokio::test]
async fn development_handshakes_come_back_in_the_address() {
    let directives = TEST.directives();
    let clerk = Clerk::start([("/v1/clients/handshake_payload", json!({ "directives": directives }))]).await;
    let server = Server::start(&clerk.address).await;
    let token = handshake_token(&directives);
    for target in [
        format!("/p?a=1&__clerk_handshake={token}"),
        "/p?a=1&__clerk_handshake_nonce=n1".to_owned(),
    ] {
        // The redirect to the Frontend API has set this cookie.
        let counted = [("cookie", "__clerk_redirect_count=1")];
        let answer = TEST.open(&server, &target, &counted).await;
        assert_eq!(answer.status, StatusCode::TEMPORARY_REDIRECT, "{target}");
        assert_eq!(answer.header("x-clerk-auth-status"), Some("signed-in"));
        assert_eq!(answer.header("location"), Some("http://localhost:3000/p?a=1"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(answer.cookies(), directives, "each cookie has its own header field");
    }
    assert_eq!(clerk.calls("/v1/clients/handshake_payload").len(), 1);
}

#[tokio::test]
async fn production_handshakes_come_back_in_a_cookie() {
    let directives = LIVE.directives();
    let clerk = Clerk::start([("/v1/clients/handshake_payload", json!({ "directives": directives }))]).await;
    let server = Server::start(&clerk.address).await;
    let token = handshake_token(&directives);
    for cookie in [
        format!("__clerk_handshake={token}"),
        "__clerk_handshake_nonce=n1".to_owned(),
    ] {
        let answer = LIVE.open(&server, "/p", &[("cookie", &cookie)]).await;
        assert_signed_in(&answer);
        assert_eq!(answer.header("location"), None);
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(answer.cookies(), directives);
    }
}

#[tokio::test]
async fn forged_development_handshake_is_an_error() {
    let clerk = Clerk::start([]).await;
    let server = Server::start(&clerk.address).await;
    let token = handshake_token(&[]);
    let (signed, _) = token.rsplit_once('.').unwrap();
    let answer = TEST
        .open(&server, &format!("/?__clerk_handshake={signed}.AAAA"), &[])
        .await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(answer.error().contains("handshake"), "{}", answer.body);
}

#[tokio::test]
async fn unreachable_clerk_is_an_error_for_requests_with_a_token() {
    let server = Server::start(NOWHERE).await;
    let cookie = signed_in_cookies(&LIVE.session());
    let answer = LIVE.open(&server, "/", &[("cookie", &cookie)]).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(answer.error().contains("keys"), "{}", answer.body);
    assert_eq!(answer.header("x-clerk-auth-status"), None);
    // A request without a token needs no key.
    assert_eq!(LIVE.open(&server, "/", &[]).await.status, StatusCode::OK);
}

#[tokio::test]
async fn unusable_options_are_errors_that_show_no_secret() {
    let server = Server::start(NOWHERE).await;
    let (live, test) = (LIVE.publishable, TEST.publishable);
    for options in [
        vec![],
        vec![("x-publishable-key", "hunter2"), ("x-secret-key", "sk_live_hunter2")],
        vec![("x-publishable-key", live), ("x-secret-key", "hunter2")],
        vec![("x-publishable-key", test), ("x-secret-key", "sk_live_hunter2")],
        vec![("x-satellite", "true")],
        vec![("x-jwt-key", "hunter2")],
        vec![("x-clock-skew-ms", "soon")],
        vec![("x-organization-sync-options", "{")],
        vec![("x-organization-sync-options", r#"{"organizationPatterns":["/:"]}"#)],
    ] {
        let has_keys = options.is_empty() || options[0].0 == "x-publishable-key";
        let fields: Vec<(&str, &[u8])> = if has_keys {
            options.iter().map(|(name, value)| (*name, value.as_bytes())).collect()
        } else {
            let keys = [("x-publishable-key", live), ("x-secret-key", LIVE.secret)];
            let all = keys.iter().chain(&options);
            all.map(|(name, value)| (*name, value.as_bytes())).collect()
        };
        let answer = server.get("/", &fields).await;
        assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR, "{options:?}");
        let shown = answer.error().replace("found \"hunter2\"", "");
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}

#[tokio::test]
async fn cookie_fields_are_joined_and_read_byte_by_byte() {
    let clerk = Clerk::start([]).await;
    let server = Server::start(&clerk.address).await;
    let session = format!("__session={}", LIVE.session());
    let client_uat = format!("__client_uat={}", now() - 60);
    let answer = server
        .get(
            "/",
            &[
                ("x-publishable-key", LIVE.publishable.as_bytes()),
                ("x-secret-key", LIVE.secret.as_bytes()),
                ("cookie", b"name=\xe9\xff\x80"),
                ("cookie", session.as_bytes()),
                ("cookie", client_uat.as_bytes()),
            ],
        )
        .await;
    assert_signed_in(&answer);
}

#[tokio::test]
async fn option_headers_are_removed_from_the_request() {
    let cookies = [format!("__session={}; Path=/", LIVE.session())];
    let clerk = Clerk::start([("/v1/sessions/sess_1/refresh", json!({ "cookies": cookies }))]).await;
    let server = Server::start(&clerk.address).await;
    let cookie = format!(
        "__session={}; __client_uat={}; __refresh_naoXFJnI=r1",
        session_token(LIVE.frontend_api, -60),
        now() - 3600
    );
    let answer = LIVE.open(&server, "/", &[("cookie", &cookie), ("x-mine", "1")]).await;
    assert_signed_in(&answer);
    assert_eq!(answer.cookies(), cookies);
    let [call] = clerk.calls("/v1/sessions/sess_1/refresh").try_into().unwrap();
    let headers = call["request_headers"].as_object().unwrap();
    assert!(headers.contains_key("x-mine"), "{headers:?}");
    assert!(!headers.keys().any(|name| name.ends_with("-key")), "{headers:?}");
    assert!(!call.to_string().contains("hunter2"));
}

#[tokio::test]
async fn path_organization_mismatch_starts_a_handshake() {
    let clerk = Clerk::start([]).await;
    let server = Server::start(&clerk.address).await;
    let cookie = signed_in_cookies(&LIVE.session());
    let options = r#"{"organizationPatterns":["/orgs/:slug","/orgs/:slug/(.*)"]}"#;
    let fields = [("cookie", cookie.as_str()), ("x-organization-sync-options", options)];
    let answer = LIVE.open(&server, "/orgs/acme/settings", &fields).await;
    assert_eq!(answer.status, StatusCode::TEMPORARY_REDIRECT);
    assert_eq!(
        answer.header("x-clerk-auth-reason"),
        Some("active-organization-mismatch")
    );
    assert!(answer.header("location").unwrap().ends_with("&organization_id=acme"));
    assert_signed_in(&LIVE.open(&server, "/elsewhere", &fields).await);
}

#[tokio::test]
async fn links_are_returned_in_every_state() {
    let server = Server::start(NOWHERE).await;
    let back = "redirect_url=http%3A%2F%2Flocalhost%3A3000%2Fdash";
    for (target, cookie, location) in [
        (
            "/__redirect/sign-in",
            "",
            "https://foo-bar-13.accounts.dev/sign-in".to_owned(),
        ),
        (
            "/__redirect/sign-up?return_back_url=/dash",
            "",
            format!("https://foo-bar-13.accounts.dev/sign-up?{back}"),
        ),
        (
            "/__redirect/sign-in?return_back_url=/dash",
            "__clerk_db_jwt=plain",
            format!("https://foo-bar-13.accounts.dev/sign-in?{back}&__clerk_db_jwt=plain"),
        ),
        (
            "/__redirect/sign-in",
            "__clerk_db_jwt_nx2hSE6I=own",
            "https://foo-bar-13.accounts.dev/sign-in?__clerk_db_jwt=own".to_owned(),
        ),
        (
            "/__redirect/sign-in?__clerk_db_jwt=query",
            "__clerk_db_jwt=plain",
            "https://foo-bar-13.accounts.dev/sign-in?__clerk_db_jwt=query".to_owned(),
        ),
    ] {
        let answer = TEST.open(&server, target, &[("cookie", cookie)]).await;
        assert_eq!(answer.status, StatusCode::FOUND, "{target}");
        assert_eq!(answer.header("location"), Some(location.as_str()), "{target} {cookie}");
    }
    let satellite = [
        ("x-satellite", "true"),
        ("x-domain", "satellite.dev"),
        ("x-sign-in-url", "https://primary.dev/sign-in"),
    ];
    let answer = LIVE
        .open(&server, "/__redirect/sign-in?return_back_url=/x", &satellite)
        .await;
    assert_eq!(
        answer.header("location"),
        Some("https://primary.dev/sign-in?redirect_url=http%3A%2F%2Fapp.example.com%2Fx%3F__clerk_synced%3Dfalse")
    );
}
