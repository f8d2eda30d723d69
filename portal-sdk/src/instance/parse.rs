//! Parsers of the settings.

use percent_encoding::percent_decode_str;
use url::{Host, Url};

use super::origin::{is_loopback, is_web_host, web_url};
use super::redact::holds_secret_key;
use super::{AfterRedirects, ConfigError, Origin, ProxyUrl, Setting};
use crate::key::VerifyingKey;

const DEFAULT_API_VERSION: &str = "v1";
/// The only version of the Frontend API.
const FRONTEND_API_VERSION: &str = "v1";
const BACKEND_API_HOST: &str = "api.clerk.com";

const URL: &str = "an absolute http(s) URL without query and user information";
const URL_OR_PATH: &str = "an absolute http(s) URL, or a path that starts with one slash";
const PUBLIC_ORIGIN: &str = "an origin such as https://app.example.com, with a plain path only where a proxy strips that \
                             path from requests";
const ISSUER: &str = "an absolute http(s) URL such as https://clerk.example.com";

/// Parses the base URL of an API. A version at its end is dropped, because the version is appended later.
pub(super) fn api_url(setting: Setting, text: &str, version: &str) -> Result<Url, ConfigError> {
    let mut url = web_url(text).ok_or_else(|| ConfigError::invalid(setting, text, URL))?;
    if url.query().is_some() || url.fragment().is_some() {
        tracing::warn!(%setting, "query and fragment of the URL are dropped; leave them out");
        url.set_query(None);
        url.set_fragment(None);
    }
    while let Some(last) = last_segment(&url).filter(|last| is_version(last)) {
        if !last.eq_ignore_ascii_case(version) {
            let expected = "a URL without a version (CLERK_API_VERSION holds that of the Backend API)";
            return Err(ConfigError::invalid(setting, text, expected));
        }
        tracing::warn!(%setting, "the version {version} at the end of the URL is dropped; leave it out");
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().pop();
        }
    }
    // Reject an endpoint such as `/v1/jwks`, because calls would go below it.
    if segments_of(&url).any(|segment| segment.eq_ignore_ascii_case(version)) {
        return Err(ConfigError::invalid(
            setting,
            text,
            "a base URL, without the path of an endpoint",
        ));
    }
    Ok(url)
}

pub(super) fn frontend_api_url(text: &str) -> Result<Url, ConfigError> {
    if text.contains(['?', '#']) {
        return Err(ConfigError::invalid(Setting::FrontendApiUrl, text, URL));
    }
    api_url(Setting::FrontendApiUrl, text, FRONTEND_API_VERSION)
}

fn last_segment(url: &Url) -> Option<String> {
    segments_of(url).filter(|segment| !segment.is_empty()).last()
}

/// Returns the percent-decoded segments of the path.
fn segments_of(url: &Url) -> impl Iterator<Item = String> {
    let decode = |segment| percent_decode_str(segment).decode_utf8_lossy().into_owned();
    url.path_segments().into_iter().flatten().map(decode)
}

/// Returns `true` for `v1`, `v2`, `v1.0` and so on.
fn is_version(segment: &str) -> bool {
    let number = segment.strip_prefix(['v', 'V']);
    number.is_some_and(|number| {
        number.starts_with(|c: char| c.is_ascii_digit())
            && number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
    })
}

pub(super) fn api_version(text: Option<String>) -> Result<Box<str>, ConfigError> {
    let text = text.unwrap_or_else(|| DEFAULT_API_VERSION.to_owned());
    let is_segment = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if is_segment {
        return Ok(text.into());
    }
    let expected = "one path segment such as v1";
    Err(ConfigError::invalid(Setting::ApiVersion, &text, expected))
}

pub(super) fn jwt_key(pem: &str) -> Result<VerifyingKey, ConfigError> {
    VerifyingKey::from_pem(pem).map_err(|problem| ConfigError::JwtKey {
        problem: problem.as_str(),
    })
}

