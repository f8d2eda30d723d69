use crate::browser::unescape;
use crate::world::{DASHBOARD, PASSWORD, World, sign_up};

const ADA: &str = "ada+clerk_test@example.com";

#[tokio::test]
async fn sign_up_takes_password_and_code() {
    let world = World::start().await;
    let mut browser = world.browser();
    let answer = sign_up(&mut browser, ADA, DASHBOARD).await;
    assert_eq!(answer.status, 303);
    assert!(
        answer
            .location()
            .starts_with("http://localhost:3000/dashboard?__clerk_db_jwt=")
    );
    assert_eq!(
        answer.location_parameter("__clerk_db_jwt").as_deref(),
        browser.cookies.get("__clerk_db_jwt").map(String::as_str),
        "the application and the portal know the browser by the same token"
    );
    let account = browser.get("/user").await;
    assert_eq!(account.status, 200);
    assert!(account.body.contains("Ada Lovelace") && account.body.contains(ADA));
    assert!(
        world.portal.outbox().await.unwrap().is_empty(),
        "test addresses get no mail"
    );
}

#[tokio::test]
async fn code_for_a_real_address_is_in_the_outbox() {
    let world = World::start().await;
    let mut browser = world.browser();
    browser.get(&format!("/sign-up?{DASHBOARD}")).await;
    let answer = browser
        .submit(&[("emailAddress", " Grace@Example.com "), ("password", PASSWORD)])
        .await;
    let page = browser.follow(&answer).await;
    assert!(page.body.contains("/__local/outbox"), "the page says where the code is");

    let mails = world.portal.outbox().await.unwrap();
    assert_eq!(mails.len(), 1, "the code is sent once");
    assert_eq!(mails[0].to, "Grace@Example.com");
    let code = mails[0].code.clone().unwrap();
    let shown = browser.clone().get("/__local/outbox").await;
    assert!(shown.body.contains(&code));
    let listed = browser.clone().get("/__local/outbox.json").await.json();
    assert_eq!(listed[0]["code"], code.as_str());

    if code != "424242" {
        assert_eq!(
            browser.submit(&[("code", "424242")]).await.page_error(),
            "form_code_incorrect"
        );
    }
    let spaced = format!("{} {}", &code[..3], &code[3..]);
    assert_eq!(browser.submit(&[("code", &spaced)]).await.status, 303);
}

#[tokio::test]
async fn invalid_field_is_reported_and_the_form_keeps_its_values() {
    let world = World::start().await;
    let mut browser = world.browser();
    browser.get("/sign-up").await;
    let answer = browser
        .submit(&[
            ("emailAddress", "ada@"),
            ("password", "s3cr3t!"),
            ("firstName", "<Ada>"),
            ("lastName", "L"),
        ])
        .await;
    assert_eq!(answer.status, 422);
    assert!(answer.body.contains("Enter a valid email address."));
    assert!(answer.body.contains("at least 8 characters"));
    assert!(answer.body.contains("value=\"ada@\"") && answer.body.contains("value=\"L\""));
    assert!(!answer.body.contains("<Ada>"), "escaped");
    assert!(!answer.body.contains("s3cr3t!"), "never the password");
    assert!(answer.body.contains("role=\"alert\"") && answer.body.contains("aria-invalid=\"true\""));
}

#[tokio::test]
async fn taken_address_redirects_to_sign_in_with_its_parameters() {
    let world = World::start().await;
    world.signed_up(ADA).await;
    let mut browser = world.browser();
    browser.get(&format!("/sign-up?{DASHBOARD}")).await;
    let answer = browser
        .submit(&[("emailAddress", "ADA+clerk_test@example.com"), ("password", PASSWORD)])
        .await;
    assert_eq!((answer.status, answer.page_error()), (422, "form_identifier_exists"));
    let link = unescape(
        answer
            .body
            .split("Sign in with it")
            .next()
            .unwrap()
            .rsplit_once("href=\"")
            .unwrap()
            .1,
    );
    assert!(
        link.starts_with(&format!(
            "/sign-in?{DASHBOARD}&email_address=ADA%2Bclerk_test%40example.com"
        )),
        "{link}"
    );
    let page = browser.get(link.split('"').next().unwrap()).await;
    assert!(
        page.body.contains("value=\"ADA+clerk_test@example.com\""),
        "{}",
        page.body
    );
}

