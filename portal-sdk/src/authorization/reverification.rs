//! Recently verified factors.

use std::time::Duration;

use serde::ser::{Serialize, SerializeStruct as _, Serializer};

use super::{Requirement, Verdict};
use crate::token::{FactorAge, FactorAges, SessionClaims};

/// Recently verified factors, for sensitive changes.
///
/// Serializes as Clerk's own configuration, `{"level": "second_factor", "afterMinutes": 10}`, which its browser
/// components read from a refusal.
///
/// ```
/// use std::time::Duration;
///
/// use portal_sdk::authorization::{Reverification, ReverificationLevel};
///
/// let strict = Reverification::new(ReverificationLevel::SecondFactor, Duration::from_secs(600));
/// assert_eq!(strict, Reverification::STRICT);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reverification {
    level: ReverificationLevel,
    max_age: Duration,
}

/// The factors that must have been verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReverificationLevel {
    /// The first factor, such as a password.
    FirstFactor,
    /// The second factor, or the first if the user has no second.
    SecondFactor,
    /// Both factors, or the first if the user has no second.
    MultiFactor,
}

impl Reverification {
    /// Both factors within ten minutes.
    pub const STRICT_MFA: Self = Self::new(ReverificationLevel::MultiFactor, Duration::from_secs(10 * 60));
    /// The second factor within ten minutes.
    pub const STRICT: Self = Self::new(ReverificationLevel::SecondFactor, Duration::from_secs(10 * 60));
    /// The second factor within an hour.
    pub const MODERATE: Self = Self::new(ReverificationLevel::SecondFactor, Duration::from_secs(60 * 60));
    /// The second factor within a day.
    pub const LAX: Self = Self::new(ReverificationLevel::SecondFactor, Duration::from_secs(24 * 60 * 60));

    /// Requires `level`, verified less than `max_age` before the token was issued.
    ///
    /// Clerk counts whole minutes. A `max_age` of zero is never met.
    #[must_use]
    pub const fn new(level: ReverificationLevel, max_age: Duration) -> Self {
        Self { level, max_age }
    }

    /// Returns the factors that must have been verified.
    #[must_use]
    pub const fn level(self) -> ReverificationLevel {
        self.level
    }

    /// Returns the age from which a factor must be verified again.
    ///
    /// It is Clerk's `afterMinutes`.
    #[must_use]
    pub const fn max_age(self) -> Duration {
        self.max_age
    }

    fn is_met(self, ages: FactorAges) -> bool {
        use ReverificationLevel as Level;
        let FactorAges { first, second } = ages;
        // A factor that the user does not have is never fresh.
        let is_fresh = |factor| matches!(factor, FactorAge::VerifiedAgo(age) if age < self.max_age);
        let has_second = second != FactorAge::NotEnrolled;
        match self.level {
            Level::FirstFactor => is_fresh(first),
            Level::SecondFactor | Level::MultiFactor if !has_second => is_fresh(first),
            Level::SecondFactor => is_fresh(second),
            Level::MultiFactor => is_fresh(first) && is_fresh(second),
        }
    }
}

impl ReverificationLevel {
    /// Returns Clerk's word for the level.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FirstFactor => "first_factor",
            Self::SecondFactor => "second_factor",
            Self::MultiFactor => "multi_factor",
        }
    }
}

impl Requirement for Reverification {
    fn verdict(&self, claims: &SessionClaims) -> Verdict {
        match claims.factor_ages() {
            _ if !claims.has_user() => Verdict::Unmet,
            Some(ages) if self.is_met(ages) => Verdict::Met,
            _ => Verdict::NeedsReverification(*self),
        }
    }
}

impl Serialize for Reverification {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let secs = self.max_age.as_secs();
        let is_whole = secs.is_multiple_of(60) && self.max_age.subsec_nanos() == 0;
        let mut fields = serializer.serialize_struct("Reverification", 2)?;
        fields.serialize_field("level", self.level.as_str())?;
        if is_whole {
            fields.serialize_field("afterMinutes", &(secs / 60))?;
        } else {
            fields.serialize_field("afterMinutes", &(self.max_age.as_secs_f64() / 60.0))?;
        }
        fields.end()
    }
}
