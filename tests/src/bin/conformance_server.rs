//! The conformance server.

fn main() {}
