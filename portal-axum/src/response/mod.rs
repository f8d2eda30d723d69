//! Responses.

mod redirect;

pub use redirect::PortalRedirect;
