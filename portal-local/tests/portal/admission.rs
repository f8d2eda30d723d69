use portal_local::{Settings, SignUpMode};
use serde_json::json;

use crate::world::{DASHBOARD, PASSWORD, PortalClock, World};

const ADA: &str = "ada+clerk_test@example.com";

async fn world_with(change: impl FnOnce(&mut Settings)) -> World {
    let clock = PortalClock::new();
    let mut settings = Settings::default();
    change(&mut settings);
    let portal = clock.builder().settings(settings).start().await.unwrap();
    World { portal, clock }
}

#[tokio::test]
async fn waitlist_entry_signs_up_after_its_invitation() {
    let world = world_with(|settings| settings.sign_up_mode = SignUpMode::Waitlist).await;
    let application = world.application();
    let mut browser = world.browser();
    let page = browser.get(&format!("/sign-up?{DASHBOARD}")).await;
    assert!(
        page.body
            .contains("You need an invitation to sign up. Join the waitlist to get one.")
            && !page.body.contains("id=\"password\"")
    );
    assert!(browser.get("/sign-in").await.body.contains("Join the waitlist"));
    let forged = browser
        .post(
            "/sign-up",
            &[
                ("form_token", &browser.form_token()),
                ("emailAddress", ADA),
                ("password", PASSWORD),
            ],
            &[],
        )
        .await;
    assert_eq!(
        (forged.status, forged.page_error()),
        (403, "sign_up_restricted_waitlist")
    );

    browser.get(&format!("/waitlist?{DASHBOARD}")).await;
    assert_eq!(
        browser.submit(&[("emailAddress", "no")]).await.page_error(),
        "form_param_format_invalid"
    );
    for _ in 0..2 {
        browser.get(&format!("/waitlist?{DASHBOARD}")).await;
        let joined = browser.submit(&[("emailAddress", ADA)]).await;
        let page = browser.follow(&joined).await;
        assert!(page.body.contains("You're on the waitlist.") && page.body.contains("Back to localhost:3000"));
    }
    let entries = application.get("/v1/waitlist_entries").await.json();
    assert_eq!(
        (&entries["total_count"], &entries["data"][0]["status"]),
        (&json!(1), &json!("pending"))
    );
    let id = entries["data"][0]["id"].as_str().unwrap();
    let invited = application
        .post(&format!("/v1/waitlist_entries/{id}/invite"), &json!({}))
        .await
        .json();
    assert_eq!(
        (&invited["status"], &invited["invitation"]["status"]),
        (&json!("invited"), &json!("pending"))
    );
    let link = world.portal.outbox().await.unwrap()[0].link.clone().unwrap();
    let answer = browser.get(link.strip_prefix(world.portal.origin()).unwrap()).await;
    let page = browser.follow(&answer).await;
    assert!(page.body.contains("You're invited as"));
    let done = browser.submit(&[("password", PASSWORD)]).await;
    assert_eq!(done.status, 303, "{}", done.body);
    assert!(application.handshake(&mut browser).await.is_signed_in());
    let entries = application.get("/v1/waitlist_entries?status=completed").await.json();
    assert_eq!(entries["total_count"], 1);
    let invitations = application.get("/v1/invitations?status=accepted").await.json();
    assert_eq!(invitations.as_array().unwrap().len(), 1);

    let joined = application
        .post("/v1/waitlist_entries", &json!({ "email_address": "b@example.com" }))
        .await
        .json();
    let path = format!("/v1/waitlist_entries/{}/reject", joined["id"].as_str().unwrap());
    assert_eq!(application.post(&path, &json!({})).await.json()["status"], "rejected");
}

