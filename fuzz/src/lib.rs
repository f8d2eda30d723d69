//! The parts that the fuzz targets share: keys and tokens that never change, instances, requests, properties of responses.

#![forbid(unsafe_code)]

pub mod answers;
pub mod check;
pub mod cookies;
pub mod instances;
pub mod keys;
pub mod local;
pub mod request;
pub mod tokens;
pub mod value;
