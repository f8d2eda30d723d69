//! The fields of the Backend API's user object that are read.

use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::{EmailAddress, User};
use crate::backend::json::{lenient, time};
use crate::token::UserId;

impl<'de> Deserialize<'de> for User {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wire = Wire::deserialize(deserializer)?;
        // One by one, so that a malformed address does not hide the others.
        let addresses = wire.email_addresses.iter().filter_map(read_address);
        Ok(Self {
            id: wire.id,
            external_id: wire.external_id,
            first_name: wire.first_name,
            last_name: wire.last_name,
            username: wire.username,
            image_url: wire.image_url,
            email_addresses: addresses.collect(),
            primary_email_address_id: wire.primary_email_address_id,
            public_metadata: wire.public_metadata,
            private_metadata: wire.private_metadata,
            unsafe_metadata: wire.unsafe_metadata,
            created_at: time(wire.created_at.as_ref()),
            updated_at: time(wire.updated_at.as_ref()),
        })
    }
}

/// Reads an address. It is unverified if its verification is malformed.
fn read_address(entry: &Value) -> Option<EmailAddress> {
    let status = entry.pointer("/verification/status").and_then(Value::as_str);
    Some(EmailAddress {
        id: entry.get("id")?.as_str()?.to_owned(),
        email_address: entry.get("email_address")?.as_str()?.to_owned(),
        is_verified: status == Some("verified"),
    })
}

/// The fields of a user. A malformed field counts as absent, so that it does not hide the user; only the ID is
/// required.
#[derive(Deserialize)]
struct Wire {
    id: UserId,
    #[serde(default, deserialize_with = "lenient")]
    external_id: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    first_name: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    last_name: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    username: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    image_url: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    primary_email_address_id: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    email_addresses: Vec<Value>,
    #[serde(default, deserialize_with = "lenient")]
    public_metadata: Map<String, Value>,
    #[serde(default, deserialize_with = "lenient")]
    private_metadata: Map<String, Value>,
    #[serde(default, deserialize_with = "lenient")]
    unsafe_metadata: Map<String, Value>,
    created_at: Option<Value>,
    updated_at: Option<Value>,
}
