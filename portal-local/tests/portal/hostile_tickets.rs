//! Tickets that are forged, altered, used, revoked, or another user's.

use serde_json::json;

use crate::organizations::{organization, user};
use crate::world::{World, signed_in};

const ADA: &str = "ada+clerk_test@example.com";
const JOE: &str = "joe+clerk_test@example.com";
const EVE: &str = "eve+clerk_test@example.com";

/// The ticket in a link.
fn ticket(link: &str) -> String {
    link.split_once("ticket=").unwrap().1.to_owned()
}

/// Texts that look like the ticket.
fn altered(ticket: &str) -> Vec<String> {
    let mut first_changed = ticket.to_owned();
    first_changed.replace_range(..1, if ticket.starts_with('A') { "B" } else { "A" });
    vec![
        first_changed,
        ticket[..ticket.len() - 1].to_owned(),
        format!("{ticket}A"),
        format!("%20{ticket}"),
        format!("{ticket}%00"),
        ticket.to_lowercase(),
        ticket.to_uppercase(),
        String::new(),
        "%00".to_owned(),
        "%FF".to_owned(),
        "../../x".to_owned(),
        "x".repeat(4_000),
        "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ1c2VyXzEifQ.".to_owned(),
    ]
}

#[tokio::test]
async fn malformed_ticket_is_refused() {
    let world = World::start().await;
    let application = world.application();
    let ada = user(&application, ADA).await;
    let acme = organization(&application, "Acme", &ada).await;
    let token = application
        .post("/v1/sign_in_tokens", &json!({ "user_id": ada }))
        .await
        .json();
    let body = json!({ "email_address": "new@example.com" });
    let invitation = application.post("/v1/invitations", &body).await.json();
    let body = json!({ "email_address": "guest@example.com", "role": "org:admin" });
    let path = format!("/v1/organizations/{acme}/invitations");
    let membership = application.post(&path, &body).await.json();
    for link in [&token["url"], &invitation["url"], &membership["url"]] {
        for wrong in altered(&ticket(link.as_str().unwrap())) {
            for path in [
                format!("/v1/tickets/accept?ticket={wrong}"),
                format!("/sign-in?__clerk_ticket={wrong}"),
                format!("/sign-up?__clerk_ticket={wrong}"),
            ] {
                let mut browser = world.browser();
                let answer = browser.get(&path).await;
                let is_plain_page = wrong.is_empty() || wrong.len() >= 4_000;
                assert!(
                    answer.status == 410 || (is_plain_page && answer.status == 200),
                    "{path}: {} {}",
                    answer.status,
                    answer.body
                );
                assert!(!application.handshake(&mut browser).await.is_signed_in(), "{path}");
            }
        }
    }
    assert_eq!(application.get("/v1/users/count").await.json()["total_count"], 1);
    let pending = application.get(&format!("{path}?status=pending")).await.json();
    assert_eq!(pending["total_count"], 1, "the real one is still good");
    let good = world
        .browser()
        .confirm(&format!(
            "/sign-in?__clerk_ticket={}",
            ticket(token["url"].as_str().unwrap())
        ))
        .await;
    assert_eq!(good.status, 303);
}

#[tokio::test]
async fn invitation_is_refused_for_another_account() {
    let world = World::start().await;
    let application = world.application();
    let (ada, joe) = (user(&application, ADA).await, user(&application, JOE).await);
    user(&application, EVE).await;
    let acme = organization(&application, "Acme", &ada).await;
    let path = format!("/v1/organizations/{acme}/invitations");
    let body = json!({ "email_address": JOE, "role": "org:admin" });
    let invited = application.post(&path, &body).await.json();
    let link = invited["url"]
        .as_str()
        .unwrap()
        .strip_prefix(world.portal.origin())
        .unwrap()
        .to_owned();

    // Another user opens it, and answers the form that the page may show with every id they can think of.
    let mut eve = signed_in(&world, EVE).await;
    eve.get("/organization-list").await;
    let token = eve.form_token();
    for fields in [
        [
            ("invitation_id", invited["id"].as_str().unwrap()),
            ("organization_id", ""),
        ],
        [("invitation_id", ""), ("organization_id", acme.as_str())],
    ] {
        let mut all = vec![("form_token", token.as_str())];
        all.extend(fields);
        let refused = eve.post("/organization-list", &all, &[]).await;
        assert!((400..500).contains(&refused.status), "{}", refused.status);
    }
    let members = async || {
        application
            .get(&format!("/v1/organizations/{acme}/memberships"))
            .await
            .json()
    };
    assert_eq!(members().await["total_count"], 1);

    let mut own = signed_in(&world, JOE).await;
    own.confirm(&link).await;
    assert_eq!(members().await["total_count"], 2);
    assert_eq!(members().await["data"][0]["public_user_data"]["user_id"], joe);
    assert_eq!(world.browser().get(&link).await.status, 410, "it was used");
    let again = eve.get(&link).await;
    assert_eq!(again.status, 410);
}

#[tokio::test]
async fn revoked_or_foreign_ticket_is_refused() {
    let (world, other) = (World::start().await, World::start().await);
    let (application, elsewhere) = (world.application(), other.application());
    let ada = user(&application, ADA).await;
    user(&elsewhere, ADA).await;
    let token = application
        .post("/v1/sign_in_tokens", &json!({ "user_id": ada }))
        .await
        .json();
    let query = format!("/sign-in?__clerk_ticket={}", token["token"].as_str().unwrap());
    assert_eq!(other.browser().get(&query).await.status, 410, "another portal's");
    let revoke = format!("/v1/sign_in_tokens/{}/revoke", token["id"].as_str().unwrap());
    assert_eq!(application.post(&revoke, &json!({})).await.status, 200);
    assert_eq!(world.browser().get(&query).await.status, 410, "withdrawn");

    let token = application
        .post("/v1/sign_in_tokens", &json!({ "user_id": ada }))
        .await
        .json();
    let query = format!("/sign-in?__clerk_ticket={}", token["token"].as_str().unwrap());
    application.post(&format!("/v1/users/{ada}/ban"), &json!({})).await;
    let mut browser = world.browser();
    let refused = browser.get(&query).await;
    assert!((400..500).contains(&refused.status), "banned: {}", refused.status);
    assert!(!application.handshake(&mut browser).await.is_signed_in());
    application.delete(&format!("/v1/users/{ada}")).await;
    assert_eq!(world.browser().get(&query).await.status, 410, "its user is gone");
}
