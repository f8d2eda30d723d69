//! portal-bench
