//! A service is passed to `get` without `into_handler`.

use axum::Router;
use axum::routing::get;
use portal_axum::RedirectToPortal;

fn main() {
    let _ = Router::<()>::new().route("/account", get(RedirectToPortal::user_profile()));
}
