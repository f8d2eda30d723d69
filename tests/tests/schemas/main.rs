//! The local portal's answers, field by field, against the shapes that Clerk publishes for version 2026-05-12.
//!
//! A field is `name:type`: `s` text, `n` whole number, `b` true or false, `o` object, `a` list; `?` may be null, a leading
//! `~` may be absent. A field that the table does not know is wrong too.

mod ask;
mod backend_api;
mod errors;
mod frontend_api;
mod shape;
