//! The conformance server: the SDK behind HTTP, with its settings in request headers, so that a suite in any language
//! can drive it through the layer that applications use.

pub mod options;
pub mod outcome;
pub mod server;
