//! [`AuthRejection`]: the rejection of an extractor.

use std::sync::Once;

use axum_core::response::{IntoResponse, Response};
use http::StatusCode;
use portal_tower::Refusal;

/// The rejection of this crate's extractors.
///
/// ```
/// use axum::response::{IntoResponse, Response};
/// use portal_axum::AuthRejection;
///
/// fn respond(rejection: AuthRejection) -> Response {
///     eprintln!("{} ({rejection})", rejection.status());
///     rejection.into_response()
/// }
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuthRejection {
    /// The request is refused as a guard would refuse it.
    #[error("the request is refused (answered {})", .0.status())]
    Refused(Refusal),
    /// The session token lacks claims that the application's type requires.
    #[error("the session token's claims do not fit the application's type")]
    Claims(#[source] serde_json::Error),
}

impl AuthRejection {
    /// The status of the response.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Claims(_) => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Refused(refusal) => refusal.status(),
        }
    }
}

impl IntoResponse for AuthRejection {
    fn into_response(self) -> Response {
        match self {
            Self::Refused(refusal) => IntoResponse::into_response(refusal),
            Self::Claims(ref error) => {
                log(error);
                (self.status(), self.to_string()).into_response()
            }
        }
    }
}

/// Logs the first one as an error and the others at `debug`, because every request can cause one.
fn log(error: &serde_json::Error) {
    static FIRST: Once = Once::new();
    let text =
        "the session token's claims do not fit the type of SignedIn; check the session token in Clerk's dashboard";
    match FIRST.is_completed() {
        true => tracing::debug!(%error, "{text}"),
        false => FIRST.call_once(|| tracing::error!(%error, "{text}")),
    }
}

impl From<Refusal> for AuthRejection {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}
