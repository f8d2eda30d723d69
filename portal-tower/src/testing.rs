//! [`Auth`] from a session of `portal_sdk::testing` (feature `testing`).

use std::sync::Arc;

use portal_sdk::testing::TestSession;

use crate::auth::{Accounts, AnswerSettings, Auth};

/// Creates the `Auth` of a `GET` request for `/` with this session (feature `testing`), for calls without a layer.
///
/// ```
/// use portal_tower::portal_sdk::testing::TestInstance;
/// use portal_tower::{Auth, Identity};
///
/// let auth = Auth::from(TestInstance::new().signed_in("user_1").pending(true));
/// assert!(matches!(auth.identity(), Identity::Pending(_)));
/// ```
///
/// # Panics
///
/// Panics if the operating system provides no randomness for the key.
///
/// # Security
///
/// Enable the feature under `[dev-dependencies]` only. Without it, only a verified token signs an `Auth` in.
impl From<TestSession> for Auth {
    fn from(session: TestSession) -> Self {
        let request = session
            .get("/")
            .body(())
            .expect("a path and cookies of printable characters");
        let parts = request.into_parts().0;
        let authenticator = session.test_instance().authenticator();
        let authenticated = authenticator
            .try_authenticate(&parts)
            .expect("the session carries neither a handshake nor a refresh token, so that nothing is fetched");
        let accounts: Arc<dyn Accounts> = Arc::new(authenticator);
        Self::new(authenticated, &accounts, &parts, None, AnswerSettings::default())
    }
}
