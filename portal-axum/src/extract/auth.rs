use std::ops::Deref;

use axum_core::extract::FromRequestParts;
use http::request::Parts;

use super::AuthRejection;

/// Who a request is from, whoever that is: [`portal_tower::Auth`] as an extractor.
///
/// For pages that everybody may see. It never refuses anybody; it is rejected (500) only where
/// [`AuthenticateLayer`](crate::AuthenticateLayer) is missing.
#[derive(Clone, Debug)]
pub struct Auth(portal_tower::Auth);

impl Auth {
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
        parts
            .extensions
            .get::<portal_tower::Auth>()
            .cloned()
            .map(Self)
            .ok_or(AuthRejection::MissingAuthenticateLayer)
    }
}
