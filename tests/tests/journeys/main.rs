//! What people do with an account, in a real browser: the application, the portal, and the way between them.
//!
//! Each journey is made twice, with scripts and without, and ends where [`Shop::ends`] finds everything in order. The
//! people are those that `portal-local seed` knows: jane and joe of acme, solo, code and leaked.

mod account;
mod boundaries;
mod connections;
mod keyboard;
mod membership;
mod organizations;
mod second_factor;
mod sessions;
mod signing_in;
mod signing_out;
mod signing_up;
mod trouble;

use portal_local::LocalPortalBuilder;
use portal_tests::browser::{Browser, Scripts};
use portal_tests::shop::Shop;

/// Makes two tests of each journey, and a list of the numbers that some have. What journey 42 says of narrow windows is a test of its own
/// in `keyboard`.
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
    1 => signing_in::a_first_visit_takes_one_handshake;
    2 => signing_in::a_password_wrong_once_leads_back;
    3 => signing_in::a_code_signs_in_too;
    4 => signing_in::a_real_address_gets_its_code_by_mail;
    5 => signing_up::an_unknown_address_is_taken_along_to_sign_up;
    6 => signing_up::an_account_is_made_of_what_the_link_says;
    7 => signing_up::a_taken_address_is_led_to_sign_in;
    8 => signing_in::a_code_ends_and_another_takes_a_while;
    9 => signing_in::too_many_wrong_passwords_lock_the_account_for_a_while;
    10 => signing_in::a_forgotten_password_is_replaced_and_other_devices_are_signed_out;
    11 => sessions::an_expired_token_is_refreshed_without_a_redirect;
    12 => sessions::without_a_refresh_token_there_is_one_handshake;
    13 => sessions::a_form_sent_after_the_end_is_not_lost;
    13 => sessions::a_form_sent_after_the_end_is_signed_out_as_clerk_does_it;
    14 => sessions::a_lost_session_cookie_comes_back;
    15 => sessions::the_portal_knows_a_browser_that_lost_every_cookie_of_the_application;
    16 => signing_out::signing_out_in_the_application_ends_the_session;
    17 => signing_out::signing_out_on_the_portal_reaches_the_application_at_once;
    18 => signing_out::another_device_is_signed_out_within_a_minute;
    19 => signing_out::a_revoked_session_ends_within_a_minute;
    20 => account::a_profile_is_changed_and_the_application_is_a_link_away;
    21 => account::a_password_is_changed_by_whoever_knows_it;
    22 => account::an_account_is_deleted_by_typing_so;
    23 => organizations::an_organization_is_created_and_active;
    24 => organizations::the_address_chooses_the_organization;
    25 => organizations::the_organization_of_others_is_not_chosen;
    26 => organizations::the_personal_account_is_chosen_too;
    27 => membership::somebody_new_joins_by_invitation;
    28 => membership::somebody_signed_in_joins_by_opening_the_link;
    29 => membership::members_see_and_cannot_manage;
    30 => membership::a_member_is_removed_and_the_last_administrator_stays;
    31 => organizations::a_pending_session_is_led_to_its_task;
    32 => signing_up::who_may_sign_up_is_for_the_administrator_to_say;
    33 => boundaries::a_hostile_address_is_said_and_not_followed;
    34 => boundaries::the_end_of_a_flow_is_chosen_in_order;
    35 => signing_in::whoever_is_signed_in_sees_no_form;
    36 => signing_in::going_back_and_sending_twice_does_no_harm;
    37 => sessions::a_used_nonce_does_no_harm;
    38 => signing_out::two_tabs_are_one_person;
    39 => trouble::the_secret_key_of_another_instance_makes_no_redirect_loop;
    39 => trouble::the_publishable_key_of_another_instance_makes_no_redirect_loop;
    40 => trouble::a_restarted_portal_still_knows_everybody;
    40 => trouble::a_reset_portal_knows_nobody_and_makes_no_redirect_loop;
    41 => signing_in::a_link_signs_in_once;
    42 => keyboard::signing_in_with_a_password_needs_no_mouse;
    42 => keyboard::signing_in_with_a_code_needs_no_mouse;
    42 => keyboard::signing_up_needs_no_mouse;
    42 => keyboard::a_profile_needs_no_mouse;
    45 => boundaries::a_link_from_another_site_costs_one_handshake;
    connections::somebody_new_comes_through_the_outside_provider;
    connections::an_account_is_found_and_connected;
    connections::accounts_are_added_and_switched;
    connections::a_known_password_is_replaced_before_anything_else;
    second_factor::an_app_or_a_backup_code_is_the_second_step;
}

#[test]
fn every_journey_is_made() {
    let mut numbers = NUMBERS.to_vec();
    numbers.sort_unstable();
    numbers.dedup();
    let expected: Vec<u32> = (1..=42).chain([45]).collect();
    assert_eq!(numbers, expected);
}

#[tokio::test]
async fn scripts_are_off_where_they_are_meant_to_be() {
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
async fn a_browser_ends_with_a_journey_that_fails() {
    let (sender, receiver) = tokio::sync::oneshot::channel();
    let journey = tokio::spawn(async move {
        let browser = Browser::open().await;
        sender.send(browser.process_id()).expect("somebody waits for it");
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

/// A session token has ended by then, the tolerance for clocks included.
pub(crate) const TOKEN_END_SECS: i64 = 70;

/// A shop whose portal knows the people above.
pub(crate) async fn open(scripts: Scripts) -> (Shop, Browser) {
    open_with(scripts, |portal| portal).await
}

/// [`open`] with a portal that is set up otherwise too.
pub(crate) async fn open_with(
    scripts: Scripts,
    stage: impl FnOnce(LocalPortalBuilder) -> LocalPortalBuilder,
) -> (Shop, Browser) {
    let shop = Shop::staged(|portal| stage(portal.demo_data()), |instance| instance).await;
    (shop, Browser::with(scripts).await)
}

/// Signs somebody in from the application's home page, which is where they are afterwards.
pub(crate) async fn sign_in(browser: &Browser, shop: &Shop, address: &str) {
    browser.visit(&shop.at("/sign-in")).await;
    sign_in_here(browser, address, PASSWORD).await;
    browser.read("home").await;
}

/// Signs in at the sign-in page that the browser shows, or tries to.
pub(crate) async fn sign_in_here(browser: &Browser, address: &str, password: &str) {
    identify(browser, address).await;
    browser.fill("password", password).await;
    browser.follow("portal-factor-one-submit").await;
}

/// Says who it is at the sign-in page that the browser shows.
pub(crate) async fn identify(browser: &Browser, address: &str) {
    browser.fill("identifier", address).await;
    browser.follow("portal-sign-in-submit").await;
}

/// Who the application takes the browser for.
pub(crate) async fn user(browser: &Browser, shop: &Shop) -> String {
    browser.visit(&shop.at("/")).await;
    browser.read("user").await
}
