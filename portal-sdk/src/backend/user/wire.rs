//! The fields of the Backend API's user object that are read.

use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::{EmailAddress, User};
use crate::backend::json::time;
use crate::token::UserId;

impl<'de> Deserialize<'de> for User {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wire = Wire::deserialize(deserializer)?;
        // One by one: a malformed address must not hide the user.
        let addresses = wire.email_addresses.into_iter();
        let addresses = addresses.filter_map(|address| serde_json::from_value(address).ok().map(read_address));
        Ok(Self {
            id: wire.id,
            external_id: wire.external_id,
            first_name: wire.first_name,
            last_name: wire.last_name,
            username: wire.username,
            image_url: wire.image_url,
            email_addresses: addresses.collect(),
            primary_email_address_id: wire.primary_email_address_id,
            public_metadata: wire.public_metadata.unwrap_or_default(),
            private_metadata: wire.private_metadata.unwrap_or_default(),
            unsafe_metadata: wire.unsafe_metadata.unwrap_or_default(),
            created_at: time(wire.created_at.as_ref()),
            updated_at: time(wire.updated_at.as_ref()),
        })
    }
}

fn read_address(wire: WireEmailAddress) -> EmailAddress {
    let status = wire.verification.map(|verification| verification.status);
    EmailAddress {
        id: wire.id,
        email_address: wire.email_address,
        is_verified: status.is_some_and(|status| status == "verified"),
    }
}

#[derive(Deserialize)]
struct Wire {
    id: UserId,
    external_id: Option<String>,
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
    created_at: Option<Value>,
    updated_at: Option<Value>,
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
