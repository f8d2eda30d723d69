//! Refusals as developers and programs meet them: log lines, spans, reasons, gRPC, preflights, prefilled pages.

use portal_tower::portal_sdk::authorization::Role;
use portal_tower::portal_sdk::portal::{PortalPage, Prefill};
use portal_tower::{Auth, PortalRedirect, RedirectToPortal, RefusalCause, RequireAuthLayer};
use serde_json::json;
use tower::{Layer as _, ServiceBuilder, ServiceExt as _};
use tracing::Instrument as _;
use tracing::subscriber::DefaultGuard;

use crate::log::Log;
use crate::support::{
    AS_PAGE, AS_SCRIPT, Answer, App, SIGNED_OUT, TEST_ISSUER, layer, request, send, session, signed_in, test,
};

const HERE: &str = "http://localhost:3000/dashboard?token=secret";

async fn ask(guard: RequireAuthLayer, target: &str, headers: &[(&str, &str)]) -> Answer {
    let service = ServiceBuilder::new()
        .layer(layer(test()))
        .layer(guard)
        .service(App::default().service());
    send(service, request(target, headers)).await
}

/// Keeps the log from here on. A log statement that another thread reaches for the first time just now may miss the new
/// subscriber (`tracing` keeps each one's interest), so one refusal is logged before interests are built again.
pub(crate) async fn keep_log() -> (Log, DefaultGuard) {
    let (log, guard) = Log::keep();
    ask(RequireAuthLayer::signed_in(), HERE, &[AS_SCRIPT]).await;
    tracing::callsite::rebuild_interest_cache();
    log.clear();
    (log, guard)
}

/// The part of the request that a handler sees.
async fn auth(headers: &[(&str, &str)]) -> Auth {
    let (sender, receiver) = std::sync::mpsc::channel();
    let inner = tower::service_fn(move |request: http::Request<_>| {
        let _: &http_body_util::Full<bytes::Bytes> = request.body();
        sender
            .send(request.extensions().get::<Auth>().unwrap().clone())
            .unwrap();
        std::future::ready(Ok::<_, std::convert::Infallible>(http::Response::new(
            http_body_util::Full::<bytes::Bytes>::default(),
        )))
    });
    layer(test())
        .layer(inner)
        .oneshot(request(HERE, headers))
        .await
        .unwrap();
    receiver.recv().unwrap()
}

#[tokio::test]
async fn each_refusal_is_one_debug_line() {
    let (log, _guard) = keep_log().await;
    let admins = || RequireAuthLayer::with(Role::new("org:admin"));
    let ada = signed_in(TEST_ISSUER);
    let pending = session(TEST_ISSUER, &json!({ "sts": "pending" }));
    for (guard, target, headers, expected) in [
        (
            admins(),
            HERE,
            vec![AS_PAGE, ("cookie", SIGNED_OUT)],
            r#"reason=session-token-and-uat-missing path="/dashboard""#,
        ),
        (
            admins(),
            HERE,
            vec![AS_SCRIPT],
            r#"reason=session-token-missing path="/dashboard""#,
        ),
        (
            admins(),
            HERE,
            vec![AS_SCRIPT, ("cookie", &pending)],
            r#"reason=session-pending path="/dashboard" user_id=user_1"#,
        ),
        (
            admins(),
            HERE,
            vec![AS_SCRIPT, ("cookie", &ada)],
            r#"reason=no-active-organization path="/dashboard" user_id=user_1"#,
        ),
        (
            admins(),
            "POST http://localhost:3000/a?b=secret",
            vec![AS_SCRIPT, ("cookie", &ada), ("sec-fetch-site", "cross-site")],
            r#"reason=cross-site-request path="/a" user_id=user_1"#,
        ),
    ] {
        let before = log.lines("portal_tower::").len();
        ask(guard, target, &headers).await;
        let lines = log.lines("portal_tower::").split_off(before);
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert!(
            lines[0].trim_start().starts_with("DEBUG") && lines[0].ends_with(expected),
            "{lines:?}"
        );
    }
    assert!(log.lines("secret").is_empty());
}

