//! Requirements on a signed-in user: roles, permissions, features, plans, re-verification.
//!
//! | Value | Met if |
//! |---|---|
//! | [`Role`], [`Permission`] | the active organization grants it to the user |
//! | [`Feature`], [`Plan`] | the active organization or the user has it |
//! | [`Reverification`] | the user's factors were verified recently enough |
//! | [`requirement_fn`] | a function of the claims returns `true` |
//! | a type with `impl Requirement` | its [`Verdict`] is `Met` |
//!
//! [`and`](Requirement::and), [`or`](Requirement::or) and [`not`](Requirement::not) combine them. References, `Box` and
//! `Arc` of a requirement are requirements too.
//!
//! The rules are those of `has()` in Clerk's SDKs. Absent or malformed claims meet nothing.
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
mod function;
mod organization;
mod pointer;
mod reverification;

pub use billing::{Feature, Plan};
pub use combine::{And, Not, Or};
pub use function::{RequirementFn, requirement_fn};
pub use organization::{Permission, Role};
pub use reverification::{Reverification, ReverificationLevel};

use crate::token::{OrganizationClaims, SessionClaims};

/// The result of a [`Requirement`].
///
/// ```
/// use portal_sdk::authorization::{Requirement, Verdict};
/// use portal_sdk::token::SessionClaims;
///
/// struct IsOwnedBy<'o>(&'o str);
///
/// impl Requirement for IsOwnedBy<'_> {
///     fn verdict(&self, claims: &SessionClaims) -> Verdict {
///         match claims.organization() {
///             Some(organization) if *organization.id() == *self.0 => Verdict::Met,
///             Some(_) => Verdict::Unmet,
///             None => Verdict::NoActiveOrganization,
///         }
///     }
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "an ignored verdict lets every request through"]
pub enum Verdict {
    /// The requirement is met.
    Met,
    /// The user does not meet the requirement.
    Unmet,
    /// No organization is active, and only an active one could meet the requirement. The user may have one to choose.
    NoActiveOrganization,
    /// The user meets the requirement after this re-verification.
    NeedsReverification(Reverification),
}

impl Verdict {
    /// Returns `true` if the requirement is met.
    #[must_use]
    pub fn is_met(self) -> bool {
        self == Self::Met
    }
}

/// A rule that the claims of a signed-in user must meet.
///
/// Guards check that the session is signed in and not pending before they ask for a verdict.
///
/// Implement it for a type to name a rule, so that `portal_axum::Require` can use it in a handler's signature:
///
/// ```
/// use portal_sdk::authorization::{Permission, Requirement, Verdict};
/// use portal_sdk::token::SessionClaims;
///
/// #[derive(Default)]
/// struct CanReadInvoices;
///
/// impl Requirement for CanReadInvoices {
///     fn verdict(&self, claims: &SessionClaims) -> Verdict {
///         Permission::new("org:invoices:read").verdict(claims)
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a requirement",
    label = "expected a `Role`, `Permission`, `Feature`, `Plan`, `Reverification` or `requirement_fn(…)`",
    note = "write a role as `Role::new(\"org:admin\")`, a permission as `Permission::new(\"org:invoices:read\")`",
    note = "wrap a closure: `requirement_fn(|claims| …)`",
    note = "or implement `Requirement` for `{Self}`"
)]
pub trait Requirement {
    /// Judges the claims of a session.
    fn verdict(&self, claims: &SessionClaims) -> Verdict;

    /// Requires both. A missing organization is reported first, a re-verification last.
    ///
    /// The organization comes first because choosing one may meet the other requirement too.
    ///
    /// ```
    /// use portal_sdk::authorization::{Permission, Requirement, Reverification};
    ///
    /// let may_pay_now = Permission::new("org:invoices:pay").and(Reverification::STRICT);
    /// # fn is_requirement(_: impl Requirement) {}
    /// # is_requirement(may_pay_now);
    /// ```
    fn and<R: Requirement>(self, other: R) -> And<Self, R>
    where
        Self: Sized,
    {
        And::new(self, other)
    }

    /// Requires at least one. Asks for a re-verification if it suffices while the other requirement is unmet.
    ///
    /// ```
    /// use portal_sdk::authorization::{Plan, Requirement, Role};
    ///
    /// let may_export = Role::new("org:admin").or(Plan::new("org:pro"));
    /// # fn is_requirement(_: impl Requirement) {}
    /// # is_requirement(may_export);
    /// ```
    fn or<R: Requirement>(self, other: R) -> Or<Self, R>
    where
        Self: Sized,
    {
        Or::new(self, other)
    }

    /// Negates the requirement: met exactly if `self` is not.
    ///
    /// # Security
    ///
    /// Absent claims meet a negation: without an active organization, `Role::new("org:guest").not()` is met. Combine it
    /// with a requirement that must be met.
    ///
    /// ```
    /// use portal_sdk::authorization::{Permission, Requirement, Role};
    ///
    /// let may_invite = Permission::new("org:members:invite").and(Role::new("org:guest").not());
    /// # fn is_requirement(_: impl Requirement) {}
    /// # is_requirement(may_invite);
    /// ```
    fn not(self) -> Not<Self>
    where
        Self: Sized,
    {
        Not::new(self)
    }
}

/// Returns the verdict of a requirement on the organization while no organization is active.
fn no_organization(claims: &SessionClaims) -> Verdict {
    if claims.has_user() {
        Verdict::NoActiveOrganization
    } else {
        Verdict::Unmet
    }
}

/// Returns the user's active organization.
fn active_organization(claims: &SessionClaims) -> Option<&OrganizationClaims> {
    claims.organization().filter(|_| claims.has_user())
}

fn met_if(is_met: bool) -> Verdict {
    if is_met { Verdict::Met } else { Verdict::Unmet }
}

#[cfg(test)]
mod tests;
