use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use http::request::Parts;
use portal_sdk::backend::User;
use portal_sdk::instance::Instance;
use portal_sdk::lease::Lease;
use portal_sdk::secret::Secret;
use portal_sdk::token::{OrganizationClaims, SessionClaims, SessionId, UserId};
use portal_tower::{Auth, Identity, SignedInRef, UserError};
use serde::de::{DeserializeOwned, IgnoredAny};

use super::AuthRejection;

/// The signed-in user.
///
/// `C` is the application's type for custom claims in the session token; omit it if the token has no custom claims.
///
/// This extractor protects its handler. Other requests get the response of
/// [`RequireAuthLayer`](crate::RequireAuthLayer). `Option<SignedIn>` is `None` for signed-out requests and pending
/// sessions. It is still rejected (503) if the session cannot be verified.
///
/// Put uploads behind [`RequireAuthLayer`](crate::RequireAuthLayer): it reads the body before it refuses a request,
/// which an extractor cannot do. HTTP/1 loses a response that is sent during the upload.
///
/// ```
/// use portal_axum::SignedIn;
///
/// #[derive(serde::Deserialize)]
/// struct Claims {
///     plan: String,
/// }
///
/// async fn invoices(signed_in: SignedIn<Claims>) -> String {
///     format!("{} is on the plan {}", signed_in.user_id(), signed_in.custom().plan)
/// }
/// # axum::Router::<()>::new().route("/", axum::routing::get(invoices));
/// ```
#[derive(Clone, Debug)]
pub struct SignedIn<C = IgnoredAny> {
    auth: Auth,
    custom: C,
}

impl<C> SignedIn<C> {
    /// The verified claims.
    #[must_use]
    pub fn claims(&self) -> &SessionClaims {
        self.auth.state().claims().expect("created for signed-in requests only")
    }

    /// The user's ID.
    #[must_use]
    pub fn user_id(&self) -> &UserId {
        self.claims().user_id()
    }

    /// The session's ID; `None` if the token names no session.
    #[must_use]
    pub fn session_id(&self) -> Option<&SessionId> {
        self.claims().session_id()
    }

    /// The active organization, or `None` for the personal account.
    #[must_use]
    pub fn organization(&self) -> Option<&OrganizationClaims> {
        self.claims().organization()
    }

    /// The application's custom claims.
    #[must_use]
    pub fn custom(&self) -> &C {
        &self.custom
    }

    /// The session token, for calls to services that verify it too. It is valid for about a minute.
    #[must_use]
    pub fn token(&self) -> &Secret {
        self.claims().token()
    }

    /// Returns the user's data. The first call looks them up in the Backend API; the request then keeps them.
    ///
    /// ```
    /// use portal_axum::{SignedIn, User};
    ///
    /// async fn hello(signed_in: SignedIn) -> String {
    ///     // The session is valid without the profile, so an outage costs the name only.
    ///     let name = signed_in.user().await.ok().and_then(User::full_name);
    ///     format!("Hello {}", name.unwrap_or_else(|| "friend".to_owned()))
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// Returns [`UserError::Backend`] if the look-up fails.
    pub async fn user(&self) -> Result<&User, UserError> {
        self.auth.user().await
    }

    /// Returns a lease of the session, for a connection that stays open.
    ///
    /// It ends when the user signs out, the session is revoked or the user is deleted; see [`portal_sdk::lease`].
    /// [`Leased`](crate::Leased) and `LeasedSocket` (feature `ws`) take it. Needs a tokio runtime: without one, the lease
    /// ends at once.
    #[must_use = "a dropped lease cannot end a connection"]
    pub fn lease(&self) -> Lease {
        let user = self.auth.signed_in().expect("created for signed-in requests only");
        user.lease()
    }

    /// The authentication of the request.
    #[must_use]
    pub fn auth(&self) -> &Auth {
        &self.auth
    }

    /// The instance that the request was authenticated for.
    #[must_use]
    pub fn instance(&self) -> &Instance {
        self.auth.instance()
    }
}

impl<C: DeserializeOwned> SignedIn<C> {
    pub(crate) fn from_auth(auth: &Auth) -> Result<Self, AuthRejection> {
        Self::new(auth, auth.check()?)
    }

    pub(super) fn new(auth: &Auth, user: SignedInRef<'_>) -> Result<Self, AuthRejection> {
        Ok(Self {
            custom: user.claims().custom().map_err(AuthRejection::Claims)?,
            auth: auth.clone(),
        })
    }
}

impl<S, C> FromRequestParts<S> for SignedIn<C>
where
    S: Send + Sync,
    C: DeserializeOwned,
{
    type Rejection = AuthRejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let auth = Auth::from_request_parts(parts, state).await?;
        Self::from_auth(&auth)
    }
}

impl<S, C> OptionalFromRequestParts<S> for SignedIn<C>
where
    S: Send + Sync,
    C: DeserializeOwned,
{
    type Rejection = AuthRejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Option<Self>, Self::Rejection> {
        let auth = Auth::from_request_parts(parts, state).await?;
        match auth.identity() {
            Identity::SignedIn(user) => Self::new(&auth, user).map(Some),
            Identity::SignedOut(_) | Identity::Pending(_) => Ok(None),
            other => Err(auth.refuse(other).into()),
        }
    }
}
