//! [`FlowError`]: errors in a user's input, with Clerk's code and our own sentence.

use crate::password::{MAX_CHARS, MIN_CHARS, WeakPassword};

/// The input that a message belongs to, under the name of its form field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    Identifier,
    EmailAddress,
    /// Several addresses in one field.
    EmailAddresses,
    /// The password, or the new one.
    Password,
    CurrentPassword,
    Code,
    FirstName,
    LastName,
    /// An organization's name.
    Name,
    Slug,
    Role,
    /// The name that the user types to confirm a deletion.
    Confirmation,
    /// An entry of the allowlist or the blocklist.
    ListedIdentifier,
}

impl Field {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Identifier | Self::ListedIdentifier => "identifier",
            Self::EmailAddress => "emailAddress",
            Self::EmailAddresses => "emailAddresses",
            Self::Password => "password",
            Self::CurrentPassword => "currentPassword",
            Self::Code => "code",
            Self::FirstName => "firstName",
            Self::LastName => "lastName",
            Self::Name => "name",
            Self::Slug => "slug",
            Self::Role => "role",
            Self::Confirmation => "confirmation",
        }
    }

    /// The field's name in the Backend API.
    pub(crate) fn parameter(self) -> &'static str {
        match self {
            Self::Identifier | Self::ListedIdentifier => "identifier",
            Self::EmailAddress | Self::EmailAddresses => "email_address",
            Self::Password => "password",
            Self::CurrentPassword => "current_password",
            Self::Code => "code",
            Self::FirstName => "first_name",
            Self::LastName => "last_name",
            Self::Name => "name",
            Self::Slug => "slug",
            Self::Role => "role",
            Self::Confirmation => "confirmation",
        }
    }

    /// The expected input.
    fn wanted(self) -> &'static str {
        match self {
            Self::Identifier | Self::EmailAddress => "your email address",
            Self::EmailAddresses => "at least one email address",
            Self::Password => "your password",
            Self::CurrentPassword => "your current password",
            Self::Code => "your code",
            Self::FirstName => "your first name",
            Self::LastName => "your last name",
            Self::Name => "a name for the organization",
            Self::Slug => "a slug",
            Self::Role => "a role",
            Self::Confirmation => "the confirmation",
            Self::ListedIdentifier => "an email address or a domain",
        }
    }

    fn noun(self) -> &'static str {
        match self {
            Self::Identifier | Self::EmailAddress | Self::EmailAddresses => "email address",
            Self::Password | Self::CurrentPassword => "password",
            Self::Code => "code",
            Self::FirstName => "first name",
            Self::LastName => "last name",
            Self::Name => "name",
            Self::Slug => "slug",
            Self::Role => "role",
            Self::Confirmation => "confirmation",
            Self::ListedIdentifier => "entry",
        }
    }
}

