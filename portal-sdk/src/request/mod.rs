//! The facts of a request: its public URL and its cookies. With the feature `unstable-decision` also
//! `AuthenticateContext`, the input of the decision.

mod address;
mod bearer;
mod context;
mod cookie_name;
mod cookie_reader;
mod cookies;
mod cross_site;
mod fields;
mod headers;
mod navigation;
mod public_url;
mod redirect_count;
mod refresh_headers;
mod set_cookie;
mod suffix;

#[cfg(feature = "unstable-decision")]
pub use crate::url_query::without_clerk_parameters;
pub(crate) use address::Addresses;
pub use public_url::PublicUrl;
pub(crate) use redirect_count::{MAX_REDIRECTS, RedirectCount};
#[cfg(feature = "unstable-decision")]
pub use {
    context::AuthenticateContext,
    cookie_reader::{cookie_values, cookies},
    headers::header_value,
    navigation::{is_navigation, is_upgrade},
    set_cookie::SetCookie,
};

#[cfg(not(feature = "unstable-decision"))]
pub(crate) use self::{context::AuthenticateContext, cookie_reader::cookies, set_cookie::SetCookie};