pub(super) fn proxy_url(text: &str) -> Result<ProxyUrl, ConfigError> {
    let invalid = |expected| ConfigError::invalid(Setting::ProxyUrl, text, expected);
    let is_plain = !text.contains(['?', '#', '\\']) && !text.contains(char::is_whitespace);
    let path = text.find("://").map_or(text, |at| &text[at + "://".len()..]);
    let is_dotted = |segment: &str| matches!(&*percent_decode_str(segment).decode_utf8_lossy(), "." | "..");
    if !is_plain || path.split('/').skip(1).any(is_dotted) {
        return Err(invalid(URL_OR_PATH));
    }
    let base =
        without_version(text).ok_or_else(|| invalid("the base of the proxy, without the path of an endpoint"))?;
    let url = match is_path(base) {
        true => Some(ProxyUrl::Path(base.into())),
        false => web_url(base).map(ProxyUrl::Absolute),
    };
    match url {
        Some(ProxyUrl::Absolute(url)) if url.host_str() == Some(BACKEND_API_HOST) => {
            Err(invalid("the proxy of the Frontend API, not the Backend API"))
        }
        url => url.ok_or_else(|| invalid(URL_OR_PATH)),
    }
}

/// Returns `text` without a version at the end of its path; `None` if segments follow a version.
fn without_version(text: &str) -> Option<&str> {
    let is_v1 = |segment: &str| {
        let segment = percent_decode_str(segment).decode_utf8_lossy();
        segment.eq_ignore_ascii_case(FRONTEND_API_VERSION)
    };
    let mut base = text;
    while let Some((rest, last)) = base.trim_end_matches('/').rsplit_once('/') {
        if !is_v1(last) || rest.ends_with('/') {
            break;
        }
        let setting = Setting::ProxyUrl;
        tracing::warn!(%setting, "the version at the end of the URL is dropped; leave it out");
        base = if rest.is_empty() { "/" } else { rest };
    }
    (!base.split('/').skip(1).any(is_v1)).then_some(base)
}

/// Parses a host with an optional port. A trailing slash is dropped.
pub(super) fn domain(text: &str) -> Result<String, ConfigError> {
    let expected = "a host name without scheme, such as satellite.example";
    let invalid = || ConfigError::invalid(Setting::Domain, text, expected);
    let mut host = text.strip_suffix('/').unwrap_or(text);
    if host.contains(['/', '?', '#', '@', '\\']) || host.contains(char::is_control) || holds_secret_key(host) {
        return Err(invalid());
    }
    if let Some(rest) = host.strip_prefix("clerk.").filter(|rest| rest.contains('.')) {
        let setting = Setting::Domain;
        tracing::warn!(%setting, "\"clerk.\" before the domain is dropped, because it is added; leave it out");
        host = rest;
    }
    let authority = |text: String| {
        let url = Url::parse(&format!("https://{text}")).ok().filter(is_web_host)?;
        let Some(Host::Domain(name)) = url.host() else {
            return None;
        };
        let is_label = |label: &str| !label.starts_with('-') && !label.ends_with('-');
        let port = url.port().map_or_else(String::new, |port| format!(":{port}"));
        name.split('.').all(is_label).then(|| format!("{name}{port}"))
    };
    // Reject a domain whose `clerk.` subdomain parses to another host.
    let domain = authority(host.to_owned()).ok_or_else(invalid)?;
    match authority(format!("clerk.{domain}")) {
        Some(below) if below == format!("clerk.{domain}") => Ok(domain),
        _ => Err(invalid()),
    }
}

pub(super) fn page_url(setting: Setting, text: &str) -> Result<Box<str>, ConfigError> {
    let text = text.trim();
    if is_path(text) || web_url(text).is_some() {
        return Ok(text.into());
    }
    Err(ConfigError::invalid(setting, text, URL_OR_PATH))
}

/// Returns `true` if `text` is a path that stays on its origin when it is resolved.
///
/// Browsers read `\` as `/` and drop tabs and line ends (WHATWG URL section 4.4), so that `/\t/evil.example` is another
/// host.
fn is_path(text: &str) -> bool {
    let Ok(base) = Url::parse("https://localhost") else {
        return false;
    };
    let is_on_origin = |url: Url| super::is_same_origin(&url, &base);
    text.starts_with('/')
        && !holds_secret_key(text)
        && !text.chars().any(char::is_control)
        && base.join(text).is_ok_and(is_on_origin)
}

