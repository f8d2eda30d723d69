//! End the session at Clerk and in the browser: [`SignOut`].
//!
//! 1. Only `POST` signs out; anything else is 405. A link must not be able to do it. With
//!    [`SignOut::with_confirmation`], `GET` shows a page that asks.
//! 2. A page of another site cannot do it either: 403.
//! 3. The session of the token that was sent is revoked through the Backend API, also when the token has expired or
//!    contradicts other cookies, as long as the instance signed it. A session that is already over counts as revoked.
//! 4. This process treats the session as over from now on: a token outlives its session by up to a minute otherwise.
//! 5. The session and refresh cookies of this instance are removed and `__client_uat` is set to 0, on this host and on
//!    each of its parent domains. The development browser's token stays.
//! 6. The answer is 303 to the address given with [`SignOut::then`], by default `/`; htmx gets `HX-Redirect`, and
//!    Turbo, Unpoly and Datastar get content that continues there.
//! 7. The answer says `Clear-Site-Data: "cache"`, so that the browser forgets the pages it has kept.
//!
//! If Clerk cannot be reached the session lives on there. The cookies are cleared all the same, and the answer is a 503
//! page that says so and offers to try again; for that, the session token is kept for an hour in the cookie
//! `__portal_sign_out`, which signs no request in.
//!
//! # After sign-out
//!
//! Browsers keep whole pages in memory for Back (the back/forward cache), and answers in their HTTP cache. What Back
//! shows after sign-out, measured in Chromium 156:
//!
//! | Page | Without `Clear-Site-Data` | With it, as sent here |
//! |---|---|---|
//! | left before the page with the sign-out button | the private page, from memory | fetched again: sign-in |
//! | the page with the sign-out button itself | the private page, from memory | the private page, from memory: it is still open when the answer comes |
//! | kept in the HTTP cache only | fetched again: `Vary: Cookie` no longer fits | fetched again |
//! | with `no-store`, anywhere | fetched again | fetched again |
//!
//! For pages that must never come back there are
//! [`RequireAuthLayer::with_no_store`](crate::RequireAuthLayer::with_no_store) and
//! [`AuthenticateLayer::with_no_store`](crate::AuthenticateLayer::with_no_store); such pages are loaded again on every
//! Back. [`SignOut::with_confirmation`] puts a page between, so that the private one was left earlier. Browsers heed
//! `Clear-Site-Data` on https and on loopback hosts only; those that do not know it ignore it.

mod left_over;
mod service;

pub use service::{ResponseFuture, SignOut};
