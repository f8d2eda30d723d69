//! A session that waits for a task has this task open and nothing else.

use hyper::Method;
use serde_json::json;

use crate::browser::{Answer, Browser};
use crate::second_factor::{ADA, BOB, bob_signed_in, path, required, world_with};
use crate::world::World;

const SETUP: &str = "/sign-in/tasks/setup-mfa";

async fn send(browser: &mut Browser, address: &str, fields: &[(&str, &str)]) -> Answer {
    browser.get(SETUP).await;
    let token = browser.form_token();
    let mut all = vec![("form_token", token.as_str())];
    all.extend_from_slice(fields);
    browser.post(address, &all, &[]).await
}

async fn user_id(world: &World, address: &str) -> String {
    let query = format!("/v1/users?email_address={}", address.replace('+', "%2B"));
    let found = world.application().get(&query).await.json();
    found[0]["id"].as_str().unwrap().to_owned()
}

/// Bob's session waits for a second factor. Ada's organization has invited him.
async fn invited() -> (World, Browser, String) {
    let world = world_with(required()).await;
    let application = world.application();
    let new = json!({ "name": "Acme", "created_by": user_id(&world, ADA).await });
    let acme = application.post("/v1/organizations", &new).await.json()["id"].clone();
    let body = json!({ "email_address": BOB, "role": "org:member" });
    let invitations = format!("/v1/organizations/{}/invitations", acme.as_str().unwrap());
    let invited = application.post(&invitations, &body).await.json();
    let (browser, answer) = bob_signed_in(&world).await;
    assert_eq!(path(&answer), SETUP);
    (world, browser, invited["id"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn pending_session_is_redirected_to_its_task() {
    let (_world, mut browser, _) = invited().await;
    for page in [
        "/user",
        "/user/security",
        "/user/security/authenticator",
        "/user/security/backup-codes",
        "/user/email-addresses",
        "/user/delete",
        "/user/verify",
        "/organization",
        "/organization/invitations",
        "/organization/organization-members",
        "/organization/roles",
        "/organization-list",
        "/create-organization",
        "/create-organization/invite",
        "/create-organization/finish",
        "/sign-in",
        "/sign-up",
        "/sign-in/tasks",
        "/sign-in/tasks/choose-organization",
        "/sign-in/tasks/reset-password",
    ] {
        let answer = browser.get(page).await;
        assert_eq!((answer.status, path(&answer)), (303, SETUP), "{page}");
    }
    assert_eq!(browser.get(SETUP).await.status, 200);
    assert_eq!(browser.get("/sign-out").await.status, 200, "leaving stays possible");
}

#[tokio::test]
async fn pending_session_cannot_change_the_account() {
    let (world, mut browser, invitation) = invited().await;
    let forms: [(&str, &[(&str, &str)]); 9] = [
        ("/create-organization", &[("name", "Own")]),
        ("/sign-in/tasks/choose-organization", &[("invitation_id", &invitation)]),
        ("/organization-list", &[("invitation_id", &invitation)]),
        (
            "/create-organization/invite",
            &[("emailAddresses", "i@example.com"), ("role", "org:member")],
        ),
        ("/user", &[("firstName", "Eve")]),
        ("/user/email-addresses", &[("emailAddress", "eve@example.com")]),
        ("/user/connected-accounts", &[]),
        ("/user/delete", &[("confirmation", "Delete account")]),
        ("/sign-in/tasks/reset-password", &[("password", "a new horse battery")]),
    ];
    for (address, fields) in forms {
        let answer = send(&mut browser, address, fields).await;
        assert_eq!((answer.status, path(&answer)), (303, SETUP), "{address}");
    }
    let application = world.application();
    assert_eq!(application.get("/v1/organizations").await.json()["total_count"], 1);
    let members = application.get("/v1/organizations/acme/memberships").await.json();
    assert_eq!(members["total_count"], 1, "the invitation is still open");
}

#[tokio::test]
async fn pending_session_gets_no_template_token_and_the_reason() {
    let (world, _, _) = invited().await;
    let application = world.application();
    let template = json!({ "name": "other", "claims": {} });
    application.post("/v1/jwt_templates", &template).await;
    let query = format!("/v1/sessions?user_id={}", user_id(&world, BOB).await);
    let sessions = application.get(&query).await.json();
    let path = format!("/v1/sessions/{}/tokens/other", sessions[0]["id"].as_str().unwrap());
    let refused = application.post(&path, &json!({})).await;
    assert_eq!(refused.status, 400, "{}", refused.body);
    let error = &refused.json()["errors"][0];
    assert_eq!(error["long_message"], "This session is pending.");
}

#[tokio::test]
async fn pending_handshake_activates_no_organization() {
    let (world, mut browser, _) = invited().await;
    let application = world.application();
    let member = json!({ "user_id": user_id(&world, BOB).await, "role": "org:member" });
    assert_eq!(
        application
            .post("/v1/organizations/acme/memberships", &member)
            .await
            .status,
        200
    );
    let handshake = "/v1/client/handshake?redirect_url=http%3A%2F%2Flocalhost%3A3000%2F&organization_id=acme";
    let answer = browser.send(Method::GET, handshake, &[], String::new()).await;
    assert_eq!(answer.status, 307);
    let cookies = application.handshake(&mut browser).await;
    let claims = application.verified_claims(cookies.value("__session")).await;
    assert_eq!((&claims["sts"], &claims["o"]), (&json!("pending"), &json!(null)));
}
