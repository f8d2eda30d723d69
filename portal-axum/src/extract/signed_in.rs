use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use http::request::Parts;
use portal_sdk::backend::User;
use portal_sdk::instance::Instance;
use portal_sdk::secret::Secret;
use portal_sdk::token::{OrganizationClaims, SessionClaims, SessionId, UserId};
use portal_tower::{RefusalCause, UserError};
use serde::de::{DeserializeOwned, IgnoredAny};

use super::{Auth, AuthRejection};

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

impl<S, C> FromRequestParts<S> for SignedIn<C>
where
    S: Send + Sync,
    C: DeserializeOwned,
{
    type Rejection = AuthRejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        Auth::of(parts)?.check()?;
        let auth = <Auth as FromRequestParts<S>>::from_request_parts(parts, state).await?;
        // Who passes the check has claims and a token.
        let (Some(claims), Some(token)) = (auth.signed_in().cloned(), auth.token().cloned()) else {
            return Err(AuthRejection::MissingAuthenticateLayer);
        };
        Ok(Self {
            custom: claims.custom().map_err(AuthRejection::Claims)?,
            claims,
            token,
            auth,
        })
    }
}

impl<S, C> OptionalFromRequestParts<S> for SignedIn<C>
where
    S: Send + Sync,
    C: DeserializeOwned,
{
    type Rejection = AuthRejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Option<Self>, Self::Rejection> {
        match <Self as FromRequestParts<S>>::from_request_parts(parts, state).await {
            Ok(signed_in) => Ok(Some(signed_in)),
            Err(AuthRejection::Refused(refusal)) if is_nobody(refusal.cause()) => Ok(None),
            Err(rejection) => Err(rejection),
        }
    }
}

fn is_nobody(cause: &RefusalCause) -> bool {
    matches!(
        cause,
        RefusalCause::SignedOut { .. }
            | RefusalCause::Pending
            | RefusalCause::RedirectLoop { .. }
            | RefusalCause::CookiesNotKept
    )
}
