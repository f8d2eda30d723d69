//! The READMEs, so that their examples compile.
#![doc = include_str!("../../README.md")]

#[doc = include_str!("../../portal-axum/README.md")]
pub mod axum {}
#[doc = include_str!("../../portal-local/README.md")]
pub mod local {}
#[doc = include_str!("../../portal-sdk/README.md")]
pub mod sdk {}
#[doc = include_str!("../../portal-tower/README.md")]
pub mod tower {}
