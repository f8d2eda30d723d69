//! [`Profile`]: the data of a user that the table holds, from a token, a webhook or a look-up.

use portal_axum::portal_sdk::clock::UnixTime;
use portal_axum::{User, UserId};
use serde::Deserialize;
use serde_json::{Map, Value};

/// A number below this is in seconds: as milliseconds it would be in 1973.
const FIRST_MILLIS: i64 = 100_000_000_000;

/// The data of a user, as of one change at Clerk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Clerk's ID.
    pub id: UserId,
    /// The primary address, if the user has one.
    pub email: Option<String>,
    /// First and last name, if the user has them.
    pub name: Option<String>,
    /// Time of the sign-up, if known.
    pub created_at: Option<UnixTime>,
    /// Time of the change: the version of the data.
    pub updated_at: UnixTime,
}

/// The origin of a change of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A request of the user.
    SignIn,
    /// An event of Clerk's.
    Webhook,
}

/// The claims that Clerk's dashboard adds to session tokens; see [`session_claims`].
#[derive(Clone, Debug, Deserialize)]
pub struct Claims {
    #[serde(default)]
    email: Option<String>,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    created_at: Value,
    #[serde(default)]
    updated_at: Value,
}

/// Returns the claims as Clerk's dashboard takes them: *Sessions*, *Customize session token*.
#[must_use]
pub fn session_claims() -> Map<String, Value> {
    let claims = [
        ("email", "{{user.primary_email_address}}"),
        ("name", "{{user.full_name}}"),
        ("created_at", "{{user.created_at}}"),
        ("updated_at", "{{user.updated_at}}"),
    ];
    let claims = claims.map(|(name, shortcode)| (name.to_owned(), shortcode.into()));
    Map::from_iter(claims)
}

impl Profile {
    /// Reads the claims of a token. Returns `None` if they are missing.
    ///
    /// The time is in seconds, rounded down. The webhook of the same change has milliseconds, so its time is the same or later,
    /// and its data replaces the token's.
    #[must_use]
    pub fn from_claims(id: &UserId, claims: &Claims) -> Option<Self> {
        Some(Self {
            id: id.clone(),
            email: claims.email.clone(),
            name: claims.name.clone(),
            created_at: time(&claims.created_at),
            updated_at: time(&claims.updated_at)?,
        })
    }

    /// Reads a user of a webhook or of the Backend API. Returns `None` if the time of the last change is missing.
    #[must_use]
    pub fn from_user(user: &User) -> Option<Self> {
        let address = user.primary_email_address();
        Some(Self {
            id: user.id.clone(),
            email: address.map(|address| address.email_address.clone()),
            name: user.full_name(),
            created_at: user.created_at,
            updated_at: user.updated_at?,
        })
    }
}

fn time(claim: &Value) -> Option<UnixTime> {
    let number = claim.as_i64()?;
    Some(match number {
        ..FIRST_MILLIS => UnixTime::from_secs(number),
        _ => UnixTime::from_millis(number),
    })
}

impl Source {
    /// The text in the table.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SignIn => "sign-in",
            Self::Webhook => "webhook",
        }
    }
}
