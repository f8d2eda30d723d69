//! Every combination of settings that decides a link, against what Clerk's own package made of it
//! (`tests/conformance/links.json`). Where we differ, the case carries the number of the difference.

use std::collections::BTreeMap;
use std::path::Path;

use http::Request;
use portal_sdk::clock::UnixTime;
use portal_sdk::instance::{Instance, Satellite};
use portal_sdk::portal::{LinkError, Portal, PortalPage};
use portal_sdk::request::AuthenticateContext;
use serde::Deserialize;
use url::Url;

#[derive(Deserialize)]
struct Recorded {
    axes: Axes,
    addresses: Vec<String>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Axes {
    publishable_key: Vec<String>,
    base_url: Vec<String>,
    sign_in_url: Vec<Option<String>>,
    sign_up_url: Vec<Option<String>>,
    return_back_url: Vec<Option<String>>,
    dev_browser_token: Vec<Option<String>>,
    session_status: Vec<Option<String>>,
    is_satellite: Vec<bool>,
    page: Vec<String>,
}

/// A digit for each axis, Clerk's address, and where we differ the number and our address, if we write one.
#[derive(Deserialize)]
#[serde(untagged)]
enum Case {
    Alike(String, usize),
    Different(String, usize, String, Option<usize>),
}

/// Replays the cases. What comes back counts the differences by their numbers.
fn replay() -> BTreeMap<String, usize> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("conformance/links.json");
    let recorded: Recorded = serde_json::from_str(&std::fs::read_to_string(file).expect("it is there")).expect("JSON");
    let mut portals: BTreeMap<[usize; 4], Option<Portal>> = BTreeMap::new();
    let mut counts = BTreeMap::new();
    let mut mismatches = Vec::new();
    for case in &recorded.cases {
        let (digits, number, expected) = match case {
            Case::Alike(digits, clerks) => (digits, "alike", Some(*clerks)),
            Case::Different(digits, clerks, number, ours) => {
                assert_ne!(Some(*clerks), *ours, "{digits} is no difference");
                (digits, number.as_str(), *ours)
            }
        };
        let at: Vec<usize> = digits.bytes().map(|digit| usize::from(digit - b'0')).collect();
        let [key, base, sign_in, sign_up, back, token, status, satellite, page] = at[..] else {
            panic!("a digit for each axis: {digits}");
        };
        let axes = &recorded.axes;
        let portal = portals
            .entry([key, sign_in, sign_up, satellite])
            .or_insert_with(|| portal(axes, key, sign_in, sign_up, satellite));
        let Some(portal) = portal else {
            *counts.entry("refused".to_owned()).or_default() += 1;
            continue;
        };
        let page = match axes.page[page].as_str() {
            "redirectToSignIn" => PortalPage::SignIn,
            "redirectToSignUp" => PortalPage::SignUp,
            other => panic!("no such page: {other}"),
        };
        let here = Url::parse(&axes.base_url[base]).expect("a URL");
        let link = portal.link(page).with_requested_from(&here);
        let link = link.with_dev_browser(axes.dev_browser_token[token].as_deref());
        let link = link.with_return_back(axes.return_back_url[back].as_deref().unwrap_or_default());
        let link = link.with_tasks(axes.session_status[status].is_some());
        let found = match link.to_url() {
            Ok(url) => Some(url.to_string()),
            Err(LinkError::ReturnBackUrl(_)) => None,
            Err(error) => Some(error.to_string()),
        };
        let expected = expected.map(|address| recorded.addresses[address].clone());
        if found != expected {
            mismatches.push(format!("{digits} {number}\n  wanted {expected:?}\n  given  {found:?}"));
        }
        *counts.entry(number.to_owned()).or_default() += 1;
    }
    assert!(
        mismatches.is_empty(),
        "{} mismatches\n{}",
        mismatches.len(),
        mismatches[..mismatches.len().min(10)].join("\n")
    );
    counts
}

/// `None` where the settings are refused at start-up: a development satellite that is not told where to sign in.
fn portal(axes: &Axes, key: usize, sign_in: usize, sign_up: usize, satellite: usize) -> Option<Portal> {
    let key = &axes.publishable_key[key];
    let secret = if key.starts_with("pk_live_") {
        "sk_live_x"
    } else {
        "sk_test_x"
    };
    let mut builder = Instance::builder(key, secret);
    if let Some(url) = &axes.sign_in_url[sign_in] {
        builder = builder.sign_in_url(url);
    }
    if let Some(url) = &axes.sign_up_url[sign_up] {
        builder = builder.sign_up_url(url);
    }
    if axes.is_satellite[satellite] {
        builder = builder.satellite(Satellite::on_domain("satellite.example"));
    }
    builder.build().ok().map(|instance| Portal::from(&instance))
}

#[test]
fn every_link_is_as_recorded() {
    let counts = replay();
    assert_eq!(counts.values().sum::<usize>(), 25_200, "{counts:?}");
    // Development satellites that are not told where to sign in, and no others.
    assert_eq!(counts["refused"], 4_536, "{counts:?}");
}

#[test]
fn l1_address_dropped_by_the_portal_is_omitted() {
    assert!(replay()["L1"] > 1_000);
}

#[test]
fn g28_tasks_and_create_are_path_segments() {
    assert!(replay()["G28"] > 100);
}

#[test]
fn l2_link_token_is_read_from_either_cookie_set() {
    let instance = Instance::builder("pk_test_Zm9vLWJhci0xMy5jbGVyay5hY2NvdW50cy5kZXYk", "sk_test_x");
    let instance = instance.build().expect("valid");
    let suffix = instance.publishable_key().cookie_suffix();
    for (other_set, is_suffixed) in [
        // The suffixed set is trusted, because it alone has state.
        (format!("__client_uat_{suffix}=1; __clerk_db_jwt=dvb_1"), true),
        (format!("__client_uat=1; __clerk_db_jwt_{suffix}=dvb_1"), false),
    ] {
        let parts = Request::get("/")
            .header("cookie", other_set)
            .body(())
            .expect("a request")
            .into_parts()
            .0;
        let cx = AuthenticateContext::new(&parts, &instance, UnixTime::from_secs(1_800_000_000));
        assert_eq!((cx.uses_suffixed_cookies(), cx.dev_browser()), (is_suffixed, None));
        assert_eq!(cx.dev_browser_for_links(), Some("dvb_1"));
    }
}
