//! Clerk's Account Portal for axum: who is signed in as an extractor, refusals as responses.
//!
//! One dependency is enough: the layers and services of [`tower`] and everything of [`sdk`] are re-exported.
//!
//! ```no_run
//! use axum::Router;
//! use axum::routing::{get, post_service};
//! use portal_axum::sdk::instance::ConfigError;
//! use portal_axum::{AuthenticateLayer, RedirectToPortal, RequireAuthLayer, SignOut, SignedIn};
//!
//! async fn dashboard(signed_in: SignedIn) -> String {
//!     format!("Hello {}", signed_in.user_id())
//! }
//!
//! fn app() -> Result<Router, ConfigError> {
//!     Ok(Router::new()
//!         .route("/dashboard", get(dashboard))
//!         .route_layer(RequireAuthLayer::signed_in())
//!         .route_service("/account", RedirectToPortal::user_profile())
//!         .route("/sign-out", post_service(SignOut::new()))
//!         .layer(AuthenticateLayer::from_env()?))
//! }
//! ```
//!
//! | Extractor | `None` or rejected when |
//! |---|---|
//! | [`Auth`] | [`AuthenticateLayer`] is missing (500) |
//! | [`SignedIn`] | nobody is signed in (303 or 401), tasks are outstanding, it cannot be told (503) |
//! | `Option<SignedIn>` | `None` for signed out and for outstanding tasks; still 503 when it cannot be told |

pub mod extract;

pub use extract::{Auth, AuthRejection, SignedIn, SignedInRejection};
pub use portal_sdk as sdk;
pub use portal_tower as tower;
pub use portal_tower::{AuthenticateLayer, RedirectToPortal, Refusal, RequireAuthLayer, SignOut};
