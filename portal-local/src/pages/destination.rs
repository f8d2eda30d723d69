//! The redirect at the end of a flow.

use portal_sdk::names::query;
use url::Url;

use super::params::Params;
use super::path;
use crate::redirect::RedirectPolicy;
use crate::store::Settings;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flow {
    SignIn,
    SignUp,
    CreateOrganization,
    LeaveOrganization,
    JoinWaitlist,
}

impl Flow {
    /// The parameters before and after `redirect_url` in precedence.
    ///
    /// A new organization can be part of a sign-in, so it shares the sign-in's parameters. Leaving an organization and
    /// joining the waitlist have none.
    fn force_and_fallback(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::SignIn | Self::CreateOrganization => {
                Some((query::SIGN_IN_FORCE_REDIRECT_URL, query::SIGN_IN_FALLBACK_REDIRECT_URL))
            }
            Self::SignUp => Some((query::SIGN_UP_FORCE_REDIRECT_URL, query::SIGN_UP_FALLBACK_REDIRECT_URL)),
            Self::LeaveOrganization | Self::JoinWaitlist => None,
        }
    }

    /// The administrator's setting.
    fn setting(self, settings: &Settings) -> Option<&str> {
        match self {
            Self::SignIn => settings.after_sign_in_url.as_deref(),
            Self::SignUp => settings.after_sign_up_url.as_deref(),
            Self::CreateOrganization => settings.after_create_organization_url.as_deref(),
            Self::LeaveOrganization => settings.after_leave_organization_url.as_deref(),
            Self::JoinWaitlist => settings.after_join_waitlist_url.as_deref(),
        }
    }
}

/// The redirect at the end of a flow, and the refused URLs that were skipped.
pub(super) struct Destination {
    /// `None`: nothing says where, so the portal's own page.
    pub(super) url: Option<Url>,
    pub(super) notices: Vec<String>,
}

impl Destination {
    /// Clerk's order: the forced address, `redirect_url`, the fallback, what an administrator has set for the flow, and
    /// the application. An address that is not allowed is dropped, and the next one counts.
    pub(super) fn of(
        flow: Flow,
        policy: &RedirectPolicy,
        params: &Params,
        settings: &Settings,
        home_origin: Option<&str>,
    ) -> Self {
        let (force, fallback) = flow.force_and_fallback().unzip();
        let mut notices = params.left_out();
        for name in [force, Some(query::REDIRECT_URL), fallback].into_iter().flatten() {
            let Some(text) = params.value(name) else { continue };
            match policy.resolve(text) {
                Ok(url) => {
                    return Self {
                        url: Some(url),
                        notices,
                    };
                }
                Err(refused) => notices.push(refused.to_string()),
            }
        }
        let set = [flow.setting(settings), settings.home_url.as_deref(), home_origin];
        let url = set.into_iter().flatten().find_map(|text| policy.absolute(text).ok());
        Self { url, notices }
    }

    /// The host to show before a redirect there; `None` for the portal's own pages.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redirect::Loopback;

    fn ends_at(flow: Flow, raw: &str, home: Option<&str>) -> (Option<String>, usize) {
        let policy = RedirectPolicy::new("http://127.0.0.1:8787", &[], Loopback::Allowed).unwrap();
        let destination = Destination::of(flow, &policy, &Params::parse(raw), &Settings::default(), home);
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

    #[test]
    fn address_that_is_too_long_is_passed_over_with_its_length() {
        let raw = format!("redirect_url=http://localhost/{}", "a".repeat(9_000));
        let policy = RedirectPolicy::new("http://127.0.0.1:8787", &[], Loopback::Allowed).unwrap();
        let destination = Destination::of(Flow::SignIn, &policy, &Params::parse(&raw), &Settings::default(), None);
        assert_eq!(destination.url, None);
        assert!(
            destination.notices[0].contains("9017 bytes"),
            "{:?}",
            destination.notices
        );
    }

    #[test]
    fn what_an_administrator_has_set_comes_before_the_application() {
        let settings = Settings {
            home_url: Some("http://localhost:3000/home".into()),
            after_sign_in_url: Some("http://localhost:3000/in".into()),
            after_create_organization_url: Some("http://localhost:3000/created".into()),
            after_join_waitlist_url: Some("https://evil.example/".into()),
            ..Settings::default()
        };
        let policy = RedirectPolicy::new("http://127.0.0.1:8787", &[], Loopback::Allowed).unwrap();
        for (flow, raw, expected) in [
            (Flow::SignIn, "", "http://localhost:3000/in"),
            (Flow::SignUp, "", "http://localhost:3000/home"),
            (Flow::CreateOrganization, "", "http://localhost:3000/created"),
            (
                Flow::LeaveOrganization,
                "sign_in_force_redirect_url=/x",
                "http://localhost:3000/home",
            ),
            (Flow::JoinWaitlist, "", "http://localhost:3000/home"),
            (Flow::SignIn, "redirect_url=http://localhost/2", "http://localhost/2"),
            (
                Flow::CreateOrganization,
                "sign_in_force_redirect_url=http://localhost/1",
                "http://localhost/1",
            ),
        ] {
            let params = Params::parse(raw);
            let destination = Destination::of(flow, &policy, &params, &settings, Some("http://localhost:4000"));
            assert_eq!(
                destination.url.map(String::from).as_deref(),
                Some(expected),
                "{flow:?} {raw}"
            );
        }
    }
}
