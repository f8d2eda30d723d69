//! Requests in words.

use http::header::{ACCEPT, AUTHORIZATION, COOKIE, ORIGIN, REFERER};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request};
use url::Url;

use super::words::Setting;

/// A request in words: method, address, `document`/`iframe`/`dest=…`, `accept=…`, cookies by their short names,
/// `bearer=<kind>`, `authorization=…` (`+` is a space), `referer=…`, `origin=…`,
/// `site=…` (`Sec-Fetch-Site`).
pub(super) fn request(setting: &Setting, words: &str) -> Parts {
    let mut method = Method::GET;
    let mut address = Url::parse(setting.address).unwrap();
    let mut headers = HeaderMap::new();
    let mut cookies = Vec::new();
    let mut set = |name: HeaderName, value: &str| {
        headers.append(name, HeaderValue::from_str(value).unwrap());
    };
    for word in words.split_whitespace() {
        let (name, value) = word.split_once('=').unwrap_or((word, ""));
        if let Some(cookie) = setting.cookie_name(name) {
            let value = match name.trim_end_matches('\'') {
                "session" | "handshake" => setting.token(value),
                _ => setting.fill_in(value),
            };
            cookies.push(format!("{cookie}={value}"));
            continue;
        }
        let sec_fetch_dest = HeaderName::from_static("sec-fetch-dest");
        match name {
            "GET" | "HEAD" | "POST" | "PUT" => method = name.parse().unwrap(),
            "api" => {}
            "document" | "iframe" => set(sec_fetch_dest, name),
            "dest" => set(sec_fetch_dest, value),
            "accept" => set(ACCEPT, value),
            "bearer" => set(AUTHORIZATION, &format!("Bearer {}", setting.token(value))),
            "authorization" => set(AUTHORIZATION, &setting.fill_in(&value.replace('+', " "))),
            "referer" => set(REFERER, value),
            "origin" => set(ORIGIN, value),
            "site" => set(HeaderName::from_static("sec-fetch-site"), value),
            _ if word.starts_with('/') || word.starts_with("http") => {
                address = address.join(&setting.fill_in(word)).unwrap();
            }
            _ => panic!("unknown word about a request: {word}"),
        }
    }
    let mut request = Request::builder()
        .method(method)
        .uri(address.as_str())
        .body(())
        .unwrap();
    if !cookies.is_empty() {
        headers.insert(COOKIE, HeaderValue::from_str(&cookies.join("; ")).unwrap());
    }
    *request.headers_mut() = headers;
    request.into_parts().0
}
