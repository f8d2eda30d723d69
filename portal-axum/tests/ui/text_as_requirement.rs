//! A role is given as a text.

use portal_axum::RequireAuthLayer;

fn main() {
    let _ = RequireAuthLayer::with("org:admin");
}
