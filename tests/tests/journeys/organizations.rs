//! Organizations: creating one, and choosing one.

use portal_local::{LocalPortalBuilder, SeedOrganization, Settings};
use portal_tests::browser::{Browser, Scripts, Visit, handshakes, statuses};
use portal_tests::ending::Expected;
use portal_tests::shop::Shop;

use crate::{JANE, SOLO, open, open_with, sign_in, sign_in_here, user};

pub(crate) async fn new_organization_is_active(scripts: Scripts) {
    let (shop, browser) = open(scripts).await;
    sign_in(&browser, &shop, SOLO).await;
    let back = shop.at("/orgs/acme2");
    browser
        .visit(&shop.portal_at(&format!("/create-organization?redirect_url={back}")))
        .await;
    browser.fill("name", "Acme 2").await;
    browser.fill("slug", "acme2").await;
    browser.follow("portal-create-organization-submit").await;
    browser.follow("portal-create-organization-invite-skip").await;
    assert_eq!(browser.arrives_at(&shop.app).await.as_str(), back);
    assert_eq!(browser.read("organization").await, "acme2");

    let members = shop.backend_api().get("/v1/organizations/acme2/memberships").await;
    let [member] = members["data"].as_array().expect("a list").as_slice() else {
        panic!("not one member: {members}");
    };
    assert_eq!(member["role"], "org:admin");
    assert_eq!(member["public_user_data"]["identifier"], SOLO);
    shop.ends(browser, Expected::signed_in(SOLO).organization("acme2"))
        .await;
    shop.close().await;
}

/// A shop where jane, a member of acme and beta only, has beta active.
async fn open_in_beta(scripts: Scripts) -> (Shop, Browser) {
    let (shop, browser) = open_with(scripts, with_three_organizations).await;
    sign_in(&browser, &shop, JANE).await;
    browser.visit(&shop.at("/orgs/beta")).await;
    assert_eq!(browser.read("organization").await, "beta");
    browser.visits().await;
    (shop, browser)
}

fn with_three_organizations(portal: LocalPortalBuilder) -> LocalPortalBuilder {
    portal
        .organization(SeedOrganization::new("Beta", "beta").member(JANE, "org:member"))
        .organization(SeedOrganization::new("Strangers", "strangers"))
}

/// Opens a page. Returns the organization that it shows, and the visits.
async fn organization(browser: &Browser, shop: &Shop, path: &str) -> (String, Vec<Visit>) {
    browser.visit(&shop.at(path)).await;
    assert_eq!(browser.address().await.as_str(), shop.at(path));
    (browser.read("organization").await, browser.visits().await)
}

/// Checks that the visits have exactly one handshake, for this organization.
fn assert_one_handshake(visits: &[Visit], organization: &str) {
    assert_eq!(statuses(visits), [307, 307, 307, 200], "{visits:#?}");
    let handshake = handshakes(visits)[0];
    assert_eq!(handshake.parameter("organization_id").as_deref(), Some(organization));
    assert_eq!(
        handshake.parameter("__clerk_hs_reason").as_deref(),
        Some("active-organization-mismatch")
    );
}

pub(crate) async fn path_activates_its_organization(scripts: Scripts) {
    let (shop, browser) = open_in_beta(scripts).await;
    let (shown, visits) = organization(&browser, &shop, "/orgs/acme").await;
    assert_eq!(shown, "acme");
    assert_one_handshake(&visits, "acme");
    let (shown, visits) = organization(&browser, &shop, "/").await;
    assert_eq!(
        (shown.as_str(), statuses(&visits)),
        ("acme", vec![200]),
        "it stays active"
    );
    shop.ends(browser, Expected::signed_in(JANE).organization("acme")).await;
    shop.close().await;
}

pub(crate) async fn organization_of_non_member_is_not_activated(scripts: Scripts) {
    let (shop, browser) = open_in_beta(scripts).await;
    let (shown, visits) = organization(&browser, &shop, "/orgs/strangers").await;
    assert_eq!(shown, "beta", "the one before stays");
    assert!((1..=3).contains(&handshakes(&visits).len()), "{visits:#?}");
    assert_eq!(statuses(&visits).last(), Some(&403), "the application says no");
    let expected = Expected::signed_in(JANE).organization("beta");
    shop.ends(browser, expected.loop_stopped()).await;
    shop.close().await;
}

pub(crate) async fn path_activates_the_personal_account(scripts: Scripts) {
    let (shop, browser) = open_in_beta(scripts).await;
    let (shown, visits) = organization(&browser, &shop, "/me").await;
    assert_eq!(shown, "none");
    assert_one_handshake(&visits, "");
    shop.ends(browser, Expected::signed_in(JANE)).await;
    shop.close().await;
}

pub(crate) async fn pending_session_is_redirected_to_its_task(scripts: Scripts) {
    let mut settings = Settings::default();
    settings.force_organization_selection = true;
    let (shop, browser) = open_with(scripts, |portal| portal.settings(settings)).await;
    let dashboard = shop.at("/dashboard");
    let task = shop.portal_at("/sign-in/tasks/choose-organization");
    browser.visit(&dashboard).await;
    sign_in_here(&browser, SOLO, crate::PASSWORD).await;
    browser.arrives_at(&task).await;
    let id = shop.backend_api().user(SOLO).await["id"].take();
    let live = shop.backend_api().live_sessions(id.as_str().expect("an id")).await;
    let tasks = serde_json::json!([{ "key": "choose-organization" }]);
    assert!(
        live.len() == 1 && live[0]["status"] == "pending" && live[0]["tasks"] == tasks,
        "{live:#?}"
    );
    let shown = user(&browser, &shop).await;
    assert_eq!(shown, "nobody", "a pending session counts for nothing");

    browser.visit(&dashboard).await;
    browser.arrives_at(&task).await;
    browser.follow("portal-choose-organization-create").await;
    browser.fill("name", "Solo Books").await;
    browser.follow("portal-create-organization-submit").await;
    browser.follow("portal-create-organization-invite-skip").await;
    assert_eq!(browser.arrives_at(&shop.app).await.as_str(), dashboard);
    shop.ends(browser, Expected::signed_in(SOLO).organization("solo-books"))
        .await;
    shop.close().await;
}
