//! Parts of the responses made here: the body and the plain page.

mod body;
mod html;
mod leased_body;

pub use body::{BytesBody, ResponseBody};
pub(crate) use html::{content_that_goes_to, escape, page, page_that_goes_to, refresh_to};
pub use leased_body::LeasedBody;
