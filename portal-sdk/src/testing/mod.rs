//! Signed-in requests for an application's own tests, without Clerk and without a network (feature `testing`).
//!
//! [`TestInstance`] replaces the application's Clerk instance, [`TestSession`] is a session of one of its users,
//! [`FakeBackend`] replaces the Backend API, and [`TestClock`] is moved by the test. [`TestWebhook`] is a delivery of one of
//! Clerk's webhooks.
//!
//! ```
//! use portal_sdk::state::Outcome;
//! use portal_sdk::testing::TestInstance;
//!
//! let clerk = TestInstance::new();
//! let request = clerk.signed_in("user_1").role("org:admin").get("/team").body(()).expect("a valid request");
//!
//! let state = clerk.authenticator().try_authenticate(&request.into_parts().0).expect("no fetch").state;
//! assert!(matches!(state.outcome, Outcome::SignedIn(user) if user.claims.user_id() == "user_1"));
//! ```
//!
//! # Security
//!
//! Enable the feature under `[dev-dependencies]` only, so that release builds leave it out:
//!
//! ```toml
//! [dev-dependencies]
//! portal-sdk = { version = "0.1", features = ["testing"] }
//! ```
//!
//! The signing key is generated in each process and never leaves it. An ordinary
//! [`Instance`](crate::instance::Instance) accepts only the keys that Clerk serves or its `jwt_key`, so it rejects these
//! tokens.

mod backend;
mod claims;
mod clock;
mod instance;
mod key;
#[cfg(all(test, feature = "metrics"))]
mod metric_values;
mod session;
mod webhook;

pub use backend::FakeBackend;
pub use clock::TestClock;
pub use instance::TestInstance;
pub use key::TestKey;
#[cfg(all(test, feature = "metrics"))]
pub(crate) use metric_values::MetricValues;
pub use session::TestSession;
pub use webhook::TestWebhook;
