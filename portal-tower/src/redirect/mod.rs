//! Send people to a page of the portal: [`RedirectToPortal`] as a service, [`PortalRedirect`] from a handler.
//!
//! | Page | Somebody is signed in | Nobody is | It cannot be told |
//! |---|---|---|---|
//! | sign-in, sign-up, session tasks, waitlist, unauthorized sign-in | 303 to the page | 303 to the page | 303 to the page |
//! | user profile, organization pages | 303 to the page | 303 to sign-in, then here again | 503 |
//!
//! The portal sends the person back to the page they came from: the `Referer`, if it lies on the application's own
//! origin, else the application's root; never this service itself.

mod portal_redirect;
mod service;

pub use portal_redirect::PortalRedirect;
pub use service::{RedirectToPortal, ResponseFuture};
