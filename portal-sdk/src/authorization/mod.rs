//! What somebody who is signed in may do: [`Requirement`] and its values.
//!
//! | Value | Met when |
//! |---|---|
//! | [`Role`], [`Permission`] | the active organization gives it |
//! | [`Feature`], [`Plan`] | the organization or the user has it |
//! | [`Reverification`] | the factors were verified recently enough |
//! | a closure `Fn(&SessionClaims) -> bool` | it says so |
//!
//! The rules are those of `has()` in Clerk's SDKs. Claims that are absent or malformed meet nothing.
//!
//! ```
//! use portal_sdk::authorization::{Permission, Requirement, Reverification, Role};
//!
//! let may_delete = Role::new("org:admin").or(Permission::new("org:invoices:delete"));
//! let may_delete_now = may_delete.and(Reverification::STRICT);
//! # fn is_requirement(_: impl Requirement) {}
//! # is_requirement(may_delete_now);
//! ```

mod billing;
mod combine;
mod organization;
mod reverification;

pub use billing::{Feature, Plan};
pub use combine::{And, Or};
pub use organization::{Permission, Role};
pub use reverification::{Reverification, ReverificationLevel};

use crate::token::{ActiveOrganization, SessionClaims};

/// The answer of a [`Requirement`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "an ignored verdict lets everybody through"]
pub enum Verdict {
    /// Go ahead.
    Met,
    /// Not this person, whatever they do now.
    Unmet,
    /// No organization is active, and only an active one could meet it: the user may have one to choose.
    NoActiveOrganization,
    /// This person, once they have proven again who they are.
    NeedsReverification(Reverification),
}

impl Verdict {
    /// Whether the way is free.
    #[must_use]
    pub fn is_met(self) -> bool {
        self == Self::Met
    }
}

/// Something that the session of a request must satisfy. A pending session satisfies nothing; whoever asks checks that
/// first.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a requirement",
    label = "expected a `Role`, `Permission`, `Feature`, `Plan` or `Reverification`, or a closure over the claims",
    note = "a role is written `Role::new(\"org:admin\")`, a permission `Permission::new(\"org:invoices:read\")`",
    note = "a closure must name its argument's type: `|claims: &SessionClaims| …`",
    note = "a type of your own needs `impl Requirement for …`"
)]
pub trait Requirement {
    /// Judges the claims of a session.
    fn verdict(&self, claims: &SessionClaims) -> Verdict;

    /// Both must be met. A missing organization counts first, because choosing one may meet the other too; a
    /// reverification counts last.
    fn and<R: Requirement>(self, other: R) -> And<Self, R>
    where
        Self: Sized,
    {
        And::new(self, other)
    }

    /// One is enough. A reverification is asked for when it would be enough and the other is unmet.
    fn or<R: Requirement>(self, other: R) -> Or<Self, R>
    where
        Self: Sized,
    {
        Or::new(self, other)
    }
}

impl<F> Requirement for F
where
    F: Fn(&SessionClaims) -> bool,
{
    fn verdict(&self, claims: &SessionClaims) -> Verdict {
        met_if(self(claims))
    }
}

/// The verdict if the requirement needs an organization and no organization is active.
fn no_organization(claims: &SessionClaims) -> Verdict {
    if is_somebody(claims) {
        Verdict::NoActiveOrganization
    } else {
        Verdict::Unmet
    }
}

/// The user's active organization. One without an id does not count.
fn active_organization(claims: &SessionClaims) -> Option<&ActiveOrganization> {
    claims
        .organization()
        .filter(|organization| is_somebody(claims) && !organization.id.is_empty())
}

/// Whether the claims are of a user at all: an empty `sub` passes verification, as in Clerk's SDK, and meets nothing.
fn is_somebody(claims: &SessionClaims) -> bool {
    !claims.user_id().as_str().is_empty()
}

fn met_if(is_met: bool) -> Verdict {
    if is_met { Verdict::Met } else { Verdict::Unmet }
}

#[cfg(test)]
mod tests;
