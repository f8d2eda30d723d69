//! User journeys in a real browser, through the application and the portal.
//!
//! One program, because linking Chromium's driver, the application and the portal takes longer than most journeys. Each
//! journey of [`journeys!`] runs twice, with scripts and without, and ends with the checks of [`Shop::ends`]. The users are those
//! of `portal-local seed`: jane and joe of acme, solo, code and leaked.

mod accessibility;
mod back;
mod boundaries;
mod connections;
mod express;
mod guards;
mod instances;
mod keyboard;
mod loops;
mod membership;
mod notes;
mod onward;
mod organizations;
mod plain_hyper;
mod replicas;
mod round_trip;
mod satellites;
mod second_factor;
mod sessions;
mod signing_in;
mod signing_out;
mod signing_up;
mod spa;
mod streams;
mod trouble;
mod users;

use std::time::Duration;

use portal_local::LocalPortalBuilder;
use portal_tests::browser::{Browser, Scripts};
use portal_tests::shop::Shop;

/// Defines two tests for each journey, and the list of the journeys' numbers.
///
/// A separate test in `keyboard` covers the narrow windows of journey 42.
macro_rules! journeys {
    ($($($number:literal =>)? $module:ident::$journey:ident;)+) => {
        const NUMBERS: &[u32] = &[$($($number,)?)+];

        mod with_script {
            $(#[tokio::test]
            async fn $journey() {
                crate::$module::$journey(crate::Scripts::On).await;
            })+
        }

        mod without_script {
            $(#[tokio::test]
            async fn $journey() {
                crate::$module::$journey(crate::Scripts::Off).await;
            })+
        }
    };
}

journeys! {
    1 => signing_in::first_visit_takes_one_handshake;
    2 => signing_in::wrong_then_right_password_returns_to_the_page;
    3 => signing_in::email_code_signs_in;
    6 => signing_up::sign_up_form_is_prefilled_from_the_link;
    11 => sessions::expired_token_is_refreshed_without_a_redirect;
    12 => sessions::missing_refresh_token_takes_one_handshake;
    13 => sessions::form_after_token_expiry_is_accepted;
    13 => sessions::form_after_token_expiry_is_signed_out_as_in_clerk;
    14 => sessions::missing_session_cookie_is_restored;
    15 => sessions::application_without_cookies_restores_the_session;
    16 => signing_out::application_sign_out_ends_the_session;
    17 => signing_out::portal_sign_out_signs_the_application_out_at_once;
    18 => signing_out::another_device_is_signed_out_within_a_minute;
    19 => signing_out::revoked_session_ends_within_a_minute;
    23 => organizations::new_organization_is_active;
    24 => organizations::path_activates_its_organization;
    25 => organizations::organization_of_non_member_is_not_activated;
    26 => organizations::path_activates_the_personal_account;
    27 => membership::new_user_joins_by_invitation;
    31 => organizations::pending_session_is_redirected_to_its_task;
    33 => boundaries::hostile_redirect_url_is_reported_and_not_followed;
    34 => boundaries::forced_destination_survives_changes_of_flow;
    35 => signing_in::signed_in_user_sees_no_form;
    36 => signing_in::back_and_double_submit_keep_one_session;
    37 => sessions::used_nonce_keeps_the_session;
    38 => signing_out::tabs_share_sign_in_and_sign_out;
    39 => trouble::foreign_secret_key_causes_no_redirect_loop;
    39 => trouble::foreign_publishable_key_causes_no_redirect_loop;
    40 => trouble::restarted_portal_keeps_sessions;
    40 => trouble::reset_portal_causes_no_redirect_loop;
    42 => keyboard::password_sign_in_works_by_keyboard;
    42 => keyboard::code_sign_in_works_by_keyboard;
    42 => keyboard::sign_up_works_by_keyboard;
    20 => keyboard::profile_is_changed_by_keyboard;
    45 => boundaries::link_from_another_site_takes_one_handshake;
    connections::new_user_signs_up_through_the_external_provider;
    connections::external_account_is_connected_to_an_existing_user;
    connections::accounts_are_added_and_switched;
    second_factor::authenticator_or_backup_code_is_the_second_factor;
}

