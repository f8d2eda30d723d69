use hyper::Method;
use serde_json::{Value, json};

use crate::application::Application;
use crate::browser::{Answer, Browser};
use crate::world::{DASHBOARD, PASSWORD, World};

const ADA: &str = "ada+clerk_test@example.com";

async fn restrict(application: &Application, wanted: Value) -> Value {
    let answer = application.patch("/v1/instance/restrictions", &wanted).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()
}

async fn list(application: &Application, list: &str, identifier: &str) -> Value {
    let answer = application
        .post(&format!("/v1/{list}_identifiers"), &json!({ "identifier": identifier }))
        .await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()
}

/// Submits an address to the sign-up form and returns the answer.
async fn ask(world: &World, address: &str) -> Answer {
    let mut browser = world.browser();
    browser.get(&format!("/sign-up?{DASHBOARD}")).await;
    let fields = [
        ("emailAddress", address),
        ("password", PASSWORD),
        ("firstName", "Ada"),
        ("lastName", "Lovelace"),
    ];
    browser.submit(&fields).await
}

async fn refusal(world: &World, address: &str) -> (u16, String) {
    let answer = ask(world, address).await;
    (answer.status, answer.page_error().to_owned())
}

fn not_admitted() -> (u16, String) {
    (403, "not_allowed_access".to_owned())
}

fn admitted() -> (u16, String) {
    (303, String::new())
}

/// Adds an address on the account page and returns the answer.
async fn ask_to_add(browser: &mut Browser, address: &str) -> Answer {
    browser.get("/user/email-addresses").await;
    browser.submit(&[("emailAddress", address)]).await
}

#[tokio::test]
async fn list_entries_are_created_listed_and_deleted_as_in_clerk() {
    let world = World::start().await;
    let application = world.application();
    for name in ["allowlist", "blocklist"] {
        let path = format!("/v1/{name}_identifiers");
        let entry = list(&application, name, " John.Doe@Example.com ").await;
        assert_eq!(entry["object"], format!("{name}_identifier"));
        assert_eq!(
            (&entry["identifier"], &entry["identifier_type"]),
            (&json!("john.doe@example.com"), &json!("email_address"))
        );
        assert_eq!(
            list(&application, name, "example.com").await["identifier"],
            "*@example.com"
        );
        let again = application.post(&path, &json!({ "identifier": "*@EXAMPLE.com" })).await;
        assert_eq!(
            (again.status, &again.json()["errors"][0]["code"]),
            (400, &json!("duplicate_record"))
        );
        for (body, code) in [
            (json!({}), "form_param_missing"),
            (json!({ "identifier": "" }), "form_param_nil"),
            (json!({ "identifier": "+15550100" }), "form_param_format_invalid"),
            (
                json!({ "identifier": "example.org", "notify": true }),
                // A blocklist entry has no invitation, so `notify` is unknown there.
                if name == "blocklist" {
                    "form_param_unknown"
                } else {
                    "form_param_value_invalid"
                },
            ),
        ] {
            let refused = application.post(&path, &body).await;
            assert_eq!(
                (refused.status, &refused.json()["errors"][0]["code"]),
                (422, &json!(code)),
                "{body}"
            );
        }
        let all = application.get(&path).await.json();
        let all = if name == "blocklist" {
            assert_eq!(all["total_count"], 2);
            all["data"].clone()
        } else {
            all
        };
        assert_eq!(
            (&all[0]["identifier"], &all[1]["id"]),
            (&json!("*@example.com"), &entry["id"])
        );
        let one = format!("{path}/{}", entry["id"].as_str().unwrap());
        let gone = application.delete(&one).await;
        assert_eq!(
            gone.json(),
            json!({ "object": format!("{name}_identifier"), "id": entry["id"], "deleted": true })
        );
        assert_eq!(application.delete(&one).await.status, 404);
    }
    let page = application
        .get("/v1/allowlist_identifiers?paginated=true&limit=1&offset=1")
        .await
        .json();
    assert_eq!((&page["data"], &page["total_count"]), (&json!([]), &json!(1)));
}

