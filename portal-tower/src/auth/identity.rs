//! [`Identity`]: the one answer to "who is this?".

use std::fmt;

use portal_sdk::secret::Secret;
use portal_sdk::state::{AuthReason, UndecidedCause};
use portal_sdk::token::{SessionClaims, UserId};

/// Who a request is from, with everything weighed: the session, where the request comes from, and what Clerk could tell.
///
/// ```
/// use portal_tower::sdk::portal::PortalPage;
/// use portal_tower::{Auth, Identity, Refusal};
///
/// fn page(auth: &Auth) -> Result<String, Refusal> {
///     match auth.identity() {
///         Identity::SignedIn(user) => Ok(format!("Hello {}", user.user_id())),
///         Identity::SignedOut(_) | Identity::Pending(_) => Ok(format!("Sign in: {}", auth.link(PortalPage::SignIn))),
///         other => Err(auth.refuse(other)),
///     }
/// }
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Identity<'a> {
    /// A user is signed in.
    SignedIn(SignedInRef<'a>),
    /// The session's tasks (such as choosing an organization) are outstanding: it counts as signed out.
    Pending(SignedInRef<'a>),
    /// A user is signed in, with another organization active than the path names. Do not serve a page of the named
    /// organization.
    OrganizationMismatch(SignedInRef<'a>),
    /// The request is signed out, for this reason.
    SignedOut(&'a AuthReason),
    /// A page of another site sent the request with this site's cookies, to change something.
    CrossSite,
    /// It cannot be told: Clerk is out of reach. Trying again may help.
    Unavailable,
    /// It cannot be told: the settings contradict themselves.
    Misconfigured(&'a UndecidedCause),
}

/// A user whose session token was verified, borrowed from [`Auth`](crate::Auth). Only a verified token makes one.
#[derive(Clone, Copy)]
pub struct SignedInRef<'a> {
    claims: &'a SessionClaims,
    token: &'a Secret,
}

impl<'a> SignedInRef<'a> {
    pub(super) fn new(claims: &'a SessionClaims, token: &'a Secret) -> Self {
        Self { claims, token }
    }

    /// The verified claims.
    #[must_use]
    pub fn claims(self) -> &'a SessionClaims {
        self.claims
    }

    /// The session token, for calls to services that check it too. It is valid for about a minute.
    #[must_use]
    pub fn token(self) -> &'a Secret {
        self.token
    }

    /// The user's id.
    #[must_use]
    pub fn user_id(self) -> &'a UserId {
        self.claims.user_id()
    }
}

impl fmt::Debug for SignedInRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SignedInRef").field(self.claims).finish()
    }
}
