//! How recently somebody has proven who they are.

use super::{Requirement, Verdict, has_user};
use crate::token::{FactorAge, SessionClaims};

/// Which factors must have been verified, and how many minutes ago at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reverification {
    level: ReverificationLevel,
    after_minutes: u32,
}

/// Which factors must have been verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReverificationLevel {
    /// The first one, such as a password.
    FirstFactor,
    /// The second one, or the first where the person has no second.
    SecondFactor,
    /// Both, or the first where the person has no second.
    MultiFactor,
}

impl Reverification {
    /// Both factors within ten minutes.
    pub const STRICT_MFA: Self = Self {
        level: ReverificationLevel::MultiFactor,
        after_minutes: 10,
    };
    /// The second factor within ten minutes.
    pub const STRICT: Self = Self {
        level: ReverificationLevel::SecondFactor,
        after_minutes: 10,
    };
    /// The second factor within an hour.
    pub const MODERATE: Self = Self {
        level: ReverificationLevel::SecondFactor,
        after_minutes: 60,
    };
    /// The second factor within a day.
    pub const LAX: Self = Self {
        level: ReverificationLevel::SecondFactor,
        after_minutes: 1_440,
    };

    /// `level`, verified less than `after_minutes` minutes ago. Zero minutes are never met.
    #[must_use]
    pub const fn new(level: ReverificationLevel, after_minutes: u32) -> Self {
        Self { level, after_minutes }
    }

    /// Which factors.
    #[must_use]
    pub const fn level(self) -> ReverificationLevel {
        self.level
    }

    /// How many minutes ago at most.
    #[must_use]
    pub const fn after_minutes(self) -> u32 {
        self.after_minutes
    }

    fn is_met(self, first: FactorAge, second: FactorAge) -> bool {
        use ReverificationLevel as Level;
        let is_fresh = |age| matches!(age, FactorAge::Minutes(minutes) if minutes < f64::from(self.after_minutes));
        let (has_first, has_second) = (first != FactorAge::NotEnrolled, second != FactorAge::NotEnrolled);
        match self.level {
            _ if !has_first && !has_second => false,
            Level::FirstFactor => is_fresh(first),
            Level::SecondFactor | Level::MultiFactor if !has_second => is_fresh(first),
            Level::SecondFactor => is_fresh(second),
            Level::MultiFactor => is_fresh(first) && is_fresh(second),
        }
    }
}

impl ReverificationLevel {
    /// The word on the wire.
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
            _ if !has_user(claims) => Verdict::Unmet,
            Some((first, second)) if self.is_met(first, second) => Verdict::Met,
            _ => Verdict::NeedsReverification(*self),
        }
    }
}
