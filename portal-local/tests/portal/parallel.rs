//! The same wish twice at the same moment: nothing is made twice, and both get a clear answer.

use serde_json::{Value, json};

use crate::browser::Browser;
use crate::organizations::{organization, user};
use crate::world::{DASHBOARD, PASSWORD, World, identify, signed_in};

const ADA: &str = "ada+clerk_test@example.com";
const JOE: &str = "joe+clerk_test@example.com";

/// Submits the form that the browser is at five times at once. Gives the statuses in order.
async fn five(browser: &Browser, fields: &[(&str, &str)]) -> [u16; 5] {
    let mut twins = [(); 5].map(|()| browser.clone());
    let [a, b, c, d, e] = &mut twins;
    let answers = tokio::join!(
        a.submit(fields),
        b.submit(fields),
        c.submit(fields),
        d.submit(fields),
        e.submit(fields)
    );
    let mut statuses = [answers.0, answers.1, answers.2, answers.3, answers.4].map(|answer| {
        assert!(answer.status == 303 || answer.body.contains("<h1"), "{}", answer.body);
        answer.status
    });
    statuses.sort_unstable();
    statuses
}

async fn count(world: &World, path: &str) -> Value {
    world.application().get(path).await.json()["total_count"].clone()
}

#[tokio::test]
async fn parallel_sign_up_creates_one_account() {
    let world = World::start().await;
    let mut browser = world.browser();
    browser.get(&format!("/sign-up?{DASHBOARD}")).await;
    let fields = [("emailAddress", "real@example.com"), ("password", PASSWORD)];
    let statuses = five(&browser, &fields).await;
    assert!(
        statuses.iter().all(|status| matches!(status, 303 | 429)),
        "{statuses:?}"
    );
    let mails = world.portal.outbox().await.unwrap();
    let mut browser = browser.clone();
    browser.get(&format!("/sign-up/verify-email-address?{DASHBOARD}")).await;
    let code = mails[0].code.clone().unwrap();
    let statuses = five(&browser, &[("code", &code)]).await;
    assert!(statuses.iter().all(|status| *status == 303), "{statuses:?}");
    assert_eq!(count(&world, "/v1/users/count").await, 1);
    assert_eq!(count(&world, "/v1/sessions?paginated=true&status=active").await, 1);
    assert!(world.application().handshake(&mut browser).await.is_signed_in());
}

#[tokio::test]
async fn parallel_sign_up_with_one_address_creates_one_account() {
    let world = World::start().await;
    let (mut one, mut other) = (world.browser(), world.browser());
    for browser in [&mut one, &mut other] {
        browser.get("/sign-up").await;
        let answer = browser.submit(&[("emailAddress", ADA), ("password", PASSWORD)]).await;
        browser.follow(&answer).await;
    }
    let fields = [("code", "424242")];
    let (first, second) = tokio::join!(one.submit(&fields), other.submit(&fields));
    let mut statuses = [first.status, second.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 422], "{} {}", first.body, second.body);
    assert_eq!(count(&world, "/v1/users/count").await, 1);
}

#[tokio::test]
async fn parallel_sign_in_creates_one_session() {
    let world = World::start().await;
    user(&world.application(), ADA).await;
    let mut browser = world.browser();
    identify(&mut browser, ADA, DASHBOARD).await;
    let statuses = five(&browser, &[("password", PASSWORD)]).await;
    assert!(statuses.iter().all(|status| *status == 303), "{statuses:?}");
    assert_eq!(count(&world, "/v1/sessions?paginated=true&status=active").await, 1);
    assert!(world.application().handshake(&mut browser).await.is_signed_in());
}

#[tokio::test]
async fn parallel_address_or_invitation_is_added_once() {
    let world = World::start().await;
    let application = world.application();
    let mut browser = world.signed_up(ADA).await;
    browser.get("/user/email-addresses").await;
    let more = "more+clerk_test@example.com";
    let statuses = five(&browser, &[("emailAddress", more)]).await;
    assert_eq!(statuses, [303; 5]);
    let addresses = async || application.get("/v1/users").await.json()[0]["email_addresses"].clone();
    assert_eq!(addresses().await.as_array().unwrap().len(), 2);
    let id = addresses().await[1]["id"].as_str().unwrap().to_owned();
    browser.get(&format!("/user/email-addresses/verify?id={id}")).await;
    let statuses = five(&browser, &[("code", "424242")]).await;
    assert!(statuses.contains(&303), "{statuses:?}");
    assert_eq!(addresses().await[1]["verification"]["status"], "verified");
    assert_eq!(addresses().await.as_array().unwrap().len(), 2);

    browser.get("/create-organization").await;
    assert_eq!(five(&browser, &[("name", "Acme")]).await, [303; 5]);
    assert_eq!(count(&world, "/v1/organizations").await, 1);
    browser.get("/organization/invitations").await;
    let statuses = five(
        &browser,
        &[("emailAddresses", "guest@example.com"), ("role", "org:member")],
    )
    .await;
    assert!(statuses.contains(&303), "{statuses:?}");
    assert_eq!(count(&world, "/v1/organizations/acme/invitations").await, 1);
    assert_eq!(world.portal.outbox().await.unwrap().len(), 1, "one mail");
}

