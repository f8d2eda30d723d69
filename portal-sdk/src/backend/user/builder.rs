//! [`UserBuilder`]: users for custom backends.

use serde_json::{Map, Value};

use super::{EmailAddress, User};
use crate::clock::UnixTime;
use crate::token::UserId;

/// Fields of a [`User`]; created by [`User::builder`]. All fields but the ID start empty.
///
/// ```
/// use portal_sdk::backend::User;
/// use portal_sdk::clock::UnixTime;
/// use serde_json::{Map, Value};
///
/// let user = User::builder("user_1")
///     .external_id("42")
///     .public_metadata(Map::from_iter([("plan".to_owned(), Value::from("pro"))]))
///     .created_at(UnixTime::from_secs(1_700_000_000))
///     .build();
/// assert_eq!(user.public_metadata["plan"], "pro");
/// ```
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct UserBuilder(User);

impl UserBuilder {
    pub(super) fn new(id: UserId) -> Self {
        Self(User {
            id,
            external_id: None,
            first_name: None,
            last_name: None,
            username: None,
            image_url: None,
            email_addresses: Vec::new(),
            primary_email_address_id: None,
            public_metadata: Map::new(),
            private_metadata: Map::new(),
            unsafe_metadata: Map::new(),
            created_at: None,
            updated_at: None,
        })
    }

    /// Sets the ID in the application's own database.
    pub fn external_id(mut self, id: impl Into<String>) -> Self {
        self.0.external_id = Some(id.into());
        self
    }

    /// Sets the given name.
    pub fn first_name(mut self, name: impl Into<String>) -> Self {
        self.0.first_name = Some(name.into());
        self
    }

    /// Sets the family name.
    pub fn last_name(mut self, name: impl Into<String>) -> Self {
        self.0.last_name = Some(name.into());
        self
    }

    /// Sets the user name.
    pub fn username(mut self, name: impl Into<String>) -> Self {
        self.0.username = Some(name.into());
        self
    }

    /// Sets the URL of the profile image.
    pub fn image_url(mut self, url: impl Into<String>) -> Self {
        self.0.image_url = Some(url.into());
        self
    }

    /// Adds an email address.
    pub fn email_address(mut self, address: EmailAddress) -> Self {
        self.0.email_addresses.push(address);
        self
    }

    /// Adds the primary email address, replacing an earlier primary one.
    pub fn primary_email_address(mut self, address: EmailAddress) -> Self {
        self.0.primary_email_address_id = Some(address.id.clone());
        self.email_address(address)
    }

    /// Sets the metadata that browsers and servers read, and only servers write.
    pub fn public_metadata(mut self, metadata: Map<String, Value>) -> Self {
        self.0.public_metadata = metadata;
        self
    }

    /// Sets the metadata that only servers read and write.
    pub fn private_metadata(mut self, metadata: Map<String, Value>) -> Self {
        self.0.private_metadata = metadata;
        self
    }

    /// Sets the metadata that browsers write too.
    pub fn unsafe_metadata(mut self, metadata: Map<String, Value>) -> Self {
        self.0.unsafe_metadata = metadata;
        self
    }

    /// Sets the time of the sign-up.
    pub fn created_at(mut self, at: UnixTime) -> Self {
        self.0.created_at = Some(at);
        self
    }

    /// Sets the time of the last change.
    pub fn updated_at(mut self, at: UnixTime) -> Self {
        self.0.updated_at = Some(at);
        self
    }

    /// Creates the user.
    #[must_use]
    pub fn build(self) -> User {
        self.0
    }
}
