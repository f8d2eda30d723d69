//! Pages of a signed-out browser: sign-in leads back to them.

use crate::browser::Answer;
use crate::organization_pages::{ADA, post};
use crate::organizations::{organization, user};
use crate::world::{DASHBOARD, PASSWORD, World, signed_in};

/// Returns the URL that sign-in leads back to.
fn back(answer: &Answer) -> String {
    let query = answer.location().strip_prefix("/sign-in?").unwrap();
    let (_, back) = url::form_urlencoded::parse(query.as_bytes()).next().unwrap();
    back.into_owned()
}

#[tokio::test]
async fn account_pages_require_a_session() {
    let world = World::start().await;
    for path in [
        "/user",
        "/user/security",
        "/user/delete",
        "/user/email-addresses",
        "/organization",
        "/create-organization",
    ] {
        let answer = world.browser().get(&format!("{path}?{DASHBOARD}")).await;
        assert_eq!(answer.status, 303, "{path}");
        assert_eq!(back(&answer), format!("{}{path}?{DASHBOARD}", world.portal.origin()));
    }
}

#[tokio::test]
async fn sign_in_leads_back_to_the_organization_of_the_url() {
    let world = World::start().await;
    let path = "/organization?organization_id=org_1";
    let answer = world.browser().get(&format!("{path}&{DASHBOARD}")).await;
    assert_eq!(back(&answer), format!("{}{path}&{DASHBOARD}", world.portal.origin()));
}

#[tokio::test]
async fn button_after_sign_out_leads_back_to_its_page() {
    let world = World::start().await;
    let ada = user(&world.application(), ADA).await;
    organization(&world.application(), "Acme", &ada).await;
    for (button, page) in [
        ("/user/email-addresses/primary", "/user"),
        ("/user/email-addresses/remove", "/user"),
        ("/user/connected-accounts", "/user"),
        ("/user/connected-accounts/remove", "/user"),
        ("/user/security/devices", "/user/security"),
        ("/user/security/authenticator/remove", "/user/security"),
        (
            "/organization/organization-members/role",
            "/organization/organization-members",
        ),
        (
            "/organization/organization-members/remove",
            "/organization/organization-members",
        ),
        ("/organization/invitations/revoke", "/organization/invitations"),
    ] {
        let mut browser = signed_in(&world, ADA).await;
        browser.get("/sign-out").await;
        let mut tab = browser.clone();
        browser.submit(&[]).await;
        let asked = post(&mut tab, button, &[]).await;
        tab.follow(&asked).await;
        let identified = tab.submit(&[("identifier", ADA)]).await;
        tab.follow(&identified).await;
        let answer = tab.submit(&[("password", PASSWORD)]).await;
        assert_eq!(
            answer.location(),
            format!("{}{page}", world.portal.origin()),
            "{button}"
        );
    }
}
