//! Connections that end when the session does: [`Leased`] responses and (feature `ws`) [`LeasedSocket`].

mod response;
#[cfg(feature = "ws")]
mod socket;

pub use response::Leased;
#[cfg(feature = "ws")]
pub use socket::{LeasedSocket, close_frame};
