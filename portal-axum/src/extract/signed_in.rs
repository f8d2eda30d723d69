use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use http::request::Parts;
use portal_sdk::backend::User;
use portal_sdk::instance::Instance;
use portal_sdk::secret::Secret;
use portal_sdk::token::{OrganizationClaims, SessionClaims, SessionId, UserId};
use portal_tower::{Auth, Identity, SignedInRef, UserError};
use serde::de::{DeserializeOwned, IgnoredAny};

use super::AuthRejection;

/// Somebody is signed in. `C` is a type of the application's for claims it has added to its session token; leave it out
/// if there are none.
///
/// A handler with this extractor is protected: whoever is not signed in gets the same answer as from
/// [`RequireAuthLayer`](crate::RequireAuthLayer). `Option<SignedIn>` is `None` for people who are signed out or whose
/// session is pending, and is still rejected when it cannot be told (503).
///
/// An extractor cannot read the request's body. Put uploads behind [`RequireAuthLayer`](crate::RequireAuthLayer), which
/// does so before it refuses one: HTTP/1 loses an answer that is sent while the client still uploads.
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
    claims: SessionClaims,
    token: Secret,
    custom: C,
}

impl<C> SignedIn<C> {
    /// The verified claims.
    #[must_use]
    pub fn claims(&self) -> &SessionClaims {
        &self.claims
    }

    /// The user's id.
    #[must_use]
    pub fn user_id(&self) -> &UserId {
        self.claims.user_id()
    }

    /// The session's id.
    #[must_use]
    pub fn session_id(&self) -> Option<&SessionId> {
        self.claims.session_id()
    }

    /// The active organization; `None` for the personal account.
    #[must_use]
    pub fn organization(&self) -> Option<&OrganizationClaims> {
        self.claims.organization()
    }

    /// The application's own claims.
    #[must_use]
    pub fn custom(&self) -> &C {
        &self.custom
    }

    /// The session token itself, for calls to services that check it too. It is good for about a minute.
    #[must_use]
    pub fn token(&self) -> &Secret {
        &self.token
    }

    /// The user, looked up in the Backend API when first asked for and kept for the request.
    ///
    /// # Errors
    ///
    /// [`UserError::Backend`] if the look-up fails.
    pub async fn user(&self) -> Result<&User, UserError> {
        self.auth.user().await
    }

    /// The request's whole authentication.
    #[must_use]
    pub fn auth(&self) -> &Auth {
        &self.auth
    }

    /// The instance the request was authenticated for.
    #[must_use]
    pub fn instance(&self) -> &Instance {
        self.auth.instance()
    }
}

impl<C: DeserializeOwned> SignedIn<C> {
    pub(super) fn new(auth: &Auth, user: SignedInRef<'_>) -> Result<Self, AuthRejection> {
        Ok(Self {
            custom: user.claims().custom().map_err(AuthRejection::Claims)?,
            claims: user.claims().clone(),
            token: user.token().clone(),
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
        Self::new(&auth, auth.check()?)
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
