//! portal-axum
