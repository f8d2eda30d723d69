//! `RedirectToPortal`, by its table.

use portal_tower::RedirectToPortal;
use portal_tower::sdk::portal::PortalPage;
use serde_json::json;
use tower::Layer as _;

use crate::common::clerk::{FakeClerk, down};
use crate::support::{
    AS_PAGE, AS_SCRIPT, SIGNED_OUT, TEST_ISSUER, asking_layer, layer, request, send, session, signed_in, test,
};

const PORTAL: &str = "https://foo-bar-13.accounts.dev";
const ROOT: &str = "redirect_url=http%3A%2F%2Flocalhost%3A3000%2F&__clerk_db_jwt=dvb";
const HERE: &str = "http://localhost:3000/account";
const BACK_HERE: &str = "redirect_url=http%3A%2F%2Flocalhost%3A3000%2Faccount&__clerk_db_jwt=dvb";

#[tokio::test]
async fn each_page_for_whoever_asks() {
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

            // Whoever is signed out signs in first and then comes here again.
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
async fn the_portal_sends_people_back_to_where_they_came_from() {
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

#[tokio::test]
async fn pending_sessions_finish_their_tasks_first() {
    let service = layer(test()).layer(RedirectToPortal::user_profile());
    let pending = session(TEST_ISSUER, &json!({ "sts": "pending" }));
    let answer = send(service, request(HERE, &[("cookie", &pending), AS_PAGE])).await;
    assert_eq!(
        answer.header("location").unwrap(),
        format!("{PORTAL}/sign-in/tasks?{BACK_HERE}")
    );
}

#[tokio::test]
async fn who_cannot_be_told_waits_only_where_it_matters() {
    let clerk = FakeClerk::new();
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
async fn without_the_layer_it_is_a_mistake() {
    let answer = send(RedirectToPortal::sign_in(), request(HERE, &[])).await;
    assert_eq!(answer.status, 500);
}
