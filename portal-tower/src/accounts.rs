//! The part of a backend that applications use, behind one type, so that `Auth` need not name the backend.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use portal_sdk::Authenticator;
use portal_sdk::backend::{Backend, BackendError, User};
use portal_sdk::token::{SessionId, UserId};

type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Looks up users and ends sessions.
pub(crate) trait Accounts: Send + Sync + fmt::Debug {
    fn user<'a>(&'a self, id: &'a UserId) -> BoxFuture<'a, Result<User, BackendError>>;
    fn revoke_session<'a>(&'a self, id: &'a SessionId) -> BoxFuture<'a, Result<(), BackendError>>;
}

impl<B: Backend> Accounts for Authenticator<B> {
    fn user<'a>(&'a self, id: &'a UserId) -> BoxFuture<'a, Result<User, BackendError>> {
        Box::pin(self.backend().user(id))
    }

    fn revoke_session<'a>(&'a self, id: &'a SessionId) -> BoxFuture<'a, Result<(), BackendError>> {
        Box::pin(self.backend().revoke_session(id))
    }
}
