//! Requirements joined.

use super::{Requirement, Verdict};
use crate::token::SessionClaims;

/// Both of two requirements; see [`Requirement::and`].
#[derive(Clone, Copy, Debug)]
pub struct And<A, B>(A, B);

/// One of two requirements; see [`Requirement::or`].
#[derive(Clone, Copy, Debug)]
pub struct Or<A, B>(A, B);

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
