//! The second factor at sign-in, and its users.

use aws_lc_rs::hmac;
use hyper::Method;
use portal_local::{SeedOrganization, SeedUser, Settings};
use serde_json::{Value, json};

use crate::browser::{Answer, Browser};
use crate::world::{DASHBOARD, PASSWORD, PortalClock, START_SECS, World, identify};

pub(crate) const ADA: &str = "ada+clerk_test@example.com";
pub(crate) const BOB: &str = "bob+clerk_test@example.com";
pub(crate) const SECRET: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
const FACTOR_TWO: &str = "/sign-in/factor-two";
pub(crate) const SECURITY: &str = "/user/security";
pub(crate) const AUTHENTICATOR: &str = "/user/security/authenticator";
pub(crate) const BACKUP_CODES: &str = "/user/security/backup-codes";
pub(crate) const NEW: &str = "a new horse battery";

/// Ada has an authenticator, Bob has none.
pub(crate) async fn world() -> World {
    world_with(Settings::default()).await
}

pub(crate) async fn world_with(settings: Settings) -> World {
    let clock = PortalClock::new();
    let portal = clock
        .builder()
        .settings(settings)
        .user(SeedUser::new(ADA).password(PASSWORD).totp_secret(SECRET))
        .user(SeedUser::new(BOB).password(PASSWORD))
        .start()
        .await
        .unwrap();
    World { portal, clock }
}

pub(crate) fn required() -> Settings {
    let mut settings = Settings::default();
    settings.mfa_required = true;
    settings
}

/// Returns the code that an app computes from the secret and the time.
pub(crate) fn app_shows(secret: &str, secs: i64) -> String {
    const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let letters = secret.chars().filter(|c| !c.is_whitespace());
    let bits: String = letters
        .map(|letter| format!("{:05b}", LETTERS.find(letter).unwrap()))
        .collect();
    let bytes: Vec<u8> = (0..bits.len() / 8)
        .map(|byte| u8::from_str_radix(&bits[byte * 8..byte * 8 + 8], 2).unwrap())
        .collect();
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &bytes);
    let tag = hmac::sign(&key, &u64::try_from(secs / 30).unwrap().to_be_bytes());
    let start = usize::from(tag.as_ref()[19] & 15);
    let number = u32::from_be_bytes(tag.as_ref()[start..start + 4].try_into().unwrap());
    format!("{:06}", (number & 0x7fff_ffff) % 1_000_000)
}

/// A code that no app shows now.
pub(crate) fn wrong(world: &World) -> String {
    let now = world.clock.now_secs();
    let near: Vec<String> = (-1..=1).map(|step| app_shows(SECRET, now + 30 * step)).collect();
    let mut codes = (0..1_000_000).map(|number| format!("{number:06}"));
    codes.find(|code| !near.contains(code)).unwrap()
}

pub(crate) async fn code(world: &World) -> String {
    world.portal.totp_code_for(ADA).await.unwrap().unwrap()
}

/// Brings a browser to the second factor.
async fn first_factor(world: &World) -> Browser {
    let mut browser = world.browser();
    identify(&mut browser, ADA, DASHBOARD).await;
    let answer = browser.submit(&[("password", PASSWORD)]).await;
    assert_eq!(answer.location(), format!("{FACTOR_TWO}?{DASHBOARD}"));
    let page = browser.follow(&answer).await;
    assert_eq!(page.status, 200);
    browser
}

pub(crate) async fn signed_in(world: &World) -> Browser {
    let mut browser = first_factor(world).await;
    assert_dashboard(&browser.submit(&[("code", &code(world).await)]).await);
    browser
}

pub(crate) async fn bob_signed_in(world: &World) -> (Browser, Answer) {
    let mut browser = world.browser();
    identify(&mut browser, BOB, DASHBOARD).await;
    let answer = browser.submit(&[("password", PASSWORD)]).await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    (browser, answer)
}

pub(crate) fn assert_dashboard(answer: &Answer) {
    let location = answer.location();
    assert!(
        location.starts_with("http://localhost:3000/dashboard?"),
        "{location} {}",
        answer.body
    );
}

pub(crate) fn path(answer: &Answer) -> &str {
    answer.location().split('?').next().unwrap()
}

