//! The messages, as `prost` would write them for this `.proto` file:
//!
//! ```proto
//! syntax = "proto3";
//! package example;
//!
//! message Empty {}
//! message User { string id = 1; }
//!
//! service Profile { rpc Show (Empty) returns (User); }
//! service Team { rpc Owner (Empty) returns (User); }
//! ```

/// The request of every call.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Empty {}

/// The user who made the call.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct User {
    #[prost(string, tag = "1")]
    pub(crate) id: String,
}
