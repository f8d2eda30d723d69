//! A page that would be refused by a token from before a visit to the portal renews the token once first.

use portal_tower::portal_sdk::authorization::{Reverification, Role};
use portal_tower::portal_sdk::portal::PortalPage;
use portal_tower::{RedirectToPortal, RequireAuthLayer};
use serde_json::json;
use tower::{Layer as _, ServiceBuilder};

use crate::support::{
    AS_PAGE, AS_SCRIPT, Answer, App, LIVE_ISSUER, NOW_SECS, TEST_ISSUER, layer, live, request, send, session, test,
};

const TEAM: &str = "https://app.example.com/team?tab=1";
const FROM_PORTAL: (&str, &str) = ("referer", "https://accounts.example.com/organization");

fn admins() -> RequireAuthLayer {
    RequireAuthLayer::with(Role::new("org:admin"))
}

/// The cookies of a user with the personal account, by a token of five seconds ago.
fn personal() -> String {
    session(LIVE_ISSUER, &json!({}))
}

async fn ask(guard: RequireAuthLayer, target: &str, headers: &[(&str, &str)]) -> Answer {
    let service = ServiceBuilder::new()
        .layer(layer(live()))
        .layer(guard)
        .service(App::default().service());
    send(service, request(target, headers)).await
}

/// The pair that the browser keeps of our cookie.
fn visit_cookie(answer: &Answer) -> Option<String> {
    let mut cookies = answer.all("set-cookie").into_iter();
    let cookie = cookies.rfind(|cookie| cookie.starts_with("__portal_visit="))?;
    Some(cookie.split(';').next().unwrap().to_owned())
}

fn is_handshake(answer: &Answer) -> bool {
    let location = answer.header("location").unwrap_or_default();
    answer.status == 307 && location.starts_with("https://clerk.example.com/v1/client/handshake?")
}

#[tokio::test]
async fn unmet_page_from_the_portal_renews_its_token_first() {
    let cookies = personal();
    for referer in [FROM_PORTAL, ("referer", "https://clerk.example.com/v1/")] {
        let answer = ask(admins(), TEAM, &[("cookie", &cookies), AS_PAGE, referer]).await;
        assert!(is_handshake(&answer), "{referer:?}: {} {}", answer.status, answer.body);
        let location = answer.header("location").unwrap();
        assert!(
            location.contains("redirect_url=https%3A%2F%2Fapp.example.com%2Fteam%3Ftab%3D1&"),
            "{location}"
        );
        assert!(
            location.contains("__clerk_hs_reason=active-organization-mismatch"),
            "{location}"
        );
        assert_eq!(answer.header("x-clerk-auth-status"), Some("handshake"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert!(answer.all("set-cookie")[0].starts_with("__clerk_redirect_count=1;"));
    }
}

#[tokio::test]
async fn renewal_happens_once_per_chain_of_redirects() {
    let cookies = format!("{}; __clerk_redirect_count=1", personal());
    let answer = ask(admins(), TEAM, &[("cookie", &cookies), AS_PAGE, FROM_PORTAL]).await;
    assert_eq!(answer.status, 403, "{:?}", answer.headers);
}

#[tokio::test]
async fn renewals_end_without_the_counter() {
    // A slow round trip: the counter of redirects has expired each time, and the portal gives the same token.
    let mut kept = String::new();
    let mut statuses = Vec::new();
    for _ in 0..5 {
        let cookies = format!("{}; {kept}", personal());
        let answer = ask(admins(), TEAM, &[("cookie", &cookies), AS_PAGE, FROM_PORTAL]).await;
        statuses.push(answer.status);
        kept = visit_cookie(&answer).unwrap_or(kept);
    }
    // The refusal leads to the portal, and so remembers another visit.
    assert_eq!(statuses, [307, 307, 307, 403, 403]);
}

#[tokio::test]
async fn only_page_requests_from_the_portal_renew() {
    let cookies = personal();
    let cookie = ("cookie", cookies.as_str());
    let own = ("referer", "https://app.example.com/");
    for (target, headers) in [
        (TEAM.to_owned(), vec![cookie, AS_PAGE]),
        (TEAM.to_owned(), vec![cookie, AS_PAGE, own]),
        (TEAM.to_owned(), vec![cookie, AS_SCRIPT, FROM_PORTAL]),
        (TEAM.to_owned(), vec![cookie, ("hx-request", "true"), FROM_PORTAL]),
        (format!("POST {TEAM}"), vec![cookie, AS_PAGE, own]),
        (format!("HEAD {TEAM}"), vec![cookie, AS_PAGE, FROM_PORTAL]),
    ] {
        let answer = ask(admins(), &target, &headers).await;
        assert_eq!(answer.status, 403, "{target} {headers:?}");
    }
}

#[tokio::test]
async fn met_requirement_never_renews() {
    let cookies = session(LIVE_ISSUER, &json!({ "org_id": "org_a", "org_role": "org:admin" }));
    let answer = ask(admins(), TEAM, &[("cookie", &cookies), AS_PAGE, FROM_PORTAL]).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "user_1"));
}

