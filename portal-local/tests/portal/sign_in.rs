use crate::browser::unescape;
use crate::organizations::user;
use crate::world::{DASHBOARD, PASSWORD, PortalClock, World, identify};

const ADA: &str = "ada+clerk_test@example.com";
const CODE_PAGE: &str = "/sign-in/factor-one?strategy=email_code";

#[tokio::test]
async fn wrong_password_is_reported_and_the_right_one_signs_in() {
    let world = World::start().await;
    world.signed_up(ADA).await;
    let mut browser = world.browser();
    let page = identify(&mut browser, "Ada+clerk_test@Example.com", DASHBOARD).await;
    assert!(page.body.contains("Use another method"));
    let wrong = browser.submit(&[("password", "s0mething else")]).await;
    assert_eq!((wrong.status, wrong.page_error()), (422, "form_password_incorrect"));
    assert!(wrong.body.contains("Ada+clerk_test@Example.com") && !wrong.body.contains("s0mething"));
    assert_eq!(browser.submit(&[("password", "")]).await.page_error(), "form_param_nil");
    let right = browser.submit(&[("password", PASSWORD)]).await;
    assert!(
        right
            .location()
            .starts_with("http://localhost:3000/dashboard?__clerk_db_jwt="),
        "{}",
        right.location()
    );
}

#[tokio::test]
async fn identifier_and_password_in_one_form_sign_in() {
    let world = World::start().await;
    world.signed_up(ADA).await;
    let mut browser = world.browser();
    browser.get(&format!("/sign-in?{DASHBOARD}")).await;
    let wrong = browser
        .submit(&[("identifier", ADA), ("password", "wrong wrong")])
        .await;
    assert_eq!(wrong.page_error(), "form_password_incorrect");
    let right = browser.submit(&[("password", PASSWORD)]).await;
    assert!(right.location().starts_with("http://localhost:3000/dashboard"));
}

#[tokio::test]
async fn unknown_address_redirects_to_sign_up_with_its_parameters() {
    let world = World::start().await;
    let mut browser = world.browser();
    browser.get(&format!("/sign-in?{DASHBOARD}")).await;
    for (identifier, code) in [("", "form_param_nil"), ("nobody", "form_param_format_invalid")] {
        assert_eq!(browser.submit(&[("identifier", identifier)]).await.page_error(), code);
    }
    let answer = browser.submit(&[("identifier", "nobody@example.com")]).await;
    assert_eq!(answer.page_error(), "form_identifier_not_found");
    assert!(answer.body.contains("value=\"nobody@example.com\""));
    let link = unescape(
        answer
            .body
            .split("Sign up with it")
            .next()
            .unwrap()
            .rsplit_once("href=\"")
            .unwrap()
            .1,
    );
    assert!(
        link.starts_with(&format!("/sign-up?{DASHBOARD}&email_address=nobody%40example.com")),
        "{link}"
    );
}

#[tokio::test]
async fn ten_wrong_passwords_lock_the_account_for_an_hour() {
    let world = World::start().await;
    world.signed_up(ADA).await;
    let mut browser = world.browser();
    identify(&mut browser, ADA, DASHBOARD).await;
    for _ in 0..9 {
        assert_eq!(
            browser.submit(&[("password", "wrong wrong")]).await.page_error(),
            "form_password_incorrect"
        );
    }
    let tenth = browser.submit(&[("password", "wrong wrong")]).await;
    assert_eq!((tenth.status, tenth.page_error()), (403, "user_locked"));
    let right = browser.submit(&[("password", PASSWORD)]).await;
    assert!(right.body.contains("Try again in 60 minutes."), "{}", right.body);
    world.clock.forward_secs(59 * 60);
    let right = browser.submit(&[("password", PASSWORD)]).await;
    assert_eq!(right.page_error(), "user_locked");
    assert!(right.body.contains("Try again in 1 minute."));
    world.clock.forward_secs(60);
    assert_eq!(
        browser.submit(&[("password", "wrong wrong")]).await.page_error(),
        "form_password_incorrect"
    );
    assert_eq!(browser.submit(&[("password", PASSWORD)]).await.status, 303);
}

#[tokio::test]
async fn email_code_replaces_the_password() {
    let world = World::start().await;
    world.signed_up(ADA).await;
    let mut browser = world.browser();
    identify(&mut browser, ADA, DASHBOARD).await;
    let page = browser
        .get(&format!("/sign-in/factor-one?strategy=email_code&{DASHBOARD}"))
        .await;
    assert!(page.body.contains("424242"), "a test address is told its code");
    let wrong = browser.submit(&[("code", "111111")]).await;
    assert_eq!(wrong.page_error(), "form_code_incorrect");
    assert!(wrong.body.contains("4 tries left"), "{}", wrong.body);
    let right = browser.submit(&[("code", "424 242")]).await;
    assert!(right.location().starts_with("http://localhost:3000/dashboard"));
}

