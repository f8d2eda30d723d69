//! The choice between the plain and the suffixed cookie set.

use http::HeaderMap;
use serde_json::Value;

use super::cookies::RequestCookies;
use crate::clock::UnixTime;
use crate::instance::{Instance, InstanceType};
use crate::token::{UnverifiedToken, VerifiedTokens};

/// Clerk's cookies, and which of the two sets is trusted.
#[derive(Clone, Default)]
pub(super) struct ChosenCookies<'r> {
    pub(super) all: RequestCookies<'r>,
    pub(super) are_suffixed: bool,
}

impl<'r> ChosenCookies<'r> {
    pub(super) fn read(
        headers: &'r HeaderMap,
        instance: &Instance,
        verified: Option<&VerifiedTokens>,
        now: UnixTime,
    ) -> Self {
        let mut all = RequestCookies::read(headers, instance.publishable_key().cookie_suffix());
        forget_meaningless_session(&mut all, verified);
        Self {
            are_suffixed: uses_suffixed_cookies(&all, instance, verified, now),
            all,
        }
    }
}

/// Drops a plain session cookie that is unreadable or has no issuer, if suffixed cookies exist.
///
/// Any sister domain could set it to invalidate the suffixed cookies.
fn forget_meaningless_session(cookies: &mut RequestCookies<'_>, verified: Option<&VerifiedTokens>) {
    let is_meaningful = |token: UnverifiedToken<'_>| names_an_issuer(&token);
    let is_meaningless = |token: Result<_, _>| !token.is_ok_and(is_meaningful);
    if cookies.has_suffixed_state() && cookies.session.token(false, verified).is_some_and(is_meaningless) {
        cookies.session.forget_plain();
    }
}

/// Returns `true` if the suffixed cookies are trusted, by Clerk's rules in Clerk's order.
///
/// No token is verified here; a wrong guess costs a handshake.
fn uses_suffixed_cookies(
    cookies: &RequestCookies<'_>,
    instance: &Instance,
    verified: Option<&VerifiedTokens>,
    now: UnixTime,
) -> bool {
    let suffixed_uat = cookies.client_uat.get(true);
    let plain_uat = cookies.client_uat.get(false);
    let has_suffixed_session = cookies.session.has(true);

    let plain = cookies
        .session
        .token(false, verified)
        .map(|token| token.ok().filter(names_an_issuer));
    let plain = match plain {
        Some(None) => return false,
        Some(Some(token)) if !belongs_to(&token, instance) => return true,
        other => other.flatten(),
    };
    if !cookies.has_suffixed_state() {
        return false;
    }

    let suffixed = cookies.session.token(true, verified).and_then(Result::ok);
    let issued_at =
        |token: &Option<UnverifiedToken<'_>>| token.as_ref().and_then(UnverifiedToken::issued_at_secs).unwrap_or(0.0);
    if suffixed_uat != Some("0") && plain_uat != Some("0") && issued_at(&plain) > issued_at(&suffixed) {
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
    suffixed_uat.is_some() || !has_suffixed_session
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
