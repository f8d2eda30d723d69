//! Several accounts in one browser, where the instance allows it.

use portal_local::{SeedUser, Settings};

use crate::browser::{Answer, Browser};
use crate::world::{DASHBOARD, PASSWORD, PortalClock, World, identify};

const ADA: &str = "ada+clerk_test@example.com";
const BOB: &str = "bob+clerk_test@example.com";

type Fields<'a> = &'a [(&'a str, &'a str)];

async fn world() -> World {
    let clock = PortalClock::new();
    let mut settings = Settings::default();
    settings.single_session_mode = false;
    let portal = clock
        .builder()
        .settings(settings)
        .user(SeedUser::new(ADA).name("Ada", "Lovelace").password(PASSWORD))
        .user(SeedUser::new(BOB).password(PASSWORD))
        .start()
        .await
        .unwrap();
    World { portal, clock }
}

async fn sign_in_too(browser: &mut Browser, address: &str) -> Answer {
    identify(browser, address, &format!("account=another&{DASHBOARD}")).await;
    browser.submit(&[("password", PASSWORD)]).await
}

/// Returns the user that an application sees.
async fn seen(world: &World, browser: &mut Browser) -> Option<String> {
    let application = world.application();
    let cookies = application.handshake(browser).await;
    if !cookies.is_signed_in() {
        return None;
    }
    let claims = application.verified_claims(cookies.value("__session")).await;
    Some(claims["sub"].as_str().unwrap().to_owned())
}

fn id(address: &str) -> Option<String> {
    Some(SeedUser::new(address).id())
}

/// Presses the button of the account that the page lists as number `which`.
async fn choose(browser: &mut Browser, which: usize) -> Answer {
    let page = browser.get(&format!("/sign-in/choose?{DASHBOARD}")).await;
    let sessions: Vec<&str> = page.body.split("name=\"session_id\" value=\"").skip(1).collect();
    let session = sessions[which].split_once('"').unwrap().0.to_owned();
    browser.submit(&[("session_id", &session)]).await
}

#[tokio::test]
async fn accounts_are_added_and_chosen() {
    let world = world().await;
    let mut browser = world.browser();
    sign_in_too(&mut browser, ADA).await;
    assert_eq!(seen(&world, &mut browser).await, id(ADA));
    sign_in_too(&mut browser, BOB).await;
    assert_eq!(
        seen(&world, &mut browser).await,
        id(BOB),
        "the latest is the active one"
    );

    let to_choose = browser.get(&format!("/sign-in?{DASHBOARD}")).await;
    assert_eq!(to_choose.location(), format!("/sign-in/choose?{DASHBOARD}"));
    let page = browser.get("/sign-in/choose").await;
    assert!(page.body.contains("Ada Lovelace") && page.body.contains(BOB));
    assert_eq!(page.body.matches(">Active<").count(), 1);

    let on = choose(&mut browser, 0).await;
    assert!(
        on.location()
            .starts_with("http://localhost:3000/dashboard?__clerk_db_jwt=")
    );
    assert_eq!(seen(&world, &mut browser).await, id(ADA));
    assert!(browser.get("/user").await.body.contains("portal-user-switch"));
}

