//! [`Authenticator::user`]: users in memory for a few seconds.

use std::sync::Arc;

use super::{Authenticator, Shared};
use crate::backend::{BackendApi, User};
use crate::clock::UnixTime;
use crate::effect::BackendError;
use crate::token::UserId;

impl<B: BackendApi> Authenticator<B> {
    /// Returns a user by ID, from memory if the data is [fresh](super::AuthenticatorBuilder::user_cache).
    ///
    /// Concurrent calls for one user share one call to Clerk (single flight). At most 1,000 users are cached; failures
    /// are not.
    ///
    /// # Errors
    ///
    /// Returns [`BackendError`] if the call fails or the user does not exist.
    pub async fn user(&self, id: &UserId) -> Result<Arc<User>, BackendError> {
        let Shared {
            backend, clock, users, ..
        } = &*self.shared;
        users.user(backend, clock, id, None).await
    }

    /// Returns a user like [`user`](Self::user), with data from `since` or later.
    ///
    /// Pass the time of issue of a session token, so that the data is at least as new as the token.
    ///
    /// # Errors
    ///
    /// Returns [`BackendError`] if the call fails or the user does not exist.
    pub async fn user_since(&self, id: &UserId, since: UnixTime) -> Result<Arc<User>, BackendError> {
        let Shared {
            backend, clock, users, ..
        } = &*self.shared;
        users.user(backend, clock, id, Some(since)).await
    }

    /// Drops a user from memory, so that the next [`user`](Self::user) fetches them. Call it after you change a user.
    ///
    /// Other processes keep their data until it expires.
    pub fn forget_user(&self, id: &UserId) {
        self.shared.users.forget(id);
    }
}