pub(super) fn after_redirects(redirects: AfterRedirects) -> Result<AfterRedirects, ConfigError> {
    let page = |setting, url: Option<Box<str>>| url.map(|url| page_url(setting, &url)).transpose();
    Ok(AfterRedirects {
        sign_in_force: page(Setting::SignInForceRedirectUrl, redirects.sign_in_force)?,
        sign_in_fallback: page(Setting::SignInFallbackRedirectUrl, redirects.sign_in_fallback)?,
        sign_up_force: page(Setting::SignUpForceRedirectUrl, redirects.sign_up_force)?,
        sign_up_fallback: page(Setting::SignUpFallbackRedirectUrl, redirects.sign_up_fallback)?,
    })
}

/// Parses the application's public URL, with a path if a proxy strips one.
pub(super) fn public_origin(setting: Setting, text: &str) -> Result<Url, ConfigError> {
    let is_plain_path = |path: &str| {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~%/".contains(&byte);
        path.bytes().all(is_plain) && !path.contains("//") && has_valid_escapes(path)
    };
    let mut url = web_url(text)
        .filter(|url| url.query().is_none() && url.fragment().is_none())
        .filter(|url| is_plain_path(url.path()))
        .ok_or_else(|| ConfigError::invalid(setting, text, PUBLIC_ORIGIN))?;
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&path);
    Ok(url)
}

/// Returns `true` if each `%` begins an escape (RFC 3986 section 2.1).
fn has_valid_escapes(path: &str) -> bool {
    path.split('%').skip(1).all(|rest| {
        let digits = rest.as_bytes().get(..2);
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    })
}

/// Parses origins of web pages.
pub(super) fn origins(setting: Setting, texts: &[String]) -> Result<Vec<Origin>, ConfigError> {
    let origin = |text: &String| match text.parse::<Origin>() {
        Ok(origin) if web_url(text).is_some() => Ok(origin),
        _ => Err(ConfigError::invalid(setting, text, Origin::EXPECTED)),
    };
    texts.iter().map(origin).collect()
}

/// Parses origins as in the claim `azp`: of web pages, browser extensions or native applications.
pub(super) fn parties(texts: &[String]) -> Result<Vec<Origin>, ConfigError> {
    let setting = Setting::AuthorizedParties;
    let party = |text: &String| match text.parse::<Origin>() {
        Ok(origin) => Ok(origin),
        Err(_) => Err(ConfigError::invalid(setting, text, Origin::EXPECTED)),
    };
    texts.iter().map(party).collect()
}

/// Parses issuers as in the claim `iss`. A trailing slash is dropped.
///
/// Clerk's issuers are hosts, over https in production. A path never matches, except a proxy's.
pub(super) fn issuers(texts: &[String], is_production: bool) -> Result<Vec<Box<str>>, ConfigError> {
    let is_issuer = |url: &Url| {
        let is_endpoint = segments_of(url).any(|segment| segment == ".well-known" || is_version(&segment));
        let is_plain = url.query().is_none() && url.fragment().is_none();
        is_plain && !is_endpoint && (url.scheme() == "https" || !is_production || is_loopback(url))
    };
    let issuer = |text: &String| {
        let url = web_url(text).filter(is_issuer);
        let url = url.ok_or_else(|| ConfigError::invalid(Setting::Issuers, text, ISSUER))?;
        Ok(url.as_str().trim_end_matches('/').into())
    };
    texts.iter().map(issuer).collect()
}

/// Checks audiences, which have any form but are never empty.
pub(super) fn audience(texts: &[String]) -> Result<Vec<Box<str>>, ConfigError> {
    let audience = |text: &String| match text.trim() {
        trimmed if trimmed.is_empty() || holds_secret_key(trimmed) => {
            let expected = "a string that the claim aud may hold";
            Err(ConfigError::invalid(Setting::Audience, text, expected))
        }
        trimmed => Ok(trimmed.into()),
    };
    texts.iter().map(audience).collect()
}
