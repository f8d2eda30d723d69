//! [`User`]: a user's profile, as the Backend API returns it.

mod builder;
mod wire;

use std::fmt;

use serde_json::{Map, Value};

pub use self::builder::UserBuilder;
use crate::clock::UnixTime;
use crate::token::UserId;

/// A user of the instance: name, email addresses, metadata.
///
/// Clerk has more fields; [`BackendApi::request_as`](crate::backend::BackendApi::request_as) reads them into your own
/// type. A custom backend creates users with [`User::builder`].
///
/// ```
/// use portal_sdk::backend::{EmailAddress, User};
///
/// let user = User::builder("user_1")
///     .first_name("Ada")
///     .last_name("Lovelace")
///     .primary_email_address(EmailAddress::new("idn_1", "ada@example.com").with_verified(true))
///     .build();
/// assert_eq!(user.full_name().as_deref(), Some("Ada Lovelace"));
/// assert!(user.primary_email_address().is_some_and(|address| address.is_verified));
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct User {
    /// The user's ID, `user_…`.
    pub id: UserId,
    /// The user's ID in the application's own database, set by the application.
    pub external_id: Option<String>,
    /// Given name.
    pub first_name: Option<String>,
    /// Family name.
    pub last_name: Option<String>,
    /// User name, if the instance has them.
    pub username: Option<String>,
    /// URL of the profile image.
    pub image_url: Option<String>,
    /// All email addresses, verified or not.
    pub email_addresses: Vec<EmailAddress>,
    /// ID of the [primary email address](Self::primary_email_address).
    pub primary_email_address_id: Option<String>,
    /// Metadata that browsers and servers read, and only servers write.
    pub public_metadata: Map<String, Value>,
    /// Metadata that only servers read and write.
    pub private_metadata: Map<String, Value>,
    /// Metadata that browsers can write too. Do not trust it.
    pub unsafe_metadata: Map<String, Value>,
    /// Time of the sign-up, if known.
    pub created_at: Option<UnixTime>,
    /// Time of the last change, if known.
    pub updated_at: Option<UnixTime>,
}

/// An email address of a user.
///
/// ```
/// use portal_sdk::backend::EmailAddress;
///
/// let address = EmailAddress::new("idn_1", "ada@example.com").with_verified(true);
/// assert!(address.is_verified);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EmailAddress {
    /// The address's ID, `idn_…`.
    pub id: String,
    /// The address.
    pub email_address: String,
    /// `true` if the address is verified.
    pub is_verified: bool,
}

impl User {
    /// Returns a builder of a user, for a custom backend.
    pub fn builder(id: impl Into<UserId>) -> UserBuilder {
        UserBuilder::new(id.into())
    }

    /// Returns first and last name with a space between; `None` if both are missing.
    #[must_use]
    pub fn full_name(&self) -> Option<String> {
        let names = [self.first_name.as_deref(), self.last_name.as_deref()];
        let names: Vec<&str> = names.into_iter().flatten().filter(|name| !name.is_empty()).collect();
        (!names.is_empty()).then(|| names.join(" "))
    }

    /// Returns the user's primary email address.
    #[must_use]
    pub fn primary_email_address(&self) -> Option<&EmailAddress> {
        let id = self.primary_email_address_id.as_deref()?;
        self.email_addresses.iter().find(|address| address.id == id)
    }
}

impl EmailAddress {
    /// Creates an unverified address.
    #[must_use]
    pub fn new(id: impl Into<String>, email_address: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            email_address: email_address.into(),
            is_verified: false,
        }
    }

    /// Sets whether the address is verified.
    #[must_use]
    pub fn with_verified(self, is_verified: bool) -> Self {
        Self { is_verified, ..self }
    }
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The other fields are personal data, or may hold the application's secrets (private metadata).
        f.debug_struct("User").field("id", &self.id).finish_non_exhaustive()
    }
}