#[tokio::test]
async fn address_taken_during_sign_up_is_refused_at_the_code() {
    let world = World::start().await;
    let (mut first, mut second) = (world.browser(), world.browser());
    for browser in [&mut first, &mut second] {
        browser.get("/sign-up").await;
        let answer = browser.submit(&[("emailAddress", ADA), ("password", PASSWORD)]).await;
        browser.follow(&answer).await;
    }
    assert_eq!(first.submit(&[("code", "424242")]).await.status, 303);
    let answer = second.submit(&[("code", "424242")]).await;
    assert_eq!((answer.status, answer.page_error()), (422, "form_identifier_exists"));
}

#[tokio::test]
async fn code_is_invalid_after_five_wrong_attempts() {
    let world = World::start().await;
    let mut browser = world.browser();
    browser.get("/sign-up").await;
    let answer = browser.submit(&[("emailAddress", ADA), ("password", PASSWORD)]).await;
    browser.follow(&answer).await;

    assert_eq!(browser.submit(&[("code", "")]).await.page_error(), "form_param_nil");
    assert_eq!(
        browser.submit(&[("code", "12345x")]).await.page_error(),
        "form_param_format_invalid"
    );
    for left in ["4 tries", "3 tries", "2 tries", "1 try"] {
        let answer = browser.submit(&[("code", "000000")]).await;
        assert_eq!(answer.page_error(), "form_code_incorrect");
        assert!(answer.body.contains(&format!("{left} left")), "{left}");
    }
    assert_eq!(
        browser.submit(&[("code", "000000")]).await.page_error(),
        "verification_failed"
    );
    assert_eq!(
        browser.submit(&[("code", "424242")]).await.page_error(),
        "verification_failed"
    );

    let early = browser.submit(&[("intent", "resend")]).await;
    assert_eq!((early.status, early.page_error()), (429, "too_many_requests"));
    assert_eq!(early.header("retry-after"), "30");
    world.clock.forward_secs(30);
    let sent = browser.submit(&[("intent", "resend")]).await;
    let page = browser.follow(&sent).await;
    assert!(page.body.contains("We sent you a new code."));
    assert_eq!(browser.submit(&[("code", "424242")]).await.status, 303);
}

#[tokio::test]
async fn code_expires_after_ten_minutes() {
    let world = World::start().await;
    let mut browser = world.browser();
    browser.get("/sign-up").await;
    let answer = browser.submit(&[("emailAddress", ADA), ("password", PASSWORD)]).await;
    browser.follow(&answer).await;
    world.clock.forward_secs(10 * 60);
    assert_eq!(
        browser.submit(&[("code", "424242")]).await.page_error(),
        "verification_expired"
    );
    assert_eq!(browser.submit(&[("intent", "resend")]).await.status, 303);
    assert_eq!(browser.submit(&[("code", "424242")]).await.status, 303);
}

#[tokio::test]
async fn lost_attempt_restarts_with_its_parameters() {
    let world = World::start().await;
    let mut browser = world.browser();
    let answer = browser.get(&format!("/sign-up/verify-email-address?{DASHBOARD}")).await;
    assert_eq!(answer.location(), format!("/sign-up?notice=expired&{DASHBOARD}"));
    assert!(
        browser
            .follow(&answer)
            .await
            .body
            .contains("Your sign-up attempt has expired.")
    );

    let answer = browser.submit(&[("emailAddress", ADA), ("password", PASSWORD)]).await;
    browser.follow(&answer).await;
    world.clock.forward_secs(24 * 60 * 60);
    let late = browser.submit(&[("code", "424242")]).await;
    assert_eq!(late.location(), format!("/sign-up?notice=expired&{DASHBOARD}"));
}

#[tokio::test]
async fn link_parameters_prefill_the_form() {
    let world = World::start().await;
    let page = world
        .browser()
        .get("/sign-up?email_address=ann%2Bx%40example.com&first_name=Ann&last_name=%22Q%22")
        .await;
    for value in ["value=\"ann+x@example.com\"", "value=\"Ann\"", "value=\"&#34;Q&#34;\""] {
        assert!(page.body.contains(value), "{value}");
    }
}

#[tokio::test]
async fn double_submit_of_the_code_creates_one_account() {
    let world = World::start().await;
    let mut browser = world.browser();
    browser.get(&format!("/sign-up?{DASHBOARD}")).await;
    let answer = browser.submit(&[("emailAddress", ADA), ("password", PASSWORD)]).await;
    browser.follow(&answer).await;
    let mut twin = browser.clone();
    let fields = [("code", "424242")];
    let (first, second) = tokio::join!(browser.submit(&fields), twin.submit(&fields));
    for answer in [first, second] {
        assert_eq!(answer.status, 303);
        assert!(!answer.location().contains("/sign-up?notice"), "{}", answer.location());
    }
}
