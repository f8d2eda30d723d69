//! [`Auth::user`]: the user's data from the Backend API.

use std::time::Duration;

use portal_sdk::backend::User;
use portal_sdk::effect::BackendError;

use super::Auth;

impl Auth {
    /// Returns the user's data. The first call looks them up in the Backend API; the request then keeps them.
    ///
    /// The data may be some seconds old; see
    /// [`Authenticator::user`](portal_sdk::authenticator::Authenticator::user). It is newer than the session token, and
    /// fresh if the user may have changed it at the portal since the token was issued.
    ///
    /// # Errors
    ///
    /// Returns [`UserError::NotSignedIn`] if no user is signed in, or [`UserError::Backend`] if the look-up fails. The
    /// next call then retries.
    pub async fn user(&self) -> Result<&User, UserError> {
        let signed_in = self.signed_in().ok_or(UserError::NotSignedIn)?;
        // A handshake brings a new token after a visit to the portal. Token times are whole seconds, so round up.
        let issued_at = signed_in.claims().issued_at().unwrap_or(self.at());
        let since = issued_at + Duration::from_secs(1);
        let look_up = || {
            if self.was_at_portal() {
                self.accounts().forget_user(signed_in.user_id());
            }
            self.accounts().user(signed_in.user_id(), since)
        };
        let user = self.inner.user.get_or_try_init(look_up).await;
        user.map(|user| &**user).map_err(UserError::Backend)
    }
}

/// An error of [`Auth::user`].
///
/// ```
/// use http::StatusCode;
/// use portal_tower::UserError;
///
/// fn status(error: &UserError) -> StatusCode {
///     match error {
///         UserError::NotSignedIn => StatusCode::UNAUTHORIZED,
///         _ if error.is_outage() => StatusCode::SERVICE_UNAVAILABLE,
///         _ => StatusCode::BAD_GATEWAY,
///     }
/// }
/// # assert_eq!(status(&UserError::NotSignedIn), StatusCode::UNAUTHORIZED);
/// ```
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UserError {
    /// No user is signed in.
    #[error("no user is signed in")]
    NotSignedIn,
    /// The look-up in the Backend API failed.
    #[error("the user cannot be looked up")]
    Backend(#[source] BackendError),
}

impl UserError {
    /// Returns `true` if Clerk is unreachable and a retry may help.
    ///
    /// Respond with 503 then, not with 404 or 500. See [`BackendError::is_outage`].
    #[must_use]
    pub fn is_outage(&self) -> bool {
        matches!(self, Self::Backend(error) if error.is_outage())
    }
}