pub(crate) async fn claims(world: &World, browser: &mut Browser) -> Value {
    let application = world.application();
    let cookies = application.handshake(browser).await;
    application.verified_claims(cookies.value("__session")).await
}

pub(crate) async fn tasks(world: &World, browser: &mut Browser) -> Value {
    let claims = claims(world, browser).await;
    let path = format!("/v1/sessions/{}", claims["sid"].as_str().unwrap());
    let session = world.application().get(&path).await.json();
    assert_eq!(session["status"], claims["sts"]);
    let tasks = session["tasks"].as_array().cloned().unwrap_or_default();
    tasks.iter().map(|task| task["key"].clone()).collect()
}

pub(crate) async fn user(world: &World, address: &str) -> Value {
    let id = SeedUser::new(address).id();
    world.application().get(&format!("/v1/users/{id}")).await.json()
}

/// The backup codes on a page.
pub(crate) fn codes_on(page: &Answer) -> Vec<String> {
    let (_, after) = page.body.split_once("<textarea").expect("a page with backup codes");
    let (codes, _) = after.split_once('>').unwrap().1.split_once("</textarea>").unwrap();
    codes.lines().map(str::to_owned).collect()
}

/// The secret that a page shows.
pub(crate) fn secret_on(page: &Answer) -> String {
    let (_, after) = page.body.split_once("-secret\">").expect("a page with a secret");
    after.split_once('<').unwrap().0.to_owned()
}

/// Opens a page of the account and sends one of its forms to `path`.
pub(crate) async fn send_from(browser: &mut Browser, page: &str, path: &str) -> Answer {
    let opened = browser.get(page).await;
    assert_eq!(opened.status, 200, "{}", opened.location());
    let token = browser.form_token();
    browser.post(path, &[("form_token", &token)], &[]).await
}

/// Bob sets up an authenticator: the browser, the secret and the backup codes.
pub(crate) async fn set_up(world: &World) -> (Browser, String, Vec<String>) {
    let (mut browser, _) = bob_signed_in(world).await;
    let page = browser.get(AUTHENTICATOR).await;
    let secret = secret_on(&page);
    let done = browser
        .submit(&[("code", &app_shows(&secret, world.clock.now_secs()))])
        .await;
    assert_eq!(done.status, 200, "{}", done.body);
    (browser, secret, codes_on(&done))
}

#[tokio::test]
async fn every_first_factor_requires_the_second() {
    let world = world().await;
    let application = world.application();
    for way in ["password", "both at once", "email_code", "reset"] {
        world.clock.forward_secs(60);
        let mut browser = world.browser();
        let answer = match way {
            "both at once" => {
                browser.get(&format!("/sign-in?{DASHBOARD}")).await;
                browser.submit(&[("identifier", ADA), ("password", PASSWORD)]).await
            }
            "password" => {
                identify(&mut browser, ADA, DASHBOARD).await;
                browser.submit(&[("password", PASSWORD)]).await
            }
            "email_code" => {
                identify(&mut browser, ADA, DASHBOARD).await;
                let page = format!("/sign-in/factor-one?strategy=email_code&{DASHBOARD}");
                browser.get(&page).await;
                browser.submit(&[("code", "424242")]).await
            }
            _ => {
                identify(&mut browser, ADA, DASHBOARD).await;
                browser.get(&format!("/sign-in/reset-password?{DASHBOARD}")).await;
                let right = browser.submit(&[("code", "424242")]).await;
                browser.follow(&right).await;
                browser.submit(&[("password", NEW)]).await
            }
        };
        assert_eq!(answer.location(), format!("{FACTOR_TWO}?{DASHBOARD}"), "{way}");
        assert!(!application.handshake(&mut browser).await.is_signed_in(), "{way}");
        let page = browser.follow(&answer).await;
        assert!(page.body.contains("Two-step verification") && page.body.contains("autocomplete=\"one-time-code\""));
        assert!(!page.body.contains("Use another method"), "there are no backup codes");
        for (entered, expected) in [
            ("", "form_param_nil"),
            ("12345", "form_param_format_invalid"),
            (wrong(&world).as_str(), "form_code_incorrect"),
        ] {
            assert_eq!(
                browser.submit(&[("code", entered)]).await.page_error(),
                expected,
                "{way}"
            );
        }
        let spaced = code(&world).await;
        let spaced = format!(" {} {}", &spaced[..3], &spaced[3..]);
        assert_dashboard(&browser.submit(&[("code", &spaced)]).await);
        assert!(application.handshake(&mut browser).await.is_signed_in(), "{way}");
        assert_dashboard(&browser.get(&format!("{FACTOR_TWO}?{DASHBOARD}")).await);
    }
}

