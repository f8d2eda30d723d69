//! Links to Clerk's Account Portal and request authentication, without a web framework.
//!
//! Most applications use this crate through `portal-tower` or `portal-axum`. Use it directly to create links, or to
//! authenticate requests without tower.
//!
//! # Contents
//!
//! | Module | Contents |
//! |---|---|
//! | [`instance`] | the settings of one Clerk application: keys, proxy, satellite, custom sign-in page |
//! | [`portal`] | links to the portal's pages |
//! | [`authenticator`] | request authentication with the Backend API and the keys in memory |
//! | [`authorization`] | requirements for signed-in users: roles, permissions, features, plans |
//! | [`state`] | the outcome: signed in, signed out, handshake, or undecided |
//! | [`key`] | the instance's public keys |
//! | [`token`] | session tokens and their claims |
//! | [`decide`] | the decision itself, a pure function |
//! | [`effect`] | the calls that the decision needs, and their results |
//! | [`limits`] | limits on the input that a request may carry |
//! | [`backend`] | calls to Clerk's Backend API |
//! | [`webhook`] | verification of Clerk's webhooks, and their events |
//! | [`fleet`] | the events that replicas share: ended sessions, deleted users, removed keys |
//! | [`lease`] | leases of sessions, which end WebSockets and event streams |
//! | [`doctor`] | a check of the configuration that calls Clerk |
//!
//! # A link
//!
//! ```
//! use portal_sdk::instance::PublishableKey;
//! use portal_sdk::portal::Portal;
//!
//! let key: PublishableKey = "pk_live_Y2xlcmsuZXhhbXBsZS5jb20k".parse()?;
//! let url = Portal::from(key.frontend_api()).sign_in().with_return_back("https://app.example.com/").to_url()?;
//! assert_eq!(url.as_str(), "https://accounts.example.com/sign-in?redirect_url=https%3A%2F%2Fapp.example.com%2F");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # A request
//!
//! ```
//! use http::{Request, Response};
//! use portal_sdk::backend::HttpBackend;
//! use portal_sdk::state::Outcome;
//! use portal_sdk::authenticator::Authenticator;
//! use portal_sdk::instance::Instance;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let instance = Instance::builder("pk_live_Y2xlcmsuZXhhbXBsZS5jb20k", "sk_live_example").build()?;
//! let backend = HttpBackend::new(&instance);
//! let authenticator = Authenticator::new(instance, backend);
//!
//! let (parts, ()) = Request::get("https://app.example.com/dashboard").body(())?.into_parts();
//! let state = authenticator.authenticate(&parts).await.state;
//! let mut response = match &state.outcome {
//!     // First, for every outcome: a handshake redirects, and so does a signed-in request that returns from one.
//!     _ if state.headers.location().is_some() => Response::builder().status(307).body(String::new())?,
//!     Outcome::SignedIn(user) => Response::new(format!("Hello {}", user.claims.user_id())),
//!     Outcome::SignedOut(state) => Response::builder().status(401).body(state.reason.to_string())?,
//!     // Undecided: never respond as if the request were signed out.
//!     _ => Response::builder().status(503).body(String::new())?,
//! };
//! // Apply the headers for every outcome: they hold cookies and the `Location`.
//! state.headers.apply(response.headers_mut());
//! # assert_eq!(response.headers()["x-clerk-auth-reason"], "session-token-and-uat-missing");
//! # Ok(())
//! # }
//! ```
//!
//! Do not show a page for a state with a `Location`, even if it is signed in. In development the URL still holds the
//! result of a handshake and the development browser's token.
//!
//! # Features
//!
//! | Feature | Default | Adds |
//! |---|---|---|
//! | `http-client` | yes | [`backend::HttpBackend`]: the Backend API over hyper and rustls |
//! | `metrics` | no | the metrics below, over the facade [`metrics`](https://docs.rs/metrics) |
//! | `redis` | no | `fleet::RedisFleet`: replicas that tell each other over Redis which sessions have ended |
//! | `redis-tls` | no | `rediss://` URLs, with the same rustls and roots as `http-client` |
//! | `unstable-decision` | no | the module `decide` and what it takes (`effect`, `request`, `names`, `excerpt`, `throttle`), for tools that drive the decision themselves, and what `portal-tower` shares with this crate; not covered by semantic versioning before 1.0 |
//! | `rustls-0_23` | no | `tls_config` of `HttpBackendBuilder` and `RedisFleetBuilder`, which takes a type of rustls 0.23 |
//! | `testing` | no | `testing`: signed-in requests for an application's own tests; a dev-dependency's feature |
//!
//! # Metrics
//!
//! With the feature `metrics`. [`Authenticator::health`](authenticator::Authenticator::health) returns those of keys, calls
//! and tokens without it. The reasons are those of [`AuthReason`](state::AuthReason) and
//! [`UndecidedCause`](state::UndecidedCause); a handshake is a redirect to Clerk.
//!
//! | Name | Type | Meaning |
//! |---|---|---|
//! | `portal_decisions_total` | counter | authentications, by `outcome` (`signed-in`, `signed-out`, `handshake`, `undecided`) and `reason` |
//! | `portal_verified_token_hits_total` | counter | signed-in requests whose token was verified for an earlier one |
//! | `portal_key_fetches_total` | counter | fetches of signing keys |
//! | `portal_key_fetch_failures_total` | counter | those that failed |
//! | `portal_key_fetch_failures_in_a_row` | gauge | those that failed since the last success |
//! | `portal_keys_usable` | gauge | keys of the last fetch that verify tokens |
//! | `portal_keys_fetched_timestamp_seconds` | gauge | Unix time of the last successful fetch |
//! | `portal_calls_total` | counter | calls for renewed sessions, handshake payloads and sessions with leases, by `kind`: `renewal`, `handshake_payload`, `session` |
//! | `portal_shared_renewals_total` | counter | requests decided with the result of an earlier request's renewal |
//! | `portal_verified_tokens` | gauge | verified tokens in memory |
//! | `portal_verified_tokens_bytes` | gauge | their estimated size in bytes |
//!
//! # Log lines and spans
//!
//! Each authentication has a [`tracing`](https://docs.rs/tracing) span `authenticate` at level `debug` and target
//! `portal_sdk`, which covers its calls to Clerk:
//!
//! | Field | Value |
//! |---|---|
//! | `outcome` | `signed-in`, `signed-out`, `handshake` or `undecided`; missing if the request was cancelled |
//! | `reason` | why it is not signed in, as in the metrics |
//! | `user_id` | the ID of the signed-in user |
//!
//! # Security
//!
//! - A token is valid only if the instance's RSA key signed it. A request with an invalid token is signed out; if the
//!   token cannot be verified during an outage, it is [`Outcome::Undecided`](state::Outcome::Undecided).
//! - `X-Forwarded-Host` and `X-Forwarded-Proto` are trusted, as in Clerk's SDKs. Let your proxy set them, or set
//!   [`public_origin`](instance::InstanceBuilder::public_origin). `X-Forwarded-Port` and `Forwarded` are not read.
//! - Set [`authorized_parties`](instance::InstanceBuilder::authorized_parties) if several applications share one Clerk
//!   instance.
//! - `Debug` never prints a secret; [`secret::Secret::expose`] is the only access to its text.

// docs.rs marks each item with the feature that it needs.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(
    not(feature = "unstable-decision"),
    allow(
        dead_code,
        unreachable_pub,
        unused_imports,
        reason = "they are public with the feature"
    )
)]

pub mod authenticator;
pub mod authorization;
pub mod backend;
pub mod clock;
mod cookie_watch;
#[cfg(feature = "unstable-decision")]
pub mod decide;
#[cfg(not(feature = "unstable-decision"))]
mod decide;
#[cfg(feature = "http-client")]
pub mod doctor;
pub mod effect;
#[cfg(not(feature = "unstable-decision"))]
mod excerpt;
#[cfg(feature = "unstable-decision")]
pub mod excerpt;
pub mod fleet;
mod host_watch;
pub mod instance;
mod jitter;
pub mod key;
mod latest;
pub mod lease;
pub mod limits;
pub mod names;
mod path_pattern;
pub mod portal;
pub mod request;
pub mod secret;
pub mod sign_out;
pub mod state;
#[cfg(feature = "testing")]
pub mod testing;
#[cfg(not(feature = "unstable-decision"))]
mod throttle;
#[cfg(feature = "unstable-decision")]
pub mod throttle;
pub mod token;
mod url_query;
pub mod webhook;