#[tokio::test]
async fn sign_in_code_is_stored_as_verified_with_its_attempts() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("portal.sqlite");
    let clock = PortalClock::new();
    let portal = clock.builder().database_file(&file).start().await.unwrap();
    let world = World { portal, clock };
    user(&world.application(), ADA).await;
    let mut browser = world.browser();
    identify(&mut browser, ADA, DASHBOARD).await;
    browser.get(CODE_PAGE).await;
    browser.submit(&[("code", "111111")]).await;
    assert_eq!(browser.submit(&[("code", "424242")]).await.status, 303);
    // The portal locks its file while it runs.
    world.portal.shut_down().await;
    let stored = rusqlite::Connection::open(&file).unwrap().query_row(
        "SELECT count(*), status, attempts FROM verifications WHERE subject_type = 'sign_in'",
        [],
        |row| Ok((row.get::<_, u32>(0)?, row.get::<_, String>(1)?, row.get::<_, u32>(2)?)),
    );
    assert_eq!(stored.unwrap(), (1, "verified".to_owned(), 2));
}

#[tokio::test]
async fn expired_sign_in_code_is_rejected_until_resent() {
    let world = World::start().await;
    user(&world.application(), "real@example.com").await;
    let mut browser = world.browser();
    identify(&mut browser, "real@example.com", DASHBOARD).await;
    browser.get(CODE_PAGE).await;
    let latest_code = async || world.portal.outbox().await.unwrap()[0].code.clone().unwrap();
    let first = latest_code().await;
    if first != "424242" {
        let test_code = browser.submit(&[("code", "424242")]).await;
        assert_eq!(test_code.page_error(), "form_code_incorrect");
    }
    let early = browser.submit(&[("intent", "resend")]).await;
    assert_eq!((early.status, early.page_error()), (429, "too_many_requests"));

    world.clock.forward_secs(11 * 60);
    let late = browser.submit(&[("code", &first)]).await;
    assert_eq!(late.page_error(), "verification_expired");
    assert_eq!(browser.submit(&[("intent", "resend")]).await.status, 303);
    let second = latest_code().await;
    assert_eq!(browser.submit(&[("code", &second)]).await.status, 303);
}

#[tokio::test]
async fn reopened_code_page_sends_no_second_code() {
    let world = World::start().await;
    let mut browser = world.browser();
    browser.get("/sign-up").await;
    let answer = browser
        .submit(&[("emailAddress", "real@example.com"), ("password", PASSWORD)])
        .await;
    browser.follow(&answer).await;
    let code = world.portal.outbox().await.unwrap()[0].code.clone().unwrap();
    browser.submit(&[("code", &code)]).await;

    let mut browser = world.browser();
    identify(&mut browser, "real@example.com", "").await;
    for _ in 0..3 {
        browser.get("/sign-in/factor-one?strategy=email_code").await;
    }
    let mails = world.portal.outbox().await.unwrap();
    assert_eq!(mails.len(), 2, "one to sign up, one to sign in");
    world.clock.forward_secs(30);
    assert_eq!(browser.submit(&[("intent", "resend")]).await.status, 303);
    let latest = world.portal.outbox().await.unwrap()[0].code.clone().unwrap();
    assert_eq!(browser.submit(&[("code", &latest)]).await.status, 303);
}

#[tokio::test]
async fn signed_in_user_is_redirected_onward() {
    let world = World::start().await;
    let mut browser = world.signed_up(ADA).await;
    for path in [
        "/sign-in",
        "/sign-up",
        "/sign-in/factor-one",
        "/sign-up/verify-email-address",
    ] {
        let answer = browser
            .get(&format!("{path}?redirect_url=http%3A%2F%2Flocalhost%3A4000%2Fx"))
            .await;
        assert_eq!(answer.status, 303);
        assert!(
            answer.location().starts_with("http://localhost:4000/x?__clerk_db_jwt="),
            "{path}"
        );
    }
    let answer = browser.get("/sign-in").await;
    assert!(
        answer.location().starts_with("http://localhost:4000/?"),
        "home is the last allowed address's origin"
    );
}

