//! The choice between the plain and the suffixed cookie set.

use http::HeaderMap;
use serde_json::Value;

use super::cookies::{RequestCookies, unsigned};
use super::fields::Field;
use crate::clock::UnixTime;
use crate::instance::{Instance, InstanceType};
use crate::token::{UnverifiedToken, VerifiedTokens};

/// Clerk's cookies, and which of the two sets is trusted.
#[derive(Clone, Default)]
pub(super) struct ChosenCookies<'r> {
    pub(super) all: RequestCookies<'r>,
    pub(super) are_suffixed: bool,
    /// The time in `__client_uat`, in Unix seconds. 0 if the cookie is missing or not a number.
    pub(super) client_uat: u64,
}

impl<'r> ChosenCookies<'r> {
    pub(super) fn read(
        field: Field<'r>,
        headers: &'r HeaderMap,
        instance: &Instance,
        verified: Option<&VerifiedTokens>,
        now: UnixTime,
    ) -> Self {
        if field.is_missing() {
            return Self::default();
        }
        let mut all = RequestCookies::read(field, headers, instance.publishable_key().cookie_suffix());
        let Choice {
            is_plain_session_meaningless,
            are_suffixed,
        } = Choice::of(&all, instance, verified, now);
        if is_plain_session_meaningless {
            all.forget_plain_session();
        }
        let client_uat = all.client_uat(are_suffixed).and_then(unsigned).unwrap_or(0);
        Self {
            all,
            are_suffixed,
            client_uat,
        }
    }
}

struct Choice {
    /// `true` if the plain session cookie is unreadable or has no issuer, and suffixed cookies exist.
    ///
    /// Any sister domain could set it to invalidate the suffixed cookies.
    is_plain_session_meaningless: bool,
    are_suffixed: bool,
}

impl Choice {
    /// Chooses by Clerk's rules in Clerk's order.
    ///
    /// No token is verified here; a wrong guess costs a handshake.
    fn of(cookies: &RequestCookies<'_>, instance: &Instance, verified: Option<&VerifiedTokens>, now: UnixTime) -> Self {
        let has_suffixed_state = cookies.has_suffixed_state();
        let chosen = |are_suffixed| Self {
            is_plain_session_meaningless: false,
            are_suffixed,
        };
        let plain = match cookies.session_token(false, verified) {
            Some(token) => match token.ok().filter(names_an_issuer) {
                Some(token) if !belongs_to(&token, instance) => return chosen(true),
                Some(token) => Some(token),
                None if has_suffixed_state => {
                    return Self {
                        is_plain_session_meaningless: true,
                        are_suffixed: uses_suffixed_cookies(cookies, None, instance, verified, now),
                    };
                }
                None => return chosen(false),
            },
            None => None,
        };
        chosen(has_suffixed_state && uses_suffixed_cookies(cookies, plain.as_ref(), instance, verified, now))
    }
}

/// Returns `true` if the suffixed cookies are trusted.
///
/// The request must have a suffixed session or client cookie. `plain` is the plain session token, if this instance could
/// have issued it.
fn uses_suffixed_cookies(
    cookies: &RequestCookies<'_>,
    plain: Option<&UnverifiedToken<'_>>,
    instance: &Instance,
    verified: Option<&VerifiedTokens>,
    now: UnixTime,
) -> bool {
    let suffixed_uat = cookies.client_uat(true);
    let plain_uat = cookies.client_uat(false);
    let suffixed = match plain {
        Some(plain) if cookies.are_sessions_equal() => Some(plain.clone()),
        _ => cookies.session_token(true, verified).and_then(Result::ok),
    };
    let issued_at =
        |token: Option<&UnverifiedToken<'_>>| token.and_then(UnverifiedToken::issued_at_secs).unwrap_or(0.0);
    if suffixed_uat != Some("0") && plain_uat != Some("0") && issued_at(plain) > issued_at(suffixed.as_ref()) {
        return false;
    }
    if suffixed_uat == Some("0") && plain_uat != Some("0") {
        return false;
    }
    if instance.instance_type() == InstanceType::Development
        && suffixed_uat != Some("0")
        && plain_uat == Some("0")
        && suffixed.as_ref().is_some_and(|token| is_expired(token, now))
    {
        return false;
    }
    suffixed_uat.is_some() || !cookies.has_session(true)
}

fn names_an_issuer(token: &UnverifiedToken<'_>) -> bool {
    match token.issuer() {
        None | Some(Value::Null | Value::Bool(false)) => false,
        Some(Value::String(issuer)) => !issuer.is_empty(),
        Some(Value::Number(number)) => number.as_f64() != Some(0.0),
        Some(_) => true,
    }
}

fn belongs_to(token: &UnverifiedToken<'_>, instance: &Instance) -> bool {
    token
        .issuer()
        .and_then(Value::as_str)
        .is_some_and(|issuer| is_at_host(issuer, &instance.issuer_host()))
}

fn is_at_host(issuer: &str, host: &str) -> bool {
    // Genuine tokens need no copy.
    issuer.strip_prefix("https://") == Some(host) || without_schemes(issuer) == host
}

/// Removes every `http://` and `https://` from `issuer`, in any case.
fn without_schemes(issuer: &str) -> String {
    let mut rest = issuer;
    let mut bare = String::with_capacity(issuer.len());
    while let Some(next) = rest.chars().next() {
        let scheme = ["https://", "http://"].into_iter().find(|scheme| {
            rest.get(..scheme.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(scheme))
        });
        match scheme {
            Some(scheme) => rest = &rest[scheme.len()..],
            None => {
                bare.push(next);
                rest = &rest[next.len_utf8()..];
            }
        }
    }
    bare
}

#[expect(clippy::cast_precision_loss, reason = "seconds of our time fit a double exactly")]
fn is_expired(token: &UnverifiedToken<'_>, now: UnixTime) -> bool {
    token
        .expires_at_secs()
        .is_some_and(|expires_at| expires_at <= now.as_secs() as f64)
}

#[cfg(test)]
mod tests {
    use super::without_schemes;

    #[test]
    fn every_scheme_in_an_issuer_is_dropped() {
        for (issuer, bare) in [
            ("https://clerk.example.com", "clerk.example.com"),
            ("HTTP://clerk.example.com", "clerk.example.com"),
            ("https://http://a", "a"),
            ("clerk.ex\u{e9}mple", "clerk.ex\u{e9}mple"),
            ("", ""),
        ] {
            assert_eq!(without_schemes(issuer), bare);
        }
    }
}
