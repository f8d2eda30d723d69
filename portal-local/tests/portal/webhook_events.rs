//! Webhook events: each flow sends those of Clerk, with the Backend API's view of the object.

use hyper::Method;
use portal_local::{LocalPortalBuilder, SeedUser, Settings};
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::organization_pages::{JOE, add, post};
use crate::organizations::{organization, user};
use crate::receiver::Receiver;
use crate::world::{DASHBOARD, PASSWORD, PortalClock, World, identify, signed_in};

const ADA: &str = "ada+clerk_test@example.com";

/// A portal with a receiver, and the number of events that were looked at.
struct Hooks {
    world: World,
    receiver: Receiver,
    seen: usize,
}

impl Hooks {
    async fn start() -> Self {
        Self::described(|builder| builder).await
    }

    async fn described(describe: impl FnOnce(LocalPortalBuilder) -> LocalPortalBuilder) -> Self {
        let receiver = Receiver::start().await;
        let clock = PortalClock::new();
        let builder = describe(clock.builder().webhook(receiver.url()));
        let portal = builder.start().await.unwrap();
        let world = World { portal, clock };
        let seen = 0;
        Self { world, receiver, seen }
    }

    /// The events since the last call, once they are delivered.
    async fn news(&mut self) -> Vec<Value> {
        let mut stored = self.world.portal.webhooks().await.unwrap();
        stored.reverse();
        for delivery in &stored[self.seen..] {
            self.world.portal.webhook_delivered(&delivery.event_type).await.unwrap();
        }
        let received = self.receiver.received();
        let news = stored.split_off(self.seen);
        self.seen += news.len();
        let body = |id: &str| received.iter().find(|one| one.id() == id).unwrap().body.clone();
        news.iter()
            .map(|delivery| {
                assert_eq!(body(&delivery.id), delivery.body);
                serde_json::from_str(&delivery.body).unwrap()
            })
            .collect()
    }

    /// Asserts the types of the events since the last call. Returns their data.
    async fn expect(&mut self, types: &[&str]) -> Vec<Value> {
        let news = self.news().await;
        let found: Vec<&str> = news.iter().map(|event| event["type"].as_str().unwrap()).collect();
        assert_eq!(found, types, "{news:#?}");
        news.into_iter().map(|event| event["data"].clone()).collect()
    }

    async fn get(&self, path: &str) -> Value {
        self.world.application().get(path).await.json()
    }
}

#[tokio::test]
async fn sign_up_profile_and_sign_out_send_their_events() {
    let mut hooks = Hooks::start().await;
    let mut browser = hooks.world.browser();
    let agent = [("user-agent", "Mozilla/5.0 Test")];
    browser.send(Method::GET, "/sign-up", &agent, String::new()).await;
    browser.submit(&[("emailAddress", ADA), ("password", PASSWORD)]).await;
    hooks.expect(&[]).await;
    let token = browser.form_token();
    let fields = [("form_token", token.as_str()), ("code", "424242")];
    let answer = browser.post("/sign-up/verify-email-address", &fields, &agent).await;
    assert_eq!(answer.status, 303, "{}", answer.body);

    let news = hooks.news().await;
    let [created, session] = news.as_slice() else {
        panic!("{news:#?}")
    };
    assert_eq!(
        (&created["type"], &created["object"]),
        (&json!("user.created"), &json!("event"))
    );
    assert_eq!(created["timestamp"], hooks.world.clock.now_secs() * 1_000);
    assert!(created["instance_id"].as_str().unwrap().starts_with("ins_"));
    let request = json!({ "client_ip": "127.0.0.1", "user_agent": "Mozilla/5.0 Test" });
    assert_eq!(created["event_attributes"], json!({ "http_request": request }));
    let id = created["data"]["id"].as_str().unwrap().to_owned();
    assert_eq!(created["data"], hooks.get(&format!("/v1/users/{id}")).await);
    assert_eq!(session["type"], "session.created");
    let mut data = session["data"].clone();
    let owner = data.as_object_mut().unwrap().remove("user").unwrap();
    assert_eq!(owner, created["data"]);
    let session_id = data["id"].as_str().unwrap();
    assert_eq!(data, hooks.get(&format!("/v1/sessions/{session_id}")).await);

    browser.get("/user").await;
    browser.submit(&[("firstName", "Augusta"), ("lastName", "King")]).await;
    let updated = hooks.expect(&["user.updated"]).await;
    assert_eq!(updated[0]["first_name"], "Augusta");

    browser.confirm("/sign-out").await;
    let removed = hooks.expect(&["session.removed"]).await;
    assert_eq!(
        (&removed[0]["status"], &removed[0]["user"]["id"]),
        (&json!("removed"), &json!(id))
    );
}

