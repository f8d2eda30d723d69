//! What a handler's caller is answered when an extractor finds nothing to extract.

use axum_core::response::{IntoResponse, Response};
use http::StatusCode;
use portal_tower::Refusal;

/// Why [`Auth`](super::Auth) could not be extracted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AuthRejection {
    /// The application lacks the layer that finds out who a request is from.
    #[error("no authentication was done: put AuthenticateLayer around the router")]
    MissingAuthenticateLayer,
}

impl AuthRejection {
    /// 500: the mistake is the application's.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        StatusCode::INTERNAL_SERVER_ERROR
    }
}

impl IntoResponse for AuthRejection {
    fn into_response(self) -> Response {
        respond_with_error(self.status(), &self)
    }
}

/// Why [`SignedIn`](super::SignedIn) could not be extracted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignedInRejection {
    /// The application lacks the layer that finds out who a request is from.
    #[error("no authentication was done: put AuthenticateLayer around the router")]
    MissingAuthenticateLayer,
    /// Nobody is signed in, or it cannot be told; the refusal says which, and what is answered.
    #[error("the request is not signed in (answered {})", .0.status())]
    Refused(Refusal),
    /// The session token lacks claims that the application expects of it.
    #[error("the session token's claims do not fit the application's type")]
    Claims(#[source] serde_json::Error),
}

impl SignedInRejection {
    /// The status it is answered with.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::MissingAuthenticateLayer | Self::Claims(_) => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Refused(refusal) => refusal.status(),
        }
    }
}

impl IntoResponse for SignedInRejection {
    fn into_response(self) -> Response {
        match self {
            Self::Refused(refusal) => refusal.into_response().map(axum_core::body::Body::from),
            mistake => respond_with_error(mistake.status(), &mistake),
        }
    }
}

fn respond_with_error(status: StatusCode, error: &(dyn std::error::Error + 'static)) -> Response {
    tracing::error!(error, "an extractor was rejected by a mistake in the application");
    (status, error.to_string()).into_response()
}
