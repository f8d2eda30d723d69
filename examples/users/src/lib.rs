//! A users table that stays right by sign-ins and webhooks.
//!
//! Each row has a version: the time of the last change at Clerk. Session tokens carry it, and so do the events
//! `user.created` and `user.updated`. [`Database::save`] writes whichever arrives, unless the row is as new. So the order does
//! not matter, and doubled deliveries change nothing.
//!
//! `user.deleted` erases the personal data and marks the row, which then stays as it is. After [`KEPT_AFTER_DELETION`] it
//! is removed.

mod app;
mod database;
mod local;
mod pages;
mod profile;
mod sign_in;
mod webhooks;

pub use app::{App, WEBHOOKS, router};
pub use database::{Database, DatabaseError, KEPT_AFTER_DELETION, MOST_ROWS, UserRow};
pub use local::local_portal;
pub use profile::{Claims, Profile, Source, session_claims};
pub use sign_in::Member;
