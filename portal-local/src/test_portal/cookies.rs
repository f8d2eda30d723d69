//! The cookies of a test's browser: RFC 6265, and `SameSite` and name prefixes as in its successor
//! (<https://datatracker.ietf.org/doc/draft-ietf-httpbis-rfc6265bis/>).

use portal_sdk::clock::UnixTime;
use url::{Host, Url};

use super::cookie_date;
use super::site::is_trustworthy;
use crate::clock::Millis as _;

/// Browsers ignore cookies whose name and value are longer.
const MOST_BYTES: usize = 4_096;

/// The kinds of requests that `SameSite` distinguishes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sending {
    /// The URL was typed, or the page is of the same site.
    SameSite,
    /// A link or a redirect from another site.
    CrossSiteNavigation,
    /// A form of another site with an unsafe method.
    CrossSite,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SameSite {
    Strict,
    /// Also the default, without Chrome's two minutes in which new cookies are sent with cross-site forms.
    Lax,
    None,
}

struct Cookie {
    name: String,
    value: String,
    domain: String,
    is_host_only: bool,
    path: String,
    is_secure: bool,
    same_site: SameSite,
    expires: Option<UnixTime>,
}

/// All cookies, the oldest first.
#[derive(Default)]
pub(super) struct Jar(Vec<Cookie>);

impl Jar {
    /// Stores the cookie of a `Set-Cookie` field. An expired one only removes the cookie that it replaces.
    pub(super) fn keep(&mut self, url: &Url, directive: &str, now: UnixTime) {
        let Some(cookie) = Cookie::read(url, directive, now) else {
            return;
        };
        let old = self.0.iter().position(|old| old.is_replaced_by(&cookie));
        match (old, cookie.is_over(now)) {
            (Some(index), true) => drop(self.0.remove(index)),
            (None, true) => {}
            // In place, because the time of creation stays (section 5.3, step 11).
            (Some(index), false) => self.0[index] = cookie,
            (None, false) => self.0.push(cookie),
        }
    }

    /// The field `Cookie` of a request; `None` without cookies.
    pub(super) fn field(&self, url: &Url, sending: Sending, now: UnixTime) -> Option<String> {
        let mut sent: Vec<&Cookie> = self
            .0
            .iter()
            .filter(|cookie| cookie.is_sent(url, sending, now))
            .collect();
        // Longer paths first, then older cookies (section 5.4, step 2).
        sent.sort_by_key(|cookie| std::cmp::Reverse(cookie.path.len()));
        let pairs: Vec<String> = sent.iter().map(|cookie| cookie.pair()).collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }

    /// The value of the first cookie of this name that a same-site request sends.
    pub(super) fn value(&self, url: &Url, name: &str, now: UnixTime) -> Option<String> {
        let sent = |cookie: &&Cookie| cookie.name == name && cookie.is_sent(url, Sending::SameSite, now);
        let cookie = self.0.iter().filter(sent).rev().max_by_key(|cookie| cookie.path.len());
        cookie.map(|cookie| cookie.value.clone())
    }
}

impl Cookie {
    /// Returns `None` if browsers ignore this cookie.
    fn read(url: &Url, directive: &str, now: UnixTime) -> Option<Self> {
        let mut parts = directive.split(';');
        let pair = parts.next()?;
        let (name, value) = pair.split_once('=').unwrap_or(("", pair));
        let (name, value) = (name.trim(), value.trim());
        let host = url.host_str()?;
        let is_pair = !(name.is_empty() && value.is_empty()) && name.len() + value.len() <= MOST_BYTES;
        let mut cookie = Self {
            name: name.to_owned(),
            value: value.to_owned(),
            domain: host.to_owned(),
            is_host_only: true,
            path: default_path(url),
            is_secure: false,
            same_site: SameSite::Lax,
            expires: None,
        };
        let mut max_age = None;
        let mut domain = "";
        let mut has_root_path = false;
        for attribute in parts {
            let (key, value) = attribute.split_once('=').unwrap_or((attribute, ""));
            let value = value.trim();
            match key.trim().to_ascii_lowercase().as_str() {
                "expires" => cookie.expires = cookie_date::parse(value).or(cookie.expires),
                "max-age" => max_age = seconds(value).or(max_age),
                "domain" => domain = value,
                "path" => {
                    has_root_path = value == "/";
                    cookie.path = if value.starts_with('/') {
                        value.to_owned()
                    } else {
                        default_path(url)
                    };
                }
                "secure" => cookie.is_secure = true,
                "samesite" => cookie.same_site = same_site(value),
                _ => {}
            }
        }
        cookie.set_domain(url, domain)?;
        if let Some(secs) = max_age {
            cookie.expires = Some(now.plus_millis(secs.saturating_mul(1_000)));
        }
        let is_named = !name.is_empty();
        // Servers read a cookie without a name by its value.
        let name = if name.is_empty() { value } else { name };
        let starts_with = |prefix: &str| {
            name.get(..prefix.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(prefix))
        };
        let is_allowed = is_pair
            && (!cookie.is_secure || is_trustworthy(url))
            && (cookie.same_site != SameSite::None || cookie.is_secure)
            && (!starts_with("__Secure-") || (is_named && cookie.is_secure))
            && (!starts_with("__Host-") || (is_named && cookie.is_secure && cookie.is_host_only && has_root_path));
        is_allowed.then_some(cookie)
    }