/// The reason why a step of a flow was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FlowError {
    #[error("Enter {}.", .field.wanted())]
    Missing { field: Field },
    #[error("Enter a valid email address.")]
    EmailAddressInvalid { field: Field },
    #[error("{address} isn't a valid email address.")]
    OneAddressInvalid { address: String },
    #[error("Shorten the {} to {most} characters or fewer.", .field.noun())]
    TooLong { field: Field, most: usize },
    #[error("We couldn't find an account with this email address.")]
    IdentifierNotFound,
    #[error("An account with this email address already exists.")]
    IdentifierExists,
    #[error("That password isn't correct. Try again or use another method.")]
    PasswordIncorrect,
    #[error("Your current password isn't correct. Try again.")]
    CurrentPasswordIncorrect,
    #[error("This is already your password. Choose a different one.")]
    PasswordUnchanged,
    #[error("Your password may be compromised, so you can't sign in with it.")]
    PasswordCompromised,
    #[error("You need an invitation to sign up. Ask an administrator for one.")]
    SignUpRestricted,
    #[error("You need an invitation to sign up. Join the waitlist to get one.")]
    SignUpWaitlist,
    #[error("You can't use this email address for this application. Use another one or ask an administrator.")]
    AddressNotAdmitted { field: Field },
    #[error("Enter your email address without the part that starts with +, # or =.")]
    SubaddressBlocked,
    #[error("An account with the same email address, written without dots, already exists.")]
    UndottedExists,
    #[error("This email address belongs to a disposable email service. Use a permanent one.")]
    DisposableAddress,
    #[error("This is your only way to sign in. Add and verify another email address first.")]
    LastIdentification,
    #[error("This is your primary email address. Make another one primary first.")]
    PrimaryAddress,
    #[error("You can't delete your account. Ask an administrator to delete it.")]
    DeletionDisabled,
    #[error(
        "You're the only member who can manage {organizations}. Give another member that role or delete the organization first."
    )]
    SoleManager { organizations: String },
    #[error("This account doesn't have a password. Use another method.")]
    NoPassword,
    #[error("Too many attempts. Try again in {}.", minutes(*.retry_after_secs))]
    Locked { retry_after_secs: i64 },
    #[error("Choose a password with at least {least} characters.")]
    PasswordTooShort { least: usize },
    #[error("Choose a password with at most {most} characters.")]
    PasswordTooLong { most: usize },
    #[error("Choose a shorter password. It can have at most {most} bytes.")]
    PasswordTooManyBytes { most: usize },
    #[error("Choose a password that isn't your email address.")]
    PasswordIsIdentifier,
    #[error("This password is too common. Choose a different one.")]
    PasswordWellKnown,
    #[error("Enter a code of six digits.")]
    CodeMalformed,
    #[error("That code isn't correct. You have {} left.", tries(*.tries_left))]
    CodeIncorrect { tries_left: u32 },
    #[error("That code isn't correct. Enter the code that your authenticator app shows now.")]
    CodeNotCurrent,
    #[error("You've already used this code. Wait for the next one.")]
    CodeReplayed,
    #[error("Enter a backup code of eight letters and digits.")]
    BackupCodeMalformed,
    #[error("This code has expired. Send a new code.")]
    CodeExpired,
    #[error("You entered too many wrong codes. Send a new code.")]
    CodeUsedUp,
    #[error("We just sent you a code. Wait {} before you request another one.", seconds(*.retry_after_secs))]
    TooManyRequests { retry_after_secs: i64 },
    #[error("Your attempt has expired. Start again.")]
    AttemptLost,
    #[error("Use lowercase letters, digits and hyphens for the slug.")]
    SlugInvalid,
    #[error("This slug is taken. Choose a different one.")]
    SlugTaken,
    #[error("Organizations aren't enabled for this application.")]
    OrganizationsDisabled,
    #[error("You can't create organizations. Ask an administrator for an invitation.")]
    CreationDisabled,
    #[error("Your role doesn't allow this. Ask an administrator of the organization.")]
    PermissionMissing { permission: &'static str },
    #[error(
        "An organization needs a member who can manage its members. Give another member that role, then try again."
    )]
    LastManager,
    #[error("The organization can have at most {most} members, including pending invitations. Remove one first.")]
    QuotaExceeded { most: u32 },
    #[error("{address} is already a member.")]
    AlreadyMember { address: String },
    #[error("Invite at most {most} email addresses at once.")]
    TooManyAddresses { most: usize },
    #[error("{address} already has a pending invitation.")]
    AlreadyInvited { address: String },
    #[error("You're not a member of this organization. Choose another one.")]
    NotAMember,
    #[error("This account is banned and can't sign in. Ask an administrator.")]
    Banned,
    #[error(
        "You didn't allow {} to share your profile. Try again or use another method.",
        super::PROVIDER_NAME
    )]
    ExternalDenied,
    #[error("Your request to continue with {} has expired. Start again.", super::PROVIDER_NAME)]
    ExternalLost,
    #[error("This {} account is already connected to another account.", super::PROVIDER_NAME)]
    ExternalTaken,
    #[error(
        "An account with this email address already exists, and {name} hasn't verified that the address is yours. Sign \
         in another way, then connect {name} in your account.",
        name = super::PROVIDER_NAME
    )]
    ExternalUnverified,
    #[error("This role doesn't exist. Choose another one.")]
    RoleUnknown,
    #[error("This user isn't a member of the organization.")]
    MemberUnknown,
    #[error("This user doesn't exist.")]
    UserUnknown,
    #[error("This invitation is no longer valid. Ask for a new one.")]
    InvitationOver,
    #[error("Type {expected} to confirm.")]
    ConfirmationWrong { expected: String },
    #[error("The redirect URL isn't allowed for this application.")]
    RedirectRefused,
    #[error("A primary email address must be verified. Send verified: true too.")]
    PrimaryUnverified,
    #[error("A primary email address must be verified. Make another one primary first.")]
    UnverifiesPrimary,
}