#[tokio::test]
async fn invitation_sets_metadata_and_is_single_use_or_revoked() {
    let world = world_with(|settings| settings.sign_up_mode = SignUpMode::Restricted).await;
    let application = world.application();
    assert!(!world.browser().get("/sign-in").await.says("Don't have an account?"));
    let waitlist = world.browser().get("/waitlist").await;
    assert_eq!(waitlist.location(), "/sign-up");
    let mut uninvited = world.browser();
    uninvited.get("/sign-in").await;
    let token = uninvited.form_token();
    let page = uninvited.get("/sign-up").await;
    assert!(page.body.contains("You need an invitation to sign up.") && !page.body.contains("id=\"emailAddress\""));
    let fields = [("form_token", &*token), ("emailAddress", ADA), ("password", PASSWORD)];
    let forged = uninvited.post("/sign-up", &fields, &[]).await;
    assert_eq!(forged.status, 403, "{}", forged.body);
    let body = json!({ "email_address": ADA, "public_metadata": { "plan": "gold" }, "redirect_url": "http://localhost:3000/welcome" });
    let invited = application.post("/v1/invitations", &body).await.json();
    assert_eq!(
        (&invited["status"], &invited["revoked"]),
        (&json!("pending"), &json!(false))
    );
    let again = application.post("/v1/invitations", &body).await;
    assert_eq!(
        (again.status, &again.json()["errors"][0]["code"]),
        (400, &json!("duplicate_record"))
    );
    let hostile = json!({ "email_address": "x@example.com", "redirect_url": "https://evil.example/" });
    assert_eq!(application.post("/v1/invitations", &hostile).await.status, 422);
    let mut browser = world.browser();
    let link = invited["url"]
        .as_str()
        .unwrap()
        .strip_prefix(world.portal.origin())
        .unwrap();
    let answer = browser.get(link).await;
    browser.follow(&answer).await;
    let done = browser.submit(&[("password", PASSWORD)]).await;
    assert!(
        done.location().starts_with("http://localhost:3000/welcome?"),
        "{}",
        done.location()
    );
    assert_eq!(
        application.get("/v1/users").await.json()[0]["public_metadata"]["plan"],
        "gold"
    );
    assert_eq!(world.browser().get(link).await.status, 410);

    let other = application
        .post(
            "/v1/invitations",
            &json!({ "email_address": "b@example.com", "notify": false }),
        )
        .await
        .json();
    assert_eq!(world.portal.outbox().await.unwrap().len(), 1, "no mail was asked for");
    let path = format!("/v1/invitations/{}/revoke", other["id"].as_str().unwrap());
    assert_eq!(application.post(&path, &json!({})).await.json()["revoked"], true);
    assert_eq!(application.post(&path, &json!({})).await.status, 400);
    let link = other["url"]
        .as_str()
        .unwrap()
        .strip_prefix(world.portal.origin())
        .unwrap()
        .to_owned();
    assert_eq!(world.browser().get(&link).await.status, 410);
}

#[tokio::test]
async fn sign_in_link_is_single_use() {
    let world = World::start().await;
    let application = world.application();
    world.signed_up(ADA).await;
    assert_eq!(world.portal.sign_in_link_for("nobody@example.com").await.unwrap(), None);
    let link = world.portal.sign_in_link_for(ADA).await.unwrap().unwrap();
    let path = format!("{}&{DASHBOARD}", link.strip_prefix(world.portal.origin()).unwrap());
    let mut browser = world.browser();
    let answer = browser.confirm(&path).await;
    assert!(
        answer
            .location()
            .starts_with("http://localhost:3000/dashboard?__clerk_db_jwt="),
        "{}",
        answer.location()
    );
    assert!(application.handshake(&mut browser).await.is_signed_in());
    assert_eq!(world.browser().get(&path).await.status, 410);
    assert!(
        !format!("{:?}", world.portal.request_log()).contains(link.split('=').nth(1).unwrap()),
        "not in the log"
    );

    let id = application.get("/v1/users").await.json()[0]["id"].clone();
    let token = application
        .post(
            "/v1/sign_in_tokens",
            &json!({ "user_id": id, "expires_in_seconds": 60 }),
        )
        .await
        .json();
    assert_eq!(
        (&token["object"], &token["status"]),
        (&json!("sign_in_token"), &json!("pending"))
    );
    world.clock.forward_secs(60);
    let late = token["url"]
        .as_str()
        .unwrap()
        .strip_prefix(world.portal.origin())
        .unwrap();
    assert_eq!(world.browser().get(late).await.status, 410);
    let token = application
        .post("/v1/sign_in_tokens", &json!({ "user_id": id }))
        .await
        .json();
    let path = format!("/v1/sign_in_tokens/{}/revoke", token["id"].as_str().unwrap());
    assert_eq!(application.post(&path, &json!({})).await.json()["status"], "revoked");
    assert_eq!(application.post(&path, &json!({})).await.status, 400);
    assert_eq!(
        application
            .post("/v1/sign_in_tokens", &json!({ "user_id": "user_x" }))
            .await
            .status,
        404
    );
    assert_eq!(
        application.post("/v1/testing_tokens", &json!({})).await.json()["object"],
        "testing_token"
    );
}

