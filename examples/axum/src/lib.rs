//! portal-example-axum