#[tokio::test]
async fn parallel_acceptance_uses_an_invitation_once() {
    let world = World::start().await;
    let application = world.application();
    let (ada, _) = (user(&application, ADA).await, user(&application, JOE).await);
    let acme = organization(&application, "Acme", &ada).await;
    let path = format!("/v1/organizations/{acme}/invitations");
    let body = json!({ "email_address": JOE, "role": "org:member" });
    let invited = application.post(&path, &body).await.json();
    let mut joe = signed_in(&world, JOE).await;
    joe.get("/organization-list").await;
    let statuses = five(&joe, &[("invitation_id", invited["id"].as_str().unwrap())]).await;
    assert!(statuses.contains(&303), "{statuses:?}");
    assert_eq!(count(&world, &format!("/v1/organizations/{acme}/memberships")).await, 2);

    let token = application
        .post("/v1/sign_in_tokens", &json!({ "user_id": ada }))
        .await
        .json();
    let path = format!("/sign-in?__clerk_ticket={}", token["token"].as_str().unwrap());
    let (mut one, mut other) = (world.browser(), world.browser());
    let (first, second) = tokio::join!(one.confirm(&path), other.confirm(&path));
    let mut statuses = [first.status, second.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 410], "a link signs one browser in");
}

#[tokio::test]
async fn parallel_deletion_deletes_once() {
    let world = World::start().await;
    let application = world.application();
    let mut browser = world.signed_up(ADA).await;
    for name in ["Acme", "Books"] {
        browser.get("/create-organization").await;
        assert_eq!(browser.submit(&[("name", name)]).await.status, 303);
        world.clock.forward_secs(10);
    }
    browser.get("/organization/delete").await;
    let statuses = five(&browser, &[("confirmation", "Books")]).await;
    assert!(
        statuses.contains(&303) && statuses.iter().all(|status| *status < 500),
        "{statuses:?}"
    );
    let left = application.get("/v1/organizations").await.json();
    assert_eq!(
        (&left["total_count"], &left["data"][0]["name"]),
        (&json!(1), &json!("Acme"))
    );
    application.delete("/v1/organizations/acme").await;

    browser.get("/user/delete").await;
    let statuses = five(&browser, &[("confirmation", "Delete account")]).await;
    assert!(
        statuses.contains(&303) && statuses.iter().all(|status| *status < 500),
        "{statuses:?}"
    );
    assert_eq!(count(&world, "/v1/users/count").await, 0);
    assert!(!application.handshake(&mut browser).await.is_signed_in());
}

#[tokio::test]
async fn parallel_backend_calls_create_one_of_each() {
    let world = World::start().await;
    let application = world.application();
    let ada = user(&application, ADA).await;
    let acme = organization(&application, "Acme", &ada).await;
    let joe = user(&application, JOE).await;
    for (path, body, second, counted) in [
        (
            "/v1/users".to_owned(),
            json!({ "email_address": ["x@example.com"] }),
            422,
            "/v1/users/count",
        ),
        (
            "/v1/organizations".to_owned(),
            json!({ "name": "One", "slug": "one", "created_by": ada }),
            422,
            "/v1/organizations",
        ),
        (
            format!("/v1/organizations/{acme}/memberships"),
            json!({ "user_id": joe, "role": "org:member" }),
            400,
            "/v1/organizations/acme/memberships",
        ),
        (
            format!("/v1/organizations/{acme}/invitations"),
            json!({ "email_address": "i@example.com", "role": "org:member" }),
            400,
            "/v1/organizations/acme/invitations",
        ),
        (
            "/v1/invitations".to_owned(),
            json!({ "email_address": "i@example.com" }),
            400,
            "/v1/invitations?paginated=true",
        ),
        (
            "/v1/waitlist_entries".to_owned(),
            json!({ "email_address": "w@example.com" }),
            200,
            "/v1/waitlist_entries",
        ),
        (
            "/v1/allowlist_identifiers".to_owned(),
            json!({ "identifier": "l@example.com" }),
            400,
            "/v1/allowlist_identifiers?paginated=true",
        ),
    ] {
        let before = count(&world, counted).await.as_i64().unwrap();
        let (one, other) = tokio::join!(application.post(&path, &body), application.post(&path, &body));
        let mut statuses = [one.status, other.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, second], "{path}: {} {}", one.body, other.body);
        assert_eq!(count(&world, counted).await, before + 1, "{path}");
    }
}