#[tokio::test]
async fn token_has_the_ages_of_both_factors() {
    let world = world().await;
    let mut browser = first_factor(&world).await;
    world.clock.forward_secs(120);
    assert_dashboard(&browser.submit(&[("code", &code(&world).await)]).await);
    assert_eq!(claims(&world, &mut browser).await["fva"], json!([2, 0]));
    world.clock.forward_secs(300);
    assert_eq!(claims(&world, &mut browser).await["fva"], json!([7, 5]));
    let (mut bob, _) = bob_signed_in(&world).await;
    assert_eq!(claims(&world, &mut bob).await["fva"], json!([0, -1]));
}

#[tokio::test]
async fn totp_code_is_single_use() {
    let world = world().await;
    let seen = code(&world).await;
    assert_eq!(seen, app_shows(SECRET, START_SECS));
    let mut first = first_factor(&world).await;
    assert_dashboard(&first.submit(&[("code", &seen)]).await);
    let mut second = first_factor(&world).await;
    let replayed = second.submit(&[("code", &seen)]).await;
    assert_eq!(replayed.page_error(), "form_code_incorrect");
    assert!(replayed.says("You've already used this code."));
    let next = code(&world).await;
    assert_eq!(
        next,
        app_shows(SECRET, START_SECS + 30),
        "the portal's app is ahead then"
    );
    assert_dashboard(&second.submit(&[("code", &next)]).await);
    world.clock.forward_secs(30);
    let mut third = first_factor(&world).await;
    for used in [seen, next] {
        let answer = third.submit(&[("code", &used)]).await;
        assert_eq!(
            answer.page_error(),
            "form_code_incorrect",
            "also a code from before the last one"
        );
    }
}

#[tokio::test]
async fn totp_code_tolerates_30_seconds_of_clock_skew() {
    for (off, is_accepted) in [(-60, false), (-30, true), (0, true), (30, true), (60, false)] {
        let world = world().await;
        let mut browser = first_factor(&world).await;
        let shown = app_shows(SECRET, START_SECS + off);
        let answer = browser.submit(&[("code", &shown)]).await;
        let expected = if is_accepted { "" } else { "form_code_incorrect" };
        assert_eq!(answer.page_error(), expected, "{off} seconds off");
        assert_eq!(answer.status, if is_accepted { 303 } else { 422 });
    }
}

#[tokio::test]
async fn wrong_totp_codes_lock_the_account() {
    let world = world().await;
    let mut browser = first_factor(&world).await;
    for left in ["4 tries", "3 tries", "2 tries", "1 try"] {
        let answer = browser.submit(&[("code", &wrong(&world))]).await;
        assert_eq!(answer.page_error(), "form_code_incorrect");
        assert!(answer.body.contains(&format!("{left} left")), "{left}");
    }
    let mut again = first_factor(&world).await;
    let locked = again.submit(&[("code", &wrong(&world))]).await;
    assert_eq!(
        locked.page_error(),
        "user_locked",
        "another attempt brings no more tries"
    );
    assert_eq!((locked.status, locked.header("retry-after")), (403, "3600"));
    assert_eq!(user(&world, ADA).await["locked"], true);
    let right = code(&world).await;
    assert_eq!(browser.submit(&[("code", &right)]).await.page_error(), "user_locked");
    let mut other = world.browser();
    identify(&mut other, ADA, DASHBOARD).await;
    assert_eq!(
        other.submit(&[("password", PASSWORD)]).await.page_error(),
        "user_locked"
    );

    world.clock.forward_secs(61 * 60);
    let mut later = first_factor(&world).await;
    assert!(
        later
            .submit(&[("code", &wrong(&world))])
            .await
            .body
            .contains("4 tries left")
    );
    assert_dashboard(&later.submit(&[("code", &code(&world).await)]).await);
    let mut last = first_factor(&world).await;
    let answer = last.submit(&[("code", &wrong(&world))]).await;
    assert!(
        answer.body.contains("4 tries left"),
        "a right code forgets the wrong ones"
    );
}

