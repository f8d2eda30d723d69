//! Lists of origins, parties, issuers and audiences as texts, checked entry by entry.

use std::net::IpAddr;

use url::{Host, Url};

use super::redact::is_certainly_secret_key;
use super::{ConfigError, Setting};

const ORIGIN: &str = "an origin (scheme, host and perhaps a port, nothing else) such as https://app.example.com";
const PUBLIC_ORIGIN: &str = "an origin such as https://app.example.com, with a plain path only where a proxy takes that \
                             path off each request";
const ISSUER: &str = "an absolute http(s) address such as https://clerk.example.com";

/// An http(s) address with a host that can exist, without user information.
pub(super) fn web_url(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let is_web = matches!(url.scheme(), "http" | "https") && is_web_host(&url) && !text.chars().any(char::is_control);
    (is_web && url.username().is_empty() && url.password().is_none()).then_some(url)
}

/// Returns `true` if the host can be one that a browser asks. Wildcards and lists of hosts are not.
pub(super) fn is_web_host(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => {
            let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
            let mut labels = name.strip_suffix('.').unwrap_or(name).split('.');
            labels.all(|label| !label.is_empty() && label.bytes().all(is_plain))
        }
        Some(Host::Ipv4(_) | Host::Ipv6(_)) => true,
        None => false,
    }
}

/// An origin that browsers reach the application at, with a path where a proxy takes one off.
pub(super) fn public_origin(setting: Setting, text: &str) -> Result<Url, ConfigError> {
    let is_plain_path = |path: &str| {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~%/".contains(&byte);
        path.bytes().all(is_plain) && !path.contains("//")
    };
    let mut url = web_url(text)
        .filter(|url| url.query().is_none() && url.fragment().is_none())
        .filter(|url| is_plain_path(url.path()))
        .ok_or_else(|| ConfigError::invalid(setting, text, PUBLIC_ORIGIN))?;
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&path);
    Ok(url)
}

pub(super) fn public_origins(setting: Setting, texts: &[String]) -> Result<Vec<Url>, ConfigError> {
    texts.iter().map(|text| public_origin(setting, text)).collect()
}

/// Origins as browsers write them. A closing slash is dropped.
pub(super) fn origins(setting: Setting, texts: &[String]) -> Result<Vec<Box<str>>, ConfigError> {
    texts.iter().map(|text| origin(setting, text)).collect()
}

fn origin(setting: Setting, text: &str) -> Result<Box<str>, ConfigError> {
    let origin = web_url(text).and_then(|url| {
        let origin = url.origin().ascii_serialization();
        (url.as_str().trim_end_matches('/') == origin).then_some(origin)
    });
    match origin {
        Some(origin) => Ok(origin.into()),
        None => Err(ConfigError::invalid(setting, text, ORIGIN)),
    }
}

/// Origins as they stand in the claim `azp`: of web pages, or of extensions and applications, whose scheme is another.
pub(super) fn parties(texts: &[Box<str>]) -> Result<Vec<Box<str>>, ConfigError> {
    let party = |text: &str| match foreign_origin(text) {
        Some(origin) => Ok(origin.into()),
        None => origin(Setting::AuthorizedParties, text),
    };
    texts.iter().map(|text| party(text)).collect()
}

/// `scheme://host` of an extension or an application, such as `chrome-extension://abc` or `capacitor://localhost`.
fn foreign_origin(text: &str) -> Option<String> {
    let url = Url::parse(text).ok()?;
    // Schemes of the web and of its sockets have other rules; `file:` has no origin (WHATWG URL section 4.7).
    let is_foreign = !matches!(url.scheme(), "http" | "https" | "ws" | "wss" | "ftp" | "file");
    let has_only_host = matches!(url.path(), "" | "/") && url.query().is_none() && url.fragment().is_none();
    let host = url
        .host_str()
        .filter(|host| !host.is_empty() && !host.contains(['*', ',']))?;
    let has_user = !url.username().is_empty() || url.password().is_some();
    let port = url.port().map_or_else(String::new, |port| format!(":{port}"));
    (is_foreign && has_only_host && !has_user).then(|| format!("{}://{host}{port}", url.scheme()))
}

/// Issuers as they stand in the claim `iss`. A closing slash is dropped.
pub(super) fn issuers(texts: &[Box<str>]) -> Result<Vec<Box<str>>, ConfigError> {
    let issuer = |text: &str| {
        let url = web_url(text).filter(|url| url.query().is_none() && url.fragment().is_none());
        let url = url.ok_or_else(|| ConfigError::invalid(Setting::Issuers, text, ISSUER))?;
        Ok(url.as_str().trim_end_matches('/').into())
    };
    texts.iter().map(|text| issuer(text)).collect()
}

/// Audiences, whose form is the application's choice. An empty one would never be in a token.
pub(super) fn audience(texts: &[Box<str>]) -> Result<Vec<Box<str>>, ConfigError> {
    let audience = |text: &str| match text.trim() {
        trimmed if trimmed.is_empty() || is_certainly_secret_key(trimmed) => {
            let expected = "a text that stands in the claim aud";
            Err(ConfigError::invalid(Setting::Audience, text, expected))
        }
        trimmed => Ok(trimmed.into()),
    };
    texts.iter().map(|text| audience(text)).collect()
}

/// `localhost`, `*.localhost`, 127.0.0.0/8 and `[::1]`.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => IpAddr::V4(ip).is_loopback(),
        Some(Host::Ipv6(ip)) => IpAddr::V6(ip).is_loopback(),
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}
