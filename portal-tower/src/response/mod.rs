//! Responses made here: their body, redirects for each kind of caller, and the plain page.

mod body;
mod html;
mod redirect;

pub use body::{BytesBody, ResponseBody};
pub(crate) use html::{content_that_goes_to, escape, page, page_that_goes_to};
pub(crate) use redirect::go_to;
