//! The row is the same at the end, whatever the order of events and requests: on SQLite, and with the feature `postgres` on a
//! real server.
//!
//! ```sh
//! cargo test -p portal-example-users --features postgres
//! ```

mod databases;
mod order;
mod outage;
mod portal;
mod program;
#[cfg(feature = "postgres")]
mod server;
mod sign_in;
mod world;
