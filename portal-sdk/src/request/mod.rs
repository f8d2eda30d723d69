//! A request's facts: its public URL, its cookies, and [`AuthenticateContext`], which holds everything the decision may
//! use.

mod authorization;
mod clerk_url;
mod context;
mod cookie_reader;
mod cookies;
mod cross_site;
mod grpc;
mod headers;
mod kind;
mod redirect_count;
mod set_cookie;
mod suffix;

pub use clerk_url::ClerkUrl;
pub use context::AuthenticateContext;
pub use cookie_reader::{cookie_values, cookies};
pub use grpc::GrpcMediaType;
pub use kind::RequestKind;
pub(crate) use redirect_count::{MAX_REDIRECTS, RedirectCount};
pub use set_cookie::SetCookie;
