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
    /// The name in a form and in the Backend API, then the value in the words of a request and of a statement.
    fn words(self) -> [&'static str; 4] {
        match self {
            Self::Identifier => ["identifier", "identifier", "your email address", "email address"],
            Self::EmailAddress => ["emailAddress", "email_address", "your email address", "email address"],
            Self::EmailAddresses => [
                "emailAddresses",
                "email_address",
                "at least one email address",
                "email address",
            ],
            Self::Password => ["password", "password", "your password", "password"],
            Self::CurrentPassword => [
                "currentPassword",
                "current_password",
                "your current password",
                "password",
            ],
            Self::Code => ["code", "code", "your code", "code"],
            Self::FirstName => ["firstName", "first_name", "your first name", "first name"],
            Self::LastName => ["lastName", "last_name", "your last name", "last name"],
            Self::Name => ["name", "name", "a name for the organization", "name"],
            Self::Slug => ["slug", "slug", "a slug", "slug"],
            Self::Role => ["role", "role", "a role", "role"],
            Self::Confirmation => ["confirmation", "confirmation", "the confirmation", "confirmation"],
            Self::ListedIdentifier => ["identifier", "identifier", "an email address or a domain", "entry"],
        }
    }

    pub(crate) fn name(self) -> &'static str {
        self.words()[0]
    }

    /// The field's name in the Backend API.
    pub(crate) fn parameter(self) -> &'static str {
        self.words()[1]
    }

    /// The expected input.
    fn wanted(self) -> &'static str {
        self.words()[2]
    }

    fn noun(self) -> &'static str {
        self.words()[3]
    }
}

