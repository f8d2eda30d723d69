//! Return-back URLs, as a link to the application names them: the request's URL and the return-back URL, separated by a
//! line end.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use portal_fuzz::instances::{live, test};
use portal_sdk::instance::Instance;
use portal_sdk::portal::{Portal, PortalPage, ReturnBackUrl};
use url::{Host, Url};

static PORTALS: LazyLock<Vec<(Portal, &str)>> = LazyLock::new(|| {
    let portal = |instance: Instance| Portal::from(&instance);
    let build = |builder: portal_sdk::instance::InstanceBuilder| builder.build().expect("the settings are valid");
    vec![
        (portal(build(live())), "example.com"),
        (
            portal(build(live().public_origin("https://shop.example.net/base"))),
            "example.com",
        ),
        (
            portal(build(
                live().allowed_redirect_origins(["https://partner.example.org:8443"]),
            )),
            "example.com",
        ),
        (portal(build(test())), ""),
    ]
});
/// The origins that the settings above name.
const NAMED: [&str; 4] = [
    "https://shop.example.net",
    "https://partner.example.org:8443",
    "https://foo-bar-13.clerk.accounts.dev",
    "https://foo-bar-13.accounts.dev",
];
const TICKET: &str = "tkt_b5Xq8Lw2Zr";

fuzz_target!(|input: &str| {
    let (here, text) = input
        .split_once('\n')
        .unwrap_or(("https://app.example.com/cart", input));
    let here = Url::parse(here)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https"));
    for (portal, domain) in PORTALS.iter() {
        match ReturnBackUrl::parse(text, portal, here.as_ref()) {
            Ok(url) => {
                returns_to_an_allowed_origin(url.as_url(), domain, here.as_ref());
                // The accepted URL is accepted as it is.
                let again = ReturnBackUrl::parse(url.as_str(), portal, here.as_ref());
                assert_eq!(again.as_ref().map(ReturnBackUrl::as_str), Ok(url.as_str()));
                link_carries_it(portal, here.as_ref(), text, &url);
            }
            Err(error) => {
                let link = portal.sign_in().with_return_back(text);
                let link = here.iter().fold(link, |link, here| link.with_requested_from(here));
                assert!(
                    text.is_empty() || link.to_url().is_err(),
                    "a link takes what is refused: {error}"
                );
            }
        }
        // Neither a ticket in the query string nor a password is shown.
        for hidden in [
            format!("{text}?__clerk_ticket={TICKET}"),
            format!("https://ada:{TICKET}@{text}"),
        ] {
            match ReturnBackUrl::parse(&hidden, portal, here.as_ref()) {
                Ok(url) => assert!(!format!("{url:?}").contains(TICKET), "{url:?}"),
                Err(error) => assert!(!format!("{error} {error:?}").contains(TICKET), "{error}"),
            }
        }
    }
});

fn returns_to_an_allowed_origin(url: &Url, domain: &str, here: Option<&Url>) {
    let is_own = here.is_some_and(|here| here.origin() == url.origin());
    let is_below = match url.host() {
        Some(Host::Domain(host)) => host == domain || host.ends_with(&format!(".{domain}")),
        _ => false,
    };
    let is_of_instance = !domain.is_empty() && is_below && url.scheme() == "https" && url.port().is_none();
    let is_named = NAMED.contains(&url.origin().ascii_serialization().as_str());
    assert!(is_own || is_of_instance || is_named, "accepted {url}");
    assert!(matches!(url.scheme(), "http" | "https"), "accepted {url}");
    assert!(url.username().is_empty() && url.password().is_none(), "accepted {url}");
    assert!(url.as_str().len() <= ReturnBackUrl::MAX_BYTES);
    assert!(!url.as_str().contains(char::is_control), "accepted {url}");
}

fn link_carries_it(portal: &Portal, here: Option<&Url>, text: &str, url: &ReturnBackUrl) {
    for page in [PortalPage::SignIn, PortalPage::SignUp, PortalPage::UserProfile] {
        let link = portal.link(page).with_return_back(text);
        let link = here.iter().fold(link, |link, here| link.with_requested_from(here));
        if text.is_empty() {
            continue;
        }
        let link = link.to_url().unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(
            link.origin(),
            Url::parse(portal.base()).expect("a portal has a URL").origin()
        );
        let carried = link
            .query_pairs()
            .find(|(name, _)| name == "redirect_url")
            .map(|(_, value)| value.into_owned());
        assert_eq!(carried.as_deref(), Some(url.as_str()));
    }
}