#[tokio::test]
async fn admitted_page_logs_no_refusal() {
    let (log, _guard) = keep_log().await;
    let ada = signed_in(TEST_ISSUER);
    ask(RequireAuthLayer::signed_in(), HERE, &[AS_PAGE, ("cookie", &ada)]).await;
    // It redirects to sign-in instead of sending the refusal that it looked at.
    let account = layer(test()).layer(RedirectToPortal::user_profile());
    send(account, request(HERE, &[AS_SCRIPT, ("cookie", SIGNED_OUT)])).await;
    assert!(log.lines("refused").is_empty(), "{:?}", log.lines(""));
}

#[tokio::test]
async fn user_id_is_recorded_into_the_current_span() {
    let (log, _guard) = keep_log().await;
    let inner = tower::service_fn(async |_: http::Request<http_body_util::Full<bytes::Bytes>>| {
        tracing::info!("the handler runs");
        Ok::<_, std::convert::Infallible>(http::Response::new(http_body_util::Full::<bytes::Bytes>::default()))
    });
    let span = tracing::info_span!("request", user_id = tracing::field::Empty);
    let ada = signed_in(TEST_ISSUER);
    let answering = async { send(layer(test()).layer(inner), request(HERE, &[("cookie", &ada)])).await };
    answering.instrument(span).await;
    let lines = log.lines("the handler runs");
    assert!(lines[0].contains("request{user_id=user_1}"), "{lines:?}");
}

#[tokio::test]
async fn client_without_a_token_gets_that_reason() {
    // No cookie at all, in development: Clerk's word for it is `dev-browser-missing`.
    for kind in [
        AS_SCRIPT,
        ("accept", "application/json"),
        ("accept", "text/event-stream"),
    ] {
        let answer = ask(RequireAuthLayer::signed_in(), HERE, &[kind]).await;
        assert_eq!(answer.header("x-clerk-auth-reason"), Some("dev-browser-missing"));
        assert_eq!(answer.json()["error"]["message"], "no session token was sent");
        assert!(!answer.body.contains("dev-browser"), "{}", answer.body);
    }
    let grpc = ("content-type", "application/grpc");
    let answer = ask(RequireAuthLayer::signed_in(), &format!("POST {HERE}"), &[grpc]).await;
    assert_eq!(answer.header("grpc-message"), Some("no%20session%20token%20was%20sent"));
    // The page that ends a redirect loop has this reason too.
    let in_loop = format!("__portal_redirects={}", "x.1.2.3");
    let answer = ask(RequireAuthLayer::signed_in(), HERE, &[AS_PAGE, ("cookie", &in_loop)]).await;
    assert!(!answer.body.contains("dev-browser"), "{}", answer.body);

    let bad = ("authorization", "Bearer abc");
    let answer = ask(RequireAuthLayer::signed_in(), HERE, &[AS_SCRIPT, bad]).await;
    assert_eq!(answer.json()["error"]["message"], "the session token was not accepted");
}

#[tokio::test]
async fn refusal_has_grpc_code_and_message() {
    let ada = signed_in(TEST_ISSUER);
    let admin = Role::new("org:admin");
    for (headers, expected) in [
        (vec![AS_SCRIPT], (16, "no session token was sent")),
        (vec![AS_SCRIPT, ("authorization", "Bearer abc")], (16, "token-invalid")),
        (vec![AS_SCRIPT, ("cookie", ada.as_str())], (7, "no-active-organization")),
    ] {
        let auth = auth(&headers).await;
        let refusal = auth.require(&admin).unwrap_err();
        assert_eq!((refusal.grpc_code(), &*refusal.grpc_message()), expected, "{headers:?}");
    }
}

