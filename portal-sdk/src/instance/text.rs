//! Settings as texts: what each may say, and the value that it becomes.

use url::Url;

use super::{AfterRedirects, ConfigError, ProxyUrl, Setting};
use crate::token::VerifyingKey;

const DEFAULT_API_VERSION: &str = "v1";

pub(super) fn absolute_url(setting: Setting, text: &str) -> Result<Url, ConfigError> {
    Url::parse(text)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https"))
        .ok_or_else(|| ConfigError::Invalid {
            setting,
            found: text.into(),
            expected: "an absolute http(s) address",
        })
}

pub(super) fn page_url(setting: Setting, text: &str) -> Result<Box<str>, ConfigError> {
    let is_path = text.starts_with('/') && !text.starts_with("//") && !text.starts_with("/\\");
    if is_path || absolute_url(setting, text).is_ok() {
        return Ok(text.into());
    }
    Err(ConfigError::Invalid {
        setting,
        found: text.into(),
        expected: "an absolute http(s) address, or a path that starts with one slash",
    })
}

pub(super) fn api_version(text: Option<String>) -> Result<Box<str>, ConfigError> {
    let text = text.unwrap_or_else(|| DEFAULT_API_VERSION.to_owned());
    let is_segment = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if is_segment {
        return Ok(text.into());
    }
    Err(ConfigError::Invalid {
        setting: Setting::ApiVersion,
        found: text.into(),
        expected: "one path segment such as v1",
    })
}

pub(super) fn jwt_key(pem: &str) -> Result<VerifyingKey, ConfigError> {
    VerifyingKey::from_pem(pem).map_err(|problem| ConfigError::JwtKey {
        problem: problem.as_str(),
    })
}

pub(super) fn proxy_url(text: &str) -> Result<ProxyUrl, ConfigError> {
    ProxyUrl::parse(text).ok_or_else(|| ConfigError::Invalid {
        setting: Setting::ProxyUrl,
        found: text.into(),
        expected: "an absolute http(s) address, or a path that starts with one slash",
    })
}

pub(super) fn frontend_api_url(text: &str) -> Result<Url, ConfigError> {
    absolute_url(Setting::FrontendApiUrl, text)
        .ok()
        .filter(|url| {
            url.query().is_none() && url.fragment().is_none() && url.username().is_empty() && url.password().is_none()
        })
        .ok_or_else(|| ConfigError::Invalid {
            setting: Setting::FrontendApiUrl,
            found: text.into(),
            expected: "an absolute http(s) address without query and user information",
        })
}

pub(super) fn domain(text: &str) -> Result<Box<str>, ConfigError> {
    let is_host = !text.contains(['/', '?', '#', '@', '\\'])
        && Url::parse(&format!("https://{text}")).is_ok_and(|url| url.host_str().is_some());
    if is_host {
        return Ok(text.into());
    }
    Err(ConfigError::Invalid {
        setting: Setting::Domain,
        found: text.into(),
        expected: "a host name without scheme, such as satellite.example",
    })
}

pub(super) fn origin(setting: Setting, text: &str) -> Result<Url, ConfigError> {
    let url = absolute_url(setting, text)?;
    if url.as_str().trim_end_matches('/') == url.origin().ascii_serialization() {
        return Ok(url);
    }
    Err(ConfigError::Invalid {
        setting,
        found: text.into(),
        expected: "scheme and host and nothing else, such as https://app.example.com",
    })
}

pub(super) fn origins(setting: Setting, texts: &[String]) -> Result<Vec<Url>, ConfigError> {
    texts.iter().map(|text| origin(setting, text)).collect()
}

/// Origins as browsers write them.
pub(super) fn origin_texts(setting: Setting, texts: &[String]) -> Result<Vec<Box<str>>, ConfigError> {
    let origins = origins(setting, texts)?;
    Ok(origins
        .iter()
        .map(|url| url.origin().ascii_serialization().into())
        .collect())
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
