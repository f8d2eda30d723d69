//! A string is passed where a role is expected.

use portal_axum::RequireAuthLayer;

fn main() {
    let _ = RequireAuthLayer::with("org:admin");
}
