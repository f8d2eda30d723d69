//! Where a flow ends.

use portal_sdk::names::query;
use url::Url;

use super::params::Params;
use super::path;
use crate::redirect::RedirectPolicy;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flow {
    SignIn,
    SignUp,
}

/// Where a flow ends, and what was passed over on the way to that answer.
#[derive(Debug)]
pub(super) struct Destination {
    /// `None`: nothing says where, so the portal's own page.
    pub(super) url: Option<Url>,
    pub(super) notices: Vec<String>,
}

impl Destination {
    /// Clerk's order: the forced address, `redirect_url`, the fallback, the application that this browser came from. An
    /// address that is not allowed is dropped, and the next one counts.
    pub(super) fn of(flow: Flow, policy: &RedirectPolicy, params: &Params, home_origin: Option<&str>) -> Self {
        let (force, fallback) = match flow {
            Flow::SignIn => (query::SIGN_IN_FORCE_REDIRECT_URL, query::SIGN_IN_FALLBACK_REDIRECT_URL),
            Flow::SignUp => (query::SIGN_UP_FORCE_REDIRECT_URL, query::SIGN_UP_FALLBACK_REDIRECT_URL),
        };
        let mut notices = Vec::new();
        for name in [force, query::REDIRECT_URL, fallback] {
            let Some(text) = params.value(name) else { continue };
            match policy.resolve(text) {
                Ok(url) => {
                    return Self {
                        url: Some(url),
                        notices,
                    };
                }
                Err(refused) => notices.push(refused_sentence(refused.host.as_deref())),
            }
        }
        let home = home_origin.and_then(|origin| policy.absolute(origin).ok());
        Self { url: home, notices }
    }

    /// The host to name before somebody is sent there; `None` for the portal's own pages.
    pub(super) fn foreign_host(&self, policy: &RedirectPolicy) -> Option<String> {
        self.url.as_ref().filter(|url| !policy.is_own(url)).map(host_of)
    }

    pub(super) fn url_or_default(self, portal_origin: &str) -> Option<Url> {
        let default = || Url::parse(&format!("{portal_origin}{}", path::DEFAULT_REDIRECT)).ok();
        self.url.or_else(default)
    }
}

/// Host and, unless it goes without saying, port.
pub(super) fn host_of(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port()
        .map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

pub(super) fn refused_sentence(host: Option<&str>) -> String {
    let shown = host.map_or_else(String::new, |host| format!(" ({host})"));
    format!("The address to return to{shown} is not allowed for this application.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ends_at(flow: Flow, raw: &str, home: Option<&str>) -> (Option<String>, usize) {
        let policy = RedirectPolicy::new("http://127.0.0.1:8787", &[]).unwrap();
        let destination = Destination::of(flow, &policy, &Params::parse(raw), home);
        (destination.url.map(Into::into), destination.notices.len())
    }

    #[test]
    fn the_order_is_clerks() {
        let all = "sign_in_force_redirect_url=http://localhost/1&redirect_url=http://localhost/2\
                   &sign_in_fallback_redirect_url=http://localhost/3&sign_up_force_redirect_url=http://localhost/4";
        for (flow, raw, home, expected) in [
            (Flow::SignIn, all, None, Some("http://localhost/1")),
            (Flow::SignUp, all, None, Some("http://localhost/4")),
            (
                Flow::SignUp,
                "redirect_url=http://localhost/2&sign_up_fallback_redirect_url=/x",
                None,
                Some("http://localhost/2"),
            ),
            (
                Flow::SignUp,
                "sign_up_fallback_redirect_url=/x",
                None,
                Some("http://127.0.0.1:8787/x"),
            ),
            (
                Flow::SignIn,
                "sign_up_fallback_redirect_url=/x",
                Some("http://localhost:3000"),
                Some("http://localhost:3000/"),
            ),
            (Flow::SignIn, "", None, None),
        ] {
            assert_eq!(ends_at(flow, raw, home), (expected.map(Into::into), 0), "{raw}");
        }
    }

    #[test]
    fn what_is_not_allowed_is_passed_over_with_a_notice() {
        let raw = "redirect_url=https://evil.example/&sign_in_fallback_redirect_url=http://localhost/3";
        assert_eq!(ends_at(Flow::SignIn, raw, None), (Some("http://localhost/3".into()), 1));
        assert_eq!(ends_at(Flow::SignUp, raw, None), (None, 1));
    }
}
