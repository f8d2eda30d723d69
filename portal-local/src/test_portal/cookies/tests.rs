//! The rules of cookies, by example.

use super::*;

const APP: &str = "http://localhost:3000/shop/cart";

fn now() -> UnixTime {
    UnixTime::from_secs(1_800_000_000)
}

fn at(url: &str) -> Url {
    Url::parse(url).unwrap()
}

fn jar(url: &str, directives: &[&str]) -> Jar {
    let mut jar = Jar::default();
    for directive in directives {
        jar.keep(&at(url), directive, now());
    }
    jar
}

fn sent(jar: &Jar, url: &str) -> String {
    jar.field(&at(url), Sending::SameSite, now()).unwrap_or_default()
}

#[test]
fn cookie_of_one_port_is_sent_to_another() {
    let jar = jar(APP, &["a=1; Path=/; HttpOnly"]);
    assert_eq!(sent(&jar, "http://localhost:4000/"), "a=1");
    assert_eq!(sent(&jar, "http://127.0.0.1:3000/"), "");
}

#[test]
fn path_limits_a_cookie_to_its_folder() {
    let jar = jar(
        APP,
        &["a=1", "b=2; Path=/", "c=3; Path=/shop/cart", "d=4; Path=relative"],
    );
    assert_eq!(sent(&jar, APP), "c=3; a=1; d=4; b=2");
    assert_eq!(sent(&jar, "http://localhost/shop"), "a=1; d=4; b=2");
    assert_eq!(sent(&jar, "http://localhost/shopping"), "b=2");
}

#[test]
fn domain_widens_a_cookie_to_subdomains() {
    let jar = jar(
        "https://app.example.com/",
        &[
            "a=1; Domain=example.com",
            "b=2",
            "c=3; Domain=.EXAMPLE.com",
            "d=4; Domain=other.com",
            "e=5; Domain=com",
        ],
    );
    assert_eq!(sent(&jar, "https://app.example.com/"), "a=1; b=2; c=3");
    assert_eq!(sent(&jar, "https://accounts.example.com/"), "a=1; c=3");
    assert_eq!(sent(&jar, "https://notexample.com/"), "");
}

#[test]
fn domain_of_one_label_and_of_an_address_is_the_host_alone() {
    let local = jar("http://localhost/", &["a=1; Domain=localhost"]);
    assert_eq!(sent(&local, "http://localhost/"), "a=1");
    assert_eq!(sent(&local, "http://app.localhost/"), "");
    let address = jar("http://127.0.0.1/", &["a=1; Domain=127.0.0.1", "b=2; Domain=0.0.1"]);
    assert_eq!(sent(&address, "http://127.0.0.1/"), "a=1");
}

#[test]
fn secure_cookie_is_kept_and_sent_on_this_machine_without_tls() {
    let local = jar(APP, &["a=1; Path=/; Secure", "__Host-b=2; Path=/; Secure"]);
    assert_eq!(sent(&local, "http://localhost/"), "a=1; __Host-b=2");
    let remote = jar("http://example.com/", &["a=1; Secure"]);
    assert_eq!(sent(&remote, "https://example.com/"), "");
}

#[test]
fn prefixed_cookie_without_its_attributes_is_ignored() {
    let url = "https://example.com/";
    let jar = jar(
        url,
        &[
            "__Host-a=1; Secure",
            "__host-b=2; Path=/",
            "__Secure-c=3",
            "d=4; SameSite=None",
        ],
    );
    assert_eq!(sent(&jar, url), "");
}

#[test]
fn cookie_ends_with_its_age_or_date() {
    let mut jar = jar(
        APP,
        &[
            "a=1; Path=/; Max-Age=60",
            "b=2; Path=/; Expires=Fri, 15-Jan-2027 08:02:00 GMT",
            "c=3; Path=/; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
            "d=4; Path=/; Max-Age=soon; Expires=never",
        ],
    );
    let after = |jar: &Jar, secs: i64| {
        let now = UnixTime::from_secs(now().as_secs() + secs);
        jar.field(&at(APP), Sending::SameSite, now).unwrap_or_default()
    };
    assert_eq!(after(&jar, 59), "a=1; b=2; c=3; d=4");
    assert_eq!(after(&jar, 60), "b=2; d=4");
    assert_eq!(after(&jar, 120), "d=4");
    jar.keep(&at(APP), "d=; Path=/; Max-Age=-1", now());
    jar.keep(&at(APP), "a=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT", now());
    assert_eq!(after(&jar, 0), "b=2; c=3");
}

#[test]
fn later_cookie_replaces_the_one_of_its_name_domain_and_path() {
    let jar = jar(APP, &["a=1; Path=/", "b=2; Path=/", "a=3; Path=/", "a=4"]);
    assert_eq!(sent(&jar, APP), "a=4; a=3; b=2");
    assert_eq!(jar.value(&at(APP), "a", now()).as_deref(), Some("4"));
    assert_eq!(jar.value(&at("http://localhost/"), "a", now()).as_deref(), Some("3"));
    assert_eq!(jar.value(&at(APP), "c", now()), None);
}

#[test]
fn same_site_decides_on_cross_site_requests() {
    let url = "https://example.com/";
    let jar = jar(
        url,
        &[
            "s=1; SameSite=Strict",
            "l=2; SameSite=Lax",
            "u=3",
            "n=4; SameSite=None; Secure",
        ],
    );
    let sent = |sending| jar.field(&at(url), sending, now()).unwrap_or_default();
    assert_eq!(sent(Sending::SameSite), "s=1; l=2; u=3; n=4");
    assert_eq!(sent(Sending::CrossSiteNavigation), "l=2; u=3; n=4");
    assert_eq!(sent(Sending::CrossSite), "n=4");
}

#[test]
fn malformed_and_oversized_cookies_are_ignored() {
    let jar = jar(
        APP,
        &["", "=", " ; Path=/", &format!("a={}", "x".repeat(4_096)), "flag"],
    );
    assert_eq!(sent(&jar, APP), "flag");
}

#[test]
fn cookie_without_a_name_cannot_imitate_a_prefix() {
    let url = "https://example.com/";
    for directive in ["=__Host-a=1", "=__secure-b=2; Secure", "__Host-c; Secure; Path=/"] {
        assert_eq!(sent(&jar(url, &[directive]), url), "", "{directive}");
    }
    assert_eq!(sent(&jar(url, &["=d=3"]), url), "d=3");
}

#[test]
fn last_attribute_of_a_name_counts() {
    let jar = jar(
        "https://app.example.com/",
        &[
            "a=1; Domain=example.com; Domain=",
            "b=2; Domain=example.com; Domain=app.example.com",
        ],
    );
    assert_eq!(sent(&jar, "https://app.example.com/"), "a=1; b=2");
    assert_eq!(sent(&jar, "https://example.com/"), "");
}

#[test]
fn largest_age_is_no_overflow() {
    let jar = jar(
        APP,
        &[
            "a=1; Path=/; Max-Age=9223372036854775807",
            "b=2; Path=/; Max-Age=-99999999999999999999",
        ],
    );
    assert_eq!(sent(&jar, APP), "a=1");
}
