//! The settings of one Clerk application, validated once.

mod publishable_key;

pub use publishable_key::{FrontendApi, InstanceType, PublishableKey, PublishableKeyError};
