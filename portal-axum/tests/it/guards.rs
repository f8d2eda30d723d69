//! Guards and extractors among axum's routes.

use axum::Router;
use axum::routing::{any, post};
use portal_axum::portal_sdk::testing::FakeBackend;
use portal_axum::{
    ActiveOrganization, AllowCrossSiteLayer, Auth, Permission, PortalPage, PortalRedirect, Require, Requirement,
    SessionClaims, SignedIn, Verdict,
};
use serde_json::json;

use crate::ask::{AS_PAGE, As, SIGNED_OUT, get as ask, layer, request, send, session};

#[derive(Default)]
struct CanPay;

impl Requirement for CanPay {
    fn verdict(&self, claims: &SessionClaims) -> Verdict {
        Permission::new("org:invoices:pay").verdict(claims)
    }
}

#[tokio::test]
async fn require_extractor_admits_a_met_requirement() {
    let handler = any(async |payer: Require<CanPay>| payer.user_id().to_string());
    let router = Router::new().route("/pay", handler).layer(layer(&FakeBackend::new()));
    let claims = json!({ "org_id": "org_a", "org_role": "org:admin", "org_permissions": ["org:invoices:pay"] });
    assert_eq!(ask(&router, "/pay", &session(&claims), As::Page).await.body, "user_1");
}

#[tokio::test]
async fn missing_active_organization_returns_403() {
    let router = Router::new()
        .route("/team", any(async |team: ActiveOrganization| team.id().to_string()))
        .route(
            "/perhaps",
            any(async |team: Option<ActiveOrganization>| team.map_or_else(String::new, |team| team.id().to_string())),
        )
        .layer(layer(&FakeBackend::new()));
    let in_acme = session(&json!({ "org_id": "org_a", "org_slug": "acme", "org_role": "org:admin" }));
    let personal = session(&json!({}));
    for (path, cookies, status, body) in [
        ("/team", in_acme.as_str(), 200, "org_a"),
        ("/perhaps", &in_acme, 200, "org_a"),
        ("/perhaps", &personal, 200, ""),
        ("/perhaps", SIGNED_OUT, 200, ""),
        ("/team", SIGNED_OUT, 401, ""),
        ("/team", &personal, 403, ""),
    ] {
        let answer = ask(&router, path, cookies, As::Script).await;
        assert_eq!(answer.status, status, "{path}");
        assert!(status != 200 || answer.body == body, "{path}: {}", answer.body);
    }
    let answer = ask(&router, "/team", &personal, As::Script).await;
    assert_eq!(answer.json()["error"]["reason"], "no-active-organization");
}

#[tokio::test]
async fn extractors_refuse_cross_site_requests() {
    let router = Router::new()
        .route("/anybody", post(async |_: Auth| "reached"))
        .route("/perhaps", post(async |_: Option<SignedIn>| "reached"))
        .route("/somebody", post(async |_: SignedIn| "reached"));
    let strict = router.clone().layer(layer(&FakeBackend::new()));
    let lenient = router
        .layer(AllowCrossSiteLayer::new())
        .layer(layer(&FakeBackend::new()));
    let cookies = session(&json!({}));
    let headers = [
        ("cookie", cookies.as_str()),
        ("host", "localhost:3000"),
        ("sec-fetch-site", "cross-site"),
        AS_PAGE,
    ];
    for path in ["/anybody", "/perhaps", "/somebody"] {
        let target = format!("POST {path}");
        assert_eq!(
            send(strict.clone(), request(&target, &headers)).await.status,
            403,
            "{path}"
        );
        assert_eq!(
            send(lenient.clone(), request(&target, &headers)).await.body,
            "reached",
            "{path}"
        );
    }
}

#[tokio::test]
async fn portal_redirect_returns_to_the_referring_page() {
    let handler = any(async |auth: Auth| PortalRedirect::to(&auth, PortalPage::CreateOrganization));
    let to = any(async |auth: Auth| PortalRedirect::back_to(&auth, PortalPage::UserProfile, "/done"));
    let router = Router::new()
        .route("/upgrade", handler)
        .route("/to", to)
        .layer(layer(&FakeBackend::new()));
    let cookies = session(&json!({}));
    let from = ("referer", "http://localhost:3000/plans?x=1");
    let headers = [("cookie", cookies.as_str()), ("host", "localhost:3000"), from, AS_PAGE];
    for (path, expected) in [
        (
            "/upgrade",
            "create-organization?redirect_url=http%3A%2F%2Flocalhost%3A3000%2Fplans%3Fx%3D1",
        ),
        ("/to", "user?redirect_url=http%3A%2F%2Flocalhost%3A3000%2Fdone"),
    ] {
        let answer = send(router.clone(), request(path, &headers)).await;
        let location = format!("https://foo-bar-13.accounts.dev/{expected}&__clerk_db_jwt=dvb");
        assert_eq!(
            (answer.status, answer.header("location").unwrap()),
            (303, location.as_str())
        );
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
}

#[tokio::test]
async fn extractors_renew_a_token_older_than_a_portal_visit() {
    let router = Router::new()
        .route("/team", any(async |team: ActiveOrganization| team.id().to_string()))
        .route("/pay", any(async |_: Require<CanPay>| "reached"))
        .route("/home", any(async |who: Option<SignedIn>| who.is_some().to_string()))
        .layer(layer(&FakeBackend::new()));
    let cookies = session(&json!({}));
    let from_portal = ("referer", "https://foo-bar-13.accounts.dev/organization");
    let ask = async |path: &str, headers: &[(&str, &str)]| {
        let own = [("host", "localhost:3000"), ("cookie", cookies.as_str()), AS_PAGE];
        send(router.clone(), request(path, &[&own, headers].concat())).await
    };
    for path in ["/team", "/pay"] {
        let answer = ask(path, &[from_portal]).await;
        assert_eq!(answer.status, 307, "{path}");
        let location = answer.header("location").unwrap();
        assert!(location.starts_with("https://foo-bar-13.clerk.accounts.dev/v1/client/handshake?"));
        assert_eq!(ask(path, &[]).await.status, 403, "{path}");
    }
    assert_eq!(ask("/home", &[from_portal]).await.body, "true");
}
