//! Combined requirements.

use super::{Requirement, Verdict, met_if};
use crate::token::SessionClaims;

/// Both of two requirements; see [`Requirement::and`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a requirement does nothing until a guard asks for its verdict"]
pub struct And<A, B>(A, B);

/// At least one of two requirements; see [`Requirement::or`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a requirement does nothing until a guard asks for its verdict"]
pub struct Or<A, B>(A, B);

/// The negation of a requirement; see [`Requirement::not`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a requirement does nothing until a guard asks for its verdict"]
pub struct Not<R>(R);

impl<A, B> And<A, B> {
    pub(super) fn new(first: A, second: B) -> Self {
        Self(first, second)
    }
}

impl<A, B> Or<A, B> {
    pub(super) fn new(first: A, second: B) -> Self {
        Self(first, second)
    }
}

impl<R> Not<R> {
    pub(super) fn new(negated: R) -> Self {
        Self(negated)
    }
}

impl<A: Requirement, B: Requirement> Requirement for And<A, B> {
    fn verdict(&self, claims: &SessionClaims) -> Verdict {
        match (self.0.verdict(claims), self.1.verdict(claims)) {
            (Verdict::NoActiveOrganization, _) | (_, Verdict::NoActiveOrganization) => Verdict::NoActiveOrganization,
            (Verdict::Unmet, _) | (_, Verdict::Unmet) => Verdict::Unmet,
            (Verdict::Met, second) => second,
            (first, _) => first,
        }
    }
}

impl<A: Requirement, B: Requirement> Requirement for Or<A, B> {
    fn verdict(&self, claims: &SessionClaims) -> Verdict {
        match self.0.verdict(claims) {
            Verdict::Met => Verdict::Met,
            Verdict::Unmet => self.1.verdict(claims),
            first @ Verdict::NoActiveOrganization => match self.1.verdict(claims) {
                Verdict::Unmet => first,
                second => second,
            },
            first @ Verdict::NeedsReverification(_) => match self.1.verdict(claims) {
                Verdict::Met => Verdict::Met,
                _ => first,
            },
        }
    }
}

impl<R: Requirement> Requirement for Not<R> {
    fn verdict(&self, claims: &SessionClaims) -> Verdict {
        // Without a user every requirement is unmet, so its negation must not be met either.
        met_if(claims.has_user() && !self.0.verdict(claims).is_met())
    }
}