#[tokio::test]
async fn preflight_is_refused_with_its_cause_and_logged_once() {
    let (log, _guard) = keep_log().await;
    let preflight = [
        ("origin", "https://spa.example"),
        ("access-control-request-method", "POST"),
        ("sec-fetch-mode", "cors"),
        ("sec-fetch-site", "cross-site"),
        AS_SCRIPT,
    ];
    let target = format!("OPTIONS {HERE}");
    for _ in 0..2 {
        let answer = ask(RequireAuthLayer::signed_in(), &target, &preflight).await;
        assert_eq!(answer.status, 401);
        assert_eq!(answer.json()["error"]["reason"], "cors-preflight");
        assert_eq!(answer.json()["error"]["sign_in_url"], json!(null));
    }
    assert_eq!(log.lines("reason=cors-preflight").len(), 2);
    // Once in the process, perhaps by another test.
    let warnings = log.lines("WARN");
    assert!(warnings.len() <= 1, "{warnings:?}");
    assert!(
        warnings
            .iter()
            .all(|line| line.contains("put the CORS layer outside the guard"))
    );

    let open = RequireAuthLayer::signed_in().with_preflight_allowed(true);
    assert_eq!(ask(open.clone(), &target, &preflight).await.body, "nobody");
    // Only preflights pass: any other request without a user does not.
    for headers in [&preflight[..1], &preflight[1..2], &[]] {
        assert_eq!(ask(open.clone(), &target, headers).await.status, 401, "{headers:?}");
    }
    assert_eq!(ask(open, HERE, &preflight).await.status, 401);
}

#[tokio::test]
async fn prefilled_values_are_on_the_sign_in_link() {
    let email = || Prefill::EmailAddress("ada@example.com".into());
    let expected = "email_address=ada%40example.com";
    let cookie = ("cookie", SIGNED_OUT);
    let guard = RequireAuthLayer::signed_in()
        .with_sign_in_page(PortalPage::SignUp)
        .with_prefill(email());
    let guard = guard.with_prefill(Prefill::FirstName("Ada".into()));
    let answer = ask(guard, HERE, &[AS_PAGE, cookie]).await;
    let location = answer.header("location").unwrap();
    assert!(
        location.contains(expected) && location.contains("first_name=Ada"),
        "{location}"
    );

    let service = layer(test()).layer(RedirectToPortal::sign_in().with_prefill(email()));
    let answer = send(service, request(HERE, &[AS_PAGE, cookie])).await;
    assert!(answer.header("location").unwrap().contains(expected));

    let auth = auth(&[cookie, AS_PAGE]).await;
    assert!(
        auth.link_prefilled(PortalPage::SignIn, &[email()])
            .as_str()
            .contains(expected)
    );
    let redirect = PortalRedirect::to(&auth, PortalPage::SignIn).with_prefill(email());
    assert!(redirect.location().as_str().contains(expected));
    // The sign-in page has no field for a name, and the link leads there all the same.
    let url = auth.link_prefilled(PortalPage::SignIn, &[Prefill::FirstName("Ada".into()), email()]);
    assert!(
        url.as_str().contains(expected) && !url.as_str().contains("first_name"),
        "{url}"
    );
}

#[tokio::test]
async fn missing_organization_has_a_distinct_cause() {
    let ada = signed_in(TEST_ISSUER);
    let auth = auth(&[AS_PAGE, ("cookie", &ada)]).await;
    let refusal = auth.require(&Role::new("org:admin")).unwrap_err();
    assert_eq!(*refusal.cause(), RefusalCause::NoActiveOrganization);
    let back = "redirect_url=http%3A%2F%2Flocalhost%3A3000%2Fdashboard%3Ftoken%3Dsecret";
    let location = refusal.location().unwrap().as_str();
    assert!(
        location.starts_with("https://foo-bar-13.accounts.dev/organization?"),
        "{location}"
    );
    assert!(location.contains(back), "{location}");
}
