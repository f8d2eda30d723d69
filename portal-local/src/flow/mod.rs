//! The operations of users and administrators. The pages and the APIs call the same ones.
//!
//! Each operation is a method of [`Flow`], or of [`BrowserFlow`] if it belongs to a browser, and runs in one transaction.
//! [`FlowFailure`] says what becomes of the transaction when the operation fails: a refusal rolls it back unless it must
//! be recorded. The operations that hash a password between two transactions are methods of [`BrowserFlows`].

mod account;
mod actor_token;
mod address;
mod application_invitation;
mod claims;
mod code;
mod context;
mod error;
mod external;
mod failure;
mod lockout;
mod membership;
mod new_device;
mod organization;
mod organization_invitation;
mod password;
mod password_reset;
mod profile;
mod restriction;
mod reverify;
mod second_factor;
mod session;
mod sign_in;
mod sign_in_token;
mod sign_up;
mod task;
mod ticket;
mod totp;
mod waitlist;

pub(crate) use account::DELETE_PHRASE;
pub(crate) use address::AddressChange;
pub(crate) use application_invitation::NewApplicationInvitation;
pub(crate) use code::{CodeRequest, is_test_address};
pub(crate) use context::{Application, BrowserFlow, BrowserFlows, Flow, Flows};
pub(crate) use error::{Field, FlowError};
pub(crate) use external::{ExternalStep, PROVIDER_NAME, PROVIDER_STRATEGY};
pub(crate) use failure::{FlowFailure, refused};
pub(crate) use lockout::{LOCKED_FOR_MILLIS, MOST_WRONG_PASSWORDS};
pub(crate) use organization::{Access, NewOrganization};
pub(crate) use organization_invitation::{INVITATION_DAYS, Invitees, MOST_INVITATION_DAYS, NewOrganizationInvitation};
pub(crate) use password::NewPassword;
pub(crate) use password_reset::PasswordReset;
pub(crate) use profile::Names;
pub(crate) use restriction::check_listed;
pub(crate) use reverify::PROOF_MILLIS;
pub(crate) use second_factor::{PendingSecondFactor, SecondFactorMethod};
pub(crate) use sign_in::{PendingSignIn, SignInStep};
pub(crate) use sign_in_token::SIGN_IN_TOKEN_SECS;
pub(crate) use sign_up::{SignUpStep, check_email_address, check_new_sign_up, may_sign_up};
pub(crate) use ticket::Ticket;

/// The result of a step of a flow.
pub(crate) type Outcome<T> = Result<T, FlowFailure>;