#[tokio::test]
async fn form_of_an_account_that_is_no_longer_active_changes_nothing() {
    let world = world().await;
    let application = world.application();
    let mut browser = world.browser();
    sign_in_too(&mut browser, ADA).await;
    sign_in_too(&mut browser, BOB).await;
    let path = format!("/v1/users/{}", SeedUser::new(BOB).id());
    let before = application.get(&path).await;
    let forms: [(&str, &str, Fields<'_>); 5] = [
        ("/user", "/user", &[("firstName", "Ada"), ("lastName", "King")]),
        ("/user/delete", "/user/delete", &[("confirmation", "Delete account")]),
        (
            "/user/email-addresses",
            "/user/email-addresses",
            &[("emailAddress", "new@example.com")],
        ),
        ("/create-organization", "/create-organization", &[("name", "Acme")]),
        ("/user", "/user/sign-out", &[]),
    ];
    for (page, form, fields) in forms {
        choose(&mut browser, 0).await;
        let shown = browser.get(page).await;
        let user_id = shown.after("name=\"shown_user_id\" value=\"").unwrap().to_owned();
        assert_eq!(Some(&user_id), id(ADA).as_ref(), "{form}");
        let mut tab = browser.clone();
        choose(&mut browser, 1).await;
        let token = tab.form_token();
        let mut all = vec![("form_token", token.as_str()), ("shown_user_id", user_id.as_str())];
        all.extend_from_slice(fields);
        let refused = tab.post(form, &all, &[]).await;
        assert_eq!(refused.location(), format!("{page}?notice=account-switched"), "{form}");
        let told = tab.follow(&refused).await;
        assert!(told.says("Nothing was changed, because you switched"), "{form}");
    }
    assert_eq!(application.get(&path).await.json(), before.json());
    assert_eq!(seen(&world, &mut browser).await, id(BOB));
}

#[tokio::test]
async fn sign_out_of_one_account_keeps_the_others() {
    let world = world().await;
    let mut browser = world.browser();
    sign_in_too(&mut browser, ADA).await;
    sign_in_too(&mut browser, BOB).await;
    browser.get("/user").await;
    let token = browser.form_token();
    let out = browser.post("/user/sign-out", &[("form_token", &token)], &[]).await;
    assert_eq!(out.location(), "/sign-in/choose");
    assert_eq!(
        seen(&world, &mut browser).await,
        None,
        "nobody is taken for another account unasked"
    );
    let page = browser.get("/sign-in/choose").await;
    assert!(page.body.contains("Ada Lovelace") && !page.body.contains(BOB));
    assert!(!page.body.contains(">Active<"));
    choose(&mut browser, 0).await;
    assert_eq!(seen(&world, &mut browser).await, id(ADA));

    sign_in_too(&mut browser, BOB).await;
    let page = browser.get("/sign-out").await;
    assert!(page.body.contains("all accounts") && page.body.contains("Ada Lovelace"));
    browser.submit(&[]).await;
    assert_eq!(seen(&world, &mut browser).await, None);
    assert_eq!(browser.get("/sign-in/choose").await.location(), "/sign-in");
    for address in [ADA, BOB] {
        let live = format!("/v1/sessions?user_id={}&status=active", SeedUser::new(address).id());
        assert_eq!(world.application().get(&live).await.json().as_array().unwrap().len(), 0);
    }
}

#[tokio::test]
async fn repeated_sign_in_of_one_account_keeps_one_session() {
    let world = world().await;
    let mut browser = world.browser();
    sign_in_too(&mut browser, ADA).await;
    sign_in_too(&mut browser, ADA).await;
    let page = browser.get("/sign-in/choose").await;
    assert_eq!(page.body.matches("portal-choose-account\"").count(), 1);
    let all = world
        .application()
        .get(&format!("/v1/sessions?user_id={}", id(ADA).unwrap()))
        .await;
    let statuses: Vec<&str> = all
        .json()
        .as_array()
        .unwrap()
        .iter()
        .map(|one| match one["status"].as_str() {
            Some("active") => "active",
            Some("replaced") => "replaced",
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(statuses, ["active", "replaced"]);
}

#[tokio::test]
async fn session_of_another_browser_is_refused() {
    let world = world().await;
    let (mut mine, mut theirs) = (world.browser(), world.browser());
    sign_in_too(&mut mine, ADA).await;
    sign_in_too(&mut theirs, BOB).await;
    let sessions = world
        .application()
        .get(&format!("/v1/sessions?user_id={}", id(BOB).unwrap()))
        .await;
    let foreign = sessions.json()[0]["id"].as_str().unwrap().to_owned();
    mine.get("/sign-in/choose").await;
    let answer = mine.submit(&[("session_id", &foreign)]).await;
    assert_eq!(answer.location(), "/sign-in/choose");
    assert_eq!(seen(&world, &mut mine).await, id(ADA));
}

#[tokio::test]
async fn single_session_mode_has_no_account_chooser() {
    let world = world().await;
    let mut browser = world.browser();
    sign_in_too(&mut browser, ADA).await;
    sign_in_too(&mut browser, BOB).await;
    let mut settings = world.portal.settings().await.unwrap();
    settings.single_session_mode = true;
    world.portal.set_settings(settings).await.unwrap();
    let on = browser.get(&format!("/sign-in/choose?{DASHBOARD}")).await;
    assert!(on.location().starts_with("http://localhost:3000/dashboard"));

    // The next user to sign in is the only one.
    let link = world.portal.sign_in_link_for(ADA).await.unwrap().unwrap();
    browser.confirm(link.strip_prefix(world.portal.origin()).unwrap()).await;
    assert_eq!(seen(&world, &mut browser).await, id(ADA));
    let live = format!("/v1/sessions?user_id={}&status=active", id(BOB).unwrap());
    assert_eq!(world.application().get(&live).await.json().as_array().unwrap().len(), 0);
}
