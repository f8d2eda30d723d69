use serde_json::json;

use crate::application::Application;
use crate::browser::{Answer, Browser, unescape};
use crate::organizations::{organization, user};
use crate::world::{DASHBOARD, PASSWORD, PortalClock, World, signed_in};

pub(crate) const ADA: &str = "ada+clerk_test@example.com";
pub(crate) const JOE: &str = "joe+clerk_test@example.com";

pub(crate) type Fields<'a> = &'a [(&'a str, &'a str)];

/// Ada, Joe, and Ada's organization, by id.
pub(crate) async fn acme(world: &World) -> [String; 3] {
    let application = world.application();
    let (ada, joe) = (user(&application, ADA).await, user(&application, JOE).await);
    let acme = organization(&application, "Acme", &ada).await;
    [ada, joe, acme]
}

pub(crate) async fn add(application: &Application, acme: &str, user_id: &str, role: &str) {
    let body = json!({ "user_id": user_id, "role": role });
    let path = format!("/v1/organizations/{acme}/memberships");
    let added = application.post(&path, &body).await;
    assert_eq!(added.status, 200, "{}", added.body);
}

async fn claims(application: &Application, browser: &mut Browser) -> serde_json::Value {
    let cookies = application.handshake(browser).await;
    application.verified_claims(cookies.value("__session")).await
}

/// Returns the members page's response to a form about a member.
async fn change_member(browser: &mut Browser, deed: &str, fields: Fields<'_>) -> Answer {
    let path = format!("/organization/organization-members/{deed}");
    post(browser, &path, fields).await
}

pub(crate) async fn post(browser: &mut Browser, path: &str, fields: Fields<'_>) -> Answer {
    let token = browser.form_token();
    let mut all = vec![("form_token", token.as_str())];
    all.extend_from_slice(fields);
    browser.post(path, &all, &[]).await
}

#[tokio::test]
async fn created_organization_invites_members() {
    let world = World::start().await;
    let application = world.application();
    let mut ada = world.signed_up(ADA).await;
    ada.get(&format!("/create-organization?{DASHBOARD}")).await;
    assert_eq!(ada.submit(&[("name", " ")]).await.page_error(), "form_param_nil");
    let wrong = ada.submit(&[("name", "Acme"), ("slug", "no spaces")]).await;
    assert_eq!((wrong.status, wrong.page_error()), (422, "form_param_format_invalid"));
    assert!(wrong.body.contains("value=\"Acme\"") && wrong.body.contains("value=\"no spaces\""));
    let made = ada.submit(&[("name", "Acme"), ("slug", "acme-1")]).await;
    assert_eq!(made.location(), format!("/create-organization/invite?{DASHBOARD}"));
    assert_eq!(claims(&application, &mut ada).await["o"]["slg"], "acme-1");

    let page = ada.follow(&made).await;
    assert!(unescape(&page.body).contains(&format!("href=\"/create-organization/finish?{DASHBOARD}\"")));
    let wrong = ada
        .submit(&[("emailAddresses", "joe@example.com, nonsense"), ("role", "org:member")])
        .await;
    assert!(wrong.says("nonsense isn't a valid email address."), "{}", wrong.body);
    assert!(
        wrong.body.contains(">joe@example.com, nonsense</textarea>"),
        "what was typed stays"
    );
    assert!(world.portal.outbox().await.unwrap().is_empty(), "all of them or nobody");
    let invited = ada
        .submit(&[
            ("emailAddresses", "joe@example.com,\r\nJOE@example.com zoe@example.com"),
            ("role", "org:member"),
        ])
        .await;
    assert!(
        invited
            .location()
            .starts_with("http://localhost:3000/dashboard?__clerk_db_jwt="),
        "{}",
        invited.location()
    );
    assert_eq!(world.portal.outbox().await.unwrap().len(), 2);

    let skipped = ada.get(&format!("/create-organization/finish?{DASHBOARD}")).await;
    assert!(skipped.location().starts_with("http://localhost:3000/dashboard?"));
    world.clock.forward_secs(6);
    ada.get("/create-organization").await;
    let taken = ada.submit(&[("name", "Acme"), ("slug", "acme-1")]).await;
    assert_eq!(taken.page_error(), "form_identifier_exists");
}

