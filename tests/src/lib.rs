//! portal-tests
