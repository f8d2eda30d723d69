//! Sign-out at Clerk and in the browser: [`SignOut`].
//!
//! 1. Only `POST` signs out, so that a link cannot; other methods get 405. With [`SignOut::with_confirmation`], `GET`
//!    shows a page with a button.
//! 2. A request from another site's page gets 403.
//! 3. The session of the request's token is revoked through the Backend API. The instance must have signed the token,
//!    but it may have expired or contradict other cookies. A session that has already ended counts as revoked.
//! 4. This process rejects the session's tokens from now on. Otherwise a token would outlive its session by up to a
//!    minute.
//! 5. On this host and each of its parent domains, the session and refresh cookies of this instance are removed and
//!    `__client_uat` is set to 0. The development browser's token stays.
//! 6. The response is 303 to the location set with [`SignOut::with_redirect`] (default: `/`). htmx gets `HX-Redirect`; Turbo,
//!    Unpoly and Datastar get content that continues there.
//! 7. The response has `Clear-Site-Data: "cache"`, so that the browser drops its cached pages.
//!
//! If Clerk is unreachable, the session stays active there. The cookies are still cleared, and the response is a 503
//! page that explains this, with a button to retry. For the retry, the cookie `__portal_sign_out` keeps the session
//! token for an hour; it never authenticates a request.
//!
//! # After sign-out
//!
//! Browsers keep whole pages in memory for Back (the back/forward cache), and responses in their HTTP cache. After
//! sign-out, Back shows this (measured in Chromium 156):
//!
//! | Page | Without `Clear-Site-Data` | With `Clear-Site-Data` |
//! |---|---|---|
//! | left before the page with the sign-out button | the private page, from memory | fetched again: sign-in |
//! | the page with the sign-out button itself | the private page, from memory | the private page, from memory, because it is still open when the response arrives |
//! | only in the HTTP cache | fetched again, because `Vary: Cookie` no longer matches | fetched again |
//! | any page with `no-store` | fetched again | fetched again |
//!
//! For pages that Back must never show, use [`RequireAuthLayer::with_no_store`](crate::RequireAuthLayer::with_no_store)
//! or [`AuthenticateLayer::with_no_store`](crate::AuthenticateLayer::with_no_store). The browser then loads such a page
//! again on every Back. [`SignOut::with_confirmation`] inserts a page, so that the browser has left the private page
//! before. Browsers honor `Clear-Site-Data` on https and loopback hosts only; older browsers ignore it.
//!
//! [`SignOut`]: crate::SignOut
//! [`SignOut::with_redirect`]: crate::SignOut::with_redirect
//! [`SignOut::with_confirmation`]: crate::SignOut::with_confirmation

mod left_over;
pub(crate) mod service;

pub use service::ResponseFuture;
