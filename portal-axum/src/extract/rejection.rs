//! What a handler's caller is answered when an extractor finds nothing to extract.

use std::sync::Once;

use axum_core::response::{IntoResponse, Response};
use http::StatusCode;
use portal_tower::Refusal;

/// Why an extractor of this crate was rejected.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuthRejection {
    /// The application lacks the layer that finds out who a request is from.
    #[error("no authentication was done: put AuthenticateLayer around the router")]
    MissingAuthenticateLayer,
    /// The request is not let through; the refusal says why, and what is answered.
    #[error("the request is not let through (answered {})", .0.status())]
    Refused(Refusal),
    /// The session token lacks claims that the application expects of it.
    #[error("the session token's claims do not fit the application's type")]
    Claims(#[source] serde_json::Error),
}

impl AuthRejection {
    /// The status it is answered with.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::MissingAuthenticateLayer | Self::Claims(_) => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Refused(refusal) => refusal.status(),
        }
    }
}

impl IntoResponse for AuthRejection {
    fn into_response(self) -> Response {
        match self {
            Self::Refused(refusal) => refusal.into_response().map(axum_core::body::Body::from),
            mistake => {
                mistake.log();
                (mistake.status(), mistake.to_string()).into_response()
            }
        }
    }
}

impl AuthRejection {
    /// Every request can cause one, so that only the first of each kind is an error in the log.
    fn log(&self) {
        static MISSING_LAYER: Once = Once::new();
        static CLAIMS: Once = Once::new();
        let first = match self {
            Self::Claims(_) => &CLAIMS,
            Self::MissingAuthenticateLayer | Self::Refused(_) => &MISSING_LAYER,
        };
        let error = self as &(dyn std::error::Error + 'static);
        let text = "an extractor was rejected by a mistake in the application";
        match first.is_completed() {
            true => tracing::debug!(error, "{text}"),
            false => first.call_once(|| tracing::error!(error, "{text}")),
        }
    }
}

impl From<Refusal> for AuthRejection {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}