#[tokio::test]
async fn missing_required_names_are_requested_during_sign_up() {
    let world = World::start().await;
    let application = world.application();
    let mut browser = world.browser();
    browser.get(&format!("/sign-up?{DASHBOARD}")).await;
    let answer = browser.submit(&[("emailAddress", ADA), ("password", PASSWORD)]).await;
    browser.follow(&answer).await;
    let mut settings = Settings::default();
    settings.names_required = true;
    world.portal.set_settings(settings).await.unwrap();
    let verified = browser.submit(&[("code", "424242")]).await;
    assert_eq!(verified.location(), format!("/sign-up/continue?{DASHBOARD}"));
    for path in ["/sign-up/verify-email-address", "/sign-up/continue"] {
        let page = browser.get(&format!("{path}?{DASHBOARD}")).await;
        assert!(
            page.status == 200 || page.location() == format!("/sign-up/continue?{DASHBOARD}"),
            "{path}"
        );
    }
    let missing = browser.submit(&[("firstName", "Ada"), ("lastName", " ")]).await;
    assert!(
        missing.page_error() == "form_param_nil"
            && missing.body.contains("Enter your last name.")
            && missing.body.contains("value=\"Ada\"")
    );
    assert!(!application.handshake(&mut browser).await.is_signed_in());
    browser.get(&format!("/sign-up/continue?{DASHBOARD}")).await;
    let done = browser.submit(&[("firstName", "Ada"), ("lastName", "Lovelace")]).await;
    assert!(done.location().starts_with("http://localhost:3000/dashboard?"));
    let user = application.get("/v1/users").await.json();
    assert_eq!(
        (&user[0]["last_name"], user.as_array().unwrap().len()),
        (&json!("Lovelace"), 1)
    );

    let mut other = world.browser();
    other.get("/sign-up").await;
    let answer = other
        .submit(&[("emailAddress", "b@example.com"), ("password", PASSWORD)])
        .await;
    assert!(answer.body.contains("Enter your first name."));
}

#[tokio::test]
async fn informational_pages_return_200() {
    let world = World::start().await;
    let mut browser = world.browser();
    assert!(
        browser
            .get("/unauthorized-sign-in")
            .await
            .body
            .contains("is signed out")
    );
    assert_eq!(
        browser.get(&format!("/sign-in/create?{DASHBOARD}")).await.location(),
        format!("/sign-up?{DASHBOARD}")
    );
    assert_eq!(
        browser.get("/sign-up/continue").await.location(),
        "/sign-up?notice=expired"
    );
}

#[tokio::test]
async fn start_page_creates_users_and_signs_in_as_one() {
    let world = World::start().await;
    let mut browser = world.browser();
    assert!(browser.get("/").await.body.contains("There are no users yet."));
    let added = browser.submit(&[]).await;
    let page = browser.follow(&added).await;
    assert!(page.body.contains("Jane Doe") && page.body.contains("solo+clerk_test@example.com"));
    let jane = page.body.split("Jane Doe").nth(1).unwrap();
    let id = jane
        .split("name=\"user_id\" value=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap()
        .to_owned();
    let token = browser.form_token();
    let answer = browser
        .post("/__local/sign-in-as", &[("form_token", &token), ("user_id", &id)], &[])
        .await;
    assert_eq!(answer.location(), format!("{}/default-redirect", world.portal.origin()));
    assert!(browser.get("/user").await.body.contains("Jane Doe"));
    let gone = browser
        .post(
            "/__local/sign-in-as",
            &[("form_token", &token), ("user_id", "user_x")],
            &[],
        )
        .await;
    assert_eq!(gone.location(), "/");
    let forged = browser.post("/__local/sign-in-as", &[("user_id", &id)], &[]).await;
    assert_eq!(forged.status, 403);
}

#[tokio::test]
async fn new_device_mail_revokes_the_session() {
    let world = World::start().await;
    let application = world.application();
    let address = "real@example.com";
    let body = json!({ "email_address": [address], "password": PASSWORD });
    application.post("/v1/users", &body).await;
    let sign_in = async |browser: &mut crate::browser::Browser| {
        crate::world::identify(browser, address, DASHBOARD).await;
        assert_eq!(browser.submit(&[("password", PASSWORD)]).await.status, 303);
    };
    let (mut own, mut foreign) = (world.browser(), world.browser());
    sign_in(&mut own).await;
    assert!(
        world.portal.outbox().await.unwrap().is_empty(),
        "the first device is no news"
    );
    sign_in(&mut foreign).await;
    let mails = world.portal.outbox().await.unwrap();
    assert_eq!((mails.len(), mails[0].kind), (1, portal_local::MailKind::NewDevice));
    let link = mails[0].link.clone().unwrap();
    let path = link.strip_prefix(world.portal.origin()).unwrap();

    let mut reader = world.browser();
    let page = reader.get(path).await;
    let page = reader.follow(&page).await;
    assert!(
        page.says("Don't recognize this sign-in?") && page.body.contains("Unknown browser"),
        "{}",
        page.body
    );
    assert!(
        application.handshake(&mut foreign).await.is_signed_in(),
        "opening the link ends nothing"
    );
    let answer = reader.submit(&[]).await;
    assert_eq!(answer.location(), "/unauthorized-sign-in");
    assert!(reader.follow(&answer).await.body.contains("is signed out"));
    assert!(!application.handshake(&mut foreign).await.is_signed_in());
    assert!(application.handshake(&mut own).await.is_signed_in());
    assert_eq!(reader.get(path).await.status, 410, "once");
    assert!(!format!("{:?}", world.portal.request_log()).contains(path.split('=').nth(1).unwrap()));

    sign_in(&mut foreign).await;
    assert_eq!(
        world.portal.outbox().await.unwrap().len(),
        1,
        "a known device is no news"
    );
}