/// The journeys that test rules instead of movement: locks, expiry, mistakes, permissions.
///
/// `portal-local/tests/portal` proves them over HTTP, where they take a hundredth of the time.
const OVER_HTTP: [u32; 13] = [4, 5, 7, 8, 9, 10, 21, 22, 28, 29, 30, 32, 41];

#[test]
fn every_journey_number_is_listed() {
    let mut numbers = [NUMBERS, &OVER_HTTP].concat();
    numbers.sort_unstable();
    numbers.dedup();
    let expected: Vec<u32> = (1..=42).chain([45]).collect();
    assert_eq!(numbers, expected);
}

#[tokio::test]
async fn scripts_are_off_in_the_journeys_without_scripts() {
    for (scripts, expected) in [(Scripts::On, "on"), (Scripts::Off, "off")] {
        let browser = Browser::with(scripts).await;
        browser
            .visit("data:text/html,<p id=probe>off</p><script>probe.textContent = 'on'</script>")
            .await;
        assert_eq!(browser.text("#probe").await, expected);
        browser.close().await;
    }
}

#[tokio::test]
async fn failed_journey_ends_its_browser() {
    let (sender, receiver) = tokio::sync::oneshot::channel();
    let journey = tokio::spawn(async move {
        let browser = Browser::open().await;
        sender.send(browser.process_id()).expect("the receiver waits");
        panic!("on purpose");
    });
    let id = receiver.await.expect("the browser runs").to_string();
    assert!(journey.await.expect_err("it panics").is_panic());
    let signal = std::process::Command::new("kill").args(["-0", &id]).output();
    assert!(!signal.expect("kill is there").status.success(), "{id} still runs");
}

pub(crate) const JANE: &str = "jane+clerk_test@example.com";
pub(crate) const JOE: &str = "joe+clerk_test@example.com";
pub(crate) const SOLO: &str = "solo+clerk_test@example.com";
pub(crate) const CODE: &str = "code+clerk_test@example.com";
pub(crate) const PASSWORD: &str = "correct horse battery";
pub(crate) const TEST_CODE: &str = "424242";

/// The time after which a session token has expired, clock tolerance included.
pub(crate) const TOKEN_END: Duration = Duration::from_secs(70);

/// A shop whose portal has the users above.
pub(crate) async fn open(scripts: Scripts) -> (Shop, Browser) {
    open_with(scripts, |portal| portal).await
}

/// [`open`] with another configuration of the portal too.
pub(crate) async fn open_with(
    scripts: Scripts,
    stage: impl FnOnce(LocalPortalBuilder) -> LocalPortalBuilder,
) -> (Shop, Browser) {
    (open_shop(stage).await, Browser::with(scripts).await)
}

async fn open_shop(stage: impl FnOnce(LocalPortalBuilder) -> LocalPortalBuilder) -> Shop {
    Shop::staged(|portal| stage(portal.demo_data()), |instance| instance).await
}

/// Signs a user in from the application's home page, and returns there.
pub(crate) async fn sign_in(browser: &Browser, shop: &Shop, address: &str) {
    browser.visit(&shop.at("/sign-in")).await;
    sign_in_here(browser, address, PASSWORD).await;
    browser.read("home").await;
}

/// Submits address and password on the current sign-in page.
pub(crate) async fn sign_in_here(browser: &Browser, address: &str, password: &str) {
    identify(browser, address).await;
    browser.fill("password", password).await;
    browser.follow("portal-factor-one-submit").await;
}

/// Submits an address on the current sign-in page.
pub(crate) async fn identify(browser: &Browser, address: &str) {
    browser.fill("identifier", address).await;
    browser.follow("portal-sign-in-submit").await;
}

/// The user that the application shows.
pub(crate) async fn user(browser: &Browser, shop: &Shop) -> String {
    browser.visit(&shop.at("/")).await;
    browser.read("user").await
}
