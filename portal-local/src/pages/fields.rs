//! The form fields that several pages share. A missing field is empty.

use serde::{Deserialize, Deserializer};

use crate::flow::NewPassword;

/// A form of a button only.
#[derive(Deserialize)]
pub(super) struct Pressed {}

/// The fields that prove a user: a password, or a code.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Proof {
    pub(super) password: String,
    pub(super) code: String,
    intent: String,
}

impl Proof {
    /// Returns `true` if the user requested another code.
    pub(super) fn is_resend(&self) -> bool {
        self.intent == "resend"
    }
}

/// A password that replaces another one.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct PasswordChange {
    pub(super) current_password: String,
    password: String,
    #[serde(deserialize_with = "checked")]
    sign_out_of_other_sessions: bool,
}

impl PasswordChange {
    pub(super) fn new_password(&self) -> NewPassword {
        NewPassword {
            text: self.password.clone(),
            sign_out_others: self.sign_out_of_other_sessions,
        }
    }
}

/// A user's name.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct FullName {
    pub(super) first_name: String,
    pub(super) last_name: String,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Address {
    pub(super) email_address: String,
}

/// The confirmation of a deletion, typed by the user.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Confirmation {
    pub(super) confirmation: String,
}

/// An organization's name and slug.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct OrganizationName {
    pub(super) name: String,
    pub(super) slug: String,
}

/// Addresses to invite, separated by commas or spaces, and their role.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Invitation {
    #[serde(rename = "emailAddresses")]
    pub(super) addresses: String,
    pub(super) role: String,
}

/// The entry of a list that a button belongs to.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Entry {
    pub(super) id: String,
}

/// The session that a button belongs to.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct SessionEntry {
    pub(super) session_id: String,
}

/// The user that a button belongs to, and their role.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct UserEntry {
    pub(super) user_id: String,
    pub(super) role: String,
}

/// The organization or invitation that a button belongs to.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct OrganizationEntry {
    pub(super) organization_id: String,
    pub(super) invitation_id: String,
}

/// Reads a checkbox: browsers send `on` if it is checked, and nothing otherwise.
pub(super) fn checked<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    Ok(String::deserialize(deserializer)? == "on")
}
