//! A function of the claims as a requirement.

use std::any::type_name;
use std::fmt;

use super::{Requirement, Verdict, met_if};
use crate::token::SessionClaims;

/// Turns a function into a requirement, met if the function returns `true`.
///
/// To require a re-verification or an organization, implement [`Requirement`] instead.
///
/// ```
/// use portal_sdk::authorization::{Requirement, Role, requirement_fn};
///
/// let is_on_team_blue = requirement_fn(|claims| claims.as_json().get("team").is_some_and(|team| team == "blue"));
/// let may_enter = is_on_team_blue.or(Role::new("org:admin"));
/// # fn is_requirement(_: impl Requirement) {}
/// # is_requirement(may_enter);
/// ```
pub fn requirement_fn<F>(is_met: F) -> RequirementFn<F>
where
    F: Fn(&SessionClaims) -> bool,
{
    RequirementFn(is_met)
}

/// A requirement created by [`requirement_fn`].
#[derive(Clone, Copy)]
#[must_use = "a requirement does nothing until a guard asks for its verdict"]
pub struct RequirementFn<F>(F);

impl<F> Requirement for RequirementFn<F>
where
    F: Fn(&SessionClaims) -> bool,
{
    fn verdict(&self, claims: &SessionClaims) -> Verdict {
        met_if((self.0)(claims))
    }
}

impl<F> fmt::Debug for RequirementFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RequirementFn").field(&type_name::<F>()).finish()
    }
}
