//! Clerk's Account Portal for axum: the signed-in user as an extractor, refusals as responses.
//!
//! One dependency is enough: what an application names is in this module, and the rest is in [`portal_tower`] and
//! [`portal_sdk`], which are re-exported.
//!
//! ```no_run
//! use axum::Router;
//! use axum::routing::{get, post};
//! use portal_axum::{AuthenticateLayer, ConfigError, RedirectToPortal, RequireAuthLayer, SignOut, SignedIn};
//!
//! async fn dashboard(signed_in: SignedIn) -> String {
//!     format!("Hello {}", signed_in.user_id())
//! }
//!
//! fn app() -> Result<Router, ConfigError> {
//!     Ok(Router::new()
//!         .route("/dashboard", get(dashboard))
//!         .route_layer(RequireAuthLayer::signed_in())
//!         .route("/account", get(RedirectToPortal::user_profile()))
//!         .route("/sign-out", post(SignOut::new()))
//!         .layer(AuthenticateLayer::from_env()?))
//! }
//! ```
//!
//! | Extractor | `None` or rejected when |
//! |---|---|
//! | [`Auth`] | [`AuthenticateLayer`] is missing (500) |
//! | [`SignedIn`] | the request is signed out (303 or 401), tasks are outstanding, Clerk is unreachable (503) |
//! | `Option<SignedIn>` | `None` for signed out and for outstanding tasks; still 503 if Clerk is unreachable |
//! | [`ActiveOrganization`] | as `SignedIn`, and no organization is active (403) |
//! | [`Require<R>`](Require) | as `SignedIn`, and the requirement `R` is not met (403) |
//!
//! All of them respond by the table of [`portal_tower::require`], and refuse (403) cross-site requests that carry this
//! site's cookies and change something; [`AllowCrossSiteLayer`] makes exceptions.
//!
//! Each of them except [`Auth`] makes the response private to the user: `Cache-Control: private`, unless the handler sets
//! that field, and `Vary: Cookie, Authorization`. [`Auth`] does so when the handler reads the user from it. Other responses
//! stay cacheable.
//!
//! `Webhook` (feature `webhooks`) is a verified delivery of one of Clerk's webhooks, which has no session.
//!
//! # Connections that stay open
//!
//! [`SignedIn::lease`] returns a lease, which ends when the user signs out or the session is revoked. [`Leased`] then ends
//! event streams and other streaming responses, and `LeasedSocket` (feature `ws`) closes WebSockets. The client gets the
//! reason. See [streams](guide::streams).
//!
//! # Guides
//!
//! [`guide`] has a page for each task, and a list of questions with their answers:
//! [the reasons of signed-out requests](guide::authentication), [users in your own database](guide::users),
//! [organizations and permissions](guide::organizations), [behind a proxy](guide::behind_a_proxy),
//! [JSON APIs](guide::json_apis), [forms, htmx and caches](guide::pages), [streams](guide::streams),
//! [several replicas](guide::replicas), [several domains](guide::several_domains), [outages](guide::outages), [security](guide::security),
//! [tests](guide::testing), [migration](guide::migrating), [the local portal](guide::local_portal).
//!
//! # Services in routes
//!
//! [`RedirectToPortal`], [`SignOut`] and `WebhookService` (feature `webhooks`) are handlers, such as for `get` and `post`, and
//! tower services, such as for `route_service`. `FrontendApiProxy` (feature `proxy`) is a service only:
//!
//! ```
//! # #[cfg(feature = "proxy")]
//! # mod example {
//! use axum::Router;
//! use axum::routing::{any, get};
//! use portal_axum::{ConfigError, FrontendApiProxy, Instance, RedirectToPortal, SignOut};
//!
//! fn routes(instance: &Instance) -> Result<Router, ConfigError> {
//!     Ok(Router::new()
//!         .route("/account", get(RedirectToPortal::user_profile()))
//!         // Every method, because a `GET` is answered with a button.
//!         .route("/sign-out", any(SignOut::new().with_confirmation(true)))
//!         .route_service("/__clerk/{*path}", FrontendApiProxy::new(instance)?))
//! }
//! # }
//! ```
//!
//! # Versions
//!
//! This crate is for axum 0.8 (axum-core 0.5). With another version of axum the compiler reports that a handler with
//! [`SignedIn`] does not implement `Handler<_, _>`. With `#[axum::debug_handler]` on the handler it names the cause: "there
//! are multiple different versions of crate `axum_core` in the dependency graph".
//!
//! # Features
//!
//! | Feature | Default | Adds |
//! |---|---|---|
//! | `http-client` | yes | `AuthenticateLayer::new` and `from_env`: the Backend API over hyper and rustls |
//! | `proxy` | no | `FrontendApiProxy`, which serves Clerk's Frontend API under the application's origin |
//! | `webhooks` | no | `Webhook` and `WebhookReceiver`: Clerk's webhooks, as an extractor and as a handler |
//! | `ws` | no | `LeasedSocket`: WebSockets of axum that are closed when the session ends |
//! | `redis` | no | `portal_sdk::fleet::RedisFleet`: replicas learn each other's sign-outs over Redis |
//! | `redis-tls` | no | the same with `rediss://` URLs |
//! | `testing` | no | `testing`: signed-in requests and extracted values for an application's tests; a dev-dependency's feature |
//!
//! # Cross-origin requests
//!
//! A browser asks before a script of another origin sends a request: a CORS preflight, `OPTIONS` without credentials. A
//! guard refuses it (401), because it can never be signed in. Put the CORS layer outside the guards, so that it answers
//! preflights itself and refusals carry its headers too; outside [`AuthenticateLayer`] it covers every answer.
//!
//! ```
//! use axum::Router;
//! use axum::http::Method;
//! use axum::http::header::AUTHORIZATION;
//! use axum::routing::post;
//! use portal_axum::{AuthenticateLayer, ConfigError, Instance, RequireAuthLayer};
//! use tower_http::cors::{AllowOrigin, CorsLayer};
//!
//! # async fn pay() {}
//! fn app(instance: Instance) -> Router {
//!     let cors = CorsLayer::new()
//!         .allow_origin(AllowOrigin::list(["https://spa.example.com".parse().expect("an origin")]))
//!         .allow_methods([Method::GET, Method::POST])
//!         .allow_headers([AUTHORIZATION]);
//!     // Layers added later are further out: the request meets cors, authenticate, the guard, the handler.
//!     Router::new()
//!         .route("/pay", post(pay))
//!         .route_layer(RequireAuthLayer::signed_in())
//!         .layer(AuthenticateLayer::new(instance))
//!         .layer(cors)
//! }
//! ```
//!
//! Scripts of that origin that send cookies instead of `Authorization` also need `allow_credentials` there and
//! [`allowed_request_origins`](InstanceBuilder::allowed_request_origins) here. Where the CORS layer must be
//! inside a guard, [`with_preflight_allowed`](RequireAuthLayer::with_preflight_allowed) lets preflights through.
//!
//! # Tests
//!
//! With the feature `testing` of this crate, which belongs under `[dev-dependencies]`, a test makes requests of users it
//! chooses, without Clerk and without a network. Keep [`AuthenticateLayer`] out of the function that makes the router, so
//! that a test can put its own around it:
//!
//! ```
//! use axum::Router;
//! use axum::body::Body;
//! use axum::routing::get;
//! use portal_axum::testing::TestInstance;
//! use portal_axum::{AuthenticateLayer, RequireAuthLayer, Role, SignedIn};
//! use tower::ServiceExt as _;
//!
//! async fn team(user: SignedIn) -> String {
//!     format!("Hello {}", user.user_id())
//! }
//!
//! fn routes() -> Router {
//!     Router::new().route("/team", get(team)).route_layer(RequireAuthLayer::with(Role::new("org:admin")))
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let clerk = TestInstance::new();
//! let app = routes().layer(AuthenticateLayer::from_authenticator(clerk.authenticator()));
//!
//! let admin = clerk.signed_in("user_1").role("org:admin").get("/team").body(Body::empty())?;
//! assert_eq!(app.clone().oneshot(admin).await?.status(), 200);
//! let member = clerk.signed_in("user_1").role("org:member").get("/team").body(Body::empty())?;
//! assert_eq!(app.oneshot(member).await?.status(), 403);
//!
//! // `clerk.backend().set_user(…)` sets what `SignedIn::user` returns. Or call the handler itself.
//! assert_eq!(team(clerk.signed_in("user_1").try_into()?).await, "Hello user_1");
//! # Ok(())
//! # }
//! ```
//!
//! # Every route with a rule
//!
//! An axum router does not list its routes, so a test helper cannot find those without a guard. Deny by default
//! instead: put [`RequireAuthLayer`] around one router that holds everything, and merge the few public routes outside
//! it.
//!
//! ```
//! use axum::Router;
//! use axum::routing::get;
//! use portal_axum::RequireAuthLayer;
//!
//! # async fn page() {}
//! let protected = Router::<()>::new().route("/dashboard", get(page)).layer(RequireAuthLayer::signed_in());
//! let app = Router::new().route("/", get(page)).merge(protected);
//! ```

