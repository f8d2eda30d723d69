//! What people do here, independent of how they ask: the pages and the Frontend API lead to the same operations.
//!
//! Each operation is one transaction (a password is verified between two). It answers on two levels: the outer error
//! is the database's, the inner one, [`FlowError`], is for the person.

mod code;
mod error;
mod profile;
mod session;
mod sign_in;
mod sign_up;

pub(crate) use code::{Delivery, is_test_address};
pub(crate) use error::{Field, FlowError};
pub(crate) use profile::{Names, change_names};
pub(crate) use session::{end_session, live_session};
pub(crate) use sign_in::{
    MOST_WRONG_PASSWORDS, PendingSignIn, attempt_password, attempt_sign_in_code, pending_sign_in, send_sign_in_code,
    start_sign_in,
};
pub(crate) use sign_up::{attempt_sign_up_code, check_new_sign_up, pending_sign_up, send_sign_up_code, start_sign_up};

use crate::store::StoreError;

/// Done, refused with a reason, or failed.
pub(crate) type Outcome<T> = Result<Result<T, FlowError>, StoreError>;
