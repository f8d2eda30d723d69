//! Links to Clerk's Account Portal and authentication of requests, without a web framework.

pub mod authenticator;
pub mod backend;
pub mod clock;
pub mod decide;
pub mod instance;
pub mod names;
pub mod portal;
pub mod request;
pub mod secret;
pub mod state;
pub mod token;

pub use authenticator::{Authenticated, Authenticator};
pub use instance::Instance;
pub use portal::Portal;
pub use state::RequestState;
