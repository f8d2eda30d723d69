use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use axum_core::extract::FromRequestParts;
use http::request::Parts;
use portal_sdk::authorization::Requirement;
use portal_tower::Auth;
use serde::de::{DeserializeOwned, IgnoredAny};

use super::{AuthRejection, SignedIn};

/// A signed-in user who meets the application's requirement `R`.
///
/// Dereferences to [`SignedIn`]. The requirement stands in the handler's signature, so that a route cannot miss it by
/// mistake. Other requests get the response of [`RequireAuthLayer`](crate::RequireAuthLayer).
///
/// ```
/// use portal_axum::{Permission, Require, Requirement, SessionClaims, Verdict};
///
/// #[derive(Default)]
/// struct CanReadInvoices;
///
/// impl Requirement for CanReadInvoices {
///     fn verdict(&self, claims: &SessionClaims) -> Verdict {
///         Permission::new("org:invoices:read").verdict(claims)
///     }
/// }
///
/// async fn invoices(reader: Require<CanReadInvoices>) -> String {
///     format!("invoices for {}", reader.user_id())
/// }
/// # axum::Router::<()>::new().route("/", axum::routing::get(invoices));
/// ```
pub struct Require<R, C = IgnoredAny> {
    signed_in: SignedIn<C>,
    requirement: PhantomData<fn() -> R>,
}

impl<R, C> Require<R, C> {
    /// The signed-in user.
    pub fn into_inner(self) -> SignedIn<C> {
        self.signed_in
    }
}

impl<R: Requirement + Default, C: DeserializeOwned> Require<R, C> {
    pub(crate) fn from_auth(auth: &Auth) -> Result<Self, AuthRejection> {
        let signed_in = SignedIn::new(auth, auth.require(&R::default())?)?;
        Ok(Self {
            signed_in,
            requirement: PhantomData,
        })
    }
}

impl<R, C> Deref for Require<R, C> {
    type Target = SignedIn<C>;

    fn deref(&self) -> &Self::Target {
        &self.signed_in
    }
}

impl<S, R, C> FromRequestParts<S> for Require<R, C>
where
    S: Send + Sync,
    R: Requirement + Default,
    C: DeserializeOwned,
{
    type Rejection = AuthRejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let auth = Auth::from_request_parts(parts, state).await?;
        Self::from_auth(&auth)
    }
}

impl<R, C: Clone> Clone for Require<R, C> {
    fn clone(&self) -> Self {
        Self {
            signed_in: self.signed_in.clone(),
            requirement: PhantomData,
        }
    }
}

impl<R, C: fmt::Debug> fmt::Debug for Require<R, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Require").field(&self.signed_in).finish()
    }
}
