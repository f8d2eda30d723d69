use std::ops::Deref;

use axum_core::extract::FromRequestParts;
use http::request::Parts;

use super::AuthRejection;

/// Who a request is from, whoever that is: [`portal_tower::Auth`] as an extractor.
///
/// For pages that everybody may see. It refuses (403) only what a page of another site sent with this site's cookies to
/// change something, and is rejected (500) where [`AuthenticateLayer`](crate::AuthenticateLayer) is missing.
#[derive(Clone, Debug)]
pub struct Auth(portal_tower::Auth);

impl Auth {
    pub(crate) fn of(parts: &Parts) -> Result<&portal_tower::Auth, AuthRejection> {
        let auth = parts.extensions.get();
        auth.ok_or(AuthRejection::MissingAuthenticateLayer)
    }

    /// The value that stands in the request's extensions.
    #[must_use]
    pub fn into_inner(self) -> portal_tower::Auth {
        self.0
    }
}

impl Deref for Auth {
    type Target = portal_tower::Auth;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Auth {
    type Rejection = AuthRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let auth = Self::of(parts)?;
        if auth.is_cross_site() {
            auth.check()?;
        }
        Ok(Self(auth.clone()))
    }
}
