//! A service is used as a layer.

use axum::Router;
use portal_axum::RedirectToPortal;

fn main() {
    let _: Router = Router::new().layer(RedirectToPortal::sign_in());
}
