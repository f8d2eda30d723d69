//! The fixture of the benchmarks: an instance with its own key, and requests to it.
//!
//! | Command | Measures |
//! |---|---|
//! | `cargo bench -p portal-bench` | the cost of authentication per request, without any fetch |
//! | `cargo run --release -p portal-bench --bin handshakes` | a local portal in its own process: handshakes per second, with and without the look-up of their payloads; start time with its data in memory, in a new file and in an existing one; resident memory. `--json` for programs, `--help` for all options |

use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::KeyPair as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Request;
use http::request::Parts;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use portal_sdk::authenticator::Authenticator;
use portal_sdk::backend::HttpBackend;
use portal_sdk::instance::Instance;
use serde_json::json;

const PUBLISHABLE_KEY: &str = "pk_live_Y2xlcmsuZXhhbXBsZS5jb20k";

/// An instance whose signing key is in memory, and a session token by that key.
#[derive(Debug)]
pub struct Bench {
    /// Authenticates without any network.
    pub authenticator: Authenticator<HttpBackend>,
    /// Valid for an hour.
    pub token: String,
    /// The time when the token was issued, in Unix seconds.
    pub issued_at: u64,
}

impl Bench {
    /// Creates a key and a token.
    ///
    /// # Panics
    ///
    /// Panics if the system's random number generator fails.
    #[must_use]
    pub fn new() -> Self {
        let key = KeyPair::generate(KeySize::Rsa2048).expect("a key");
        let public: PublicKeyX509Der<'_> = key.public_key().as_der().expect("a public key has a DER form");
        let private: Pkcs8V1Der<'_> = key.as_der().expect("a private key has a DER form");
        let instance = Instance::builder(PUBLISHABLE_KEY, "sk_live_bench")
            .jwt_key(STANDARD.encode(public.as_ref()))
            .build()
            .expect("the settings are right");
        let issued_at = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .expect("it is after 1970")
            .as_secs();
        let claims = json!({
            "azp": "https://app.example.com", "exp": issued_at + 3600, "fva": [0, -1], "iat": issued_at,
            "iss": "https://clerk.example.com", "jti": "0123456789abcdef0123", "nbf": issued_at - 10,
            "sid": "sess_2xhFjEI5X2qWRvtV13BzSj8H6Dk", "sts": "active", "sub": "user_2xhFjEI5X2qWRvtV13BzSj8H6Dk", "v": 2,
        });
        let header = Header {
            kid: Some("ins_2xhFjEI5X2qWRvtV13BzSj8H6Dk".into()),
            ..Header::new(Algorithm::RS256)
        };
        let signing_key = rsa_private_key(private.as_ref());
        let token = jsonwebtoken::encode(&header, &claims, &signing_key).expect("the key signs");
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

/// Encodes a key as PEM, because jsonwebtoken reads PKCS #8 in PEM only.
fn rsa_private_key(pkcs8: &[u8]) -> EncodingKey {
    let body = STANDARD.encode(pkcs8);
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n");
    EncodingKey::from_rsa_pem(pem.as_bytes()).expect("an RSA key in PEM")
}