#[tokio::test]
async fn organization_invitation_signs_up_without_a_code() {
    let world = World::start().await;
    let application = world.application();
    let ada = user(&application, ADA).await;
    let acme = organization(&application, "Acme", &ada).await;
    let body = json!({ "email_address": "new@example.com", "role": "org:member", "redirect_url": "http://localhost:3000/joined" });
    application
        .post(&format!("/v1/organizations/{acme}/invitations"), &body)
        .await;
    let link = world.portal.outbox().await.unwrap()[0].link.clone().unwrap();
    let path = link.strip_prefix(world.portal.origin()).unwrap();

    let mut new = world.browser();
    let answer = new.get(path).await;
    assert!(
        answer.location().starts_with("/sign-up?__clerk_status=sign_up&"),
        "{}",
        answer.location()
    );
    let page = new.follow(&answer).await;
    assert!(
        page.body.contains("You're invited as <strong>new@example.com</strong>")
            && !page.body.contains("id=\"emailAddress\"")
    );
    let weak = new.submit(&[("password", "short"), ("firstName", "Zoe")]).await;
    assert!(weak.page_error() == "form_password_length_too_short" && weak.body.contains("value=\"Zoe\""));
    let done = new
        .submit(&[("password", PASSWORD), ("emailAddress", "evil@example.com")])
        .await;
    assert!(
        done.location()
            .starts_with("http://localhost:3000/joined?__clerk_db_jwt="),
        "{}",
        done.location()
    );
    let claims = claims(&application, &mut new).await;
    assert_eq!(
        (&claims["o"]["id"], &claims["o"]["rol"]),
        (&json!(acme), &json!("member"))
    );
    let user = application
        .get(&format!("/v1/users/{}", claims["sub"].as_str().unwrap()))
        .await
        .json();
    assert_eq!(user["email_addresses"][0]["email_address"], "new@example.com");
    assert_eq!(user["email_addresses"][0]["verification"]["strategy"], "ticket");
    assert!(world.portal.outbox().await.unwrap().len() == 1, "no code was needed");

    for path in [path.to_owned(), answer.location().to_owned()] {
        let again = world.browser().get(&path).await;
        assert_eq!(again.status, 410, "{path}");
        assert!(again.body.contains("This link is no longer valid."));
    }
}

#[tokio::test]
async fn existing_user_joins_by_the_invitation_link() {
    let world = World::start().await;
    let application = world.application();
    let [_, joe, acme] = acme(&world).await;
    let invite = async || {
        let body =
            json!({ "email_address": JOE, "role": "org:member", "redirect_url": "http://localhost:3000/joined" });
        let url = application
            .post(&format!("/v1/organizations/{acme}/invitations"), &body)
            .await
            .json()["url"]
            .clone();
        url.as_str()
            .unwrap()
            .strip_prefix(world.portal.origin())
            .unwrap()
            .to_owned()
    };
    let link = invite().await;
    let mut browser = signed_in(&world, JOE).await;
    let before = claims(&application, &mut browser).await;
    let answer = browser.confirm(&link).await;
    assert!(
        answer.location().starts_with("http://localhost:3000/joined?"),
        "{}",
        answer.location()
    );
    let after = claims(&application, &mut browser).await;
    assert_eq!(
        (&after["sid"], &after["o"]["slg"]),
        (&before["sid"], &json!("acme")),
        "the same session"
    );
    assert_eq!(browser.get(&link).await.status, 410);

    let path = format!("/v1/organizations/{acme}/memberships/{joe}");
    application.delete(&path).await;
    let link = invite().await;
    let mut other = signed_in(&world, ADA).await;
    other.confirm(&link).await;
    assert_eq!(
        claims(&application, &mut other).await["sub"],
        joe,
        "the link is the invited person's"
    );
    let link = invite_and_revoke(&application, &acme).await;
    assert_eq!(
        other
            .get(link.strip_prefix(world.portal.origin()).unwrap())
            .await
            .status,
        410
    );
}

