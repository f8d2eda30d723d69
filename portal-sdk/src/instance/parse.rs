//! Settings as strings: what each may say, and the value it becomes.

use url::Url;

use super::origin::{is_web_host, web_url};
use super::redact::is_certainly_secret_key;
use super::{AfterRedirects, ConfigError, Origin, ProxyUrl, Setting};
use crate::key::VerifyingKey;

const DEFAULT_API_VERSION: &str = "v1";
/// The only version of the Frontend API.
const FRONTEND_API_VERSION: &str = "v1";

const URL: &str = "an absolute http(s) URL without query and user information";
const URL_OR_PATH: &str = "an absolute http(s) URL, or a path that starts with one slash";
const PUBLIC_ORIGIN: &str = "an origin such as https://app.example.com, with a plain path only where a proxy strips that \
                             path from requests";
const ISSUER: &str = "an absolute http(s) URL such as https://clerk.example.com";

/// The base URL of an API, to which the version is appended. A version at its end is dropped.
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
    Ok(url)
}

pub(super) fn frontend_api_url(text: &str) -> Result<Url, ConfigError> {
    if text.contains(['?', '#']) {
        return Err(ConfigError::invalid(Setting::FrontendApiUrl, text, URL));
    }
    api_url(Setting::FrontendApiUrl, text, FRONTEND_API_VERSION)
}

fn last_segment(url: &Url) -> Option<String> {
    let segments = url.path_segments()?;
    segments.rev().find(|segment| !segment.is_empty()).map(str::to_owned)
}

/// Returns `true` for `v1`, `v2` and so on.
fn is_version(segment: &str) -> bool {
    let number = segment.strip_prefix(['v', 'V']);
    number.is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
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
    let is_plain = !text.contains(['?', '#']);
    let url = match is_path(text) {
        true => Some(ProxyUrl::Path(text.into())),
        false => web_url(text).map(ProxyUrl::Absolute),
    };
    url.filter(|_| is_plain)
        .ok_or_else(|| ConfigError::invalid(Setting::ProxyUrl, text, URL_OR_PATH))
}

/// A host, perhaps with a port, as URLs write it. A closing slash is dropped.
pub(super) fn domain(text: &str) -> Result<String, ConfigError> {
    let host = text.strip_suffix('/').unwrap_or(text);
    let url = Url::parse(&format!("https://{host}")).ok();
    let is_host = !host.contains(['/', '?', '#', '@', '\\']) && !host.chars().any(char::is_control);
    let url = url.filter(|url| is_host && is_web_host(url) && !is_certainly_secret_key(host));
    let host = url.as_ref().and_then(|url| Some((url.host_str()?, url.port())));
    match host {
        Some((host, Some(port))) => Ok(format!("{host}:{port}")),
        Some((host, None)) => Ok(host.to_owned()),
        None => {
            let expected = "a host name without scheme, such as satellite.example";
            Err(ConfigError::invalid(Setting::Domain, text, expected))
        }
    }
}

pub(super) fn page_url(setting: Setting, text: &str) -> Result<Box<str>, ConfigError> {
    if is_path(text) || web_url(text).is_some() {
        return Ok(text.into());
    }
    Err(ConfigError::invalid(setting, text, URL_OR_PATH))
}

/// Returns `true` if `text` is a path that stays on its origin wherever it is resolved. Browsers read `\` as `/` and drop
/// tabs and line ends (WHATWG URL section 4.4), so that `/\t/evil.example` is another host.
fn is_path(text: &str) -> bool {
    let Ok(base) = Url::parse("https://localhost") else {
        return false;
    };
    let is_on_origin = |url: Url| super::is_same_origin(&url, &base);
    text.starts_with('/') && !text.chars().any(char::is_control) && base.join(text).is_ok_and(is_on_origin)
}

pub(super) fn after_redirects(redirects: AfterRedirects) -> Result<AfterRedirects, ConfigError> {
    for (setting, url) in [
        (Setting::SignInForceRedirectUrl, &redirects.sign_in_force),
        (Setting::SignInFallbackRedirectUrl, &redirects.sign_in_fallback),
        (Setting::SignUpForceRedirectUrl, &redirects.sign_up_force),
        (Setting::SignUpFallbackRedirectUrl, &redirects.sign_up_fallback),
    ] {
        if let Some(url) = url {
            page_url(setting, url)?;
        }
    }
    Ok(redirects)
}

/// The URL of the application as browsers see it, with a path where a proxy strips one.
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

/// Origins of web pages.
pub(super) fn origins(setting: Setting, texts: &[String]) -> Result<Vec<Origin>, ConfigError> {
    let origin = |text: &String| match text.parse::<Origin>() {
        Ok(origin) if web_url(text).is_some() => Ok(origin),
        _ => Err(ConfigError::invalid(setting, text, Origin::EXPECTED)),
    };
    texts.iter().map(origin).collect()
}

/// Origins as in the claim `azp`: of web pages, browser extensions or native applications.
pub(super) fn parties(texts: &[String]) -> Result<Vec<Origin>, ConfigError> {
    let setting = Setting::AuthorizedParties;
    let party = |text: &String| match text.parse::<Origin>() {
        Ok(origin) => Ok(origin),
        Err(_) => Err(ConfigError::invalid(setting, text, Origin::EXPECTED)),
    };
    texts.iter().map(party).collect()
}

/// Issuers as in the claim `iss`. A closing slash is dropped.
pub(super) fn issuers(texts: &[String]) -> Result<Vec<Box<str>>, ConfigError> {
    let issuer = |text: &String| {
        let url = web_url(text).filter(|url| url.query().is_none() && url.fragment().is_none());
        let url = url.ok_or_else(|| ConfigError::invalid(Setting::Issuers, text, ISSUER))?;
        Ok(url.as_str().trim_end_matches('/').into())
    };
    texts.iter().map(issuer).collect()
}

/// Audiences, whose form is the application's choice. Tokens never hold an empty one.
pub(super) fn audience(texts: &[String]) -> Result<Vec<Box<str>>, ConfigError> {
    let audience = |text: &String| match text.trim() {
        trimmed if trimmed.is_empty() || is_certainly_secret_key(trimmed) => {
            let expected = "a string that the claim aud may hold";
            Err(ConfigError::invalid(Setting::Audience, text, expected))
        }
        trimmed => Ok(trimmed.into()),
    };
    texts.iter().map(audience).collect()
}
