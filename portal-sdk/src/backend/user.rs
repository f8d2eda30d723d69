//! [`User`]: a person's public data, as the Backend API gives it.

use std::fmt;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::token::UserId;

/// A user of the instance. More fields exist at Clerk; these are the ones a page greets somebody with.
#[derive(Clone)]
#[non_exhaustive]
pub struct User {
    /// `user_…`.
    pub id: UserId,
    /// Given name.
    pub first_name: Option<String>,
    /// Family name.
    pub last_name: Option<String>,
    /// User name, where the instance has them.
    pub username: Option<String>,
    /// Address of the profile image.
    pub image_url: Option<String>,
    /// The address marked as primary.
    pub primary_email_address: Option<EmailAddress>,
    /// Readable by browser and server, written by servers.
    pub public_metadata: Map<String, Value>,
    /// Readable and written by servers.
    pub private_metadata: Map<String, Value>,
    /// Readable and written by browsers: believe nothing in it.
    pub unsafe_metadata: Map<String, Value>,
}

/// An email address of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EmailAddress {
    /// `idn_…`.
    pub id: String,
    /// The address.
    pub email_address: String,
    /// Whether the person has proven to receive mail there.
    pub is_verified: bool,
}

impl User {
    /// First and last name, as far as they are there; `None` if neither is.
    #[must_use]
    pub fn full_name(&self) -> Option<String> {
        let names = [self.first_name.as_deref(), self.last_name.as_deref()];
        let names: Vec<&str> = names.into_iter().flatten().filter(|name| !name.is_empty()).collect();
        (!names.is_empty()).then(|| names.join(" "))
    }
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The rest is personal, or the application's own secrets in its private metadata.
        f.debug_struct("User").field("id", &self.id).finish_non_exhaustive()
    }
}

impl<'de> Deserialize<'de> for User {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wire = Wire::deserialize(deserializer)?;
        // One by one: a malformed address must not hide the user.
        let primary = wire
            .email_addresses
            .into_iter()
            .filter_map(|email| serde_json::from_value::<WireEmailAddress>(email).ok())
            .find(|email| Some(&email.id) == wire.primary_email_address_id.as_ref());
        Ok(Self {
            id: wire.id.as_str().into(),
            first_name: wire.first_name,
            last_name: wire.last_name,
            username: wire.username,
            image_url: wire.image_url,
            primary_email_address: primary.map(|email| EmailAddress {
                is_verified: email
                    .verification
                    .is_some_and(|verification| verification.status == "verified"),
                id: email.id,
                email_address: email.email_address,
            }),
            public_metadata: wire.public_metadata.unwrap_or_default(),
            private_metadata: wire.private_metadata.unwrap_or_default(),
            unsafe_metadata: wire.unsafe_metadata.unwrap_or_default(),
        })
    }
}

/// The Backend API's object, as far as it is read.
#[derive(Deserialize)]
struct Wire {
    id: String,
    first_name: Option<String>,
    last_name: Option<String>,
    username: Option<String>,
    image_url: Option<String>,
    primary_email_address_id: Option<String>,
    #[serde(default)]
    email_addresses: Vec<Value>,
    public_metadata: Option<Map<String, Value>>,
    private_metadata: Option<Map<String, Value>>,
    unsafe_metadata: Option<Map<String, Value>>,
}

#[derive(Deserialize)]
struct WireEmailAddress {
    id: String,
    email_address: String,
    verification: Option<WireVerification>,
}

#[derive(Deserialize)]
struct WireVerification {
    #[serde(default)]
    status: String,
}