    /// Returns `None` if the host of `url` must not set cookies of this domain.
    fn set_domain(&mut self, url: &Url, value: &str) -> Option<()> {
        let domain = value.strip_prefix('.').unwrap_or(value).to_ascii_lowercase();
        if domain.is_empty() {
            return Some(());
        }
        let host = url.host_str()?;
        // `Domain` with a host without dots, such as `localhost`: browsers keep the cookie for that host alone.
        let is_whole_domain = domain.contains('.') && matches!(url.host(), Some(Host::Domain(_)));
        if host == domain && !is_whole_domain {
            return Some(());
        }
        (is_whole_domain && is_within(host, &domain)).then(|| {
            self.domain = domain;
            self.is_host_only = false;
        })
    }

    fn is_replaced_by(&self, new: &Self) -> bool {
        self.name == new.name
            && self.domain == new.domain
            && self.is_host_only == new.is_host_only
            && self.path == new.path
    }

    fn is_over(&self, now: UnixTime) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }

    fn is_sent(&self, url: &Url, sending: Sending, now: UnixTime) -> bool {
        let host = url.host_str().unwrap_or_default();
        let is_of_host = host == self.domain || (!self.is_host_only && is_within(host, &self.domain));
        let is_of_site = match self.same_site {
            SameSite::Strict => sending == Sending::SameSite,
            SameSite::Lax => sending != Sending::CrossSite,
            SameSite::None => true,
        };
        is_of_host
            && is_of_site
            && path_matches(url.path(), &self.path)
            && (!self.is_secure || is_trustworthy(url))
            && !self.is_over(now)
    }

    fn pair(&self) -> String {
        match self.name.as_str() {
            "" => self.value.clone(),
            name => format!("{name}={}", self.value),
        }
    }
}

/// The seconds of `Max-Age`. Zero and negative numbers remove the cookie (section 5.2.2).
fn seconds(value: &str) -> Option<i64> {
    let digits = value.strip_prefix('-').unwrap_or(value);
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    // Only numbers beyond `i64` fail to parse here.
    let limit = if value.starts_with('-') { i64::MIN } else { i64::MAX };
    is_number.then(|| value.parse().unwrap_or(limit))
}

fn same_site(value: &str) -> SameSite {
    match value.to_ascii_lowercase().as_str() {
        "strict" => SameSite::Strict,
        "none" => SameSite::None,
        _ => SameSite::Lax,
    }
}

fn is_within(host: &str, domain: &str) -> bool {
    host == domain || host.strip_suffix(domain).is_some_and(|start| start.ends_with('.'))
}

/// The folder of the URL (section 5.1.4).
fn default_path(url: &Url) -> String {
    match url.path().rsplit_once('/') {
        None | Some(("", _)) => "/".to_owned(),
        Some((folder, _)) => folder.to_owned(),
    }
}

/// Returns `true` if requests for `path` carry a cookie of `cookie_path` (section 5.1.4).
fn path_matches(path: &str, cookie_path: &str) -> bool {
    path.strip_prefix(cookie_path)
        .is_some_and(|rest| rest.is_empty() || cookie_path.ends_with('/') || rest.starts_with('/'))
}

#[cfg(test)]
mod tests;