#[tokio::test]
async fn allowlist_entry_with_notify_invites_its_address() {
    let world = World::start().await;
    let application = world.application();
    let body = json!({ "identifier": "new@example.com", "notify": true });
    let entry = application.post("/v1/allowlist_identifiers", &body).await.json();
    let invitations = application.get("/v1/invitations").await.json();
    assert_eq!(
        (&invitations[0]["id"], &invitations[0]["email_address"]),
        (&entry["invitation_id"], &json!("new@example.com"))
    );
    assert_eq!(world.portal.outbox().await.unwrap()[0].to, "new@example.com");
    let again = application.post("/v1/allowlist_identifiers", &body).await;
    assert_eq!(again.status, 400);
    assert_eq!(
        world.portal.outbox().await.unwrap().len(),
        1,
        "a refused entry sends no invitation"
    );
}

#[tokio::test]
async fn allowlist_admits_only_its_addresses() {
    let world = World::start().await;
    let application = world.application();
    let mut ada = world.signed_up(ADA).await;
    assert_eq!(
        restrict(&application, json!({ "allowlist": true, "blocklist": null })).await,
        json!({
            "object": "instance_restrictions",
            "allowlist": true,
            "blocklist": false,
            "allowlist_blocklist_disabled_on_sign_in": false,
            "block_email_subaddresses": false,
            "block_disposable_email_domains": false,
        })
    );
    assert_eq!(
        refusal(&world, "a@friends.example").await,
        not_admitted(),
        "an empty allowlist admits no address"
    );
    let entry = list(&application, "allowlist", "friends.example").await;
    assert_eq!(refusal(&world, "A@Friends.example").await, admitted());
    assert_eq!(refusal(&world, "a@sub.friends.example").await, not_admitted());
    list(&application, "allowlist", "*@*.friends.example").await;
    assert_eq!(refusal(&world, "a@sub.friends.example").await, admitted());

    assert_eq!(ask_to_add(&mut ada, "b@friends.example").await.status, 303);
    let refused = ask_to_add(&mut ada, "b@enemies.example").await;
    assert_eq!((refused.status, refused.page_error()), (403, "not_allowed_access"));

    // The list applies to sign-ins of existing users too, unless the setting exempts them.
    let identify = async || {
        let mut browser = world.browser();
        browser.get("/sign-in").await;
        browser.submit(&[("identifier", ADA)]).await
    };
    let refused = identify().await;
    assert_eq!((refused.status, refused.page_error()), (403, "not_allowed_access"));
    assert!(
        application.handshake(&mut ada).await.is_signed_in(),
        "existing sessions continue"
    );
    restrict(&application, json!({ "allowlist_blocklist_disabled_on_sign_in": true })).await;
    assert_eq!(identify().await.status, 303);

    let path = format!("/v1/allowlist_identifiers/{}", entry["id"].as_str().unwrap());
    application.delete(&path).await;
    assert_eq!(refusal(&world, "a@friends.example").await, not_admitted());
    let body = json!({ "email_address": ["made@enemies.example"], "password": PASSWORD });
    assert_eq!(
        application.post("/v1/users", &body).await.status,
        200,
        "administrators are exempt"
    );
}

#[tokio::test]
async fn blocklist_refuses_its_addresses_with_any_subaddress() {
    let world = World::start().await;
    let application = world.application();
    list(&application, "blocklist", "john@example.com").await;
    list(&application, "blocklist", "*@*.spam.example").await;
    assert_eq!(
        refusal(&world, "john@example.com").await,
        admitted(),
        "a list that is off has no effect"
    );
    restrict(&application, json!({ "blocklist": true })).await;
    for address in [
        "John@example.com",
        "john+x@example.com",
        "john=x@example.com",
        "john#x@example.com",
        "a@b.spam.example",
    ] {
        assert_eq!(refusal(&world, address).await, not_admitted(), "{address}");
    }
    for address in ["johnny@example.com", "a@spam.example", "j.ohn@example.com"] {
        assert_eq!(refusal(&world, address).await, admitted(), "{address}");
    }
    restrict(&application, json!({ "allowlist": true })).await;
    list(&application, "allowlist", "example.com").await;
    assert_eq!(
        refusal(&world, "john@example.com").await,
        not_admitted(),
        "the narrower entry wins"
    );
    list(&application, "allowlist", "john@example.com").await;
    world.clock.forward_secs(31);
    assert_eq!(
        refusal(&world, "john@example.com").await,
        admitted(),
        "the allowlist wins between equal entries"
    );
}

