//! The ages of a user's factors, from claim `fva`.

use std::time::Duration;

use serde_json::Value;

/// The ages of a user's factors when the token was issued.
///
/// ```
/// use std::time::Duration;
///
/// use portal_sdk::token::{FactorAge, SessionClaims};
///
/// fn has_just_signed_in(claims: &SessionClaims) -> bool {
///     let first = claims.factor_ages().map(|ages| ages.first);
///     matches!(first, Some(FactorAge::VerifiedAgo(age)) if age < Duration::from_secs(300))
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FactorAges {
    /// The first factor, such as a password.
    pub first: FactorAge,
    /// The second factor, such as an authenticator app.
    pub second: FactorAge,
}

/// The age of one factor when the token was issued.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FactorAge {
    /// The user has no such factor.
    NotEnrolled,
    /// The time since the factor was verified. Clerk counts whole minutes.
    VerifiedAgo(Duration),
}

impl FactorAges {
    /// Parses `[first, second]` in minutes, -1 for a missing factor; returns `None` if the claim is malformed.
    pub(super) fn parse(claim: &Value) -> Option<Self> {
        let [first, second] = claim.as_array()?.as_slice() else {
            return None;
        };
        Some(Self {
            first: FactorAge::parse(first)?,
            second: FactorAge::parse(second)?,
        })
    }
}

impl FactorAge {
    fn parse(claim: &Value) -> Option<Self> {
        match claim.as_f64()? {
            -1.0 => Some(Self::NotEnrolled),
            minutes if minutes >= 0.0 => Some(Self::VerifiedAgo(from_minutes(minutes))),
            _ => None,
        }
    }
}

/// Converts non-negative minutes, rounded down, because rounding must not make a factor's age reach a limit.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "float casts saturate, and no minutes are negative"
)]
fn from_minutes(minutes: f64) -> Duration {
    let whole = Duration::from_secs((minutes.trunc() as u64).saturating_mul(60));
    whole.saturating_add(Duration::from_nanos((minutes.fract() * 60e9) as u64))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn first(minutes: &Value) -> Option<FactorAge> {
        FactorAges::parse(&json!([minutes, 0])).map(|ages| ages.first)
    }

    #[test]
    fn minutes_become_a_duration() {
        for (minutes, age) in [
            (json!(0), Duration::ZERO),
            (json!(3), Duration::from_secs(180)),
            (json!(1.5), Duration::from_secs(90)),
            (json!(9.999_999_999_999), Duration::from_nanos(599_999_999_999)),
            (json!(1e300), Duration::from_secs(u64::MAX)),
        ] {
            assert_eq!(first(&minutes), Some(FactorAge::VerifiedAgo(age)), "{minutes}");
        }
        assert_eq!(first(&json!(-1)), Some(FactorAge::NotEnrolled));
    }

    #[test]
    fn malformed_claim_is_none() {
        for minutes in [json!(-2), json!(-0.5), json!("3"), json!(null)] {
            assert_eq!(first(&minutes), None, "{minutes}");
        }
        for claim in [json!([0]), json!([0, 0, 0]), json!({ "0": 0, "1": 0 }), json!(0)] {
            assert_eq!(FactorAges::parse(&claim), None, "{claim}");
        }
    }
}
