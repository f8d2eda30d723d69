//! Links to Clerk's Account Portal and authentication of requests, without a web framework.
//!
//! Most applications use this crate through `portal-tower` or `portal-axum`. Use it directly to write links, or to
//! authenticate requests in something that is no tower service.
//!
//! # Contents
//!
//! | Module | What it is for |
//! |---|---|
//! | [`instance`] | the settings of one Clerk application: keys, proxy, satellite, own sign-in page |
//! | [`portal`] | links to the portal's pages |
//! | [`authenticator`] | who a request is from: the decision, driven with the Backend API and the keys in memory |
//! | [`authorization`] | what somebody who is signed in may do: roles, permissions, features, plans |
//! | [`state`] | the outcome: signed in, signed out, handshake, or *cannot tell* |
//! | [`key`] | the instance's public keys |
//! | [`token`] | session tokens and their claims |
//! | [`decide`] | the decision itself, a pure function |
//! | [`effect`] | what the decision asks for and is told |
//! | [`limits`] | how much of a request is read |
//! | [`backend`] | what only Clerk's Backend API can tell |
//!
//! # A link
//!
//! ```
//! use portal_sdk::instance::PublishableKey;
//! use portal_sdk::portal::Portal;
//!
//! let key: PublishableKey = "pk_live_Y2xlcmsuZXhhbXBsZS5jb20k".parse()?;
//! let url = Portal::from(key.frontend_api()).sign_in().return_back_to("https://app.example.com/").to_url()?;
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
//! use portal_sdk::{Authenticator, Instance};
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
//!     // First, whatever the outcome: a handshake leads away, and after one a signed-in request to the clean address.
//!     _ if state.headers.location().is_some() => Response::builder().status(307).body(String::new())?,
//!     Outcome::SignedIn(user) => Response::new(format!("Hello {}", user.claims.user_id())),
//!     Outcome::SignedOut(state) => Response::builder().status(401).body(state.reason.to_string())?,
//!     // It cannot be told who this is: never answer as if the request were signed out.
//!     _ => Response::builder().status(503).body(String::new())?,
//! };
//! // Whatever the outcome, the headers belong on the response: they hold cookies and the `Location`.
//! state.headers.apply(response.headers_mut());
//! # assert_eq!(response.headers()["x-clerk-auth-reason"], "session-token-and-uat-missing");
//! # Ok(())
//! # }
//! ```
//!
//! A state that carries a `Location` must not be shown as a page, also when it is signed in: in development the address
//! still holds the result of a handshake and the development browser's token.
//!
//! # Features
//!
//! | Feature | Default | What it adds |
//! |---|---|---|
//! | `http-client` | yes | [`backend::HttpBackend`]: the Backend API over hyper and rustls |
//! | `rustls-0_23` | no | `HttpBackendBuilder::tls_config`, which takes a type of rustls 0.23 |
//!
//! # Security
//!
//! - A token counts only if the instance's own RSA key signed it. What cannot be verified is signed out; what cannot be
//!   *known* is [`Outcome::Undecided`](state::Outcome::Undecided).
//! - `X-Forwarded-Host` and `X-Forwarded-Proto` are believed, as Clerk's own SDKs believe them: let your proxy set them, or
//!   set [`public_origin`](instance::InstanceBuilder::public_origin). `X-Forwarded-Port` and `Forwarded` are not read.
//! - Set [`authorized_parties`](instance::InstanceBuilder::authorized_parties) where several applications share one
//!   Clerk instance.
//! - Secrets do not print themselves; [`secret::Secret::expose`] is the one way to their text.

pub mod authenticator;
pub mod authorization;
pub mod backend;
pub mod clock;
pub mod decide;
pub mod effect;
mod host_watch;
pub mod instance;
pub mod key;
pub mod limits;
pub mod names;
mod path_pattern;
pub mod portal;
pub mod request;
pub mod secret;
pub mod sign_out;
pub mod state;
mod throttle;
pub mod token;
mod url_query;

pub use authenticator::{Authenticated, Authenticator, AuthenticatorBuilder};
pub use instance::Instance;
pub use portal::Portal;
pub use state::RequestState;
