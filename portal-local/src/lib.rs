//! portal-local
