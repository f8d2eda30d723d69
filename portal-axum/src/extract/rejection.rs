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
    ///
    /// The source may quote a claim's value. The log line does not.
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
    let problem = without_value(&error.to_string());
    match FIRST.is_completed() {
        true => tracing::debug!(problem, "{text}"),
        false => FIRST.call_once(|| tracing::error!(problem, "{text}")),
    }
}

/// Returns the error of serde without the claim's value, which may be private.
///
/// `invalid type: string "red", expected u8 at line 1 column 20` becomes `invalid type, expected u8 at line 1 column 20`.
fn without_value(error: &str) -> String {
    if error.starts_with("missing field ") {
        return error.to_owned();
    }
    let problem = [
        "invalid type",
        "invalid value",
        "invalid length",
        "unknown variant",
        "unknown field",
    ]
    .into_iter()
    .find(|problem| error.starts_with(problem));
    // Split at the last occurrence, because the value may contain these words.
    match (problem, error.rsplit_once(", expected ")) {
        (Some(problem), Some((_, expected))) => format!("{problem}, expected {expected}"),
        // An error of the application's own type may quote the value in any form.
        _ => "a claim has another form than expected".to_owned(),
    }
}

impl From<Refusal> for AuthRejection {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde::de::{DeserializeOwned, Error as _};

    use super::without_value;

    #[derive(Debug, Deserialize)]
    struct Team {
        #[serde(rename = "team")]
        _team: u8,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Color {
        Red,
        Blue,
    }

    #[derive(Debug)]
    struct Own;

    impl<'de> Deserialize<'de> for Own {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            let text = String::deserialize(deserializer)?;
            Err(D::Error::custom(format!("{text} is wrong")))
        }
    }

    fn logged<T: DeserializeOwned + std::fmt::Debug>(json: &str) -> String {
        without_value(&serde_json::from_str::<T>(json).unwrap_err().to_string())
    }

    #[test]
    fn claims_value_is_not_logged() {
        let misfit = r#"{"team":"hunter2, expected hunter2"}"#;
        assert_eq!(logged::<Team>(misfit), "invalid type, expected u8 at line 1 column 35");
        assert_eq!(logged::<Team>("{}"), "missing field `team` at line 1 column 2");
        assert!(logged::<Color>(r#""hunter2""#).starts_with("unknown variant, expected `red` or `blue`"));
        assert_eq!(logged::<Own>(r#""hunter2""#), "a claim has another form than expected");
        let _ = [Color::Red, Color::Blue];
    }
}