#[tokio::test]
async fn second_factor_without_a_first_is_refused() {
    let world = world().await;
    let mut stranger = world.browser();
    assert_eq!(stranger.get(FACTOR_TWO).await.location(), "/sign-in?notice=expired");
    identify(&mut stranger, ADA, DASHBOARD).await;
    let early = stranger.get(&format!("{FACTOR_TWO}?{DASHBOARD}")).await;
    assert_eq!(path(&early), "/sign-in", "the first factor is not proven");

    let mut twice = world.browser();
    identify(&mut twice, ADA, DASHBOARD).await;
    let first = twice.submit(&[("password", PASSWORD)]).await;
    let second = twice.submit(&[("password", PASSWORD)]).await;
    assert_eq!(first.location(), second.location(), "a second click does no harm");
    twice.follow(&second).await;
    world.clock.forward_secs(24 * 60 * 60 + 1);
    let late = twice.submit(&[("code", &code(&world).await)]).await;
    assert_eq!(path(&late), "/sign-in", "a day later it starts again");
}

#[tokio::test]
async fn second_account_in_one_browser_requires_its_second_factor() {
    let mut settings = Settings::default();
    settings.single_session_mode = false;
    let world = world_with(settings).await;
    let (mut browser, _) = bob_signed_in(&world).await;
    browser.get(&format!("/sign-in?account=another&{DASHBOARD}")).await;
    let answer = browser.submit(&[("identifier", ADA)]).await;
    browser.follow(&answer).await;
    browser.submit(&[("password", PASSWORD)]).await;
    let again = browser.submit(&[("password", PASSWORD)]).await;
    assert_eq!(
        path(&again),
        FACTOR_TWO,
        "a second click does not lead to the first account"
    );
    assert_eq!(claims(&world, &mut browser).await["sub"], SeedUser::new(BOB).id());
    browser.follow(&again).await;
    assert_dashboard(&browser.submit(&[("code", &code(&world).await)]).await);
    assert_eq!(claims(&world, &mut browser).await["sub"], SeedUser::new(ADA).id());
}

#[tokio::test]
async fn account_change_during_the_second_factor_applies() {
    let world = world().await;
    let application = world.application();
    let id = SeedUser::new(ADA).id();
    let mut changed = first_factor(&world).await;
    world.clock.forward_secs(1);
    let body = json!({ "password": NEW }).to_string();
    let secret_key = Some(application.secret_key.as_str());
    application
        .call(Method::PATCH, &format!("/v1/users/{id}"), secret_key, body)
        .await;
    let answer = changed.submit(&[("code", &code(&world).await)]).await;
    assert_eq!(
        path(&answer),
        "/sign-in",
        "the password that was proven is no longer the one"
    );

    identify(&mut changed, ADA, DASHBOARD).await;
    let answer = changed.submit(&[("password", NEW)]).await;
    changed.follow(&answer).await;
    application.post(&format!("/v1/users/{id}/ban"), &json!({})).await;
    let answer = changed.submit(&[("code", &code(&world).await)]).await;
    assert_eq!((answer.status, answer.page_error()), (403, "user_banned"));
    application.post(&format!("/v1/users/{id}/unban"), &json!({})).await;
    assert_dashboard(&changed.submit(&[("code", &code(&world).await)]).await);
}