#[tokio::test]
async fn destination_follows_force_then_redirect_then_fallback_url() {
    let world = World::start().await;
    let mut browser = world.signed_up(ADA).await;
    let [force, back, otherwise] = ["force", "back", "otherwise"].map(|path| format!("http://localhost:3000/{path}"));
    let (force, back, otherwise) = (Some(&*force), Some(&*back), Some(&*otherwise));
    let evil = Some("https://evil.example/");
    for flow in ["in", "up"] {
        for (forced, redirect, fallback, expected) in [
            (force, back, otherwise, "force?"),
            (None, back, otherwise, "back?"),
            (None, None, otherwise, "otherwise?"),
            (evil, back, otherwise, "back?"),
            (evil, evil, otherwise, "otherwise?"),
            (evil, evil, evil, "?"),
            (None, None, None, "?"),
        ] {
            let given = [
                (format!("sign_{flow}_force_redirect_url"), forced),
                ("redirect_url".to_owned(), redirect),
                (format!("sign_{flow}_fallback_redirect_url"), fallback),
            ];
            let given = given.into_iter().filter_map(|(name, value)| Some((name, value?)));
            let query = url::form_urlencoded::Serializer::new(String::new())
                .extend_pairs(given)
                .finish();
            let answer = browser.get(&format!("/sign-{flow}?{query}")).await;
            let expected = format!("http://localhost:3000/{expected}");
            assert!(
                answer.location().starts_with(&expected),
                "{query}: {}",
                answer.location()
            );
        }
    }
}

#[tokio::test]
async fn sign_in_without_a_redirect_url_ends_on_the_portals_page() {
    let world = World::start().await;
    let mut browser = world.browser();
    let answer = crate::world::sign_up(&mut browser, ADA, "").await;
    assert_eq!(answer.location(), format!("{}/default-redirect", world.portal.origin()));
    assert!(browser.follow(&answer).await.says("You're signed in"));
}

#[tokio::test]
async fn disallowed_redirect_url_is_reported_and_ignored() {
    let world = World::start().await;
    for bad in [
        "https://evil.example/x",
        "//evil.example/x",
        "http://localhost:3000@evil.example/",
    ] {
        let query: String = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("redirect_url", bad)
            .append_pair("sign_up_fallback_redirect_url", "http://localhost:5000/")
            .finish();
        let mut browser = world.browser();
        let page = browser.get(&format!("/sign-up?{query}")).await;
        assert!(page.says("(evil.example) isn't allowed for this application."), "{bad}");
        assert!(!page.header("content-security-policy").contains("evil"));
        let address = format!("u{}+clerk_test@example.com", bad.len());
        let answer = crate::world::sign_up(&mut browser, &address, &query).await;
        assert!(
            answer.location().starts_with("http://localhost:5000/?"),
            "{bad}: {}",
            answer.location()
        );
    }
    let page = world.browser().get("/sign-in?redirect_url=javascript%3Aalert(1)").await;
    assert!(page.says("isn't allowed for this application.") && !page.body.contains("href=\"javascript"));
}

#[tokio::test]
async fn parameters_are_kept_across_pages_and_steps() {
    let world = World::start().await;
    world.signed_up(ADA).await;
    let all = "redirect_url=http%3A%2F%2Flocalhost%3A1%2F&sign_in_force_redirect_url=http%3A%2F%2Flocalhost%3A2%2F\
               &sign_up_force_redirect_url=http%3A%2F%2Flocalhost%3A3%2F";
    let mut browser = world.browser();
    let page = browser.get(&format!("/sign-in?{all}")).await;
    assert!(unescape(&page.body).contains(&format!("href=\"/sign-up?{all}\"")));
    let page = identify(&mut browser, ADA, all).await;
    assert!(page.header("content-security-policy").contains("http://localhost:2"));
    let answer = browser.submit(&[("password", PASSWORD)]).await;
    assert!(
        answer.location().starts_with("http://localhost:2/?"),
        "the forced address wins"
    );
}

#[tokio::test]
async fn development_token_in_the_address_is_adopted() {
    let world = World::start().await;
    let signed_in = world.signed_up(ADA).await;
    let token = signed_in.cookies["__clerk_db_jwt"].clone();
    let mut other = world.browser();
    let answer = other.get(&format!("/user?a=b&__clerk_db_jwt={token}&c=%20d")).await;
    assert_eq!((answer.status, answer.location()), (303, "/user?a=b&c=%20d"));
    assert_eq!(
        other.follow(&answer).await.status,
        200,
        "the same browser, known on another host"
    );

    let mut stranger = world.browser();
    let answer = stranger.get("/sign-in?__clerk_db_jwt=garbage").await;
    assert_eq!((answer.status, answer.location()), (303, "/sign-in"));
    assert!(stranger.cookies.is_empty(), "an unknown token is not kept");
}