impl From<WeakPassword> for FlowError {
    fn from(weakness: WeakPassword) -> Self {
        match weakness {
            WeakPassword::TooShort => Self::PasswordTooShort { least: MIN_CHARS },
            WeakPassword::TooLong => Self::PasswordTooLong { most: MAX_CHARS },
            WeakPassword::TooManyBytes => Self::PasswordTooManyBytes { most: MAX_CHARS },
            WeakPassword::IsIdentifier => Self::PasswordIsIdentifier,
            WeakPassword::WellKnown => Self::PasswordWellKnown,
        }
    }
}

impl FlowError {
    /// Clerk's code for this error.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Missing { .. } => "form_param_nil",
            Self::EmailAddressInvalid { .. }
            | Self::OneAddressInvalid { .. }
            | Self::CodeMalformed
            | Self::BackupCodeMalformed
            | Self::SlugInvalid => "form_param_format_invalid",
            Self::TooLong { .. } | Self::TooManyAddresses { .. } => "form_param_max_length_exceeded",
            Self::IdentifierNotFound => "form_identifier_not_found",
            Self::IdentifierExists | Self::SlugTaken => "form_identifier_exists",
            Self::PasswordIncorrect | Self::CurrentPasswordIncorrect => "form_password_incorrect",
            Self::PasswordUnchanged => "form_new_password_matches_current",
            Self::PasswordCompromised => "form_password_compromised",
            Self::SignUpRestricted => "sign_up_mode_restricted",
            Self::SignUpWaitlist => "sign_up_restricted_waitlist",
            Self::AddressNotAdmitted { .. } | Self::SubaddressBlocked | Self::UndottedExists => "not_allowed_access",
            Self::DisposableAddress => "form_email_address_blocked",
            Self::LastIdentification | Self::PrimaryAddress => "identification_deletion_failed",
            Self::DeletionDisabled => "user_delete_self_disabled",
            Self::NoPassword => "strategy_for_user_invalid",
            Self::Locked { .. } => "user_locked",
            Self::PasswordTooShort { .. } => "form_password_length_too_short",
            Self::PasswordTooLong { .. } => "form_password_length_too_long",
            Self::PasswordTooManyBytes { .. } => "form_password_size_in_bytes_exceeded",
            Self::PasswordIsIdentifier => "form_password_matches_identifier",
            Self::PasswordWellKnown => "form_password_pwned",
            Self::CodeIncorrect { .. } | Self::CodeNotCurrent | Self::CodeReplayed => "form_code_incorrect",
            Self::CodeExpired => "verification_expired",
            Self::CodeUsedUp => "verification_failed",
            Self::TooManyRequests { .. } => "too_many_requests",
            Self::AttemptLost | Self::RoleUnknown | Self::MemberUnknown | Self::UserUnknown => "resource_not_found",
            Self::ExternalDenied => "oauth_access_denied",
            Self::ExternalLost => "oauth_callback_invalid",
            Self::ExternalTaken => "oauth_identification_claimed",
            Self::ExternalUnverified => "external_account_exists",
            Self::NotAMember => "not_a_member_in_organization",
            Self::Banned => "user_banned",
            Self::OrganizationsDisabled => "organization_not_enabled_in_instance",
            Self::CreationDisabled => "organization_creation_disabled",
            Self::PermissionMissing { .. } => "missing_permission",
            Self::LastManager | Self::SoleManager { .. } => "organization_minimum_permissions_needed",
            Self::QuotaExceeded { .. } => "organization_membership_quota_exceeded",
            Self::AlreadyMember { .. } => "already_a_member_in_organization",
            Self::AlreadyInvited { .. } => "duplicate_record",
            Self::InvitationOver => "organization_invitation_not_pending",
            Self::ConfirmationWrong { .. }
            | Self::RedirectRefused
            | Self::PrimaryUnverified
            | Self::UnverifiesPrimary => "form_param_value_invalid",
        }
    }

    /// The input that the person should look at.
    pub(crate) fn field(&self) -> Option<Field> {
        match self {
            Self::Missing { field }
            | Self::EmailAddressInvalid { field }
            | Self::TooLong { field, .. }
            | Self::AddressNotAdmitted { field } => Some(*field),
            Self::IdentifierNotFound => Some(Field::Identifier),
            Self::IdentifierExists | Self::SubaddressBlocked | Self::UndottedExists | Self::DisposableAddress => {
                Some(Field::EmailAddress)
            }
            Self::CurrentPasswordIncorrect => Some(Field::CurrentPassword),
            Self::PasswordIncorrect
            | Self::PasswordUnchanged
            | Self::PasswordCompromised
            | Self::PasswordTooShort { .. }
            | Self::PasswordTooLong { .. }
            | Self::PasswordTooManyBytes { .. }
            | Self::PasswordIsIdentifier
            | Self::PasswordWellKnown => Some(Field::Password),
            Self::CodeMalformed
            | Self::CodeIncorrect { .. }
            | Self::CodeNotCurrent
            | Self::CodeReplayed
            | Self::BackupCodeMalformed
            | Self::CodeExpired
            | Self::CodeUsedUp => Some(Field::Code),
            Self::SlugInvalid | Self::SlugTaken => Some(Field::Slug),
            Self::OneAddressInvalid { .. }
            | Self::TooManyAddresses { .. }
            | Self::AlreadyMember { .. }
            | Self::AlreadyInvited { .. }
            | Self::QuotaExceeded { .. } => Some(Field::EmailAddresses),
            Self::RoleUnknown => Some(Field::Role),
            Self::ConfirmationWrong { .. } => Some(Field::Confirmation),
            _ => None,
        }
    }

    /// Returns the seconds to wait, if waiting helps.
    pub(crate) fn retry_after_secs(&self) -> Option<i64> {
        match self {
            Self::Locked { retry_after_secs } | Self::TooManyRequests { retry_after_secs } => Some(*retry_after_secs),
            _ => None,
        }
    }
}

fn minutes(secs: i64) -> String {
    count(secs.saturating_add(59) / 60, "minute", "minutes")
}

fn seconds(secs: i64) -> String {
    count(secs, "second", "seconds")
}

fn tries(left: u32) -> String {
    count(i64::from(left), "try", "tries")
}

fn count(number: i64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_count_correctly() {
        for (error, sentence) in [
            (
                FlowError::Locked {
                    retry_after_secs: 3_600,
                },
                "Too many attempts. Try again in 60 minutes.",
            ),
            (
                FlowError::Locked { retry_after_secs: 1 },
                "Too many attempts. Try again in 1 minute.",
            ),
            (
                FlowError::CodeIncorrect { tries_left: 1 },
                "That code isn't correct. You have 1 try left.",
            ),
            (
                FlowError::Missing {
                    field: Field::Identifier,
                },
                "Enter your email address.",
            ),
        ] {
            assert_eq!(error.to_string(), sentence);
        }
    }
}
