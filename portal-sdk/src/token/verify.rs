//! The checks of a session token, in Clerk's order, at a given time.

use std::time::Duration;

use serde_json::Value;

use super::header::Header;
use super::payload::Payload;
use super::unverified::{Decoded, claims_map};
use super::{SessionClaims, SessionId, TokenError, UnverifiedToken};
use crate::clock::UnixTime;
use crate::instance::{Instance, Origin};
use crate::key::{Algorithm, Misfit, VerifyingKey};

/// The last JavaScript date, in milliseconds from the epoch. Comparisons with a later time are always false.
const LAST_DATE_MILLIS: f64 = 8.64e15;

/// The rules for a token besides its signature.
#[derive(Clone, Copy, Debug)]
pub struct VerifyRules<'i> {
    audience: &'i [Box<str>],
    authorized_parties: &'i [Origin],
    issuers: &'i [Box<str>],
    clock_skew: Duration,
}

impl<'i> VerifyRules<'i> {
    /// Returns the rules that `instance` configures.
    #[must_use]
    pub fn of(instance: &'i Instance) -> Self {
        Self {
            audience: instance.accepted_audience(),
            authorized_parties: instance.authorized_parties(),
            issuers: instance.accepted_issuers(),
            clock_skew: instance.clock_skew(),
        }
    }

    /// Returns the same rules with another clock tolerance.
    #[must_use]
    pub fn with_clock_skew(self, skew: Duration) -> Self {
        Self {
            clock_skew: skew,
            ..self
        }
    }
}

/// Verifies a session token at the time `now`.
///
/// ```
/// use portal_sdk::instance::Instance;
/// use portal_sdk::clock::UnixTime;
/// use portal_sdk::key::VerifyingKey;
/// use portal_sdk::token::{SessionClaims, TokenError, UnverifiedToken, VerifyRules, verify_session_token};
///
/// fn verify(instance: &Instance, key: &VerifyingKey, token: &str, now: UnixTime) -> Result<SessionClaims, TokenError> {
///     let token = UnverifiedToken::decode(token)?;
///     verify_session_token(&token, key, VerifyRules::of(instance), now)
/// }
/// ```
///
/// # Errors
///
/// Returns the [`TokenError`] of the first check that fails: kind, type, algorithm, signature, `sub`, `aud`, `azp`,
/// `iss`, `exp`, `nbf`, `iat`.
pub fn verify_session_token(
    token: &UnverifiedToken<'_>,
    key: &VerifyingKey,
    rules: VerifyRules<'_>,
    now: UnixTime,
) -> Result<SessionClaims, TokenError> {
    if let Some(claims) = token.verified_by(key) {
        check_claims(token.payload(), rules, now)?;
        return Ok(claims.clone());
    }
    if token.is_of_machine_category() {
        return Err(TokenError::Category);
    }
    let decoded = token.decoded()?;
    check_signature(token, &decoded, key)?;

    let user_id = decoded.payload.user_id.as_ref().ok_or(TokenError::Subject)?;
    check_claims(&decoded.payload, rules, now)?;
    Ok(SessionClaims::new(token, &decoded, key, user_id.clone()))
}

/// Checks the claims that depend on the settings and the time, which a token verified before must meet again.
fn check_claims(payload: &Payload, rules: VerifyRules<'_>, now: UnixTime) -> Result<(), TokenError> {
    check_audience(payload.audience.as_ref(), rules.audience)?;
    check_authorized_party(payload.authorized_party.as_ref(), rules.authorized_parties)?;
    check_issuer(payload.issuer.as_ref(), rules.issuers)?;
    check_times(payload, rules.clock_skew, now)
}

/// A session whose token the instance signed, expired or not. Use it to end the session.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct GenuineSession {
    /// The session's ID.
    pub id: SessionId,
    /// The lifetime of the session's tokens; zero if the token's times are malformed.
    pub token_lifetime: Duration,
}

impl GenuineSession {
    /// Returns `None` if the signature is invalid or the token names no session.
    pub(crate) fn check(token: &UnverifiedToken<'_>, key: &VerifyingKey) -> Option<Self> {
        if token.verified_by(key).is_none() {
            let decoded = token.decoded().ok()?;
            check_signature(token, &decoded, key).ok()?;
        }
        let payload = token.payload();
        let moment = |claim: &Option<Value>, name| seconds(claim.as_ref(), name).ok()??.date();
        let lifetime = match (moment(&payload.issued_at, "iat"), moment(&payload.expires_at, "exp")) {
            (Some(issued_at), Some(expires_at)) => expires_at.age_of(issued_at),
            _ => None,
        };
        Some(Self {
            id: SessionId::from(token.session_id()?),
            token_lifetime: lifetime.unwrap_or_default(),
        })
    }
}

/// Verifies a handshake token and returns its `Set-Cookie` values, in Clerk's order.
///
/// The handshake token's times are not checked, because the session token inside it is verified separately.
///
/// # Errors
///
/// Returns the [`TokenError`] of the first check that fails: type, algorithm, kind, signature.
pub(crate) fn verify_handshake_token(
    token: &UnverifiedToken<'_>,
    key: &VerifyingKey,
) -> Result<Vec<Value>, TokenError> {
    let decoded = token.decoded()?;
    check_header(&decoded.header)?;
    if decoded.header.is_of_foreign_category() {
        return Err(TokenError::Category);
    }
    check_signature(token, &decoded, key)?;
    Ok(match claims_map(token.text()).remove("handshake") {
        Some(Value::Array(set_cookies)) => set_cookies,
        _ => Vec::new(),
    })
}

