use crate::world::{DASHBOARD, World};

const ADA: &str = "ada+clerk_test@example.com";

#[tokio::test]
async fn the_account_page_is_for_people_who_are_signed_in() {
    let world = World::start().await;
    let answer = world.browser().get(&format!("/user?{DASHBOARD}")).await;
    assert_eq!(answer.status, 303);
    let query = answer.location().strip_prefix("/sign-in?").unwrap();
    let (_, back) = url::form_urlencoded::parse(query.as_bytes()).next().unwrap();
    assert_eq!(back, format!("{}/user?{DASHBOARD}", world.portal.origin()));
}

#[tokio::test]
async fn a_name_is_changed_and_the_way_back_is_shown() {
    let world = World::start().await;
    let mut browser = world.signed_up(ADA).await;
    let page = browser.get(&format!("/user?{DASHBOARD}")).await;
    assert!(
        page.body.contains("href=\"http://localhost:3000/dashboard\"") && page.body.contains("Back to localhost:3000")
    );
    let answer = browser.submit(&[("firstName", "  Augusta "), ("lastName", "")]).await;
    let page = browser.follow(&answer).await;
    assert!(page.body.contains("Your changes are saved."));
    assert!(
        page.body.contains("data-testid=\"portal-user-name\">Augusta<"),
        "{}",
        page.body
    );

    let long = "x".repeat(257);
    let answer = browser.submit(&[("firstName", &long), ("lastName", "King")]).await;
    assert_eq!(
        (answer.status, answer.page_error()),
        (422, "form_param_max_length_exceeded")
    );
    assert!(answer.body.contains("value=\"King\""), "what was typed stays");

    let hostile = browser.get("/user?redirect_url=https%3A%2F%2Fevil.example%2F").await;
    assert!(!hostile.body.contains("Back to") && hostile.body.contains("(evil.example) is not allowed"));
}

#[tokio::test]
async fn signing_out_tells_the_application() {
    let world = World::start().await;
    let application = world.application();
    let mut browser = world.signed_up(ADA).await;
    let cookies = application.handshake(&mut browser).await;
    assert!(cookies.is_signed_in());

    browser.get(&format!("/user?{DASHBOARD}")).await;
    let token = browser.form_token();
    let answer = browser
        .post(&format!("/user/sign-out?{DASHBOARD}"), &[("form_token", &token)], &[])
        .await;
    assert!(
        answer
            .location()
            .starts_with("http://localhost:3000/dashboard?__clerk_db_jwt=")
    );
    assert!(!application.handshake(&mut browser).await.is_signed_in());
    assert_eq!(
        application.refresh(&cookies).await.json()["errors"][0]["code"],
        "session_inactive"
    );
    let session = crate::application::unverified_claims(cookies.value("__session"))["sid"].clone();
    let session = application
        .get(&format!("/v1/sessions/{}", session.as_str().unwrap()))
        .await
        .json();
    assert_eq!(session["status"], "removed");

    let again = browser.post("/user/sign-out", &[("form_token", &token)], &[]).await;
    assert_eq!(again.status, 303, "signing out twice is no error");
    assert!(browser.get("/sign-in").await.body.contains("Sign in to Acme"));
}