#[tokio::test]
async fn subaddresses_are_refused_except_test_addresses() {
    let world = World::start().await;
    let application = world.application();
    let body = json!({ "email_address": ["jsmith@gmail.com"] });
    application.post("/v1/users", &body).await;
    assert_eq!(refusal(&world, "ann+x@example.com").await, admitted());
    restrict(&application, json!({ "block_email_subaddresses": true })).await;
    for address in [
        "ann+x@example.com",
        "ann=x@example.com",
        "ann#x@example.com",
        "j.smith@gmail.com",
    ] {
        assert_eq!(refusal(&world, address).await, not_admitted(), "{address}");
    }
    for address in ["ann@example.com", "a.nn@example.com", "j.s@gmail.com"] {
        assert_eq!(refusal(&world, address).await, admitted(), "{address}");
    }
    let mut ada = world.signed_up(ADA).await;
    let refused = ask_to_add(&mut ada, "ann+x@example.com").await;
    assert_eq!((refused.status, refused.page_error()), (403, "not_allowed_access"));
    let settings = application.patch("/v1/instance", &json!({ "test_mode": false })).await;
    assert_eq!(settings.status, 204);
    assert_eq!(
        refusal(&world, "bob+clerk_test@example.com").await,
        not_admitted(),
        "without test mode it is an ordinary subaddress"
    );
}

#[tokio::test]
async fn disposable_email_domains_are_refused() {
    let world = World::start().await;
    let application = world.application();
    assert_eq!(refusal(&world, "a@mailinator.com").await, admitted());
    restrict(&application, json!({ "block_disposable_email_domains": true })).await;
    for address in ["a@mailinator.com", "a@eu.mailinator.com", "a@YOPMAIL.com"] {
        assert_eq!(
            refusal(&world, address).await,
            (422, "form_email_address_blocked".to_owned()),
            "{address}"
        );
    }
    assert_eq!(refusal(&world, "a@notmailinator.com").await, admitted());
}

#[tokio::test]
async fn restriction_set_during_a_sign_up_applies_to_it() {
    let world = World::start().await;
    let application = world.application();
    let mut browser = world.browser();
    browser.get("/sign-up").await;
    let fields = [("emailAddress", ADA), ("password", PASSWORD)];
    let answer = browser.submit(&fields).await;
    browser.follow(&answer).await;
    restrict(&application, json!({ "allowlist": true })).await;
    let refused = browser.submit(&[("code", "424242")]).await;
    assert_eq!((refused.status, refused.page_error()), (403, "not_allowed_access"));
    assert_eq!(application.get("/v1/users/count").await.json()["total_count"], 0);

    let body = json!({ "email_address": "invited@example.com" });
    let invited = application.post("/v1/invitations", &body).await.json();
    let link = invited["url"]
        .as_str()
        .unwrap()
        .strip_prefix(world.portal.origin())
        .unwrap()
        .to_owned();
    let mut guest = world.browser();
    let answer = guest.get(&link).await;
    guest.follow(&answer).await;
    let refused = guest.submit(&[("password", PASSWORD)]).await;
    assert_eq!((refused.status, refused.page_error()), (403, "not_allowed_access"));
    list(&application, "allowlist", "invited@example.com").await;
    assert_eq!(guest.submit(&[("password", PASSWORD)]).await.status, 303);
    assert_eq!(application.get("/v1/users/count").await.json()["total_count"], 1);
}

#[tokio::test]
async fn environment_shows_restrictions_and_unknown_ones_are_refused() {
    let world = World::start().await;
    let application = world.application();
    let names = [
        "allowlist",
        "blocklist",
        "allowlist_blocklist_disabled_on_sign_in",
        "block_email_subaddresses",
        "block_disposable_email_domains",
    ];
    let mut browser = world.browser();
    for name in names {
        restrict(&application, json!({ name: true })).await;
        let environment = browser.get("/v1/environment").await.json();
        assert_eq!(
            environment["user_settings"]["restrictions"][name]["enabled"], true,
            "{name}"
        );
        restrict(&application, json!({ name: false })).await;
        let environment = browser.get("/v1/environment").await.json();
        for other in names {
            assert_eq!(
                environment["user_settings"]["restrictions"][other]["enabled"], false,
                "{other}"
            );
        }
    }
    let unknown = application
        .patch(
            "/v1/instance/restrictions",
            &json!({ "ignore_dots_for_gmail_addresses": true }),
        )
        .await;
    assert_eq!(unknown.status, 422, "{}", unknown.body);
    let read = application.call(
        Method::GET,
        "/v1/instance/restrictions",
        Some(&application.secret_key),
        String::new(),
    );
    assert_eq!(read.await.status, 405);
}
