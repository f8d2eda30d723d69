//! `RedirectToPortal`, by its table.

use portal_tower::RedirectToPortal;
use portal_tower::portal_sdk::instance::InstanceBuilder;
use portal_tower::portal_sdk::portal::PortalPage;
use portal_tower::portal_sdk::testing::FakeBackend;
use serde_json::json;
use tower::Layer as _;

use crate::support::{
    AS_PAGE, AS_SCRIPT, SIGNED_OUT, TEST_ISSUER, asking_layer, down, layer, live, request, send, session, signed_in,
    test,
};

const PORTAL: &str = "https://foo-bar-13.accounts.dev";
const ROOT: &str = "redirect_url=http%3A%2F%2Flocalhost%3A3000%2F&__clerk_db_jwt=dvb";
const HERE: &str = "http://localhost:3000/account";
const BACK_HERE: &str = "redirect_url=http%3A%2F%2Flocalhost%3A3000%2Faccount&__clerk_db_jwt=dvb";

#[tokio::test]
async fn each_page_redirects_by_identity() {
    for (service, path, needs_session) in [
        (RedirectToPortal::sign_in(), "sign-in", false),
        (RedirectToPortal::sign_up(), "sign-up", false),
        (RedirectToPortal::user_profile(), "user", true),
        (RedirectToPortal::organization_profile(), "organization", true),
        (RedirectToPortal::create_organization(), "create-organization", true),
        (RedirectToPortal::to(PortalPage::UserProfile), "user", true),
    ] {
        let service = layer(test()).layer(service);
        for dest in [AS_PAGE, AS_SCRIPT] {
            let headers = [("cookie", &*signed_in(TEST_ISSUER)), dest];
            let answer = send(service.clone(), request(HERE, &headers)).await;
            assert_eq!(answer.status, 303);
            assert_eq!(answer.header("location").unwrap(), format!("{PORTAL}/{path}?{ROOT}"));
            assert_eq!(answer.header("cache-control"), Some("no-store"));

            // A signed-out user signs in first and then returns here.
            let answer = send(service.clone(), request(HERE, &[("cookie", SIGNED_OUT), dest])).await;
            assert_eq!(answer.status, 303);
            let expected = if needs_session {
                format!("{PORTAL}/sign-in?{BACK_HERE}")
            } else {
                format!("{PORTAL}/{path}?{ROOT}")
            };
            assert_eq!(answer.header("location").unwrap(), expected);
        }
    }
}

#[tokio::test]
async fn page_at_the_route_itself_is_misconfigured() {
    let settings = || test().sign_in_url(HERE);
    let service = layer(settings()).layer(RedirectToPortal::sign_in());
    let answer = send(service, request(HERE, &[("cookie", SIGNED_OUT), AS_PAGE])).await;
    assert_eq!((answer.status, answer.header("location")), (500, None));
    assert!(answer.body.contains("correct CLERK_SIGN_IN_URL"), "{}", answer.body);
    let service = layer(settings()).layer(RedirectToPortal::sign_up());
    let answer = send(service, request(HERE, &[("cookie", SIGNED_OUT), AS_PAGE])).await;
    assert_eq!(answer.status, 303);

    // In production, only the log names the setting.
    let here = "https://app.example.com/sign-in";
    let service = layer(live().sign_in_url(here)).layer(RedirectToPortal::sign_in());
    let answer = send(service, request(here, &[AS_PAGE])).await;
    assert!(answer.status == 500 && answer.body.contains("administrators"));
    assert!(!answer.body.contains("CLERK_"), "{}", answer.body);
}

#[tokio::test]
async fn redirect_returns_to_the_referring_page() {
    let service = layer(test()).layer(RedirectToPortal::user_profile());
    for (referer, back) in [
        (
            "http://localhost:3000/dashboard?tab=1",
            "http%3A%2F%2Flocalhost%3A3000%2Fdashboard%3Ftab%3D1",
        ),
        ("http://localhost:3000/account", "http%3A%2F%2Flocalhost%3A3000%2F"),
        (
            "http://localhost:3000/account?again",
            "http%3A%2F%2Flocalhost%3A3000%2F",
        ),
        ("https://localhost:3000/dashboard", "http%3A%2F%2Flocalhost%3A3000%2F"),
        (
            "https://foo-bar-13.accounts.dev/user",
            "http%3A%2F%2Flocalhost%3A3000%2F",
        ),
    ] {
        let headers = [("cookie", &*signed_in(TEST_ISSUER)), AS_SCRIPT, ("referer", referer)];
        let answer = send(service.clone(), request(HERE, &headers)).await;
        let expected = format!("{PORTAL}/user?redirect_url={back}&__clerk_db_jwt=dvb");
        assert_eq!(answer.header("location").unwrap(), expected, "{referer}");
    }
}

