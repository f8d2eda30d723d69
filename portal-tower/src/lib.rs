//! Clerk's Account Portal for any tower service: hyper, axum, tonic.
//!
//! | Item | What it does |
//! |---|---|
//! | [`AuthenticateLayer`] | authenticates requests, answers handshakes, puts [`Auth`] into the extensions |
//! | [`RequireAuthLayer`] | admits only signed-in users who meet a requirement; the response fits the caller |
//! | [`RedirectToPortal`] | a service that redirects users to a page of the portal and back |
//! | [`SignOut`] | a service that ends the session at Clerk and in the browser |
//! | [`FrontendApiProxy`] | a service that serves Clerk's Frontend API under the application's own origin |
//! | `WebhookReceiver` | verifies Clerk's webhooks, and passes them to the application's handler |
//! | [`AllowCrossSiteLayer`] | lets other sites' pages post to single routes |
//! | [`LeasedBody`] | a streaming response that ends when the session does |
//! | [`Auth`] | the request's user, links to the portal, and refusals; in the request's extensions |
//! | [`RenderRefusal`] | the application's own look for refusals |
//!
//! # The order of layers
//!
//! ```text
//! request ──► AuthenticateLayer ──► RequireAuthLayer ──► handler
//!             adds Auth             asks Auth            reads Auth
//! response ◄─ adds cookies ◄─────── (refusals pass through here too)
//! ```
//!
//! Put one [`AuthenticateLayer`] around the whole application. It refuses no request, so public pages are always
//! served. Put [`RequireAuthLayer`] around the routes that need a signed-in user.
//!
//! A CORS layer belongs outside both. A preflight carries no credentials, so a guard outside the CORS layer refuses
//! every preflight; and refusals need the CORS headers too. In a `ServiceBuilder` the CORS layer comes first:
//! `.layer(cors).layer(authenticate).layer(guard)`. If it must be inside, see [`RequireAuthLayer::with_preflight_allowed`].
//!
//! # Features
//!
//! | Feature | Default | Adds |
//! |---|---|---|
//! | `http-client` | yes | `AuthenticateLayer::new` and `from_env`: the Backend API over hyper and rustls |
//! | `proxy` | yes | `FrontendApiProxy`, over hyper and rustls |
//! | `webhooks` | no | `WebhookReceiver`: Clerk's webhooks as a service |
//! | `axum-core` | no | the traits of axum-core 0.5 that `portal-axum` needs |
//! | `redis` | no | `portal_sdk::fleet::RedisFleet`: replicas learn each other's sign-outs over Redis |
//! | `redis-tls` | no | the same with `rediss://` URLs |
//! | `testing` | no | `Auth` from a test's session; a dev-dependency's feature |
//!
//! # Example
//!
//! ```
//! use std::convert::Infallible;
//!
//! use bytes::Bytes;
//! use http::{Request, Response};
//! use http_body_util::Full;
//! use portal_tower::portal_sdk::instance::{ConfigError, Instance};
//! use portal_tower::{Auth, AuthenticateLayer, RequireAuthLayer};
//! use tower::{Service, ServiceBuilder, service_fn};
//!
//! async fn greet(request: Request<Full<Bytes>>) -> Result<Response<Full<Bytes>>, Infallible> {
//!     let auth = request.extensions().get::<Auth>();
//!     let user = auth.and_then(Auth::signed_in).map_or("guest", |user| user.user_id().as_str());
//!     Ok(Response::new(format!("Hello {user}").into()))
//! }
//!
//! # fn main() -> Result<(), ConfigError> {
//! let instance = Instance::builder("pk_test_Zm9vLWJhci0xMy5jbGVyay5hY2NvdW50cy5kZXYk", "sk_test_example").build()?;
//! let service = ServiceBuilder::new()
//!     .layer(AuthenticateLayer::new(instance))
//!     .layer(RequireAuthLayer::signed_in())
//!     .service(service_fn(greet));
//! # fn is_a_service<S: Service<Request<Full<Bytes>>, Error = Infallible>>(_: S) {}
//! # is_a_service(service);
//! # Ok(())
//! # }
//! ```

// docs.rs marks each item with the feature that it needs.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod auth;
pub mod authenticate;
#[cfg(feature = "axum-core")]
mod axum_core;
mod caching;
mod caller;
mod cookie;
mod cross_site;
mod drain;
#[cfg(feature = "proxy")]
pub mod proxy;
pub mod redirect;
pub mod require;
mod response;
pub mod sign_out;
#[cfg(feature = "testing")]
mod testing;
#[cfg(feature = "webhooks")]
pub mod webhook;

pub use auth::{Auth, Identity, SignedInRef, UserError};
pub use authenticate::layer::AuthenticateLayer;
pub use caller::{Caller, GrpcMediaType};
pub use cross_site::{AllowCrossSite, AllowCrossSiteLayer};
pub use portal_sdk;
#[cfg(feature = "proxy")]
pub use proxy::service::FrontendApiProxy;
pub use redirect::portal_redirect::PortalRedirect;
pub use redirect::service::RedirectToPortal;
pub use require::cause::RefusalCause;
pub use require::layer::RequireAuthLayer;
pub use require::location::UnmetLocation;
pub use require::refusal::Refusal;
pub use require::render::RenderRefusal;
pub use response::{BytesBody, LeasedBody, ResponseBody};
pub use sign_out::service::SignOut;
#[cfg(feature = "webhooks")]
pub use webhook::{
    handler::WebhookHandler, receiver::WebhookReceiver, refusal::WebhookRefusal, service::WebhookService,
};
