//! The local portal's answers, down to their leaves, against the shapes that Clerk publishes for version 2026-05-12.
//!
//! `shapes/` lists the operations of both APIs and the objects in their answers. Each operation is called: one that the
//! portal plays answers with its shape, any other one with Clerk's error. What the tables do not know is wrong too.

mod api;
pub(crate) mod ask;
mod backend_api;
mod errors;
mod frontend_api;
mod shape;
