//! A local stand-in for Clerk: the Account Portal's pages, and as much of the Frontend API and the Backend API as an
//! application needs that authenticates its requests on the server. For development, demonstrations and tests.
//!
//! It needs no Clerk account and no network, sends no mail, and only listens on this machine.
//!
//! ```
//! use portal_local::LocalPortal;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let portal = LocalPortal::builder().application_name("Acme").start().await?;
//!
//! // What the application is configured with. The two keys are enough: the publishable key holds the address.
//! let publishable_key = portal.publishable_key();
//! assert_eq!(publishable_key.frontend_api().local_origin(), Some(portal.origin()));
//! assert!(portal.secret_key().expose().starts_with("sk_test_"));
//!
//! portal.shut_down().await;
//! # Ok(())
//! # }
//! ```
//!
//! # Contents
//!
//! - [`LocalPortal`] starts in a test or a demo; [`LocalPortalBuilder`] holds what can be set: the clock, [`Settings`],
//!   and the users ([`SeedUser`]), organizations ([`SeedOrganization`]) and roles ([`SeedRole`]) that it starts with.
//! - [`TestPortal`] is the same portal on its own thread, also for a `static` and for tests without `async`. Its
//!   [`TestBrowser`] runs whole flows: sign in, visit, fill in a form, assert the page where it ends.
//! - [`LocalPortal::sign_in_link_for`] signs a user in without password and code.
//! - [`LocalPortal::totp_code_for`] is the authenticator app of a user with two-step verification
//!   ([`SeedUser::totp_secret`]).
//! - [`LocalPortal::outbox`] has the codes that would have been mailed. An address whose part before the `@` contains
//!   `+clerk_test` always gets the code `424242` and no mail.
//! - Example ID is an external provider that the portal simulates. After *Continue with Example ID*, the user enters an
//!   address and whether the provider has verified it. It replaces every social connection.
//! - Who may sign up is decided as at Clerk: by the mode in [`Settings`], by invitations, and by the allowlist, the
//!   blocklist and the other restrictions, which the Backend API sets too.
//! - [`Settings::session_claims`] adds claims to every session token, with Clerk's shortcodes; JWT templates, actor tokens
//!   and images are made through the Backend API.
//! - [`LocalPortalBuilder::webhook`] sends Clerk's events to the application; see [webhooks](#webhooks).
//! - [`LocalPortal::request_log`] tells whether a handshake or a refresh took place.
//! - [`LocalPortal::fault`] makes endpoints fail or wait; [`LocalPortal::rotate_signing_key`] and
//!   [`LocalPortal::set_clock_skew_secs`] bring an application into the other situations it must survive.
//! - The binary `portal-local` serves the same from the command line.
//!
//! Clerk's APIs are far larger than the part that is played. The rest is never ignored in silence: a call that is not
//! played answers 404 with an explanation, and a parameter that is not played 422 with `form_param_unknown`
//! and its name.
//!
//! # Webhooks
//!
//! With [`LocalPortalBuilder::webhook`], or `--webhook-url` on the command line, the portal sends Clerk's events to one or
//! more URLs of this machine. It signs them with [`LocalPortal::webhook_signing_secret`], which the application reads from
//! `CLERK_WEBHOOK_SIGNING_SECRET`. The data is the Backend API's view of the object, in the shape of Clerk's specification.
//!
//! | Event | Cause |
//! |---|---|
//! | `user.created` | a sign-up, the Backend API, or a seed |
//! | `user.updated` | a change of the user's fields, addresses, accounts, second factors or image; each sign-in, which sets `last_sign_in_at` |
//! | `user.deleted` | the deletion of the account; the data has `external_id` if the user had one |
//! | `session.created`, `session.pending` | a session becomes active, or waits for a task |
//! | `session.removed` | a sign-out in the session's browser |
//! | `session.revoked` | the session is ended by another device, the Backend API, a ban, or the deletion of its user; the data's `user` is `null` after a deletion |
//! | `session.ended` | the session was replaced by another sign-in, has expired, or was abandoned; sent when the portal notices it |
//! | `organization.created`, `.updated`, `.deleted` | an organization is created, changed (its image too), or deleted |
//! | `organizationMembership.created`, `.updated`, `.deleted` | a user joins, gets another role or metadata, or leaves |
//! | `organizationInvitation.created`, `.accepted`, `.revoked` | an invitation is created, accepted, or revoked; only the first event has its `url`, because only a hash of the link is stored |
//! | `waitlistEntry.created`, `.updated` | an address joins the waitlist, or its status changes |
//!
//! Clerk documents the names and the payloads of events, but not their causes. Three causes are assumptions: sign-ins update
//! their user; `session.ended` covers all ends other than sign-out and revocation; the deletion of a user or an organization
//! reports no memberships. The portal does not send `email.created`, because the mail is in the outbox, and no events of
//! features that it does not play.
//!
//! An event is stored in the transaction of its change, so a killed portal neither loses nor invents one. Then it is
//! delivered:
//!
//! - The events of one user arrive in order at each URL. Events of other users do not wait for them: up to eight users' events
//!   are sent at once. URLs do not wait for each other. Clerk promises no order, so an application must not depend on it.
//! - A receiver has 15 seconds to respond with a status between 200 and 299. Redirects are failures.
//! - A failed attempt is retried after 1, 5, 15, 30, 60, 120 and 300 seconds, with the same `svix-id` and a new signature.
//!   Then the delivery has failed, and the user's next event is sent. Svix's schedule for Clerk lasts 28 hours.
//! - An event can arrive twice, for example after the portal was killed. Applications recognize it by `svix-id`.
//! - Delivered and failed deliveries are kept among the latest 1,000, pending ones among the latest 10,000.
//!
//! `/__local/webhooks` lists the deliveries with their state and body, and has a button to send one again. A test waits with
//! [`LocalPortal::webhook_delivered`]:
//!
//! ```
//! use portal_local::{LocalPortal, SeedUser};
//! use tokio::io::{AsyncWriteExt as _, copy, sink};
//! use tokio::net::TcpListener;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // In place of an application: accepts one message.
//! let receiver = TcpListener::bind("127.0.0.1:0").await?;
//! let url = format!("http://{}/webhooks", receiver.local_addr()?);
//! tokio::spawn(async move {
//!     let (mut stream, _) = receiver.accept().await?;
//!     stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await?;
//!     copy(&mut stream, &mut sink()).await
//! });
//!
//! let portal = LocalPortal::builder().webhook(url).user(SeedUser::new("ada@example.com")).start().await?;
//! let event = portal.webhook_delivered("user.created").await?;
//! assert!(event.body.contains("ada@example.com"));
//! # Ok(())
//! # }
//! ```
//!
//! # Beside another SQLite
//!
//! Cargo links one SQLite per application. This crate accepts rusqlite 0.30 to 0.43, so that Cargo finds a version that
//! fits beside sqlx, SeaORM, diesel or the application's own rusqlite. Where it finds none, start the program instead:
//! `portal-local serve --port 0 --exit-on-stdin-close`, with a pipe as its standard input, ends with the test.
//!
//! # Limits
//!
//! | What | Limit | Above it |
//! |---|---|---|
//! | connections at the same time | 512 | others wait |
//! | head of a request | 128 KiB, of which 64 KiB address; 100 fields | 431, 414 |
//! | time until a whole head has arrived, and idle time between requests | 20 seconds | the connection ends |
//! | body of a request | 256 KiB | 413 |
//! | time in which a body arrives | 30 seconds | 408 |
//! | time in which a client reads nothing of a response | 30 seconds | the connection ends |
//! | body that is read and dropped when a request is refused | 32 MiB | `Connection: close` |
//!
//! # Over HTTP
//!
//! What a test does through [`LocalPortal`], a test in another language does with JSON at `/__local/`:
//!
//! | Address | Does |
//! |---|---|
//! | `GET /__local/env` | the environment variables for an application |
//! | `GET /__local/outbox.json`, `GET /__local/requests.json` | mail that would have been sent; the latest requests |
//! | `GET /__local/webhooks.json` | the latest 200 webhooks with their state, latest first |
//! | `POST /__local/webhooks/send` | `{"number": 1}` sends the webhook with this number of the list again |
//! | `GET`, `PATCH /__local/settings` | [`Settings`], some of them |
//! | `GET`, `POST`, `DELETE /__local/faults` | `{"path": "/v1/jwks", "times": 2, "status": 503}`, or `delay_ms`, `garbage`, `drop` |
//! | `GET`, `POST /__local/clock` | `{"skew_secs": 60}` |
//! | `POST /__local/signing-key/rotate` | a new signing key |
//! | `POST /__local/sign-in-links` | `{"user": "ada@example.com"}` gives `{"url": …}` |
//! | `POST /__local/totp-codes` | `{"user": "ada@example.com"}` gives `{"code": …}`, what their authenticator app shows |
//! | `POST /__local/seed`, `POST /__local/reset` | demonstration data; everything forgotten but the keys |
//!
//! # Security
//!
//! Every client of the portal can create accounts and read every code. It therefore binds loopback addresses
//! only, answers only to its own host names (which stops DNS rebinding), and makes development keys only. Passwords
//! are kept as Argon2id; codes, backup codes, nonces and refresh tokens as SHA-256. The database file holds in plain text the
//! signing key, the secret key, the signing secret of webhooks, and the secrets of authenticator apps, without which their
//! codes cannot be checked. Only its owner can read the file. Codes, hashes, the secret key and the proofs of forms are
//! compared in constant time. The crypto library overwrites the parsed signing key and the key of the forms when they are
//! dropped; other memory is not overwritten.
//!
//! Webhooks hold personal data, and go to loopback addresses only: `localhost` is never looked up, and other names are
//! refused.

mod absent;
mod admin;
mod backend_api;
mod claims;
mod clock;
mod config;
mod dev_browser;
mod device;
mod env_file;
mod error;
mod excerpt;
mod faults;
mod flow;
mod frontend_api;
mod html;
mod ids;
mod images;
mod json;
mod json_body;
mod local_api;
mod mint;
mod multipart;
mod pages;
mod password;
mod portal;
mod redacted;
mod redirect;
mod request_log;
mod rfc3339;
mod same_origin;
mod secrets;
mod seed;
mod server;
mod set_cookies;
mod signing_key;
mod slow_work;
mod start;
mod state;
mod status;
mod store;
mod test_portal;
mod totp;
mod webhooks;

pub use config::LocalPortalBuilder;
pub use error::{RefusedSetting, SettingsError, StartError, WebhookError};
pub use faults::Fault;
pub use portal::LocalPortal;
pub use request_log::RequestRecord;
pub use seed::{SeedOrganization, SeedRole, SeedUser};
pub use store::{Mail, MailKind, Settings, SignUpMode, StoreError, WebhookDelivery, WebhookStatus};
pub use test_portal::{TestBrowser, TestForm, TestPage, TestPortal};
