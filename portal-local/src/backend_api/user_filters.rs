//! Filters shared by lists of users and of members.

use portal_sdk::clock::UnixTime;

use super::query::{Query, Selected, SortKey, Span, invalid};
use crate::flow::PROVIDER_STRATEGY;
use crate::json::ApiError;
use crate::store::email_addresses::{self, normalize};
use crate::store::{Db, EmailAddress, StoreError, User};
use crate::store::{external_accounts, memberships, users};

/// Parameters for fields that no account here has, so a filter by one finds no user.
const UNKNOWN_TO_ALL: [&str; 5] = [
    "phone_number",
    "username",
    "web3_wallet",
    "phone_number_query",
    "username_query",
];

/// The users that a query selects.
pub(super) struct UserFilter {
    query: String,
    address_query: Option<String>,
    name_query: Option<String>,
    addresses: Vec<String>,
    ids: Selected,
    external_ids: Selected,
    organizations: Selected,
    provider_users: Option<Vec<String>>,
    is_banned: Option<bool>,
    last_active: Span,
    /// In milliseconds.
    last_active_since: Option<i64>,
    created: Span,
    last_sign_in: Span,
    asks_for_unknown: bool,
}

impl UserFilter {
    pub(super) fn read(query: &Query) -> Result<Self, ApiError> {
        let lower = |name| query.value(name).map(str::to_lowercase);
        let addresses = query.values("email_address")?;
        Ok(Self {
            query: query.value("query").unwrap_or_default().to_owned(),
            address_query: lower("email_address_query"),
            name_query: lower("name_query"),
            addresses: addresses.iter().map(|address| normalize(address)).collect(),
            ids: query.selected("user_id")?,
            external_ids: query.selected("external_id")?,
            organizations: query.selected("organization_id")?,
            provider_users: provider_users(query)?,
            is_banned: query.choice("banned")?,
            last_active: query.span("last_active_at_after", "last_active_at_before")?,
            last_active_since: query.millis("last_active_at_since")?,
            created: query.span("created_at_after", "created_at_before")?,
            last_sign_in: query.span("last_sign_in_at_after", "last_sign_in_at_before")?,
            asks_for_unknown: UNKNOWN_TO_ALL.iter().any(|name| query.has(name)),
        })
    }

    /// Those who are described, the latest first.
    pub(super) fn find(&self, db: Db<'_>) -> Result<Vec<Person>, StoreError> {
        let mut found = Vec::new();
        for user in users::search(db, &self.query)? {
            if self.asks_for_unknown || !self.describes(&user) {
                continue;
            }
            let person = Person {
                addresses: email_addresses::of_user(db, &user.id)?,
                user,
            };
            if self.describes_addresses(&person) && self.describes_connections(db, &person.user)? {
                found.push(person);
            }
        }
        Ok(found)
    }

    fn describes(&self, user: &User) -> bool {
        let name = user.full_name().unwrap_or_default().to_lowercase();
        let last_active = user.last_active_at.map(UnixTime::as_millis);
        self.ids.admits(|id| id == user.id)
            && self.external_ids.admits(|id| user.external_id.as_deref() == Some(id))
            && self.name_query.as_ref().is_none_or(|text| name.contains(text))
            && self.is_banned.is_none_or(|is_banned| is_banned == user.banned)
            && self.last_active.admits(user.last_active_at)
            && self
                .last_active_since
                .is_none_or(|since| last_active.is_some_and(|at| at >= since))
            && self.created.admits(Some(user.created_at))
            && self.last_sign_in.admits(user.last_sign_in_at)
    }

    fn describes_addresses(&self, person: &Person) -> bool {
        let addresses: Vec<String> = person.addresses.iter().map(|one| normalize(&one.address)).collect();
        let is_named = self.addresses.is_empty() || addresses.iter().any(|one| self.addresses.contains(one));
        let is_like = |text: &String| addresses.iter().any(|one| one.contains(text));
        is_named && self.address_query.as_ref().is_none_or(is_like)
    }

    fn describes_connections(&self, db: Db<'_>, user: &User) -> Result<bool, StoreError> {
        let theirs = memberships::of_user(db, &user.id)?;
        let belongs = |id: &str| theirs.iter().any(|one| one.organization_id == id);
        let Some(wanted) = &self.provider_users else {
            return Ok(self.organizations.admits(belongs));
        };
        let accounts = external_accounts::of_user(db, &user.id)?;
        let is_connected = accounts
            .iter()
            .any(|account| wanted.contains(&account.provider_user_id));
        Ok(is_connected && self.organizations.admits(belongs))
    }
}

/// The IDs at the provider in the query. No user has an ID at another provider.
fn provider_users(query: &Query) -> Result<Option<Vec<String>>, ApiError> {
    let ids = query.values("provider_user_id")?;
    match (query.value("provider"), ids.is_empty()) {
        (None, true) => Ok(None),
        (Some(provider), false) if provider == PROVIDER_STRATEGY => Ok(Some(ids)),
        (Some(_), false) => Ok(Some(Vec::new())),
        (Some(_), true) => Err(invalid(
            "provider",
            "Found provider alone; expected provider_user_id too.",
        )),
        (None, false) => Err(invalid(
            "provider_user_id",
            "Found provider_user_id alone; expected provider too.",
        )),
    }
}

/// A user with their addresses.
pub(super) struct Person {
    pub(super) user: User,
    addresses: Vec<EmailAddress>,
}

impl Person {
    /// Returns the key that users are sorted by, under its name in `order_by`.
    pub(super) fn sort_key(&self, field: &str) -> SortKey {
        match field {
            "created_at" => self.user.created_at.into(),
            "updated_at" => self.user.updated_at.into(),
            "last_active_at" => self.user.last_active_at.into(),
            "last_sign_in_at" => self.user.last_sign_in_at.into(),
            "first_name" => self.user.first_name.as_deref().into(),
            "last_name" => self.user.last_name.as_deref().into(),
            "email_address" => self.primary_address().into(),
            // No user has a username, phone number or wallet.
            _ => SortKey::Nothing,
        }
    }

    fn primary_address(&self) -> Option<&str> {
        let primary = self.user.primary_email_address_id.as_ref();
        let mut addresses = self.addresses.iter();
        let found = addresses.find(|address| Some(&address.id) == primary);
        found.map(|address| address.address.as_str())
    }
}