#[tokio::test]
async fn email_addresses_are_part_of_their_user() {
    let mut hooks = Hooks::start().await;
    let mut browser = hooks.world.signed_up(ADA).await;
    hooks.news().await;
    browser.get("/user/email-addresses").await;
    let second = "second+clerk_test@example.com";
    let added = browser.submit(&[("emailAddress", second)]).await;
    let data = hooks.expect(&["user.updated"]).await;
    let address = &data[0]["email_addresses"][1];
    assert_eq!(address["verification"]["status"], "unverified");
    browser.follow(&added).await;
    browser.submit(&[("code", "424242")]).await;
    let data = hooks.expect(&["user.updated"]).await;
    let address = &data[0]["email_addresses"][1];
    assert_eq!(address["verification"]["status"], "verified");
    let id = address["id"].as_str().unwrap();
    browser.get("/user").await;
    post(&mut browser, "/user/email-addresses/primary", &[("id", id)]).await;
    let data = hooks.expect(&["user.updated"]).await;
    assert_eq!(data[0]["primary_email_address_id"], *id);
    let first = data[0]["email_addresses"][0]["id"].as_str().unwrap();
    post(&mut browser, "/user/email-addresses/remove", &[("id", first)]).await;
    let data = hooks.expect(&["user.updated"]).await;
    assert_eq!(data[0]["email_addresses"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn sign_in_updates_the_user_and_ends_the_session_before_it() {
    let mut hooks = Hooks::start().await;
    user(&hooks.world.application(), ADA).await;
    hooks.expect(&["user.created"]).await;
    let mut browser = signed_in(&hooks.world, ADA).await;
    let data = hooks.expect(&["session.created", "user.updated"]).await;
    assert!(data[1]["last_sign_in_at"].is_i64());

    let link = hooks.world.portal.sign_in_link_for(ADA).await.unwrap().unwrap();
    hooks.expect(&[]).await;
    browser.confirm("/sign-out").await;
    hooks.expect(&["session.removed"]).await;
    browser
        .confirm(link.strip_prefix(&browser.origin.clone()).unwrap())
        .await;
    hooks.expect(&["session.created", "user.updated"]).await;

    // Single-session mode: another account replaces the first one.
    let joe = user(&hooks.world.application(), JOE).await;
    hooks.expect(&["user.created"]).await;
    browser.get("/").await;
    post(&mut browser, "/__local/sign-in-as", &[("user_id", &joe)]).await;
    let data = hooks
        .expect(&["session.ended", "session.created", "user.updated"])
        .await;
    assert_eq!(
        (&data[0]["status"], &data[1]["user_id"]),
        (&json!("replaced"), &json!(joe))
    );

    hooks.world.clock.forward_secs(8 * 24 * 60 * 60);
    browser.get("/user").await;
    let data = hooks.expect(&["session.ended"]).await;
    assert_eq!(data[0]["status"], "expired");
}

#[tokio::test]
async fn revocation_sends_session_revoked() {
    let mut hooks = Hooks::start().await;
    let application = hooks.world.application();
    let ada = user(&application, ADA).await;
    let mut browser = signed_in(&hooks.world, ADA).await;
    let mut other = signed_in(&hooks.world, ADA).await;
    hooks.news().await;
    let sessions = hooks.get(&format!("/v1/sessions?user_id={ada}&status=active")).await;
    let id = |index: usize| sessions[index]["id"].as_str().unwrap().to_owned();
    application
        .post(&format!("/v1/sessions/{}/revoke", id(0)), &json!({}))
        .await;
    let data = hooks.expect(&["session.revoked"]).await;
    assert_eq!((&data[0]["id"], &data[0]["status"]), (&json!(id(0)), &json!("revoked")));
    let twice = application
        .post(&format!("/v1/sessions/{}/revoke", id(0)), &json!({}))
        .await;
    assert_eq!(twice.status, 400);
    hooks.expect(&[]).await;

    // The first browser signs the second one's new session out.
    other = {
        drop(other);
        signed_in(&hooks.world, ADA).await
    };
    hooks.news().await;
    let found = hooks.get(&format!("/v1/sessions?user_id={ada}&status=active")).await;
    let newest = found[0]["id"].as_str().unwrap();
    browser.get("/user/security").await;
    post(&mut browser, "/user/security/devices", &[("session_id", newest)]).await;
    hooks.expect(&["session.revoked"]).await;
    drop(other);

    application.post(&format!("/v1/users/{ada}/ban"), &json!({})).await;
    hooks.expect(&["session.revoked", "user.updated"]).await;
}

#[tokio::test]
async fn pending_session_is_created_once_its_task_is_done() {
    let mut settings = Settings::default();
    settings.force_organization_selection = true;
    let mut hooks = Hooks::described(|builder| builder.settings(settings)).await;
    let mut browser = hooks.world.browser();
    crate::world::sign_up(&mut browser, ADA, DASHBOARD).await;
    let data = hooks.expect(&["user.created", "session.pending"]).await;
    assert_eq!(data[1]["status"], "pending");
    browser.get("/sign-in/tasks/choose-organization").await;
    post(&mut browser, "/create-organization", &[("name", "Acme")]).await;
    let data = hooks
        .expect(&[
            "organization.created",
            "organizationMembership.created",
            "session.created",
        ])
        .await;
    assert_eq!(data[2]["status"], "active");
}

#[tokio::test]
async fn deleted_account_reports_its_sessions_and_external_id() {
    let mut hooks = Hooks::start().await;
    let application = hooks.world.application();
    let mut browser = hooks.world.signed_up(ADA).await;
    let id = hooks.get("/v1/users").await[0]["id"].as_str().unwrap().to_owned();
    application
        .patch(&format!("/v1/users/{id}"), &json!({ "external_id": "x1" }))
        .await;
    hooks.news().await;
    browser.get("/user/delete").await;
    let gone = browser.submit(&[("confirmation", "Delete account")]).await;
    assert_eq!(gone.status, 303, "{}", gone.body);
    let data = hooks.expect(&["session.revoked", "user.deleted"]).await;
    assert_eq!((&data[0]["user_id"], &data[0]["user"]), (&json!(id), &Value::Null));
    assert_eq!(
        data[1],
        json!({ "object": "user", "id": id, "deleted": true, "external_id": "x1" })
    );
}

#[tokio::test]
async fn backend_api_sends_the_events_of_users() {
    let mut hooks = Hooks::start().await;
    let application = hooks.world.application();
    let ada = user(&application, ADA).await;
    let data = hooks.expect(&["user.created"]).await;
    assert_eq!(data[0], hooks.get(&format!("/v1/users/{ada}")).await);
    let path = format!("/v1/users/{ada}");
    application
        .patch(&path, &json!({ "first_name": "Ada", "external_id": "x1" }))
        .await;
    hooks.expect(&["user.updated"]).await;
    application
        .patch(
            &format!("{path}/metadata"),
            &json!({ "public_metadata": { "role": "admin" } }),
        )
        .await;
    let data = hooks.expect(&["user.updated"]).await;
    assert_eq!(data[0]["public_metadata"], json!({ "role": "admin" }));
    application.post(&format!("{path}/lock"), &json!({})).await;
    let data = hooks.expect(&["user.updated"]).await;
    assert_eq!(data[0]["locked"], true);
    assert_eq!(application.patch(&path, &json!({ "external_id": 5 })).await.status, 400);
    hooks.get(&path).await;
    hooks.expect(&[]).await;
    application.delete(&path).await;
    let data = hooks.expect(&["user.deleted"]).await;
    assert_eq!(data[0]["external_id"], "x1");
}

#[tokio::test]
async fn organizations_and_members_send_their_events() {
    let mut hooks = Hooks::start().await;
    let application = hooks.world.application();
    let (ada, joe) = (user(&application, ADA).await, user(&application, JOE).await);
    hooks.news().await;
    let acme = organization(&application, "Acme", &ada).await;
    let data = hooks
        .expect(&["organization.created", "organizationMembership.created"])
        .await;
    assert_eq!(
        (&data[0]["members_count"], &data[0]["created_by"]),
        (&json!(1), &json!(ada))
    );
    assert_eq!(data[1]["organization"], data[0]);
    assert_eq!(data[1]["public_user_data"]["identifier"], ADA);
    let path = format!("/v1/organizations/{acme}");
    application.patch(&path, &json!({ "name": "Acme Corp" })).await;
    let data = hooks.expect(&["organization.updated"]).await;
    assert_eq!(data[0]["name"], "Acme Corp");

    add(&application, &acme, &joe, "org:member").await;
    let data = hooks.expect(&["organizationMembership.created"]).await;
    let membership = data[0]["id"].clone();
    let theirs = format!("{path}/memberships/{joe}");
    application.patch(&theirs, &json!({ "role": "org:admin" })).await;
    let data = hooks.expect(&["organizationMembership.updated"]).await;
    assert_eq!(data[0]["role"], "org:admin");
    application.delete(&theirs).await;
    let data = hooks.expect(&["organizationMembership.deleted"]).await;
    let public = &data[0]["public_user_data"];
    assert_eq!((&data[0]["id"], &public["user_id"]), (&membership, &json!(joe)));
    assert_eq!(
        (&data[0]["role"], &data[0]["organization"]["members_count"]),
        (&json!("org:admin"), &json!(1))
    );

    application.delete(&path).await;
    let data = hooks.expect(&["organization.deleted"]).await;
    let slug = "acme";
    assert_eq!(
        data[0],
        json!({ "object": "organization", "id": acme, "slug": slug, "deleted": true })
    );
}

#[tokio::test]
async fn invitations_and_waitlist_send_their_events() {
    let mut hooks = Hooks::start().await;
    let application = hooks.world.application();
    let ada = user(&application, ADA).await;
    let acme = organization(&application, "Acme", &ada).await;
    hooks.news().await;
    let path = format!("/v1/organizations/{acme}/invitations");
    let invite = async |address: &str| {
        let body = json!({ "email_address": address, "role": "org:member" });
        application.post(&path, &body).await.json()["id"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let id = invite("zoe@example.com").await;
    let data = hooks.expect(&["organizationInvitation.created"]).await;
    assert_eq!((&data[0]["id"], &data[0]["status"]), (&json!(id), &json!("pending")));
    application.post(&format!("{path}/{id}/revoke"), &json!({})).await;
    let data = hooks.expect(&["organizationInvitation.revoked"]).await;
    assert_eq!((&data[0]["status"], &data[0]["url"]), (&json!("revoked"), &Value::Null));
    // All or none: the events of the first are undone with it.
    let twice = json!({ "email_address": "eve@example.com", "role": "org:member" });
    let refused = application.post(&format!("{path}/bulk"), &json!([twice, twice])).await;
    assert_eq!(refused.status, 400, "{}", refused.body);
    hooks.expect(&[]).await;

    let joe = user(&application, JOE).await;
    let id = invite(JOE).await;
    let data = hooks.expect(&["user.created", "organizationInvitation.created"]).await;
    let mail = hooks.world.portal.outbox().await.unwrap()[0].clone();
    let link = mail.link.unwrap();
    assert_eq!(data[1]["url"], link);
    let mut browser = Browser::new(hooks.world.portal.origin());
    browser
        .confirm(link.strip_prefix(hooks.world.portal.origin()).unwrap())
        .await;
    let events = [
        "session.created",
        "user.updated",
        "organizationMembership.created",
        "organizationInvitation.accepted",
    ];
    let data = hooks.expect(&events).await;
    assert_eq!((&data[3]["id"], &data[3]["user_id"]), (&json!(id), &json!(joe)));

    browser.confirm("/sign-out").await;
    hooks.news().await;
    let mut settings = Settings::default();
    settings.sign_up_mode = portal_local::SignUpMode::Waitlist;
    hooks.world.portal.set_settings(settings).await.unwrap();
    browser.get("/waitlist").await;
    browser.submit(&[("emailAddress", "new@example.com")]).await;
    let data = hooks.expect(&["waitlistEntry.created"]).await;
    let entry = data[0]["id"].as_str().unwrap();
    application
        .post(&format!("/v1/waitlist_entries/{entry}/reject"), &json!({}))
        .await;
    let data = hooks.expect(&["waitlistEntry.updated"]).await;
    assert_eq!(
        (&data[0]["status"], &data[0]["invitation"]),
        (&json!("rejected"), &Value::Null)
    );
}

#[tokio::test]
async fn seed_sends_events_and_reset_forgets_them() {
    let mut hooks = Hooks::described(|builder| builder.user(SeedUser::new(ADA).password(PASSWORD))).await;
    hooks.expect(&["user.created"]).await;
    // Failed attempts, prefetches and reads change nothing that an event reports.
    let mut browser = hooks.world.browser();
    identify(&mut browser, ADA, DASHBOARD).await;
    assert_eq!(browser.submit(&[("password", "wrong wrong")]).await.status, 422);
    browser.send(Method::HEAD, "/user", &[], String::new()).await;
    hooks.expect(&[]).await;
    hooks.world.portal.reset().await.unwrap();
    assert!(hooks.world.portal.webhooks().await.unwrap().is_empty());
    hooks.seen = 0;
    user(&hooks.world.application(), JOE).await;
    hooks.expect(&["user.created"]).await;
}

#[tokio::test]
async fn portal_without_webhooks_stores_no_event() {
    let world = World::start().await;
    world.signed_up(ADA).await;
    assert!(world.portal.webhooks().await.unwrap().is_empty());
    let error = world.portal.webhook_delivered("user.created").await.unwrap_err();
    assert!(error.to_string().contains("without a webhook URL"), "{error}");
}
