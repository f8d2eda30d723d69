//! A users table that sign-ins and webhooks keep in sync.
//!
//! Each row has a version: the time of the last change at Clerk. Session tokens carry it, and so do the events
//! `user.created` and `user.updated`. [`Database::save`] writes only data that is newer than the row. So the order does not
//! matter, and repeated deliveries change nothing.
//!
//! `user.deleted` erases the personal data and marks the row as deleted. Later events do not change it. The next deletion
//! after [`KEPT_AFTER_DELETION`] removes it.

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
