//! Which cookies signing out changes.

use http::{HeaderMap, HeaderValue};
use portal_sdk::Instance;
use portal_sdk::names::cookie;
use portal_sdk::request::ClerkUrl;
use portal_sdk::secret::Secret;
use url::Host;

use crate::cookie as own_cookie;

/// `Set-Cookie` values that sign a browser out of `instance` on the host of `url`. A cookie is removed only under the
/// domain it was set with, which a server cannot see, so each possible one is named.
pub(super) fn sign_out_cookies(instance: &Instance, url: &ClerkUrl) -> Vec<HeaderValue> {
    let suffix = instance.publishable_key().cookie_suffix();
    let secure = if url.is_https() { "; Secure" } else { "" };
    let plain_and_suffixed = |name: &str| [name.to_owned(), format!("{name}_{suffix}")];
    let mut directives = Vec::new();
    for domain in domains(url) {
        for name in plain_and_suffixed(cookie::SESSION)
            .into_iter()
            .chain(plain_and_suffixed(cookie::REFRESH))
        {
            directives.push(format!("{name}=; Path=/{domain}; Max-Age=0; SameSite=Lax{secure}"));
        }
        for name in plain_and_suffixed(cookie::CLIENT_UAT) {
            directives.push(format!(
                "{name}=0; Path=/{domain}; Max-Age=31536000; SameSite=Lax{secure}"
            ));
        }
    }
    directives
        .into_iter()
        .filter_map(|directive| HeaderValue::try_from(directive).ok())
        .collect()
}

/// The token of a session that could not be ended before.
const LEFT_OVER: &str = "__portal_sign_out";
/// How long, in seconds, it is kept for another attempt.
const LEFT_OVER_SECS: u32 = 3_600;

/// Keeps the token of a session that lives on, or removes it.
pub(super) fn left_over_cookie(url: &ClerkUrl, token: Option<&Secret>) -> Option<HeaderValue> {
    let secure = if url.is_https() { "; Secure" } else { "" };
    let (value, max_age) = token.map_or(("", 0), |token| (token.expose(), LEFT_OVER_SECS));
    // Where keys are out of reach, nothing about it was checked.
    if !value
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
    {
        return None;
    }
    let path = url.cookie_path();
    let cookie = format!("{LEFT_OVER}={value}; Path={path}; Max-Age={max_age}; HttpOnly; SameSite=Strict{secure}");
    let mut cookie = HeaderValue::try_from(cookie).ok()?;
    cookie.set_sensitive(true);
    Some(cookie)
}

/// The token kept by [`left_over_cookie`].
pub(super) fn left_over_token(headers: &HeaderMap) -> Option<Secret> {
    let token = own_cookie::value(headers, LEFT_OVER).filter(|token| !token.is_empty())?;
    Some(Secret::new(token))
}

/// `Domain` attributes: none (this host only), then the host and each parent of at least two labels. Browsers refuse
/// the ones that are public suffixes.
fn domains(url: &ClerkUrl) -> Vec<String> {
    let mut domains = vec![String::new()];
    if let Some(Host::Domain(host)) = url.as_url().host() {
        let mut rest = Some(host);
        while let Some(domain) = rest.filter(|domain| domain.contains('.')) {
            domains.push(format!("; Domain={domain}"));
            rest = domain.split_once('.').map(|(_, parent)| parent);
        }
    }
    domains
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::*;

    #[test]
    fn a_host_and_its_parents_are_named() {
        for (url, expected) in [
            ("http://localhost:3000/", vec![""]),
            ("http://127.0.0.1:3000/", vec![""]),
            (
                "https://app.eu.example.com/",
                vec![
                    "",
                    "; Domain=app.eu.example.com",
                    "; Domain=eu.example.com",
                    "; Domain=example.com",
                ],
            ),
        ] {
            assert_eq!(domains(&ClerkUrl::from(Url::parse(url).unwrap())), expected);
        }
    }
}
