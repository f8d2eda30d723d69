//! [`Identity`]: the user of a request, or the reason for a missing user.

use std::fmt;

use portal_sdk::lease::Lease;
use portal_sdk::secret::Secret;
use portal_sdk::state::{AuthReason, UndecidedCause};
use portal_sdk::token::{SessionClaims, UserId};

use super::Auth;

/// The user of a request, or the reason for a missing user.
///
/// The value depends on the session, the request's origin, and outages at Clerk.
///
/// ```
/// use portal_tower::portal_sdk::portal::PortalPage;
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
    /// The session is pending and counts as signed out: tasks such as choosing an organization are outstanding.
    Pending(SignedInRef<'a>),
    /// A user is signed in, but the active organization differs from the path's. Do not serve the path's organization.
    OrganizationMismatch(SignedInRef<'a>),
    /// The request is signed out, for this reason.
    SignedOut(&'a AuthReason),
    /// A cross-site request with this site's cookies that changes something.
    CrossSite,
    /// The session cannot be verified because Clerk is unreachable; a retry may help.
    Unavailable,
    /// The session cannot be verified because the application is misconfigured.
    Misconfigured(&'a UndecidedCause),
}

/// A signed-in user, borrowed from [`Auth`](crate::Auth). Only a verified session token creates one.
#[derive(Clone, Copy)]
pub struct SignedInRef<'a> {
    auth: &'a Auth,
    claims: &'a SessionClaims,
}

impl<'a> SignedInRef<'a> {
    pub(super) fn new(auth: &'a Auth, claims: &'a SessionClaims) -> Self {
        Self { auth, claims }
    }

    /// The verified claims.
    #[must_use]
    pub fn claims(self) -> &'a SessionClaims {
        self.claims
    }

    /// The session token, for calls to services that verify it too. It is valid for about a minute.
    #[must_use]
    pub fn token(self) -> &'a Secret {
        self.claims.token()
    }

    /// The user's ID.
    #[must_use]
    pub fn user_id(self) -> &'a UserId {
        self.claims.user_id()
    }

    /// Returns a lease of the session, for a connection that stays open.
    ///
    /// Its future completes when the connection must be closed, such as after sign-out. See [`portal_sdk::lease`], and
    /// [`LeasedBody`](crate::LeasedBody) for streaming responses. Needs a tokio runtime: without one, the lease ends at once.
    ///
    /// ```
    /// use http::Request;
    /// use portal_tower::Auth;
    ///
    /// async fn wait_for_sign_out<B>(request: Request<B>) -> Option<String> {
    ///     let user = request.extensions().get::<Auth>()?.signed_in()?;
    ///     Some(user.lease().ended().await.to_string())
    /// }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// # use portal_tower::portal_sdk::fleet::SessionEndReason::Revoked;
    /// # let clerk = portal_tower::portal_sdk::testing::TestInstance::new();
    /// # let mut request = Request::new(());
    /// # request.extensions_mut().insert(Auth::from(clerk.signed_in("user_1").session_id("sess_1")));
    /// # clerk.authenticator().session_ended(&"sess_1".into(), Revoked);
    /// # assert_eq!(wait_for_sign_out(request).await.as_deref(), Some("revoked"));
    /// # }
    /// ```
    #[must_use = "a dropped lease cannot end a connection"]
    pub fn lease(self) -> Lease {
        self.auth.accounts().lease(self.claims)
    }
}

impl fmt::Debug for SignedInRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SignedInRef").field(self.claims).finish()
    }
}