/// Declares [`FlowError`]: for each error its sentence, Clerk's code and, if there is one, the input to look at.
macro_rules! flow_errors {
    ($( #[error($($sentence:tt)+)] $variant:ident $({ $($name:ident: $type:ty),+ })? => $code:literal $(, $field:expr)?; )+) => {
        /// The reason why a step of a flow was refused.
        #[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
        pub(crate) enum FlowError {
            $( #[error($($sentence)+)] $variant $({ $($name: $type),+ })?, )+
        }

        impl FlowError {
            /// Clerk's code for this error.
            pub(crate) fn code(&self) -> &'static str {
                match self {
                    $( Self::$variant { .. } => $code, )+
                }
            }

            /// The input that the user should look at.
            #[expect(unused_variables, reason = "few fields are those of an error's own")]
            pub(crate) fn field(&self) -> Option<Field> {
                match self {
                    $( Self::$variant $({ $($name),+ })? => flow_errors!(@field $($field)?), )+
                }
            }
        }
    };
    (@field) => {
        None
    };
    (@field $field:expr) => {
        Some($field)
    };
}

flow_errors! {
    #[error("Enter {}.", .field.wanted())]
    Missing { field: Field } => "form_param_nil", *field;
    #[error("Enter a valid email address.")]
    EmailAddressInvalid { field: Field } => "form_param_format_invalid", *field;
    #[error("{address} isn't a valid email address.")]
    OneAddressInvalid { address: String } => "form_param_format_invalid", Field::EmailAddresses;
    #[error("Shorten the {} to {most} characters or fewer.", .field.noun())]
    TooLong { field: Field, most: usize } => "form_param_max_length_exceeded", *field;
    #[error("We couldn't find an account with this email address.")]
    IdentifierNotFound => "form_identifier_not_found", Field::Identifier;
    #[error("An account with this email address already exists.")]
    IdentifierExists => "form_identifier_exists", Field::EmailAddress;
    #[error("That password isn't correct. Try again or use another method.")]
    PasswordIncorrect => "form_password_incorrect", Field::Password;
    #[error("Your current password isn't correct. Try again.")]
    CurrentPasswordIncorrect => "form_password_incorrect", Field::CurrentPassword;
    #[error("This is already your password. Choose a different one.")]
    PasswordUnchanged => "form_new_password_matches_current", Field::Password;
    #[error("Your password may be compromised, so you can't sign in with it.")]
    PasswordCompromised => "form_password_compromised", Field::Password;
    #[error("You need an invitation to sign up. Ask an administrator for one.")]
    SignUpRestricted => "sign_up_mode_restricted";
    #[error("You need an invitation to sign up. Join the waitlist to get one.")]
    SignUpWaitlist => "sign_up_restricted_waitlist";
    #[error("You can't use this email address for this application. Use another one or ask an administrator.")]
    AddressNotAdmitted { field: Field } => "not_allowed_access", *field;
    #[error("Enter your email address without the part that starts with +, # or =.")]
    SubaddressBlocked => "not_allowed_access", Field::EmailAddress;
    #[error("An account with the same email address, written without dots, already exists.")]
    UndottedExists => "not_allowed_access", Field::EmailAddress;
    #[error("This email address belongs to a disposable email service. Use a permanent one.")]
    DisposableAddress => "form_email_address_blocked", Field::EmailAddress;
    #[error("This is your only way to sign in. Add and verify another email address first.")]
    LastIdentification => "identification_deletion_failed";
    #[error("This is your primary email address. Make another one primary first.")]
    PrimaryAddress => "identification_deletion_failed";
    #[error("You can't delete your account. Ask an administrator to delete it.")]
    DeletionDisabled => "user_delete_self_disabled";
    #[error(
        "You're the only member who can manage {organizations}. Give another member that role or delete the organization first."
    )]
    SoleManager { organizations: String } => "organization_minimum_permissions_needed";
    #[error("This account doesn't have a password. Use another method.")]
    NoPassword => "strategy_for_user_invalid";
    #[error("Too many attempts. Try again in {}.", minutes(*.retry_after_secs))]
    Locked { retry_after_secs: i64 } => "user_locked";
    #[error("Choose a password with at least {least} characters.")]
    PasswordTooShort { least: usize } => "form_password_length_too_short", Field::Password;
    #[error("Choose a password with at most {most} characters.")]
    PasswordTooLong { most: usize } => "form_password_length_too_long", Field::Password;
    #[error("Choose a shorter password. It can have at most {most} bytes.")]
    PasswordTooManyBytes { most: usize } => "form_password_size_in_bytes_exceeded", Field::Password;
    #[error("Choose a password that isn't your email address.")]
    PasswordIsIdentifier => "form_password_matches_identifier", Field::Password;
    #[error("This password is too common. Choose a different one.")]
    PasswordWellKnown => "form_password_pwned", Field::Password;
    #[error("Enter a code of six digits.")]
    CodeMalformed => "form_param_format_invalid", Field::Code;
    #[error("That code isn't correct. You have {} left.", tries(*.tries_left))]
    CodeIncorrect { tries_left: u32 } => "form_code_incorrect", Field::Code;
    #[error("That code isn't correct. Enter the code that your authenticator app shows now.")]
    CodeNotCurrent => "form_code_incorrect", Field::Code;
    #[error("You've already used this code. Wait for the next one.")]
    CodeReplayed => "form_code_incorrect", Field::Code;
    #[error("That backup code isn't correct. Enter one that you haven't used yet.")]
    BackupCodeIncorrect => "form_code_incorrect", Field::Code;
    #[error("Enter a backup code of eight letters and digits.")]
    BackupCodeMalformed => "form_param_format_invalid", Field::Code;
    #[error("This code has expired. Send a new code.")]
    CodeExpired => "verification_expired", Field::Code;
    #[error("You entered too many wrong codes. Send a new code.")]
    CodeUsedUp => "verification_failed", Field::Code;
    #[error("We just sent you a code. Wait {} before you request another one.", seconds(*.retry_after_secs))]
    TooManyRequests { retry_after_secs: i64 } => "too_many_requests";
    #[error("Your attempt has expired. Start again.")]
    AttemptLost => "resource_not_found";
    #[error("Use lowercase letters, digits and hyphens for the slug.")]
    SlugInvalid => "form_param_format_invalid", Field::Slug;
    #[error("This slug is taken. Choose a different one.")]
    SlugTaken => "form_identifier_exists", Field::Slug;
    #[error("Organizations aren't enabled for this application.")]
    OrganizationsDisabled => "organization_not_enabled_in_instance";
    #[error("You can't create organizations. Ask an administrator for an invitation.")]
    CreationDisabled => "organization_creation_disabled";
    #[error("Your role doesn't allow this. Ask an administrator of the organization.")]
    PermissionMissing { permission: &'static str } => "missing_permission";
    #[error(
        "An organization needs a member who can manage its members. Give another member that role, then try again."
    )]
    LastManager => "organization_minimum_permissions_needed";
    #[error("The organization can have at most {most} members, including pending invitations. Remove one first.")]
    QuotaExceeded { most: u32 } => "organization_membership_quota_exceeded", Field::EmailAddresses;
    #[error("{address} is already a member.")]
    AlreadyMember { address: String } => "already_a_member_in_organization", Field::EmailAddresses;
    #[error("Invite at most {most} email addresses at once.")]
    TooManyAddresses { most: usize } => "form_param_max_length_exceeded", Field::EmailAddresses;
    #[error("{address} already has a pending invitation.")]
    AlreadyInvited { address: String } => "duplicate_record", Field::EmailAddresses;
    #[error("You're not a member of this organization. Choose another one.")]
    NotAMember => "not_a_member_in_organization";
    #[error("This account is banned and can't sign in. Ask an administrator.")]
    Banned => "user_banned";
    #[error(
        "You didn't allow {} to share your profile. Try again or use another method.",
        super::PROVIDER_NAME
    )]
    ExternalDenied => "oauth_access_denied";
    #[error("Your request to continue with {} has expired. Start again.", super::PROVIDER_NAME)]
    ExternalLost => "oauth_callback_invalid";
    #[error("This {} account is already connected to another account.", super::PROVIDER_NAME)]
    ExternalTaken => "oauth_identification_claimed";
    #[error(
        "An account with this email address already exists, and {name} hasn't verified that the address is yours. Sign \
         in another way, then connect {name} in your account.",
        name = super::PROVIDER_NAME
    )]
    ExternalUnverified => "external_account_exists";
    #[error("This role doesn't exist. Choose another one.")]
    RoleUnknown => "resource_not_found", Field::Role;
    #[error("This user isn't a member of the organization.")]
    MemberUnknown => "resource_not_found";
    #[error("This user doesn't exist.")]
    UserUnknown => "resource_not_found";
    #[error("This invitation is no longer valid. Ask for a new one.")]
    InvitationOver => "organization_invitation_not_pending";
    #[error("Type {expected} to confirm.")]
    ConfirmationWrong { expected: String } => "form_param_value_invalid", Field::Confirmation;
    #[error("The redirect URL isn't allowed for this application.")]
    RedirectRefused => "form_param_value_invalid";
    #[error("A primary email address must be verified. Send verified: true too.")]
    PrimaryUnverified => "form_param_value_invalid";
    #[error("A primary email address must be verified. Make another one primary first.")]
    UnverifiesPrimary => "form_param_value_invalid";
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
