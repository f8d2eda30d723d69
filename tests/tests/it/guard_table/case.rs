//! The users of a table's requests, and their guards.

use std::io;
use std::time::Duration;

use portal_sdk::authenticator::Authenticator;
use portal_sdk::authorization::{Permission, Reverification};
use portal_sdk::clock::UnixTime;
use portal_sdk::effect::BackendError;
use portal_sdk::instance::{Instance, InstanceBuilder};
use portal_sdk::testing::{FakeBackend, TestClock, TestInstance};
use portal_sdk::token::{FactorAge, FactorAges};
use portal_tower::{AuthenticateLayer, RequireAuthLayer};

/// The time of every request.
const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);

/// The user of a table's requests, and the guard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Case {
    SignedOut,
    Pending,
    /// Signed in to an organization, without the required permission.
    Unmet,
    /// Signed in with the personal account, which has no permissions.
    NoActiveOrganization,
    /// Signed in, but not recently enough.
    NeedsReverification,
    /// Signed in while Clerk is unreachable.
    CannotTell,
}

impl Case {
    pub(crate) fn cookies(self) -> String {
        let clerk = TestInstance::from_builder(settings()).unwrap();
        clerk.clock().set(NOW);
        let session = clerk.signed_in("user_1");
        let session = match self {
            Self::SignedOut => return "__clerk_db_jwt=dvb".to_owned(),
            Self::Pending => session.pending(true),
            Self::Unmet => session.organization("org_a").role("org:member"),
            Self::NoActiveOrganization | Self::CannotTell => session,
            Self::NeedsReverification => session.factor_ages(FactorAges {
                first: FactorAge::VerifiedAgo(Duration::from_secs(99 * 60)),
                second: FactorAge::NotEnrolled,
            }),
        };
        session.cookies()
    }

    pub(crate) fn guard(self) -> RequireAuthLayer {
        match self {
            Self::NeedsReverification => RequireAuthLayer::with(Reverification::STRICT),
            _ => RequireAuthLayer::with(Permission::new("org:invoices:pay")),
        }
    }

    /// A layer that fetches the signing keys, if Clerk is reachable.
    pub(crate) fn layer(self) -> AuthenticateLayer<FakeBackend> {
        let backend = FakeBackend::new();
        if self == Self::CannotTell {
            let refused = io::Error::from(io::ErrorKind::ConnectionRefused);
            backend.set_jwks(Err(BackendError::connect(refused)));
        }
        let authenticator = Authenticator::builder(settings().build().unwrap())
            .backend(backend)
            .clock(TestClock::at(NOW))
            .build();
        AuthenticateLayer::from_authenticator(authenticator)
    }
}

/// A development instance.
fn settings() -> InstanceBuilder {
    Instance::builder("pk_test_Zm9vLWJhci0xMy5jbGVyay5hY2NvdW50cy5kZXYk", "sk_test_x")
}
