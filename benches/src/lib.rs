//! The fixture of the benchmarks: an instance with its own key, and requests to it.
//!
//! | Command | Measures |
//! |---|---|
//! | `cargo bench -p portal-bench` | the cost of authentication per request, without any fetch |
//! | `cargo run --release -p portal-bench --bin handshakes` | a local portal in its own process: handshakes per second, with and without the look-up of their payloads; start time with its data in memory, in a new file and in an existing one; resident memory. `--json` for programs, `--help` for all options |

use std::time::Duration;

use http::Request;
use http::request::Parts;
use portal_sdk::authenticator::Authenticator;
use portal_sdk::backend::HttpBackend;
use portal_sdk::clock::Clock as _;
use portal_sdk::instance::Instance;
use portal_sdk::testing::TestInstance;
use portal_sdk::token::{FactorAge, FactorAges};

const PUBLISHABLE_KEY: &str = "pk_live_Y2xlcmsuZXhhbXBsZS5jb20k";

/// An instance whose signing key is in memory, and a session token by that key.
#[derive(Debug)]
pub struct Bench {
    /// Authenticates without any network.
    pub authenticator: Authenticator<HttpBackend>,
    /// Valid for an hour.
    pub token: String,
    /// The time when the token was issued, in Unix seconds.
    pub issued_at: i64,
}

impl Bench {
    /// Creates a key and a token.
    ///
    /// # Panics
    ///
    /// Panics if the system's random number generator fails.
    #[must_use]
    pub fn new() -> Self {
        let settings = Instance::builder(PUBLISHABLE_KEY, "sk_live_bench");
        let clerk = TestInstance::from_builder(settings).expect("the settings are right");
        let issued_at = clerk.clock().now().as_secs();
        let ages = FactorAges {
            first: FactorAge::VerifiedAgo(Duration::ZERO),
            second: FactorAge::NotEnrolled,
        };
        let token = clerk
            .signed_in("user_2xhFjEI5X2qWRvtV13BzSj8H6Dk")
            .session_id("sess_2xhFjEI5X2qWRvtV13BzSj8H6Dk")
            .factor_ages(ages)
            .claim("azp", "https://app.example.com")
            .claim("exp", issued_at + 3_600)
            .claim("jti", "0123456789abcdef0123")
            .token();
        let instance = clerk.instance().clone();
        let backend = HttpBackend::new(&instance);
        Self {
            authenticator: Authenticator::new(instance, backend),
            token,
            issued_at,
        }
    }

    /// A page request without any of Clerk's cookies.
    ///
    /// # Panics
    ///
    /// Never: the request is a constant.
    #[must_use]
    pub fn signed_out(&self) -> Parts {
        page("theme=dark; consent=1")
    }

    /// A page request with the session cookies of a browser.
    #[must_use]
    pub fn signed_in(&self) -> Parts {
        let Self { token, issued_at, .. } = self;
        page(&format!(
            "theme=dark; __client_uat={issued_at}; __client_uat_naoXFJnI={issued_at}; __session={token}; \
             __session_naoXFJnI={token}"
        ))
    }
}

impl Default for Bench {
    fn default() -> Self {
        Self::new()
    }
}

fn page(cookies: &str) -> Parts {
    Request::get("/dashboard?tab=invoices")
        .header("host", "app.example.com")
        .header("x-forwarded-proto", "https")
        .header("sec-fetch-dest", "document")
        .header("accept", "text/html,application/xhtml+xml")
        .header("cookie", cookies)
        .body(())
        .expect("a request")
        .into_parts()
        .0
}
