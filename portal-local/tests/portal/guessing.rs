//! Codes and passwords cannot be guessed by starting again: tries count per account or address, and a lock holds.

use crate::browser::{Answer, Browser};
use crate::organizations::user;
use crate::world::{DASHBOARD, PASSWORD, World, identify, signed_in};

const ADA: &str = "ada@example.com";
const NEW: &str = "a new horse battery";
const CODE_PAGE: &str = "/sign-in/factor-one?strategy=email_code";
const RESET_PAGE: &str = "/sign-in/reset-password";

async fn mails(world: &World) -> Vec<String> {
    let mails = world.portal.outbox().await.unwrap();
    mails.into_iter().filter_map(|mail| mail.code).collect()
}

/// The latest code, and one that is wrong.
async fn codes(world: &World) -> (String, &'static str) {
    let right = mails(world).await[0].clone();
    let wrong = if right == "000000" { "111111" } else { "000000" };
    (right, wrong)
}

/// A browser that has just started to sign in, on the page where its code is entered.
async fn at_code_page(world: &World, page: &str) -> (Browser, Answer) {
    let mut browser = world.browser();
    identify(&mut browser, ADA, DASHBOARD).await;
    let answer = browser.get(page).await;
    (browser, answer)
}

#[tokio::test]
async fn wrong_codes_of_several_attempts_lock_the_account() {
    for page in [CODE_PAGE, RESET_PAGE] {
        let world = World::start().await;
        user(&world.application(), ADA).await;
        let mut last = String::new();
        for _ in 0..2 {
            let (mut browser, answer) = at_code_page(&world, page).await;
            assert_eq!(answer.status, 200, "{}", answer.body);
            let (_, wrong) = codes(&world).await;
            for _ in 0..5 {
                last = browser.submit(&[("code", wrong)]).await.page_error().to_owned();
            }
            world.clock.forward_secs(31);
        }
        assert_eq!(last, "user_locked", "{page}");
        let (mut browser, _) = at_code_page(&world, page).await;
        let (right, _) = codes(&world).await;
        let answer = browser.submit(&[("code", &right)]).await;
        assert_eq!((answer.status, answer.page_error()), (403, "user_locked"), "{page}");
        assert!(!world.application().handshake(&mut browser).await.is_signed_in());
        world.clock.forward_secs(3_601);
        let (mut browser, _) = at_code_page(&world, page).await;
        let (right, _) = codes(&world).await;
        assert_eq!(
            browser.submit(&[("code", &right)]).await.status,
            303,
            "the lock runs out"
        );
    }
}

#[tokio::test]
async fn new_code_within_30_seconds_is_refused_in_every_attempt() {
    let world = World::start().await;
    user(&world.application(), ADA).await;
    for page in [CODE_PAGE, RESET_PAGE] {
        let before = mails(&world).await.len();
        let (mut first, _) = at_code_page(&world, page).await;
        for _ in 0..5 {
            let (_, answer) = at_code_page(&world, page).await;
            assert_eq!((answer.status, answer.page_error()), (429, "too_many_requests"));
            assert_eq!(answer.header("retry-after"), "30");
        }
        assert_eq!(mails(&world).await.len(), before + 1, "{page}");
        let (right, _) = codes(&world).await;
        assert_eq!(
            first.submit(&[("code", &right)]).await.status,
            303,
            "the first code is good"
        );
    }
}

#[tokio::test]
async fn restarted_attempt_keeps_its_code() {
    let world = World::start().await;
    user(&world.application(), ADA).await;
    let (mut browser, _) = at_code_page(&world, CODE_PAGE).await;
    identify(&mut browser, ADA, DASHBOARD).await;
    assert_eq!(browser.get(CODE_PAGE).await.status, 200);
    assert_eq!(mails(&world).await.len(), 1);
    let (right, _) = codes(&world).await;
    assert_eq!(browser.submit(&[("code", &right)]).await.status, 303);

    let mut browser = world.browser();
    let fields = [("emailAddress", "new@example.com"), ("password", PASSWORD)];
    for _ in 0..3 {
        browser.get("/sign-up").await;
        let answer = browser.submit(&fields).await;
        assert_eq!(answer.status, 303, "{}", answer.body);
        browser.follow(&answer).await;
    }
    assert_eq!(mails(&world).await.len(), 2);
    let (right, _) = codes(&world).await;
    assert_eq!(browser.submit(&[("code", &right)]).await.status, 303);
}

#[tokio::test]
async fn wrong_codes_of_several_sign_ups_lock_the_address() {
    let world = World::start().await;
    let sign_up = async || {
        let mut browser = world.browser();
        browser.get("/sign-up").await;
        let answer = browser.submit(&[("emailAddress", ADA), ("password", PASSWORD)]).await;
        if answer.status == 303 {
            browser.follow(&answer).await;
        }
        (browser, answer)
    };
    let mut last = String::new();
    for _ in 0..2 {
        let (mut browser, _) = sign_up().await;
        let (_, other) = sign_up().await;
        assert_eq!(other.page_error(), "too_many_requests");
        let (_, wrong) = codes(&world).await;
        for _ in 0..5 {
            last = browser.submit(&[("code", wrong)]).await.page_error().to_owned();
        }
        world.clock.forward_secs(31);
    }
    assert_eq!(last, "user_locked");
    let (mut browser, _) = sign_up().await;
    let (right, _) = codes(&world).await;
    let answer = browser.submit(&[("code", &right)]).await;
    assert_eq!((answer.status, answer.page_error()), (403, "user_locked"));
    assert_eq!(
        world.application().get("/v1/users/count").await.json()["total_count"],
        0
    );
}

#[tokio::test]
async fn current_password_is_compared_ten_times_at_most() {
    let world = World::start().await;
    user(&world.application(), ADA).await;
    let mut browser = signed_in(&world, ADA).await;
    browser.get("/user/security").await;
    let guess = |current: &'static str| {
        let mut twin = browser.clone();
        async move {
            let answer = twin.submit(&[("currentPassword", current), ("password", NEW)]).await;
            (answer.status, answer.page_error().to_owned())
        }
    };
    let guesses: Vec<_> = (0..24).map(|_| tokio::spawn(guess("wrong horse battery"))).collect();
    let mut compared = 0;
    for one in guesses {
        let (status, code) = one.await.unwrap();
        assert!(
            matches!(
                (status, &*code),
                (422, "form_password_incorrect") | (403, "user_locked")
            ),
            "{status} {code}"
        );
        compared += u32::from(code == "form_password_incorrect");
    }
    assert!(compared < 10, "{compared}: the tenth locks");
    assert_eq!(
        guess(PASSWORD).await,
        (403, "user_locked".to_owned()),
        "the right one comes too late"
    );
}