/// The parameters of the link that answers a request with this `Referer`, if any.
async fn parameters(
    builder: InstanceBuilder,
    service: RedirectToPortal,
    referer: Option<&str>,
) -> Vec<(String, String)> {
    let mut headers = vec![("cookie", SIGNED_OUT), AS_PAGE];
    headers.extend(referer.map(|referer| ("referer", referer)));
    let answer = send(
        layer(builder).layer(service),
        request("http://localhost:3000/enter", &headers),
    )
    .await;
    assert_eq!(answer.status, 303);
    let location = url::Url::parse(answer.header("location").unwrap()).unwrap();
    let pairs = location.query_pairs().into_owned();
    pairs.filter(|(name, _)| name.ends_with("redirect_url")).collect()
}

fn with_fallbacks() -> InstanceBuilder {
    test()
        .sign_in_fallback_redirect_url("/in")
        .sign_up_fallback_redirect_url("/up")
}

#[tokio::test]
async fn then_sets_the_destination_afterwards() {
    for builder in [test(), with_fallbacks()] {
        for referer in [None, Some("http://localhost:3000/cart")] {
            let service = RedirectToPortal::sign_up().with_return_back("/welcome?x=1");
            let found = parameters(builder.clone(), service, referer).await;
            let expected = (
                "redirect_url".to_owned(),
                "http://localhost:3000/welcome?x=1".to_owned(),
            );
            assert!(found.contains(&expected), "{found:?}");
        }
    }
    // The portal would drop it, so it is omitted.
    let service = RedirectToPortal::sign_up().with_return_back("https://evil.example/");
    assert!(parameters(test(), service, None).await.is_empty());
}

#[tokio::test]
async fn fallback_redirect_is_used_without_a_referrer() {
    for (service, is_fallback) in [
        (RedirectToPortal::sign_in(), true),
        (RedirectToPortal::sign_up(), true),
        (RedirectToPortal::to(PortalPage::Waitlist), false),
    ] {
        for referer in [
            None,
            Some("https://elsewhere.example/"),
            Some("http://localhost:3000/enter"),
        ] {
            let found = parameters(with_fallbacks(), service.clone(), referer).await;
            let has_redirect = found.iter().any(|(name, _)| name == "redirect_url");
            assert_eq!(has_redirect, !is_fallback, "{service:?} {referer:?} {found:?}");
        }
        // The page the user came from wins, as at Clerk.
        let found = parameters(with_fallbacks(), service, Some("http://localhost:3000/cart")).await;
        assert!(found.contains(&("redirect_url".to_owned(), "http://localhost:3000/cart".to_owned())));
    }
    let found = parameters(with_fallbacks(), RedirectToPortal::sign_in(), None).await;
    let fallback = (
        "sign_in_fallback_redirect_url".to_owned(),
        "http://localhost:3000/in".to_owned(),
    );
    assert!(found.contains(&fallback), "{found:?}");
}

#[tokio::test]
async fn pending_session_is_redirected_to_its_tasks() {
    let service = layer(test()).layer(RedirectToPortal::user_profile());
    let pending = session(TEST_ISSUER, &json!({ "sts": "pending" }));
    let answer = send(service, request(HERE, &[("cookie", &pending), AS_PAGE])).await;
    assert_eq!(
        answer.header("location").unwrap(),
        format!("{PORTAL}/sign-in/tasks?{BACK_HERE}")
    );
}

#[tokio::test]
async fn undecided_request_gets_503_for_account_pages_only() {
    let clerk = FakeBackend::new();
    clerk.set_jwks(Err(down()));
    let cookies = signed_in(TEST_ISSUER);
    let layer = asking_layer(test(), &clerk);
    let request = || request(HERE, &[("cookie", &cookies), AS_PAGE]);
    for (service, expected) in [
        (RedirectToPortal::sign_in(), 303),
        (RedirectToPortal::sign_up(), 303),
        (RedirectToPortal::user_profile(), 503),
        (RedirectToPortal::organization_profile(), 503),
        (RedirectToPortal::create_organization(), 503),
    ] {
        let answer = send(layer.layer(service.clone()), request()).await;
        assert_eq!(answer.status, expected, "{service:?}");
    }
}

#[tokio::test]
async fn redirect_without_the_layer_returns_500() {
    let answer = send(RedirectToPortal::sign_in(), request(HERE, &[])).await;
    assert_eq!(answer.status, 500);
}
