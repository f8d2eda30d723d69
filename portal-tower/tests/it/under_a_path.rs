//! An application at `https://example.com/shop` behind a proxy that takes `/shop` off each request.

use portal_tower::portal_sdk::authorization::requirement_fn;
use portal_tower::portal_sdk::instance::InstanceBuilder;
use portal_tower::portal_sdk::portal::PortalPage;
use portal_tower::portal_sdk::testing::FakeBackend;
use portal_tower::{Auth, PortalRedirect, RedirectToPortal, RequireAuthLayer, SignOut};
use serde_json::json;
use tower::{Layer as _, ServiceBuilder, service_fn};
use url::Url;

use crate::support::{AS_PAGE, App, LIVE_ISSUER, down, layer, layer_with, live, request, send, session, signed_in};

fn shop() -> InstanceBuilder {
    live().public_origin("https://example.com/shop")
}

fn parameter(location: Option<&str>, name: &str) -> Option<String> {
    let url = Url::parse(location?).unwrap();
    url.query_pairs()
        .find_map(|(key, value)| (key == name).then(|| value.into_owned()))
}

#[tokio::test]
async fn guard_leads_back_below_the_base_path() {
    let guarded = ServiceBuilder::new()
        .layer(layer(shop().sign_in_url("/sign-in")))
        .layer(RequireAuthLayer::signed_in())
        .service(App::default().service());
    let answer = send(guarded, request("http://inner:3000/cart?x=1", &[AS_PAGE])).await;
    let location = answer.header("location");
    assert!(
        location.unwrap().starts_with("https://example.com/shop/sign-in?"),
        "{location:?}"
    );
    assert_eq!(
        parameter(location, "redirect_url").as_deref(),
        Some("https://example.com/shop/cart?x=1")
    );
    let counter = answer.all("set-cookie").join("\n");
    assert!(
        counter.contains("__portal_redirects=") && counter.contains("; Path=/shop;"),
        "{counter}"
    );
}

#[tokio::test]
async fn handshake_returns_below_the_base_path() {
    let service = layer(shop().proxy_url("/__clerk")).layer(App::default().service());
    let headers = [("cookie", "__client_uat=1"), ("x-forwarded-prefix", "/evil"), AS_PAGE];
    let answer = send(service, request("http://inner:3000/cart", &headers)).await;
    let location = answer.header("location");
    assert!(
        location
            .unwrap()
            .starts_with("https://example.com/shop/__clerk/v1/client/handshake?")
    );
    assert_eq!(
        parameter(location, "redirect_url").as_deref(),
        Some("https://example.com/shop/cart")
    );
    assert_eq!(
        answer.all("set-cookie"),
        ["__clerk_redirect_count=1; HttpOnly; SameSite=Lax; Secure; Path=/shop; Max-Age=10"]
    );
}

#[tokio::test]
async fn links_lead_back_below_the_base_path() {
    let links = service_fn(|request: http::Request<_>| {
        let auth = request.extensions().get::<Auth>().unwrap();
        let _: &http_body_util::Full<bytes::Bytes> = request.body();
        let links = [
            auth.link(PortalPage::UserProfile),
            auth.link_back_to(PortalPage::SignIn, "/orders"),
            auth.link_back_to(PortalPage::SignIn, "/shop/orders"),
            PortalRedirect::to(auth, PortalPage::UserProfile).location().clone(),
        ];
        let back = links.map(|link| parameter(Some(link.as_str()), "redirect_url").unwrap_or_default());
        std::future::ready(Ok(http::Response::new(http_body_util::Full::from(back.join(" ")))))
    });
    let cookies = signed_in(LIVE_ISSUER);
    let headers = [("cookie", cookies.as_str()), AS_PAGE];
    let builder = shop()
        .authorized_parties(["https://app.example.com"])
        .allowed_redirect_origins(["https://example.com"]);
    let answer = send(layer(builder).layer(links), request("http://inner:3000/cart", &headers)).await;
    assert_eq!(
        answer.body,
        "https://example.com/shop/cart https://example.com/shop/orders https://example.com/shop/orders \
         https://example.com/shop/"
    );
}

