//! Requests that no further redirect can settle: browsers without cookies, organizations that cannot be activated.

use portal_tower::portal_sdk::effect::HandshakePayload;
use portal_tower::portal_sdk::instance::InstanceBuilder;
use portal_tower::portal_sdk::testing::FakeBackend;
use portal_tower::{RedirectToPortal, RequireAuthLayer};
use serde_json::json;
use tower::{Layer as _, ServiceBuilder};
use url::Url;

use crate::support::{
    AS_PAGE, AS_SCRIPT, Answer, App, LIVE_ISSUER, NOW_SECS, TEST_ISSUER, layer, layer_with, live, request, send,
    session, session_token, test,
};

const HERE: &str = "http://localhost:3000/p?a=1";

/// A Frontend API that signs every browser in, by handshakes.
fn clerk() -> FakeBackend {
    let clerk = FakeBackend::new();
    let token = session_token(TEST_ISSUER, &json!({}));
    clerk.set_handshake_payload(Ok(HandshakePayload::new([
        "__clerk_db_jwt=dvb; Path=/",
        "__client_uat=1; Path=/",
        &format!("__session={token}; Path=/"),
    ])));
    clerk
}

/// Follows redirects as a browser does, with or without cookies; returns their number and the last response.
async fn browse(clerk: &FakeBackend, guard: bool, keeps_cookies: bool) -> (usize, Answer) {
    let mut url = HERE.to_owned();
    let mut jar: Vec<(String, String)> = Vec::new();
    for redirects in 0..10 {
        let cookies: Vec<String> = jar.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let cookies = cookies.join("; ");
        let mut headers = vec![AS_PAGE];
        headers.extend((!cookies.is_empty()).then_some(("cookie", cookies.as_str())));
        let outer = layer_with(test(), clerk);
        let answer = match guard {
            true => {
                let service = ServiceBuilder::new().layer(outer).layer(RequireAuthLayer::signed_in());
                send(service.service(App::default().service()), request(&url, &headers)).await
            }
            false => send(outer.layer(App::default().service()), request(&url, &headers)).await,
        };
        for cookie in answer.all("set-cookie").into_iter().filter(|_| keeps_cookies) {
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            jar.retain(|(known, _)| known != name);
            if !cookie.contains("Max-Age=0") {
                jar.push((name.to_owned(), value.to_owned()));
            }
        }
        if answer.status != 307 {
            return (redirects, answer);
        }
        let location = Url::parse(answer.header("location").unwrap()).unwrap();
        url = match location.path() {
            "/v1/client/handshake" => {
                let back = location
                    .query_pairs()
                    .find(|(name, _)| name == "redirect_url")
                    .unwrap()
                    .1;
                let joint = if back.contains('?') { '&' } else { '?' };
                format!("{back}{joint}__clerk_handshake_nonce=n1")
            }
            _ => location.into(),
        };
    }
    panic!("more than ten redirects");
}

#[tokio::test]
async fn browser_that_keeps_no_cookies_is_served_public_pages() {
    let (redirects, answer) = browse(&clerk(), false, false).await;
    assert_eq!((redirects, answer.status, answer.body.as_str()), (2, 200, "nobody"));
    // Where the handshake brings nothing either, the browser is still not sent around without end.
    let (redirects, answer) = browse(&FakeBackend::new(), false, false).await;
    assert_eq!((redirects, answer.status), (2, 200));
}

#[tokio::test]
async fn browser_that_keeps_no_cookies_gets_a_guard_page() {
    let (redirects, answer) = browse(&clerk(), true, false).await;
    assert_eq!((redirects, answer.status, answer.header("location")), (2, 401, None));
    assert!(
        answer.body.contains("Your browser blocks cookies for this site"),
        "{}",
        answer.body
    );
}

#[tokio::test]
async fn browser_that_keeps_cookies_ends_at_the_clean_address_signed_in() {
    let (redirects, answer) = browse(&clerk(), true, true).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "user_1"));
    // The counter's cookie came back with the handshake, so that no mark was needed.
    assert_eq!(redirects, 2);
}

