//! Redirects to the portal: [`RedirectToPortal`] as a service, [`PortalRedirect`] from a handler.
//!
//! | Page | Signed in | Signed out | Undecided |
//! |---|---|---|---|
//! | sign-in, sign-up, session tasks, waitlist, unauthorized sign-in | 303 to the page | 303 to the page | 303 to the page |
//! | user profile, organization pages | 303 to the page | 303 to sign-in, and from there to the page | 503 |
//!
//! The portal sends the user back to the first of these that is set, and never to this service itself:
//!
//! 1. the instance's forced redirect (`CLERK_SIGN_IN_FORCE_REDIRECT_URL`, `CLERK_SIGN_UP_FORCE_REDIRECT_URL`), after
//!    sign-in and sign-up;
//! 2. the location given with [`RedirectToPortal::with_return_back`];
//! 3. the referring page: the `Referer`, if it is on the application's origin;
//! 4. the fallback redirect of the page's flow (`CLERK_SIGN_IN_FALLBACK_REDIRECT_URL`,
//!    `CLERK_SIGN_UP_FALLBACK_REDIRECT_URL`), after sign-in and sign-up;
//! 5. the application's root.
//!
//! [`RedirectToPortal`]: crate::RedirectToPortal
//! [`RedirectToPortal::with_return_back`]: crate::RedirectToPortal::with_return_back

pub(crate) mod portal_redirect;
pub(crate) mod service;

pub(crate) use portal_redirect::PortalRedirect;
pub use service::ResponseFuture;