async fn invite_and_revoke(application: &Application, acme: &str) -> String {
    let path = format!("/v1/organizations/{acme}/invitations");
    let body = json!({ "email_address": "x@example.com", "role": "org:member" });
    let invited = application.post(&path, &body).await.json();
    application
        .post(
            &format!("{path}/{}/revoke", invited["id"].as_str().unwrap()),
            &json!({}),
        )
        .await;
    invited["url"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn administrator_manages_members_and_invitations() {
    let world = World::start().await;
    let application = world.application();
    let [ada, joe, acme] = acme(&world).await;
    add(&application, &acme, &joe, "org:member").await;
    let mut browser = signed_in(&world, ADA).await;
    let nowhere = browser.get(&format!("/organization?{DASHBOARD}")).await;
    assert_eq!(
        nowhere.location(),
        format!("/organization-list?next=profile&{DASHBOARD}")
    );
    browser.follow(&nowhere).await;
    let chosen = browser.submit(&[("organization_id", &acme)]).await;
    assert_eq!(
        chosen.location(),
        format!("/organization?{DASHBOARD}"),
        "back to the page that was asked for"
    );
    let page = browser.follow(&chosen).await;
    assert!(page.body.contains("Back to localhost:3000") && page.body.contains("value=\"acme\""));
    let saved = browser.submit(&[("name", "Acme Books"), ("slug", "books")]).await;
    assert!(browser.follow(&saved).await.body.contains("Your changes are saved."));
    assert_eq!(claims(&application, &mut browser).await["o"]["slg"], "books");
    let wrong = browser.submit(&[("name", ""), ("slug", "books")]).await;
    assert_eq!(wrong.page_error(), "form_param_nil");

    let members = browser.get("/organization/organization-members").await;
    assert!(members.body.contains(JOE) && members.body.contains("2 members"));
    let searched = browser.get("/organization/organization-members?query=JOE").await;
    assert!(searched.body.contains("1 member<"), "{}", searched.body);
    let role = change_member(&mut browser, "role", &[("user_id", &joe), ("role", "org:admin")]).await;
    assert!(browser.follow(&role).await.body.contains("The role is changed."));
    let role = change_member(&mut browser, "role", &[("user_id", &joe), ("role", "org:member")]).await;
    assert_eq!(role.status, 303);
    let last = change_member(&mut browser, "role", &[("user_id", &ada), ("role", "org:member")]).await;
    assert_eq!(
        (last.status, last.page_error()),
        (403, "organization_minimum_permissions_needed")
    );
    let last = change_member(&mut browser, "remove", &[("user_id", &ada)]).await;
    assert_eq!(last.page_error(), "organization_minimum_permissions_needed");

    browser.get("/organization/invitations").await;
    assert_eq!(
        browser
            .submit(&[("emailAddresses", " "), ("role", "org:member")])
            .await
            .page_error(),
        "form_param_nil"
    );
    let member = browser.submit(&[("emailAddresses", JOE), ("role", "org:admin")]).await;
    assert_eq!(member.page_error(), "already_a_member_in_organization");
    assert!(member.body.contains("value=\"org:admin\" selected"));
    let invited = browser
        .submit(&[("emailAddresses", "zoe@example.com"), ("role", "org:member")])
        .await;
    let page = browser.follow(&invited).await;
    assert!(page.body.contains("zoe@example.com"));
    let id = page.after("name=\"invitation_id\" value=\"").unwrap().to_owned();
    let revoked = post(
        &mut browser,
        "/organization/invitations/revoke",
        &[("invitation_id", &id)],
    )
    .await;
    assert!(!browser.follow(&revoked).await.body.contains("zoe@example.com"));
    let twice = post(
        &mut browser,
        "/organization/invitations/revoke",
        &[("invitation_id", &id)],
    )
    .await;
    assert_eq!(twice.status, 303, "a second click is no error");
    assert!(
        browser
            .get("/organization/roles")
            .await
            .body
            .contains("org:sys_memberships:manage")
    );

    let mut joes = signed_in(&world, JOE).await;
    joes.get("/organization-list").await;
    joes.submit(&[("organization_id", &acme)]).await;
    assert_eq!(claims(&application, &mut joes).await["o"]["id"], acme);
    browser.get("/organization/organization-members").await;
    let removed = change_member(&mut browser, "remove", &[("user_id", &joe)]).await;
    assert!(browser.follow(&removed).await.body.contains("The member is removed."));
    assert!(
        claims(&application, &mut joes).await.get("o").is_none(),
        "the next token says so"
    );
}

#[tokio::test]
async fn member_without_permission_sees_no_controls_and_forged_forms_are_refused() {
    let world = World::start().await;
    let application = world.application();
    let [ada, joe, acme] = acme(&world).await;
    add(&application, &acme, &joe, "org:member").await;
    let mut browser = signed_in(&world, JOE).await;
    let opened = browser.confirm("/organization?organization_id=acme").await;
    assert_eq!(opened.location(), "/organization");
    let page = browser.follow(&opened).await;
    assert!(!page.body.contains("id=\"slug\"") && !page.body.contains("Delete this organization"));
    let page = browser.get("/organization/organization-members").await;
    assert!(page.body.contains(ADA) && !page.body.contains("<select") && !page.body.contains("Remove"));
    assert!(
        !browser
            .get("/organization/invitations")
            .await
            .body
            .contains("<textarea")
    );
    assert_eq!(browser.get("/organization/delete").await.status, 403);
    for (path, fields) in [
        ("/organization", vec![("name", "Mine"), ("slug", "mine")]),
        (
            "/organization/organization-members/role",
            vec![("user_id", joe.as_str()), ("role", "org:admin")],
        ),
        (
            "/organization/organization-members/remove",
            vec![("user_id", ada.as_str())],
        ),
        (
            "/organization/invitations",
            vec![("emailAddresses", "x@example.com"), ("role", "org:admin")],
        ),
        ("/organization/invitations/revoke", vec![("invitation_id", "x")]),
        ("/organization/delete", vec![("confirmation", "Acme")]),
    ] {
        browser.get("/create-organization").await;
        assert_eq!(post(&mut browser, path, &fields).await.status, 403, "{path}");
    }
    assert_eq!(
        application
            .get("/v1/organizations/acme?include_members_count=true")
            .await
            .json()["members_count"],
        2
    );
    let other = browser.get("/organization?organization_id=org_x").await;
    assert!(
        browser
            .follow(&other)
            .await
            .body
            .contains("not a member of that organization.")
    );
}

#[tokio::test]
async fn leave_and_delete_require_the_organization_name() {
    let world = World::start().await;
    let application = world.application();
    let [_, joe, acme] = acme(&world).await;
    let mut browser = signed_in(&world, ADA).await;
    browser.confirm("/organization?organization_id=acme").await;
    browser.get(&format!("/organization/leave?{DASHBOARD}")).await;
    let wrong = browser.submit(&[("confirmation", "acme")]).await;
    assert_eq!((wrong.status, wrong.page_error()), (422, "form_param_value_invalid"));
    assert!(wrong.body.contains("Type Acme to confirm.") && wrong.body.contains("value=\"acme\""));
    let last = browser.submit(&[("confirmation", "Acme")]).await;
    assert_eq!(
        (last.status, last.page_error()),
        (403, "organization_minimum_permissions_needed")
    );
    add(&application, &acme, &joe, "org:admin").await;
    let left = browser.submit(&[("confirmation", "Acme")]).await;
    assert!(
        left.location().starts_with("http://localhost:3000/dashboard?"),
        "{}",
        left.location()
    );
    assert!(claims(&application, &mut browser).await.get("o").is_none());

    let mut browser = signed_in(&world, JOE).await;
    browser.confirm("/organization?organization_id=acme").await;
    browser.get("/organization/delete").await;
    assert_eq!(browser.submit(&[("confirmation", "no")]).await.status, 422);
    let gone = browser.submit(&[("confirmation", "Acme")]).await;
    assert_eq!(gone.location(), "/organization-list");
    assert_eq!(application.get("/v1/organizations/acme").await.status, 404);
    assert!(
        browser
            .follow(&gone)
            .await
            .body
            .contains("not a member of an organization yet.")
    );
}

#[tokio::test]
async fn choose_organization_task_keeps_the_session_pending() {
    let clock = PortalClock::new();
    let mut settings = portal_local::Settings::default();
    settings.force_organization_selection = true;
    let portal = clock.builder().settings(settings).start().await.unwrap();
    let world = World { portal, clock };
    let application = world.application();
    let mut solo = world.browser();
    let done = crate::world::sign_up(&mut solo, ADA, DASHBOARD).await;
    assert_eq!(
        done.location(),
        format!("/sign-in/tasks/choose-organization?{DASHBOARD}")
    );
    assert_eq!(claims(&application, &mut solo).await["sts"], "pending");
    for path in ["/sign-in", "/sign-in/tasks", "/sign-up/tasks", "/user", "/organization"] {
        let answer = solo.get(&format!("{path}?{DASHBOARD}")).await;
        assert_eq!(
            answer.location(),
            format!("/sign-in/tasks/choose-organization?{DASHBOARD}"),
            "{path}"
        );
    }
    let page = solo.follow(&done).await;
    assert!(
        page.body.contains("Create one or ask for an invitation.")
            && page.body.contains(&format!("Signed in as {ADA}."))
    );
    let personal = solo
        .post(
            &format!("/sign-in/tasks/choose-organization?{DASHBOARD}"),
            &[("form_token", &solo.form_token())],
            &[],
        )
        .await;
    assert_eq!(
        personal.page_error(),
        "not_a_member_in_organization",
        "there is no personal account"
    );

    solo.get(&format!("/create-organization?{DASHBOARD}")).await;
    assert_eq!(solo.submit(&[("name", "Solo")]).await.status, 303);
    let after = claims(&application, &mut solo).await;
    assert_eq!((&after["sts"], &after["o"]["slg"]), (&json!("active"), &json!("solo")));
    let finish = solo.get(&format!("/create-organization/finish?{DASHBOARD}")).await;
    assert!(finish.location().starts_with("http://localhost:3000/dashboard?"));
    let personal = application
        .get(&format!("/v1/sessions/{}", after["sid"].as_str().unwrap()))
        .await
        .json();
    assert_eq!(personal["tasks"], serde_json::Value::Null);

    let again = signed_in(&world, ADA).await;
    assert_eq!(
        claims(&application, &mut again.clone()).await["o"]["slg"],
        "solo",
        "with one there is no choice"
    );
}