/// Returns the first fault of type and algorithm, which are checked before any key is fetched.
pub(crate) fn header_problem(token: &UnverifiedToken<'_>) -> Option<TokenError> {
    token.decoded().and_then(|decoded| check_header(&decoded.header)).err()
}

fn check_header(header: &Header) -> Result<Algorithm, TokenError> {
    if let Some(found) = header.token_type.as_ref().filter(|typ| typ.as_str() != Some("JWT")) {
        return Err(TokenError::Type {
            found: found.to_string().into(),
        });
    }
    let algorithm = header.algorithm.as_ref();
    algorithm
        .and_then(Value::as_str)
        .and_then(Algorithm::parse)
        .ok_or_else(|| TokenError::Algorithm { found: json(algorithm) })
}

/// Checks type and algorithm, then the signature.
fn check_signature(token: &UnverifiedToken<'_>, decoded: &Decoded, key: &VerifyingKey) -> Result<(), TokenError> {
    let algorithm = check_header(&decoded.header)?;
    key.verify(algorithm, token.signed_part(decoded), &decoded.signature)
        .map_err(|misfit| match misfit {
            Misfit::Algorithm(algorithm) => TokenError::UnusableKey {
                algorithm: algorithm.as_str(),
            },
            Misfit::Signature => TokenError::Signature,
        })
}

fn check_audience(claim: Option<&Value>, expected: &[Box<str>]) -> Result<(), TokenError> {
    let Some(claim) = claim.filter(|claim| !expected.is_empty() && !is_empty(claim)) else {
        return Ok(());
    };
    let is_expected = |audience: &Value| {
        audience
            .as_str()
            .is_some_and(|name| expected.iter().any(|e| **e == *name))
    };
    let matches = match claim {
        Value::Array(list) => list.iter().all(Value::is_string) && list.iter().any(is_expected),
        single => is_expected(single),
    };
    if matches { Ok(()) } else { Err(TokenError::Audience) }
}

/// Returns `true` for JavaScript's falsy values and for lists of them.
fn is_empty(claim: &Value) -> bool {
    match claim {
        Value::Null | Value::Bool(false) => true,
        Value::Bool(true) | Value::Object(_) => false,
        Value::String(text) => text.is_empty(),
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::Array(list) => list.iter().all(is_empty),
    }
}

fn check_authorized_party(claim: Option<&Value>, expected: &[Origin]) -> Result<(), TokenError> {
    let is_one_of = |claim: &str| expected.iter().any(|party| *party == *claim);
    if expected.is_empty() || claim.and_then(Value::as_str).is_some_and(is_one_of) {
        return Ok(());
    }
    Err(TokenError::AuthorizedParty { found: json(claim) })
}

fn check_issuer(claim: Option<&Value>, expected: &[Box<str>]) -> Result<(), TokenError> {
    let is_one_of = |claim: &str| expected.iter().any(|issuer| **issuer == *claim);
    if expected.is_empty() || claim.and_then(Value::as_str).is_some_and(is_one_of) {
        return Ok(());
    }
    Err(TokenError::Issuer { found: json(claim) })
}

/// Returns the time of claim `exp`; `None` beyond the range of dates, and without a number.
pub(super) fn expiry(payload: &Payload) -> Option<UnixTime> {
    seconds(payload.expires_at.as_ref(), "exp").ok()??.date()
}

fn check_times(payload: &Payload, clock_skew: Duration, now: UnixTime) -> Result<(), TokenError> {
    let expires_at = seconds(payload.expires_at.as_ref(), "exp")?.ok_or(TokenError::Time { claim: "exp" })?;
    if let Some(expired_at) = expires_at.date().filter(|&at| at <= now - clock_skew) {
        return Err(TokenError::Expired { expired_at, now });
    }
    let latest = now + clock_skew;
    if let Some(not_before) = seconds(payload.not_before.as_ref(), "nbf")?
        .and_then(Seconds::date)
        .filter(|&at| at > latest)
    {
        return Err(TokenError::NotActiveYet { not_before, now });
    }
    if let Some(issued_at) = seconds(payload.issued_at.as_ref(), "iat")?
        .and_then(Seconds::date)
        .filter(|&at| at > latest)
    {
        return Err(TokenError::IssuedInTheFuture { issued_at, now });
    }
    Ok(())
}

/// A time claim in seconds, as a JavaScript number.
#[derive(Clone, Copy)]
struct Seconds(f64);

impl Seconds {
    /// Returns the time in whole seconds; `None` beyond the range of JavaScript's dates.
    #[expect(clippy::cast_possible_truncation, reason = "the range is checked just before")]
    fn date(self) -> Option<UnixTime> {
        let millis = self.0.trunc() * 1_000.0;
        (millis.abs() <= LAST_DATE_MILLIS).then_some(UnixTime::from_millis(millis as i64))
    }
}

fn seconds(claim: Option<&Value>, name: &'static str) -> Result<Option<Seconds>, TokenError> {
    match claim {
        None => Ok(None),
        Some(value) => value
            .as_f64()
            .map(|secs| Some(Seconds(secs)))
            .ok_or(TokenError::Time { claim: name }),
    }
}

fn json(value: Option<&Value>) -> Box<str> {
    value.map_or_else(|| "nothing".into(), |value| value.to_string().into())
}