#[tokio::test]
async fn redirect_to_the_portal_returns_below_the_base_path() {
    let service = layer(shop()).layer(RedirectToPortal::sign_in());
    let answer = send(service, request("http://inner:3000/log-in", &[AS_PAGE])).await;
    let back = parameter(answer.header("location"), "redirect_url");
    assert_eq!(back.as_deref(), Some("https://example.com/shop/"));
}

#[tokio::test]
async fn sign_out_stays_below_the_base_path() {
    let cookies = signed_in(LIVE_ISSUER);
    let origin = ("origin", "https://example.com");
    let headers = [("cookie", cookies.as_str()), origin, AS_PAGE];
    let builder = || shop().authorized_parties(["https://app.example.com"]);
    for (then, expected) in [
        (SignOut::new(), "/shop/"),
        (SignOut::new().with_redirect("/bye?a=1"), "/shop/bye?a=1"),
        (SignOut::new().with_redirect("/shop/bye"), "/shop/bye"),
        (
            SignOut::new().with_redirect("https://www.example.com/"),
            "https://www.example.com/",
        ),
    ] {
        let answer = send(
            layer(builder()).layer(then),
            request("POST http://inner:3000/sign-out", &headers),
        )
        .await;
        assert_eq!((answer.status, answer.header("location")), (303, Some(expected)));
    }
    let asks = layer(builder()).layer(SignOut::new().with_confirmation(true));
    let answer = send(asks, request("http://inner:3000/sign-out", &headers)).await;
    assert!(answer.body.contains("action=\"/shop/sign-out\""), "{}", answer.body);

    let clerk = FakeBackend::new();
    clerk.set_revoke_session(Err(down()));
    let service = layer_with(builder(), &clerk).layer(SignOut::new());
    let answer = send(service, request("POST http://inner:3000/sign-out", &headers)).await;
    let kept = answer.all("set-cookie").join("\n");
    let left_over = kept
        .lines()
        .find(|cookie| cookie.starts_with("__portal_sign_out="))
        .unwrap();
    assert!(left_over.contains("; Path=/shop;"), "{left_over}");
}

#[tokio::test]
async fn unmet_request_goes_to_a_page_below_the_base_path() {
    let guard = RequireAuthLayer::with(requirement_fn(|_| false)).with_unmet_redirect("/ask");
    let service = ServiceBuilder::new()
        .layer(layer(shop().authorized_parties(["https://app.example.com"])))
        .layer(guard)
        .service(App::default().service());
    let cookies = signed_in(LIVE_ISSUER);
    let count = ("cookie", "__clerk_redirect_count=1");
    let answer = send(
        service,
        request(
            "http://inner:3000/cart",
            &[("cookie", cookies.as_str()), count, AS_PAGE],
        ),
    )
    .await;
    assert_eq!(answer.header("location"), Some("https://example.com/shop/ask"));
}

#[tokio::test]
async fn organization_pattern_matches_the_path_below_the_base_path() {
    let builder = shop()
        .authorized_parties(["https://app.example.com"])
        .organization_patterns(["/orgs/:slug"]);
    let service = layer(builder).layer(App::default().service());
    let cookies = session(LIVE_ISSUER, &json!({ "org_id": "org_a", "org_slug": "acme" }));
    let headers = [("cookie", cookies.as_str()), AS_PAGE];
    let answer = send(service.clone(), request("http://inner:3000/orgs/acme", &headers)).await;
    assert_eq!(answer.body, "user_1");
    let answer = send(service, request("http://inner:3000/orgs/beta", &headers)).await;
    assert_eq!(
        parameter(answer.header("location"), "organization_id").as_deref(),
        Some("beta")
    );
}
