//! Forms of a tab whose organization is no longer the active one. `several_accounts` has those of another account.

use crate::browser::Browser;
use crate::organization_pages::{ADA, Fields, acme, add, post};
use crate::organizations::organization;
use crate::world::{World, signed_in};

#[tokio::test]
async fn form_of_an_organization_that_is_no_longer_active_changes_nothing() {
    let world = World::start().await;
    let application = world.application();
    let [ada, joe, acme] = acme(&world).await;
    let other = organization(&application, "Other", &ada).await;
    for id in [&acme, &other] {
        add(&application, id, &joe, "org:member").await;
    }
    let switch = async |browser: &mut Browser, id: &str| {
        browser.get("/organization-list").await;
        let switched = post(browser, "/organization-list", &[("organization_id", id)]).await;
        assert_eq!(switched.status, 303);
    };
    let forms: [(&str, &str, Fields<'_>); 6] = [
        ("/organization", "", &[("name", "Renamed"), ("slug", "renamed")]),
        ("/organization/organization-members", "/remove", &[("user_id", &joe)]),
        (
            "/organization/organization-members",
            "/role",
            &[("user_id", &joe), ("role", "org:admin")],
        ),
        (
            "/organization/invitations",
            "",
            &[("emailAddresses", "new@example.com"), ("role", "org:member")],
        ),
        (
            "/create-organization/invite",
            "",
            &[("emailAddresses", "new@example.com"), ("role", "org:member")],
        ),
        ("/organization/leave", "", &[("confirmation", "Other")]),
    ];
    let path = format!("/v1/organizations/{other}");
    let state = async || {
        let members = application.get(&format!("{path}/memberships")).await.json();
        let invitations = application.get(&format!("{path}/invitations")).await.json();
        (application.get(&path).await.json(), members, invitations)
    };
    let before = state().await;
    let mut browser = signed_in(&world, ADA).await;
    for (page, button, fields) in forms {
        switch(&mut browser, &acme).await;
        let shown = browser.get(page).await;
        let id = shown
            .after("name=\"shown_organization_id\" value=\"")
            .unwrap()
            .to_owned();
        assert_eq!(id, acme, "{page}");
        switch(&mut browser, &other).await;
        let mut all = vec![("shown_organization_id", id.as_str())];
        all.extend_from_slice(fields);
        let refused = post(&mut browser, &format!("{page}{button}"), &all).await;
        assert_eq!(refused.location(), format!("{page}?notice=organization-switched"));
        let told = browser.follow(&refused).await;
        assert!(told.says("Nothing was changed, because you switched"), "{page}");
    }
    assert_eq!(state().await, before);
}
