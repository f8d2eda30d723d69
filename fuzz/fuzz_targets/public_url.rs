//! The public URL of a request: target, `Host` and the forwarded headers.
#![no_main]

use arbitrary::Arbitrary;
use http::{HeaderValue, Request, Uri, Version};
use libfuzzer_sys::fuzz_target;
use portal_fuzz::check;
use portal_fuzz::instances::{INSTANCES, live, now};
use portal_sdk::instance::Instance;
use portal_sdk::request::{AuthenticateContext, PublicUrl, SetCookie};
use std::sync::LazyLock;

/// With two origins, one of them with a path that a proxy strips.
static NAMED: LazyLock<Instance> = LazyLock::new(|| {
    let builder = live()
        .public_origin("https://app.example.com/shop")
        .trusted_origins(["http://localhost:3000"]);
    builder.build().expect("the settings are valid")
});

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    target: &'a str,
    is_http2: bool,
    host: Vec<&'a [u8]>,
    forwarded_host: Vec<&'a [u8]>,
    forwarded_proto: Vec<&'a [u8]>,
    forwarded_prefix: Vec<&'a [u8]>,
    link: &'a str,
}

fuzz_target!(|input: Input<'_>| {
    let Ok(uri) = Uri::try_from(input.target) else { return };
    let mut parts = Request::new(()).into_parts().0;
    parts.uri = uri;
    if input.is_http2 {
        parts.version = Version::HTTP_2;
    }
    let fields = [
        ("host", &input.host),
        ("x-forwarded-host", &input.forwarded_host),
        ("x-forwarded-proto", &input.forwarded_proto),
        ("x-forwarded-prefix", &input.forwarded_prefix),
    ];
    for (name, values) in fields {
        for value in values.iter().filter_map(|bytes| HeaderValue::from_bytes(bytes).ok()) {
            parts.headers.append(name, value);
        }
    }
    let claimed = PublicUrl::of(&parts);
    url_is_a_page_of_its_origin(&claimed);
    // The path does not change the origin.
    let mut elsewhere = parts.clone();
    elsewhere.uri = with_path(&parts.uri, "/");
    assert_eq!(PublicUrl::of(&elsewhere).origin(), claimed.origin());

    let within = PublicUrl::within(&parts, NAMED.public_origins());
    url_is_a_page_of_its_origin(&within);
    assert!(
        matches!(within.origin(), "https://app.example.com" | "http://localhost:3000"),
        "{within}"
    );
    assert!(within.as_url().as_str().starts_with(&within.base()), "{within}");

    // A path of the application stays on the application, whatever it looks like.
    if input.link.starts_with('/') && !input.link.starts_with("//") && !input.link.starts_with("/\\") {
        let link = input.link.replace(['\t', '\n', '\r'], "");
        if let Ok(url) = within.join(&link).as_ref()
            && !link.starts_with("//")
            && !link.starts_with("/\\")
        {
            assert_eq!(url.origin(), within.as_url().origin(), "{link}");
            assert!(url.as_str().starts_with(&within.base()), "{link}: {url}");
        }
    }
    // What the context reads is the same, and its cookies can be written.
    for instance in [&INSTANCES[0], &NAMED] {
        let cx = AuthenticateContext::new(&parts, instance, now());
        assert_eq!(*cx.url(), PublicUrl::within(&parts, instance.public_origins()));
        let cookie = SetCookie::new(cx.url(), "a", "b")
            .to_header()
            .expect("any URL has a path that fits");
        let headers = [(http::header::SET_COOKIE, cookie)].into_iter().collect();
        check::headers_carry_no_control_character(&headers);
    }
});

fn url_is_a_page_of_its_origin(url: &PublicUrl) {
    let text = url.as_url().as_str();
    assert!(matches!(url.as_url().scheme(), "http" | "https"), "{text}");
    assert!(
        url.as_url().has_host() && url.as_url().username().is_empty() && url.as_url().password().is_none(),
        "{text}"
    );
    assert!(url.as_url().fragment().is_none(), "{text}");
    assert!(text.starts_with(&format!("{}/", url.origin())), "{text}");
    assert!(!text.contains(|c: char| c.is_control() || c == ' '), "{text}");
    // Parsing it again gives the same URL: browsers go to the URL that was checked.
    assert_eq!(url::Url::parse(text).as_ref(), Ok(url.as_url()));
}

fn with_path(uri: &Uri, path: &str) -> Uri {
    let mut parts = uri.clone().into_parts();
    if parts.path_and_query.is_none() {
        return uri.clone();
    }
    parts.path_and_query = path.parse().ok();
    Uri::from_parts(parts).expect("a path fits any target")
}
