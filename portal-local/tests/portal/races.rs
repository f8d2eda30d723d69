//! Two different wishes at the same moment: each gets an answer that a user understands, never a failure.

use serde_json::json;

use crate::browser::{Answer, Browser};
use crate::organizations::{organization, user};
use crate::world::{World, signed_in};

const ADA: &str = "ada+clerk_test@example.com";
const MORE: &str = "more+clerk_test@example.com";
const ROUNDS: usize = 6;

/// Sends a form that the browser has a proof for.
async fn send(browser: &Browser, token: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
    let mut all = vec![("form_token", token)];
    all.extend_from_slice(fields);
    browser.clone().post(path, &all, &[]).await
}

fn assert_understood(answer: &Answer, what: &str) {
    assert!(answer.status < 500, "{what}: {} {}", answer.status, answer.body);
    assert!(
        answer.status == 303 || answer.body.contains("<h1"),
        "{what}: {}",
        answer.body
    );
}

#[tokio::test]
async fn primary_address_change_during_removal_causes_no_server_error() {
    let world = World::start().await;
    let application = world.application();
    for round in 0..ROUNDS {
        let address = format!("ada{round}+clerk_test@example.com");
        let mut browser = world.signed_up(&address).await;
        browser.get("/user/email-addresses").await;
        let added = browser.submit(&[("emailAddress", &format!("{round}{MORE}"))]).await;
        browser.follow(&added).await;
        assert_eq!(browser.submit(&[("code", "424242")]).await.status, 303);
        browser.get("/user").await;
        let token = browser.form_token();
        let addresses = application.get("/v1/users").await.json()[0]["email_addresses"].clone();
        let id = [("id", addresses[1]["id"].as_str().unwrap())];
        let (primary, removed) = tokio::join!(
            send(&browser, &token, "/user/email-addresses/primary", &id),
            send(&browser, &token, "/user/email-addresses/remove", &id),
        );
        assert_understood(&primary, "primary");
        assert_understood(&removed, "remove");
        let left = application.get("/v1/users").await.json()[0].clone();
        let has = |id: &serde_json::Value| {
            left["email_addresses"]
                .as_array()
                .unwrap()
                .iter()
                .any(|one| one["id"] == *id)
        };
        assert!(has(&left["primary_email_address_id"]), "{left}");
    }
}

#[tokio::test]
async fn account_deletion_during_other_requests_causes_no_server_error() {
    let world = World::start().await;
    let application = world.application();
    let actions: [(&str, &[(&str, &str)]); 10] = [
        ("/user", &[("firstName", "Ada")]),
        ("/user/email-addresses", &[("emailAddress", MORE)]),
        ("/user/connected-accounts", &[]),
        ("/user/security/authenticator", &[("code", "123456")]),
        ("/user/security/backup-codes", &[]),
        ("/user/security/devices", &[("session_id", "sess_x")]),
        ("/user/verify?strategy=email_code", &[("intent", "resend")]),
        ("/organization-list", &[("organization_id", "")]),
        ("/create-organization", &[("name", "Acme")]),
        ("/sign-out", &[]),
    ];
    for (path, fields) in actions {
        let id = user(&application, ADA).await;
        let mut browser = signed_in(&world, ADA).await;
        browser.get("/user/delete").await;
        let token = browser.form_token();
        let api = format!("/v1/users/{id}");
        let (deleted, done, by_application) = tokio::join!(
            send(&browser, &token, "/user/delete", &[("confirmation", "Delete account")]),
            send(&browser, &token, path, fields),
            application.delete(&api),
        );
        assert_understood(&deleted, "delete");
        assert_understood(&done, path);
        assert!(by_application.status < 500, "{}", by_application.body);
        application.delete(&api).await;
    }
}

#[tokio::test]
async fn organization_deletion_during_other_requests_causes_no_server_error() {
    let world = World::start().await;
    let application = world.application();
    let (ada, joe) = (user(&application, ADA).await, user(&application, MORE).await);
    let mut browser = signed_in(&world, ADA).await;
    let actions: [(&str, &[(&str, &str)]); 7] = [
        ("/organization", &[("name", "Books"), ("slug", "books")]),
        (
            "/organization/invitations",
            &[("emailAddresses", "i@example.com"), ("role", "org:member")],
        ),
        ("/organization/invitations/revoke", &[("invitation_id", "orginv_x")]),
        (
            "/organization/organization-members/role",
            &[("user_id", &joe), ("role", "org:admin")],
        ),
        ("/organization/organization-members/remove", &[("user_id", &joe)]),
        ("/organization/leave", &[("confirmation", "Acme")]),
        (
            "/create-organization/invite",
            &[("emailAddresses", "i@example.com"), ("role", "org:member")],
        ),
    ];
    for (path, fields) in actions {
        let acme = organization(&application, "Acme", &ada).await;
        let member = json!({ "user_id": joe, "role": "org:member" });
        let members = format!("/v1/organizations/{acme}/memberships");
        assert_eq!(application.post(&members, &member).await.status, 200);
        browser.get("/organization-list").await;
        assert_eq!(browser.submit(&[("organization_id", &acme)]).await.status, 303);
        browser.get("/organization/delete").await;
        let token = browser.form_token();
        let (deleted, done) = tokio::join!(
            send(&browser, &token, "/organization/delete", &[("confirmation", "Acme")]),
            send(&browser, &token, path, fields),
        );
        assert_understood(&deleted, "delete");
        assert_understood(&done, path);
        application.delete(&format!("/v1/organizations/{acme}")).await;
    }
}

#[tokio::test]
async fn session_ended_during_a_form_redirects_to_sign_in() {
    let world = World::start().await;
    let mut browser = world.signed_up(ADA).await;
    for path in ["/user", "/user/security", "/create-organization"] {
        browser.get(path).await;
        let token = browser.form_token();
        world.portal.reset().await.unwrap();
        let answer = send(&browser, &token, path, &[("name", "Acme")]).await;
        assert!(matches!(answer.status, 303 | 403), "{path}: {}", answer.status);
        browser = world.signed_up(ADA).await;
    }
}
