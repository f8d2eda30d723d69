//! Settings as texts: what each may say, and the value that it becomes.

use url::Url;

use super::origin::{is_web_host, web_url};
use super::redact::is_certainly_secret_key;
use super::{AfterRedirects, ConfigError, ProxyUrl, Setting};
use crate::key::VerifyingKey;

const DEFAULT_API_VERSION: &str = "v1";
/// The only version of the Frontend API.
const FRONTEND_API_VERSION: &str = "v1";
const ADDRESS: &str = "an absolute http(s) address without query and user information";
const ADDRESS_OR_PATH: &str = "an absolute http(s) address, or a path that starts with one slash";

/// An address of an API, to which the version is appended. A version that is there already is dropped.
pub(super) fn api_url(setting: Setting, text: &str, version: &str) -> Result<Url, ConfigError> {
    let mut url = web_url(text).ok_or_else(|| ConfigError::invalid(setting, text, ADDRESS))?;
    if url.query().is_some() || url.fragment().is_some() {
        tracing::warn!(%setting, "what follows the path of the address is dropped; write it without");
        url.set_query(None);
        url.set_fragment(None);
    }
    while let Some(last) = last_segment(&url).filter(|last| is_version(last)) {
        if !last.eq_ignore_ascii_case(version) {
            let expected = "an address without a version (CLERK_API_VERSION holds that of the Backend API)";
            return Err(ConfigError::invalid(setting, text, expected));
        }
        tracing::warn!(%setting, "the version {version} at the end of the address is dropped; write it without");
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().pop();
        }
    }
    Ok(url)
}

pub(super) fn frontend_api_url(text: &str) -> Result<Url, ConfigError> {
    if text.contains(['?', '#']) {
        return Err(ConfigError::invalid(Setting::FrontendApiUrl, text, ADDRESS));
    }
    api_url(Setting::FrontendApiUrl, text, FRONTEND_API_VERSION)
}

fn last_segment(url: &Url) -> Option<String> {
    let segments = url.path_segments()?;
    segments.rev().find(|segment| !segment.is_empty()).map(str::to_owned)
}

/// Returns `true` for `v1` and the like.
fn is_version(segment: &str) -> bool {
    let number = segment.strip_prefix(['v', 'V']);
    number.is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

pub(super) fn page_url(setting: Setting, text: &str) -> Result<Box<str>, ConfigError> {
    if is_path(text) || web_url(text).is_some() {
        return Ok(text.into());
    }
    Err(ConfigError::invalid(setting, text, ADDRESS_OR_PATH))
}

/// Returns `true` if `text` is a path that stays on its origin wherever it is resolved. Browsers read `\` as `/` and drop
/// tabs and line ends (WHATWG URL section 4.4), so that `/\t/evil.example` is another host.
pub(super) fn is_path(text: &str) -> bool {
    let Ok(base) = Url::parse("https://localhost") else {
        return false;
    };
    let is_on_origin = |url: Url| url.origin() == base.origin();
    text.starts_with('/') && !text.chars().any(char::is_control) && base.join(text).is_ok_and(is_on_origin)
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
        .ok_or_else(|| ConfigError::invalid(Setting::ProxyUrl, text, ADDRESS_OR_PATH))
}

/// A host, perhaps with a port, as URLs write it. A closing slash is dropped.
pub(super) fn domain(text: &str) -> Result<Box<str>, ConfigError> {
    let host = text.strip_suffix('/').unwrap_or(text);
    let url = Url::parse(&format!("https://{host}")).ok();
    let is_host = !host.contains(['/', '?', '#', '@', '\\']) && !host.chars().any(char::is_control);
    let url = url.filter(|url| is_host && is_web_host(url) && !is_certainly_secret_key(host));
    let host = url.as_ref().and_then(|url| Some((url.host_str()?, url.port())));
    match host {
        Some((host, Some(port))) => Ok(format!("{host}:{port}").into()),
        Some((host, None)) => Ok(host.into()),
        None => {
            let expected = "a host name without scheme, such as satellite.example";
            Err(ConfigError::invalid(Setting::Domain, text, expected))
        }
    }
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
