//! The operations of users. The pages and the Frontend API call the same ones.
//!
//! Each operation is one transaction (a password is verified between two). It answers on two levels: the outer error
//! is the database's, the inner one, [`FlowError`], is for the person.

mod account;
mod actor_token;
mod address;
mod application_invitation;
mod claims;
mod code;
mod error;
mod external;
mod lockout;
mod membership;
mod new_device;
mod organization;
mod organization_invitation;
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

pub(crate) use account::{
    DELETE_PHRASE, add_email_address, change_password, delete_account, devices, make_primary, remove_email_address,
    remove_password, reset_compromised_password, send_address_code, set_password, sign_out_device,
    verify_email_address,
};
pub(crate) use actor_token::issue_actor_token;
pub(crate) use address::{AddressChange, AddressRefusal, add_address, change_address, drop_address};
pub(crate) use application_invitation::{NewApplicationInvitation, invite_to_application};
pub(crate) use claims::template_token;
pub(crate) use code::{Delivery, is_test_address};
pub(crate) use error::{Field, FlowError};
pub(crate) use external::{
    ExternalStep, PROVIDER_NAME, PROVIDER_STRATEGY, allow_provider, leave_for_provider, return_from_provider,
};
pub(crate) use lockout::{LOCKED_FOR_MILLIS, MOST_WRONG_PASSWORDS};
pub(crate) use membership::{add_member, change_role, remove_member};
pub(crate) use new_device::{end_session_by_link, session_of_link};
pub(crate) use organization::{
    Access, NewOrganization, access, activate, create_organization, delete_organization, may_create,
    set_active_organization, update_organization,
};
pub(crate) use organization_invitation::{
    INVITATION_DAYS, Invitees, MOST_INVITATION_DAYS, NewOrganizationInvitation, accept_organization_invitation,
    invite_addresses_to_organization, invite_to_organization, revoke_organization_invitation,
};
pub(crate) use password_reset::{
    PasswordReset, attempt_reset_code, pending_password_reset, send_reset_code, set_reset_password,
};
pub(crate) use profile::{Names, change_names};
pub(crate) use restriction::check_listed;
pub(crate) use reverify::{PROOF_MILLIS, attempt_reverify_code, reverify_password, send_reverify_code};
pub(crate) use second_factor::{
    PendingSecondFactor, SecondFactorMethod, attempt_second_factor, check_for_application, pending_second_factor,
    reverify_totp,
};
pub(crate) use session::{
    begin_session, choose_session, end_session, end_sessions_of, live_session, live_sessions, session_token,
    use_session,
};
pub(crate) use sign_in::{
    PendingSignIn, SignInStep, attempt_password, attempt_sign_in_code, pending_sign_in, send_sign_in_code,
    start_sign_in,
};
pub(crate) use sign_in_token::{SIGN_IN_TOKEN_SECS, issue_sign_in_token};
pub(crate) use sign_up::{
    SignUpStep, attempt_sign_up_code, check_email_address, check_new_sign_up, continue_sign_up, may_sign_up,
    pending_sign_up, send_sign_up_code, sign_up_with_ticket, start_sign_up,
};
pub(crate) use task::complete_task_of;
pub(crate) use ticket::{Ticket, find_ticket, redeem_ticket, ticket_holder};
pub(crate) use totp::{
    begin_totp, enable_totp, has_totp, install_totp, new_backup_codes, remove_backup_codes, remove_totp,
    replace_backup_codes, second_factor,
};
pub(crate) use waitlist::{join_waitlist, send_waitlist_confirmation};

use crate::store::StoreError;

/// Done, refused with a reason, or failed.
pub(crate) type Outcome<T> = Result<Result<T, FlowError>, StoreError>;

/// The reason why work of several steps was rolled back.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The user's request was refused.
    Refused(FlowError),
    /// The database failed.
    Store(StoreError),
}

impl From<FlowError> for Failure {
    fn from(error: FlowError) -> Self {
        Self::Refused(error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}
