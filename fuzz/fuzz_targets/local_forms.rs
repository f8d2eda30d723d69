//! Form bodies of the local portal's pages, sent by a browser that the page was given to.
//!
//! The first line is `in` for a browser that is signed in. Each other line is a form: the page, a space, and the body.
#![no_main]

use std::sync::{Mutex, PoisonError};

use libfuzzer_sys::fuzz_target;
use portal_fuzz::check;
use portal_fuzz::local::{Browser, Response};
use url::{Host, Url};

/// Inputs after which a new portal starts, so that users, mails and limits do not pile up.
const INPUTS_PER_PORTAL: usize = 256;
/// Each form may take a password's hash.
const MAX_FORMS: usize = 4;

struct World {
    inputs: usize,
    signed_out: Browser,
    signed_in: Browser,
}

static WORLD: Mutex<Option<World>> = Mutex::new(None);

fuzz_target!(|input: &[u8]| {
    let mut world = WORLD.lock().unwrap_or_else(PoisonError::into_inner);
    if world.as_ref().is_none_or(|world| world.inputs == INPUTS_PER_PORTAL) {
        let (signed_out, signed_in) = Browser::two();
        let inputs = 0;
        *world = Some(World {
            inputs,
            signed_out,
            signed_in,
        });
    }
    let Some(world) = world.as_mut() else { return };
    world.inputs += 1;
    let mut lines = input.split(|byte| *byte == b'\n');
    let browser = match lines.next() {
        Some(b"in") => &mut world.signed_in,
        _ => &mut world.signed_out,
    };
    for line in lines.take(MAX_FORMS) {
        submit(browser, line);
    }
});

fn submit(browser: &mut Browser, line: &[u8]) {
    let mut pieces = line.splitn(2, |byte| *byte == b' ');
    let Some(path) = pieces.next().and_then(|path| std::str::from_utf8(path).ok()) else {
        return;
    };
    let mut body = format!("form_token={}&", browser.form_token()).into_bytes();
    body.extend_from_slice(pieces.next().unwrap_or_default());
    let Some(response) = browser.post(path, body) else {
        return;
    };
    response_is_safe(path, &response, browser.origin());
    // The page after the form shows the typed values.
    let Some(location) = response.location().filter(|location| location.starts_with('/')) else {
        return;
    };
    if let Some(page) = browser.get(location) {
        response_is_safe(location, &page, browser.origin());
    }
}

fn response_is_safe(path: &str, response: &Response, origin: &str) {
    assert!(response.status < 500, "{path}: {}\n{}", response.status, response.body);
    check::headers_carry_no_control_character(&response.headers);
    // No page of ours has such an element.
    assert!(
        !response.body.contains("<zq"),
        "{path} shows markup of the request:\n{}",
        response.body
    );
    let Some(location) = response.location() else { return };
    let base = Url::parse(origin).expect("the portal has a URL");
    let url = base
        .join(location)
        .unwrap_or_else(|error| panic!("{path}: {location}: {error}"));
    let is_loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    assert!(
        is_loopback && matches!(url.scheme(), "http" | "https"),
        "{path}: a redirect to {location}"
    );
}
