//! Requirements behind references, boxes and shared pointers.

use std::sync::Arc;

use super::{Requirement, Verdict};
use crate::token::SessionClaims;

// Not recommended, so that the compiler reports the type that was passed, such as `&str`, with the message of
// `Requirement`.
#[diagnostic::do_not_recommend]
impl<R: Requirement + ?Sized> Requirement for &R {
    fn verdict(&self, claims: &SessionClaims) -> Verdict {
        (**self).verdict(claims)
    }
}

#[diagnostic::do_not_recommend]
impl<R: Requirement + ?Sized> Requirement for Box<R> {
    fn verdict(&self, claims: &SessionClaims) -> Verdict {
        (**self).verdict(claims)
    }
}

#[diagnostic::do_not_recommend]
impl<R: Requirement + ?Sized> Requirement for Arc<R> {
    fn verdict(&self, claims: &SessionClaims) -> Verdict {
        (**self).verdict(claims)
    }
}
