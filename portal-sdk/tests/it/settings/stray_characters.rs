//! Control characters and white space in settings, which the URL parser drops: an error, or URLs without them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Request;
use http::header::{COOKIE, HOST, LOCATION};
use portal_sdk::authenticator::Authenticator;
use portal_sdk::instance::{ConfigError, Instance, Satellite};
use portal_sdk::portal::{Portal, PortalPage};
use portal_sdk::testing::FakeBackend;
use url::Url;

use super::live;

type Build = fn(&str) -> Result<Instance, ConfigError>;

/// Settings that become URLs, with a valid text of each.
const SETTINGS: [(&str, Build); 13] = [
    ("clerk.example.com", |text| {
        let key = STANDARD.encode(format!("{text}$"));
        Instance::builder(format!("pk_live_{key}"), "sk_live_x").build()
    }),
    ("http://127.0.0.1:8787/accounts.dev", |text| {
        let key = STANDARD.encode(format!("{text}$"));
        Instance::builder(format!("pk_test_{key}"), "sk_test_x").build()
    }),
    ("https://api.clerk.com", |text| live().api_url(text).build()),
    ("https://clerk.example.com", |text| {
        live().frontend_api_url(text).build()
    }),
    ("https://app.example.com/__clerk", |text| live().proxy_url(text).build()),
    ("/__clerk", |text| {
        live().public_origin("https://app.example.com").proxy_url(text).build()
    }),
    ("satellite.example", |text| {
        live().satellite(Satellite::on_domain(text)).build()
    }),
    ("https://app.example.com", |text| live().public_origin(text).build()),
    ("https://app.example.com", |text| live().trusted_origins([text]).build()),
    ("https://app.example.com", |text| {
        live().allowed_redirect_origins([text]).build()
    }),
    ("https://accounts.example.com/sign-in", |text| {
        live().sign_in_url(text).build()
    }),
    ("https://accounts.example.com/sign-up", |text| {
        live().sign_up_url(text).build()
    }),
    ("https://app.example.com/home", |text| {
        live().sign_in_force_redirect_url(text).build()
    }),
];
const STRAY: [char; 12] = [
    '\0', '\t', '\n', '\r', '\u{b}', '\u{c}', '\u{1b}', ' ', '\u{7f}', '\u{85}', '\u{a0}', '\u{2028}',
];

#[test]
fn stray_character_in_a_setting_reaches_no_url() {
    for (valid, build) in SETTINGS {
        assert!(build(valid).is_ok(), "{valid}: {:?}", build(valid));
        for (at, _) in valid.char_indices().chain([(valid.len(), ' ')]) {
            for stray in STRAY {
                let text = format!("{}{stray}{}", &valid[..at], &valid[at..]);
                if let Ok(instance) = build(&text) {
                    urls(&instance).iter().for_each(|url| assert_clean(&text, url));
                }
            }
        }
    }
}

/// The URLs to which this instance sends browsers.
fn urls(instance: &Instance) -> Vec<String> {
    let portal = Portal::from(instance);
    let pages = [PortalPage::SignIn, PortalPage::SignUp, PortalPage::UserProfile];
    let links = pages.map(|page| portal.link(page).to_url().map(String::from));
    let handshake = Request::get("https://app.example.com/")
        .header(HOST, "app.example.com")
        .header("sec-fetch-dest", "document")
        .header(COOKIE, "__client_uat=1");
    let (parts, ()) = handshake.body(()).unwrap().into_parts();
    let authenticator = Authenticator::new(instance.clone(), FakeBackend::new());
    let state = authenticator
        .try_authenticate(&parts)
        .expect("nothing is awaited")
        .state;
    let mut headers = http::HeaderMap::new();
    state.headers.apply(&mut headers);
    let location = headers.get(LOCATION).expect("a handshake").to_str().unwrap().to_owned();
    let base = instance.frontend_api_base("https://app.example.com");
    let links = links.into_iter().map(|link| link.expect("a link of valid settings"));
    links.chain([location, base]).collect()
}

fn assert_clean(text: &str, url: &str) {
    let is_stray = |c: char| c.is_control() || c.is_whitespace();
    assert!(!url.contains(is_stray), "{text:?}: {url:?}");
    assert!(Url::parse(url).is_ok(), "{text:?}: {url:?}");
}