// docs.rs marks each item with the feature that it needs.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod extract;
#[cfg(feature = "testing")]
mod from_test_session;
pub mod guide;
mod handler;
mod leased;

#[cfg(feature = "webhooks")]
pub use extract::Webhook;
pub use extract::{ActiveOrganization, AuthRejection, Require, SignedIn};
pub use leased::Leased;
#[cfg(feature = "ws")]
pub use leased::{LeasedSocket, close_frame};
#[cfg(feature = "testing")]
pub use portal_sdk::testing;
#[cfg(feature = "proxy")]
pub use portal_tower::FrontendApiProxy;
pub use portal_tower::{
    AllowCrossSiteLayer, Auth, AuthenticateLayer, Caller, Identity, PortalRedirect, RedirectToPortal, Refusal,
    RefusalCause, RenderRefusal, RequireAuthLayer, SignOut, SignedInRef, UserError,
};
#[cfg(feature = "webhooks")]
pub use portal_tower::{WebhookHandler, WebhookReceiver, WebhookRefusal, WebhookService};
// The rest of both crates, under their own names, so that an application needs no line for them in its `Cargo.toml`.
pub use {portal_sdk, portal_tower};

pub use portal_sdk::authenticator::Authenticator;
pub use portal_sdk::authorization::{
    Feature, Permission, Plan, Requirement, Reverification, ReverificationLevel, Role, Verdict, requirement_fn,
};
pub use portal_sdk::backend::{EmailAddress, User};
pub use portal_sdk::effect::BackendError;
pub use portal_sdk::instance::{ConfigError, Instance, InstanceBuilder, Satellite};
pub use portal_sdk::lease::{Lease, LeaseEnd};
pub use portal_sdk::portal::{Portal, PortalPage, Prefill, ReturnBackUrl};
pub use portal_sdk::token::{OrganizationId, SessionClaims, SessionId, UserId};
#[cfg(feature = "webhooks")]
pub use portal_sdk::webhook::{WebhookDelivery, WebhookEvent};
