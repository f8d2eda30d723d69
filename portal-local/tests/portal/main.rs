//! The portal as a browser and an application see it: over HTTP, with the time in the test's hands.

#![allow(
    clippy::unwrap_used,
    reason = "clippy.toml allows it in tests, but does not see that helpers are tests too"
)]

mod absent;
mod admission;
mod application;
mod back_to_page;
mod backend_api;
mod boundary;
mod browser;
mod bulk;
mod claims;
mod clients;
mod debug;
mod doctor;
mod environment;
mod external;
mod faults;
mod guessing;
mod handshake;
mod hostile_addresses;
mod hostile_forms;
mod hostile_json;
mod hostile_tickets;
mod housekeeping;
mod images;
mod impersonation;
mod invitation_lists;
mod keep_alive;
mod lists;
mod manners;
mod metadata;
mod organization_pages;
mod organizations;
mod parallel;
mod parameters;
mod pending_session;
mod races;
mod receiver;
mod refresh;
mod released_files;
mod reset_password;
mod restrictions;
mod room_order;
mod safe_methods;
mod schemas;
mod second_factor;
mod seeding;
mod several_accounts;
mod sign_in;
mod sign_up;
mod stale_forms;
mod start;
mod tasks;
mod totp;
mod user;
mod users;
mod webhook_controls;
mod webhook_delivery;
mod webhook_events;
mod wire;
mod world;