#[tokio::test]
async fn slow_round_trip_is_not_mistaken_for_lost_cookies() {
    let clerk = clerk();
    let service = || layer_with(test(), &clerk).layer(App::default().service());
    // The counter has expired on the way.
    let back = "http://localhost:3000/p?a=1&__clerk_handshake_nonce=n1";
    let answer = send(service(), request(back, &[AS_PAGE])).await;
    let marked = answer.header("location").unwrap().to_owned();
    assert_eq!(marked, format!("{HERE}&__portal_cookie_check={NOW_SECS}"));
    let cookies: Vec<&str> = answer.all("set-cookie");
    let cookies: Vec<&str> = cookies.iter().map(|cookie| cookie.split(';').next().unwrap()).collect();
    let headers = [("cookie", &*cookies.join("; ")), AS_PAGE];
    let answer = send(service(), request(&marked, &headers)).await;
    assert_eq!((answer.status, answer.header("location")), (307, Some(HERE)));
    let answer = send(service(), request(HERE, &headers)).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "user_1"));
}

fn in_beta() -> String {
    session(LIVE_ISSUER, &json!({ "org_id": "org_b", "org_slug": "beta" }))
}

fn organizations() -> InstanceBuilder {
    live().organization_patterns(["/orgs/:slug"])
}

async fn guarded(target: &str, headers: &[(&str, &str)]) -> Answer {
    let service = ServiceBuilder::new()
        .layer(layer(organizations()))
        .layer(RequireAuthLayer::signed_in())
        .service(App::default().service());
    send(service, request(target, headers)).await
}

#[tokio::test]
async fn redirects_are_counted_per_organization() {
    let cookies = in_beta();
    let mut counter = String::new();
    let mut visit = async |slug: &str| {
        let cookie = format!("{cookies}; {counter}");
        let url = format!("https://app.example.com/orgs/{slug}");
        let answer = guarded(&url, &[("cookie", &cookie), AS_PAGE]).await;
        for cookie in answer.all("set-cookie") {
            counter = cookie.split(';').next().unwrap().to_owned();
        }
        answer
    };
    for _ in 0..3 {
        assert_eq!(visit("nowhere").await.status, 307);
    }
    let used_up = visit("nowhere").await;
    assert_eq!(used_up.status, 403);
    assert!(used_up.body.contains("another organization"), "{}", used_up.body);
    // Never the page of `acme` with `beta` active.
    let other = visit("acme").await;
    assert_eq!(other.status, 307);
    assert!(other.header("location").unwrap().contains("organization_id=acme"));
}

#[tokio::test]
async fn request_that_cannot_be_redirected_is_refused_with_another_organization_active() {
    let cookies = in_beta();
    let token = session_token(LIVE_ISSUER, &json!({ "org_id": "org_b", "org_slug": "beta" }));
    let bearer = format!("Bearer {token}");
    let acme = "https://app.example.com/orgs/acme";
    let own = ("sec-fetch-site", "same-origin");
    for (target, headers) in [
        (acme.to_owned(), vec![("cookie", cookies.as_str()), AS_SCRIPT]),
        (format!("POST {acme}"), vec![("cookie", cookies.as_str()), own, AS_PAGE]),
        (acme.to_owned(), vec![("authorization", bearer.as_str())]),
    ] {
        let answer = guarded(&target, &headers).await;
        assert_eq!(answer.status, 403, "{target} {headers:?}");
    }
    let script = guarded(acme, &[("cookie", &cookies), AS_SCRIPT]).await;
    assert_eq!(script.json()["error"]["reason"], "organization-mismatch");
    let active = guarded("https://app.example.com/orgs/beta", &[("cookie", &cookies), AS_SCRIPT]).await;
    assert_eq!((active.status, active.body.as_str()), (200, "user_1"));
}

#[tokio::test]
async fn portal_stays_in_reach_with_another_organization_active() {
    let service = layer(organizations()).layer(RedirectToPortal::organization_profile());
    let cookies = in_beta();
    let answer = send(
        service,
        request("https://app.example.com/orgs/acme", &[("cookie", &cookies), AS_SCRIPT]),
    )
    .await;
    assert!(
        answer
            .header("location")
            .unwrap()
            .starts_with("https://accounts.example.com/organization")
    );
}