#[tokio::test]
async fn every_refusal_of_a_signed_in_user_renews_first() {
    let pending = session(LIVE_ISSUER, &json!({ "sts": "pending" }));
    let member = session(LIVE_ISSUER, &json!({ "org_id": "org_a", "org_role": "org:member" }));
    let again = RequireAuthLayer::with(Reverification::STRICT);
    for (guard, cookies) in [
        (RequireAuthLayer::signed_in(), &pending),
        (admins(), &member),
        (admins().with_unmet_redirect("/organization"), &member),
        (admins().with_unmet_redirect(PortalPage::OrganizationProfile), &member),
        (again, &member),
    ] {
        let headers = [("cookie", cookies.as_str()), AS_PAGE, FROM_PORTAL];
        let answer = ask(guard.clone(), TEAM, &headers).await;
        assert!(is_handshake(&answer), "{guard:?}: {}", answer.status);
    }
}

#[tokio::test]
async fn visit_since_the_token_renews_it_and_an_earlier_one_does_not() {
    let to_portal = layer(live()).layer(RedirectToPortal::organization_profile());
    let cookies = personal();
    let there = "https://app.example.com/organization";
    let answer = send(to_portal, request(there, &[("cookie", &cookies), AS_PAGE])).await;
    assert_eq!(answer.status, 303);
    let visit = visit_cookie(&answer).unwrap();
    assert_eq!(visit, format!("__portal_visit={NOW_SECS}"));

    // Back on the application's own pages, and only then on the guarded one.
    let own = ("referer", "https://app.example.com/");
    let with_visit = format!("{cookies}; {visit}");
    let answer = ask(admins(), TEAM, &[("cookie", &with_visit), AS_PAGE, own]).await;
    assert!(is_handshake(&answer), "{}", answer.status);
    // The renewal answers for the visit.
    assert_eq!(visit_cookie(&answer), Some(format!("__portal_visit=~{NOW_SECS}")));

    let newer = session(LIVE_ISSUER, &json!({ "iat": NOW_SECS + 1 }));
    let newer = format!("{newer}; {visit}");
    let answer = ask(admins(), TEAM, &[("cookie", &newer), AS_PAGE, own]).await;
    assert_eq!(answer.status, 403);
}

#[tokio::test]
async fn unmet_redirect_to_the_portal_keeps_the_address_and_does_not_loop() {
    let guard = || admins().with_unmet_redirect(PortalPage::OrganizationProfile);
    let cookies = personal();
    let answer = ask(guard(), TEAM, &[("cookie", &cookies), AS_PAGE]).await;
    assert_eq!(answer.status, 303);
    assert_eq!(
        answer.header("location"),
        Some("https://accounts.example.com/organization?redirect_url=https%3A%2F%2Fapp.example.com%2Fteam%3Ftab%3D1")
    );
    // On the way back the token is renewed instead of the browser being sent there again.
    let back = format!("{cookies}; {}", visit_cookie(&answer).unwrap());
    assert!(is_handshake(&ask(guard(), TEAM, &[("cookie", &back), AS_PAGE]).await));
    for kind in [AS_SCRIPT, ("hx-request", "true")] {
        let answer = ask(guard(), TEAM, &[("cookie", &cookies), kind]).await;
        assert_eq!((answer.status, answer.header("location")), (403, None));
    }
}

#[tokio::test]
async fn development_renewal_carries_the_development_token() {
    let service = ServiceBuilder::new()
        .layer(layer(test()))
        .layer(admins())
        .service(App::default().service());
    let cookies = session(TEST_ISSUER, &json!({}));
    let headers = [
        ("cookie", cookies.as_str()),
        AS_PAGE,
        ("referer", "https://foo-bar-13.accounts.dev/"),
    ];
    let answer = send(service, request("http://localhost:3000/team", &headers)).await;
    let location = answer.header("location").unwrap();
    assert!(
        location.starts_with("https://foo-bar-13.clerk.accounts.dev/v1/client/handshake?"),
        "{location}"
    );
    assert!(location.ends_with("&__clerk_db_jwt=dvb"), "{location}");
}
