//! The facts of a request: its public URL, its cookies, and [`AuthenticateContext`], the input of the decision.

mod bearer;
mod context;
mod cookie_reader;
mod cookies;
mod cross_site;
mod headers;
mod navigation;
mod public_url;
mod redirect_count;
mod set_cookie;
mod suffix;

pub use context::AuthenticateContext;
pub use cookie_reader::{cookie_values, cookies};
pub use headers::header_value;
pub use navigation::{is_navigation, is_upgrade};
pub use public_url::PublicUrl;
pub(crate) use redirect_count::{MAX_REDIRECTS, RedirectCount};
pub use set_cookie::SetCookie;
