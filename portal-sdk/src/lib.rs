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
//! | [`token`] | session tokens and their claims |
//! | [`decide`] | the decision itself, a pure function |
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
//! use http::Request;
//! use portal_sdk::backend::HttpBackend;
//! use portal_sdk::{Authenticator, Instance, RequestState};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let instance = Instance::builder("pk_live_Y2xlcmsuZXhhbXBsZS5jb20k", "sk_live_example").build()?;
//! let backend = HttpBackend::new(&instance);
//! let authenticator = Authenticator::new(instance, backend);
//!
//! let (parts, ()) = Request::get("https://app.example.com/dashboard").body(())?.into_parts();
//! match authenticator.authenticate(&parts).await.state {
//!     RequestState::SignedIn(state) => println!("{} is signed in", state.claims.user_id()),
//!     RequestState::SignedOut(state) => assert_eq!(state.reason.as_str(), "session-token-and-uat-missing"),
//!     // Send the browser where `state.directives` say.
//!     RequestState::Handshake(state) => println!("{:?}", state.directives.location()),
//!     // Answer 503, not "signed out".
//!     other => println!("{other:?}"),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Whatever the outcome, put its [`directives`](state::RequestState::directives) on the response: they hold cookies.
//!
//! # Features
//!
//! | Feature | Default | What it adds |
//! |---|---|---|
//! | `http-client` | yes | [`backend::HttpBackend`]: the Backend API over hyper and rustls |
//!
//! # Security
//!
//! - A token counts only if the instance's own RSA key signed it. What cannot be verified is signed out; what cannot be
//!   *known* is [`RequestState::Undecided`].
//! - `X-Forwarded-Host` and `X-Forwarded-Proto` are believed, as Clerk's own SDKs believe them: let your proxy set them.
//! - Set [`authorized_parties`](instance::InstanceBuilder::authorized_parties) where several applications share one
//!   Clerk instance.
//! - Secrets do not print themselves; [`secret::Secret::expose`] is the one way to their text.

pub mod authenticator;
pub mod authorization;
pub mod backend;
pub mod clock;
pub mod decide;
mod ended_sessions;
pub mod instance;
pub mod names;
pub mod portal;
pub mod request;
pub mod secret;
pub mod state;
pub mod token;

pub use authenticator::{Authenticated, Authenticator};
pub use instance::Instance;
pub use portal::Portal;
pub use state::RequestState;
