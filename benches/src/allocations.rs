//! [`Allocations`]: the result of the program `allocations`.

use serde::{Deserialize, Serialize};

/// Allocations per request and memory per token.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub struct Allocations {
    /// Of the baseline service, with building the request.
    pub baseline: f64,
    /// Of a signed-in request whose token was seen before, over the baseline.
    pub warm: f64,
    /// The same with keys of a fetched set.
    pub warm_jwks: f64,
    /// Of a signed-in request whose token is new, over the baseline.
    pub cold: f64,
    /// Of a request without cookies, over the baseline.
    pub signed_out: f64,
    /// Of a forged token with a known key ID, over the baseline.
    pub forged_known: f64,
    /// The mean length of a token in bytes.
    pub token_bytes: f64,
    /// The heap bytes that an authenticator keeps per distinct token that it has accepted.
    pub cached_token_bytes: f64,
    /// The heap bytes of an authenticator after its first token.
    pub authenticator_bytes: i64,
}
