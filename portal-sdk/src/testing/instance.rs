//! [`TestInstance`]: an instance that accepts only this process's key.

use super::{FakeBackend, TestClock, TestKey, TestSession};
use crate::authenticator::Authenticator;
use crate::instance::{ConfigError, Instance, InstanceBuilder};
use crate::token::UserId;

/// The production key of `clerk.example.com`, because a development instance redirects browsers before it shows a page.
const PUBLISHABLE_KEY: &str = "pk_live_Y2xlcmsuZXhhbXBsZS5jb20k";

/// A Clerk instance for tests: its own key, a [`FakeBackend`] and a [`TestClock`]. Cloning is cheap and shares them.
///
/// ```
/// use portal_sdk::testing::TestInstance;
///
/// let clerk = TestInstance::new();
/// let request = clerk.signed_in("user_1").get("/dashboard").body(()).expect("a valid request");
/// let state = clerk.authenticator().try_authenticate(&request.into_parts().0).expect("no fetch").state;
/// assert!(state.claims().is_some_and(|claims| claims.user_id() == "user_1"));
/// ```
///
/// With the application's own settings:
///
/// ```
/// use portal_sdk::instance::Instance;
/// use portal_sdk::testing::TestInstance;
///
/// # fn main() -> Result<(), portal_sdk::instance::ConfigError> {
/// let settings = Instance::builder("pk_test_Zm9vLWJhci0xMy5jbGVyay5hY2NvdW50cy5kZXYk", "sk_test_x")
///     .organization_patterns(["/orgs/:slug/(.*)"]);
/// let clerk = TestInstance::from_builder(settings)?;
/// # Ok(())
/// # }
/// ```
///
/// # Security
///
/// Never put the [`authenticator`](Self::authenticator) around a real service, and enable the feature `testing` under
/// `[dev-dependencies]` only. Every instance without [`TestKey::of_process`] as its key rejects the tokens of a
/// [`TestSession`].
#[derive(Clone, Debug)]
pub struct TestInstance {
    authenticator: Authenticator<FakeBackend>,
    clock: TestClock,
}

impl TestInstance {
    /// Creates a production instance at `clerk.example.com`. Its clock stands at the machine's current time.
    ///
    /// # Panics
    ///
    /// Panics if the operating system provides no randomness for the key.
    #[must_use]
    pub fn new() -> Self {
        Self::from_builder(Instance::builder(PUBLISHABLE_KEY, "sk_live_test")).expect("the settings are valid")
    }

    /// Creates an instance with the application's settings. Its `jwt_key` is replaced by this process's [`TestKey`].
    ///
    /// # Errors
    ///
    /// Returns [`ConfigError`] if a setting is invalid.
    ///
    /// # Panics
    ///
    /// Panics if the operating system provides no randomness for the key.
    pub fn from_builder(settings: InstanceBuilder) -> Result<Self, ConfigError> {
        let instance = settings.jwt_key(TestKey::of_process().pem()).build()?;
        let clock = TestClock::default();
        let authenticator = Authenticator::builder(instance)
            .backend(FakeBackend::new())
            .clock(clock.clone())
            .build();
        Ok(Self { authenticator, clock })
    }

    /// Returns the settings.
    #[must_use]
    pub fn instance(&self) -> &Instance {
        self.authenticator.instance()
    }

    /// Returns an authenticator that accepts only this process's key; clones share its state.
    ///
    /// With portal-tower: `AuthenticateLayer::from_authenticator(clerk.authenticator())`.
    #[must_use]
    pub fn authenticator(&self) -> Authenticator<FakeBackend> {
        self.authenticator.clone()
    }

    /// Returns the backend, to set results and read the calls.
    #[must_use]
    pub fn backend(&self) -> &FakeBackend {
        self.authenticator.backend()
    }

    /// Returns the clock, to move it.
    #[must_use]
    pub fn clock(&self) -> &TestClock {
        &self.clock
    }

    /// Returns a session of a user. Configure it, then create requests from it.
    pub fn signed_in(&self, user_id: impl Into<UserId>) -> TestSession {
        TestSession::new(self.clone(), user_id.into())
    }
}

impl Default for TestInstance {
    fn default() -> Self {
        Self::new()
    }
}
