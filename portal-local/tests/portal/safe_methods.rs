//! `GET` and `HEAD` change nothing: link scanners, mail programs and other sites' pages send them too.

use hyper::Method;
use serde_json::{Value, json};

use crate::browser::{Answer, Browser};
use crate::organizations::{organization, user};
use crate::second_factor::{bob_signed_in, required, world_with};
use crate::world::{DASHBOARD, PASSWORD, World, identify, signed_in};

const ADA: &str = "ada+clerk_test@example.com";
const REAL: &str = "real@example.com";
/// The header fields of prefetches.
const AHEAD: [(&str, &str); 4] = [
    ("sec-purpose", "prefetch"),
    ("sec-purpose", "prefetch;prerender"),
    ("purpose", "prefetch"),
    ("x-moz", "prefetch"),
];

async fn head(browser: &mut Browser, path: &str) -> Answer {
    browser.send(Method::HEAD, path, &[], String::new()).await
}

/// Everything a scanner or a browser does to an address before its user opens it.
async fn scan(browser: &mut Browser, path: &str) {
    for _ in 0..2 {
        browser.get(path).await;
        head(browser, path).await;
        for header in AHEAD {
            let answer = browser.send(Method::GET, path, &[header], String::new()).await;
            assert_eq!(
                (answer.status, answer.header("cache-control")),
                (503, "no-store"),
                "{path}"
            );
        }
    }
}

async fn sign_in_path(world: &World, address: &str) -> String {
    let link = world.portal.sign_in_link_for(address).await.unwrap().unwrap();
    link.strip_prefix(world.portal.origin()).unwrap().to_owned()
}

async fn mailed_path(world: &World) -> String {
    let link = world.portal.outbox().await.unwrap()[0].link.clone().unwrap();
    link.strip_prefix(world.portal.origin()).unwrap().to_owned()
}

#[tokio::test]
async fn sign_in_link_is_redeemed_by_post_only() {
    let world = World::start().await;
    let application = world.application();
    user(&application, ADA).await;
    let path = sign_in_path(&world, ADA).await;
    let (mut scanner, mut browser) = (world.browser(), world.browser());
    scan(&mut scanner, &path).await;
    scan(&mut browser, &path).await;
    for one in [&mut scanner, &mut browser] {
        assert!(!application.handshake(one).await.is_signed_in());
    }
    let page = browser.get(&path).await;
    assert!(page.body.contains(ADA), "the page says who will be signed in");
    assert_eq!(browser.submit(&[]).await.status, 303);
    assert!(application.handshake(&mut browser).await.is_signed_in());
    assert_eq!(scanner.get(&path).await.status, 410);
}

#[tokio::test]
async fn invitation_is_accepted_by_post_only() {
    let world = World::start().await;
    let application = world.application();
    let (ada, _) = (user(&application, ADA).await, user(&application, REAL).await);
    let acme = organization(&application, "Acme", &ada).await;
    let invitations = format!("/v1/organizations/{acme}/invitations");
    let body = json!({ "email_address": REAL, "role": "org:member" });
    application.post(&invitations, &body).await;
    let path = mailed_path(&world).await;
    let mut browser = signed_in(&world, REAL).await;
    scan(&mut world.browser(), &path).await;
    let page = browser.get(&path).await;
    scan(&mut browser, page.location()).await;
    let members = format!("/v1/organizations/{acme}/memberships");
    assert_eq!(application.get(&members).await.json()["total_count"], 1);
    browser.confirm(&path).await;
    assert_eq!(application.get(&members).await.json()["total_count"], 2);
}

#[tokio::test]
async fn new_device_link_revokes_by_post_only() {
    let world = World::start().await;
    let application = world.application();
    user(&application, REAL).await;
    let (_, mut foreign) = (signed_in(&world, REAL).await, signed_in(&world, REAL).await);
    let path = mailed_path(&world).await;
    let mut reader = world.browser();
    scan(&mut reader, &path).await;
    let page = reader.get(&path).await;
    scan(&mut reader, page.location()).await;
    assert!(application.handshake(&mut foreign).await.is_signed_in());
    reader.confirm(&path).await;
    assert!(!application.handshake(&mut foreign).await.is_signed_in());
}

#[tokio::test]
async fn organization_in_an_address_is_activated_by_post_only() {
    let world = World::start().await;
    let application = world.application();
    let ada = user(&application, ADA).await;
    let (acme, books) = (
        organization(&application, "Acme", &ada).await,
        organization(&application, "Books", &ada).await,
    );
    let mut browser = signed_in(&world, ADA).await;
    browser.get("/organization-list").await;
    browser.submit(&[("organization_id", &acme)]).await;
    let active = async |browser: &mut Browser| -> Value {
        let cookies = application.handshake(browser).await;
        application.verified_claims(cookies.value("__session")).await["o"]["id"].clone()
    };
    for wanted in [&*books, "books"] {
        let path = format!("/organization?organization_id={wanted}");
        scan(&mut browser, &path).await;
        let cross_site = [("sec-fetch-site", "cross-site")];
        browser.send(Method::GET, &path, &cross_site, String::new()).await;
        assert_eq!(active(&mut browser).await, json!(acme));
    }
    let answer = browser.confirm("/organization?organization_id=books").await;
    assert_eq!((answer.status, answer.location()), (303, "/organization"));
    assert_eq!(active(&mut browser).await, json!(books));
}

#[tokio::test]
async fn prefetch_or_cross_site_get_sends_no_code() {
    let world = World::start().await;
    user(&world.application(), REAL).await;
    for page in ["/sign-in/factor-one?strategy=email_code", "/sign-in/reset-password"] {
        let before = world.portal.outbox().await.unwrap().len();
        let mut browser = world.browser();
        identify(&mut browser, REAL, DASHBOARD).await;
        head(&mut browser, page).await;
        for header in AHEAD {
            browser.send(Method::GET, page, &[header], String::new()).await;
        }
        let cross_site = [("sec-fetch-site", "cross-site")];
        browser.send(Method::GET, page, &cross_site, String::new()).await;
        assert_eq!(world.portal.outbox().await.unwrap().len(), before, "{page}");
        browser.get(page).await;
        assert_eq!(world.portal.outbox().await.unwrap().len(), before + 1, "{page}");
    }
}

#[tokio::test]
async fn head_answers_like_get_and_changes_nothing() {
    let world = world_with(required()).await;
    let (mut pending, _) = bob_signed_in(&world).await;
    let setup = "/sign-in/tasks/setup-mfa";
    head(&mut pending, setup).await;
    let secret = |page: &Answer| page.body.split("-secret\">").nth(1).map(str::to_owned);
    let (first, second) = (pending.get(setup).await, pending.get(setup).await);
    assert_eq!(secret(&first).is_some(), secret(&second).is_some());
    let mut stranger = world.browser();
    for path in ["/sign-in", "/sign-up", "/sign-out", "/"] {
        let answer = head(&mut stranger, path).await;
        assert_eq!((answer.status, answer.body.as_str()), (200, ""), "{path}");
        assert!(stranger.cookies.is_empty(), "no browser is made for it");
    }
    let state = format!("/v1/oauth_callback?state=x&{DASHBOARD}");
    assert!(head(&mut stranger, &state).await.status < 500);
    stranger.get("/sign-in").await;
    assert_eq!(
        stranger
            .submit(&[("identifier", "x"), ("password", PASSWORD)])
            .await
            .status,
        422
    );
}
