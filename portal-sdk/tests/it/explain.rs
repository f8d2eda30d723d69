//! Explanations of decisions.

use std::time::Duration;

use http::header::{COOKIE, HOST};
use http::request::{Builder, Parts};
use http::{Method, Request};
use portal_sdk::testing::{TestInstance, TestKey};

use crate::log::{self, Lines};

fn parts(request: Builder) -> Parts {
    request.body(()).unwrap().into_parts().0
}

/// Returns a fact of a decision, or an empty text.
fn fact(clerk: &TestInstance, request: Builder, name: &str) -> String {
    let explanation = clerk.authenticator().explain(&parts(request));
    explanation.get(name).unwrap_or_default().to_owned()
}

#[test]
fn explanation_names_what_decided_in_order() {
    let clerk = TestInstance::new();
    let session = clerk.signed_in("user_1");
    let request = parts(session.get("/inbox?secret=1"));
    let explanation = clerk.authenticator().explain(&request);
    let names: Vec<_> = explanation.facts().map(|(name, _)| name).collect();
    assert_eq!(
        names,
        ["request", "instance", "cookies", "client", "token", "keys", "outcome"]
    );
    assert_eq!(explanation.get("outcome"), Some("signed-in: user_1"));
    assert_eq!(explanation.get("keys"), Some("CLERK_JWT_KEY"));
    let suffix = clerk.instance().publishable_key().cookie_suffix();
    let cookies = explanation.get("cookies").unwrap();
    assert!(
        cookies.contains(suffix) && cookies.ends_with("those with suffix count"),
        "{cookies}"
    );
    let lines = format!("{explanation:#}");
    assert_eq!(lines.lines().count(), 7, "{lines}");
    assert!(
        !lines.contains("secret=1") && !lines.contains(&session.token()[..80]),
        "{lines}"
    );
    assert_eq!(format!("{explanation}").lines().count(), 1);
}

#[test]
fn reason_and_token_problem_are_named() {
    let clerk = TestInstance::new();
    let signed_out = || Request::get("/").header(HOST, "app.example.com");
    assert_eq!(
        fact(&clerk, signed_out(), "outcome"),
        "signed-out: session-token-and-uat-missing"
    );
    assert_eq!(fact(&clerk, signed_out(), "cookies"), "none of Clerk's");
    assert_eq!(fact(&clerk, signed_out(), "token"), "none");

    let session = || clerk.signed_in("user_1");
    let forged = session().signed_by(TestKey::generate()).get("/");
    assert_eq!(
        fact(&clerk, forged, "problem"),
        "the token was not signed by this instance's key"
    );
    let elsewhere = session().claim("azp", "https://elsewhere.example").get("/");
    let problem = fact(&clerk, elsewhere, "problem");
    assert!(problem.is_empty() || problem.contains("elsewhere.example"), "{problem}");
    let bearer = signed_out().header("authorization", format!("Bearer {}", session().token()));
    assert!(fact(&clerk, bearer, "token").starts_with("in the Authorization header, key "));

    let expired = session().expired(true).get("/");
    assert!(fact(&clerk, expired, "problem").starts_with("the token expired at "));
}

#[test]
fn times_are_relative() {
    let clerk = TestInstance::new();
    let session = clerk.signed_in("user_1").get("/");
    clerk.clock().advance(Duration::from_secs(20));
    let token = fact(&clerk, session, "token");
    assert!(
        token.contains("issued 2") && token.contains(" s ago, expires in "),
        "{token}"
    );
}

#[test]
fn cookies_of_other_instances_are_named_without_their_values() {
    let clerk = TestInstance::new();
    let cookies =
        "__session_abcdefgh=eyJsecret; __client_uat_abcdefgh=1; __session=; __sessionx=1; __session_=1; theme=dark";
    let request = || {
        Request::get("/")
            .header(HOST, "app.example.com")
            .header(COOKIE, cookies)
    };
    assert_eq!(
        fact(&clerk, request(), "other instances"),
        "the browser also has __session_abcdefgh, __client_uat_abcdefgh"
    );
    assert_eq!(
        fact(&clerk, request(), "cookies"),
        "__session (empty); those without suffix count"
    );
    let explanation = clerk.authenticator().explain(&parts(request()));
    assert!(!format!("{explanation:#}").contains("eyJsecret"));
}

#[test]
fn texts_of_clients_are_escaped_and_bounded() {
    let clerk = TestInstance::new();
    let session = clerk
        .signed_in("user_1")
        .claim("azp", format!("https://a\n\u{1b}[31m{}", "x".repeat(500)));
    let token = fact(&clerk, session.get("/"), "token");
    assert!(
        token.contains("https://a\\n\\u{1b}[31mxxx") && token.ends_with('…'),
        "{token}"
    );
    assert!(token.len() < 400, "{token}");
}

#[test]
fn request_that_cannot_be_redirected_says_so() {
    let clerk = TestInstance::new();
    let post = clerk.signed_in("user_1").request(Method::POST, "/form");
    assert!(fact(&clerk, post, "request").ends_with("/form; not a page, so it can't be redirected"));
}

#[test]
fn debug_line_explains_a_request_that_is_not_signed_in() {
    let clerk = TestInstance::new();
    let lines = Lines::default();
    let _guard = log::set_default(lines.clone());
    let request = |cookies: &str| {
        parts(
            Request::get("/")
                .header(HOST, "app.example.com")
                .header(COOKIE, cookies),
        )
    };
    let _ = clerk.authenticator().try_authenticate(&request("theme=dark")).unwrap();
    let [line] = &lines.with("a request was decided")[..] else {
        panic!("expected one line, found {:?}", lines.all());
    };
    assert!(
        line.starts_with("DEBUG") && line.contains("outcome: signed-out: session-token-and-uat-missing"),
        "{line}"
    );
    let _ = clerk
        .authenticator()
        .try_authenticate(&request(&clerk.signed_in("user_1").cookies()))
        .unwrap();
    assert_eq!(lines.with("a request was decided").len(), 1);
}
