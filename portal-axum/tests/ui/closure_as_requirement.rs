//! A closure is passed without `requirement_fn`.

use portal_axum::{RequireAuthLayer, SessionClaims};

fn main() {
    let _ = RequireAuthLayer::with(|claims: &SessionClaims| claims.session_id().is_some());
}