#[tokio::test]
async fn backup_code_is_single_use() {
    let world = world().await;
    let (_, secret, codes) = set_up(&world).await;
    let (mut browser, answer) = bob_signed_in(&world).await;
    let page = browser.follow(&answer).await;
    assert!(page.body.contains("Use a backup code"));
    let backup = format!("{FACTOR_TWO}?strategy=backup_code&{DASHBOARD}");
    let page = browser.get(&backup).await;
    assert!(page.body.contains("Use your authenticator app") && page.body.contains("works once"));
    for (entered, expected) in [
        ("", "form_param_nil"),
        ("424242", "form_param_format_invalid"),
        ("zzzz-zzzz", "form_code_incorrect"),
    ] {
        assert_eq!(browser.submit(&[("code", entered)]).await.page_error(), expected);
    }
    let written = codes[3].to_ascii_uppercase().replace('-', " ").replace('0', "O");
    assert_dashboard(&browser.submit(&[("code", &written)]).await);
    assert_eq!(claims(&world, &mut browser).await["fva"], json!([0, 0]));
    assert!(browser.get(SECURITY).await.body.contains("9 left"));

    let (mut again, _) = bob_signed_in(&world).await;
    again.get(&backup).await;
    assert_eq!(
        again.submit(&[("code", &codes[3])]).await.page_error(),
        "form_code_incorrect"
    );
    world.clock.forward_secs(30);
    again.get(&format!("{FACTOR_TWO}?{DASHBOARD}")).await;
    let shown = app_shows(&secret, world.clock.now_secs());
    assert_dashboard(&again.submit(&[("code", &shown)]).await);

    let offered = again.get(BACKUP_CODES).await;
    assert!(offered.body.contains("stop working"));
    let replaced = again.submit(&[]).await;
    let fresh = codes_on(&replaced);
    assert_eq!(fresh.len(), 10);
    assert!(fresh.iter().all(|code| !codes.contains(code)));
    let (mut last, _) = bob_signed_in(&world).await;
    last.get(&backup).await;
    assert_eq!(
        last.submit(&[("code", &codes[4])]).await.page_error(),
        "form_code_incorrect"
    );
    assert_dashboard(&last.submit(&[("code", &fresh[0])]).await);
}

#[tokio::test]
async fn backup_code_is_not_offered_without_backup_codes() {
    let world = world().await;
    let mut browser = first_factor(&world).await;
    let page = browser
        .get(&format!("{FACTOR_TWO}?strategy=backup_code&{DASHBOARD}"))
        .await;
    assert!(page.body.contains("inputmode=\"numeric\""), "the app is asked for");
    assert_dashboard(&browser.submit(&[("code", &code(&world).await)]).await);
    let (mut bob, _) = bob_signed_in(&world).await;
    assert_eq!(bob.get(BACKUP_CODES).await.location(), SECURITY);
    bob.get(SECURITY).await;
    let token = bob.form_token();
    let answer = bob.post(BACKUP_CODES, &[("form_token", &token)], &[]).await;
    assert_eq!((answer.status, answer.location()), (303, SECURITY));
}

#[tokio::test]
async fn sign_in_token_skips_the_second_factor_and_an_invitation_does_not() {
    let clock = PortalClock::new();
    let portal = clock
        .builder()
        .user(SeedUser::new("ada@example.com").password(PASSWORD).totp_secret(SECRET))
        .organization(SeedOrganization::new("Acme", "acme").invitation("ada@example.com", "org:member"))
        .start()
        .await
        .unwrap();
    let world = World { portal, clock };
    let link = world.portal.sign_in_link_for("ada@example.com").await.unwrap().unwrap();
    let mut browser = world.browser();
    browser.confirm(link.strip_prefix(world.portal.origin()).unwrap()).await;
    assert_eq!(claims(&world, &mut browser).await["fva"], json!([0, -1]));

    let mails = world.portal.outbox().await.unwrap();
    let link = mails.into_iter().find_map(|mail| mail.link).unwrap();
    let mut invited = world.browser();
    let second = invited.confirm(link.strip_prefix(world.portal.origin()).unwrap()).await;
    assert_eq!(path(&second), FACTOR_TWO, "who can read the mail is not yet in");
    assert!(!world.application().handshake(&mut invited).await.is_signed_in());
    invited.follow(&second).await;
    let code = world.portal.totp_code_for("ada@example.com").await.unwrap().unwrap();
    assert_eq!(
        invited.submit(&[("code", &code)]).await.status,
        303,
        "the invitation is accepted too"
    );
    let claims = claims(&world, &mut invited).await;
    assert_eq!((&claims["o"]["slg"], &claims["fva"]), (&json!("acme"), &json!([0, 0])));
}
