//! A service is put around the router instead of at a path.

use axum::Router;
use portal_axum::RedirectToPortal;

fn main() {
    let _: Router = Router::new().layer(RedirectToPortal::sign_in());
}
