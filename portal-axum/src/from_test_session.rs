//! Extracted values made of a session of `portal_sdk::testing` (feature `testing`), to call handlers without a server.

use portal_sdk::authorization::Requirement;
use portal_sdk::testing::TestSession;
use serde::de::DeserializeOwned;

use crate::{ActiveOrganization, AuthRejection, Require, SignedIn};

/// Extracts the value from a `GET` request for `/` with this session (feature `testing`).
///
/// ```
/// use portal_axum::{SignedIn, User};
/// use portal_axum::testing::TestInstance;
///
/// async fn greeting(user: SignedIn) -> String {
///     let name = user.user().await.ok().and_then(|user| user.first_name.clone());
///     format!("Hello {}", name.as_deref().unwrap_or("stranger"))
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let clerk = TestInstance::new();
/// clerk.backend().set_user("user_1", Ok(User::builder("user_1").first_name("Ada").build()));
/// assert_eq!(greeting(clerk.signed_in("user_1").try_into()?).await, "Hello Ada");
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// Returns [`AuthRejection`] if the extractor would reject the request.
impl<C: DeserializeOwned> TryFrom<TestSession> for SignedIn<C> {
    type Error = AuthRejection;

    fn try_from(session: TestSession) -> Result<Self, Self::Error> {
        Self::from_auth(&session.into())
    }
}

/// Extracts the value from a `GET` request for `/` with this session (feature `testing`).
///
/// ```
/// use portal_axum::ActiveOrganization;
/// use portal_axum::testing::TestInstance;
///
/// let clerk = TestInstance::new();
/// let acme = ActiveOrganization::try_from(clerk.signed_in("user_1").organization("org_1"))?;
/// assert_eq!(acme.id(), "org_1");
/// assert!(ActiveOrganization::try_from(clerk.signed_in("user_1")).is_err());
/// # Ok::<(), portal_axum::AuthRejection>(())
/// ```
///
/// # Errors
///
/// Returns [`AuthRejection`] if the extractor would reject the request.
impl TryFrom<TestSession> for ActiveOrganization {
    type Error = AuthRejection;

    fn try_from(session: TestSession) -> Result<Self, Self::Error> {
        Self::from_auth(&session.into())
    }
}

/// Extracts the value from a `GET` request for `/` with this session (feature `testing`).
///
/// # Errors
///
/// Returns [`AuthRejection`] if the extractor would reject the request.
impl<R, C> TryFrom<TestSession> for Require<R, C>
where
    R: Requirement + Default,
    C: DeserializeOwned,
{
    type Error = AuthRejection;

    fn try_from(session: TestSession) -> Result<Self, Self::Error> {
        Self::from_auth(&session.into())
    }
}
