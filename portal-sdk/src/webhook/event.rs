//! [`WebhookEvent`], and the types of event data that the Backend API does not have.

use std::fmt;

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::delivery::data;
use crate::backend::json::{lenient, time};
use crate::backend::{Organization, OrganizationMembership, User};
use crate::clock::UnixTime;
use crate::token::{OrganizationId, SessionId, UserId};

/// The event of a delivery.
///
/// The data has the shape of [Clerk's webhook events](https://github.com/clerk/openapi-specs/tree/main/webhooks). Other fields
/// are in [`WebhookDelivery::json`](super::WebhookDelivery::json).
///
/// ```
/// use portal_sdk::token::UserId;
/// use portal_sdk::webhook::WebhookEvent;
///
/// /// Returns the user whose row must be read again.
/// fn changed_user(event: &WebhookEvent) -> Option<&UserId> {
///     match event {
///         WebhookEvent::UserCreated(user) | WebhookEvent::UserUpdated(user) => Some(&user.id),
///         _ => None,
///     }
/// }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum WebhookEvent {
    /// `user.created`
    UserCreated(User),
    /// `user.updated`
    UserUpdated(User),
    /// `user.deleted`
    UserDeleted(DeletedUser),
    /// `session.created`
    SessionCreated(WebhookSession),
    /// `session.pending`: the user must complete tasks first.
    SessionPending(WebhookSession),
    /// `session.ended`: the session has ended, for example because the user signed out.
    SessionEnded(WebhookSession),
    /// `session.removed`: the user signed out, and Clerk removed the session from the browser's client.
    SessionRemoved(WebhookSession),
    /// `session.revoked`: the application ended the session.
    SessionRevoked(WebhookSession),
    /// `organization.created`
    OrganizationCreated(Organization),
    /// `organization.updated`
    OrganizationUpdated(Organization),
    /// `organization.deleted`
    OrganizationDeleted(DeletedOrganization),
    /// `organizationMembership.created`
    MembershipCreated(WebhookMembership),
    /// `organizationMembership.updated`
    MembershipUpdated(WebhookMembership),
    /// `organizationMembership.deleted`
    MembershipDeleted(WebhookMembership),
    /// An event of another type.
    Other,
    /// An event of a type above whose data has no ID or nests more than 127 levels.
    ///
    /// Return an error from the handler to see the delivery as failed in Clerk's dashboard.
    Unreadable,
}

impl WebhookEvent {
    /// Reads the event of a payload.
    pub(super) fn read(event_type: &str, json: &str) -> Self {
        let event = match event_type {
            "user.created" => data(json).map(Self::UserCreated),
            "user.updated" => data(json).map(Self::UserUpdated),
            "user.deleted" => data(json).map(Self::UserDeleted),
            "session.created" => data(json).map(Self::SessionCreated),
            "session.pending" => data(json).map(Self::SessionPending),
            "session.ended" => data(json).map(Self::SessionEnded),
            "session.removed" => data(json).map(Self::SessionRemoved),
            "session.revoked" => data(json).map(Self::SessionRevoked),
            "organization.created" => data(json).map(Self::OrganizationCreated),
            "organization.updated" => data(json).map(Self::OrganizationUpdated),
            "organization.deleted" => data(json).map(Self::OrganizationDeleted),
            "organizationMembership.created" => data(json).map(Self::MembershipCreated),
            "organizationMembership.updated" => data(json).map(Self::MembershipUpdated),
            "organizationMembership.deleted" => data(json).map(Self::MembershipDeleted),
            _ => return Self::Other,
        };
        event.unwrap_or(Self::Unreadable)
    }
}

/// A user who was deleted at Clerk.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeletedUser {
    /// The user's ID, `user_…`.
    pub id: UserId,
    /// The user's ID in the application's own database, if the application has set it.
    pub external_id: Option<String>,
}

/// An organization that was deleted at Clerk.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeletedOrganization {
    /// The organization's ID, `org_…`.
    pub id: OrganizationId,
    /// The name in URLs, if it was set.
    pub slug: Option<String>,
}

/// A session at the time of the event.
#[derive(Clone)]
#[non_exhaustive]
pub struct WebhookSession {
    /// The session's ID, `sess_…`.
    pub id: SessionId,
    /// ID of its user, `user_…`.
    pub user_id: UserId,
    /// The status, such as `active`, `pending`, `ended`, `removed` or `revoked`. Empty if the event has none.
    pub status: String,
    /// ID of the browser's client, `client_…`, which all sessions of a browser share.
    pub client_id: Option<String>,
    /// ID of the last active organization, `org_…`.
    pub last_active_organization_id: Option<OrganizationId>,
    /// The session's user, if the event has it.
    pub user: Option<User>,
    /// Time at which the session expires, if known.
    pub expires_at: Option<UnixTime>,
    /// Time of the sign-in, if known.
    pub created_at: Option<UnixTime>,
    /// Time of the last change, if known.
    pub updated_at: Option<UnixTime>,
}

/// A membership in an organization, with the member's user ID.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct WebhookMembership {
    /// ID of the member, `user_…`.
    pub user_id: UserId,
    /// The membership with its organization and role; after a deletion, as it was last.
    pub membership: OrganizationMembership,
}

impl<'de> Deserialize<'de> for DeletedUser {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Wire {
            id: UserId,
            #[serde(default, deserialize_with = "lenient")]
            external_id: Option<String>,
        }
        let Wire { id, external_id } = Wire::deserialize(deserializer)?;
        Ok(Self { id, external_id })
    }
}

impl<'de> Deserialize<'de> for DeletedOrganization {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Wire {
            id: OrganizationId,
            #[serde(default, deserialize_with = "lenient")]
            slug: Option<String>,
        }
        let Wire { id, slug } = Wire::deserialize(deserializer)?;
        Ok(Self { id, slug })
    }
}

impl<'de> Deserialize<'de> for WebhookSession {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Wire {
            id: SessionId,
            user_id: UserId,
            #[serde(default, deserialize_with = "lenient")]
            status: String,
            #[serde(default, deserialize_with = "lenient")]
            client_id: Option<String>,
            #[serde(default, deserialize_with = "lenient")]
            last_active_organization_id: Option<OrganizationId>,
            #[serde(default, deserialize_with = "lenient")]
            user: Option<User>,
            expire_at: Option<Value>,
            created_at: Option<Value>,
            updated_at: Option<Value>,
        }
        let wire = Wire::deserialize(deserializer)?;
        Ok(Self {
            id: wire.id,
            user_id: wire.user_id,
            status: wire.status,
            client_id: wire.client_id,
            last_active_organization_id: wire.last_active_organization_id,
            user: wire.user,
            expires_at: time(wire.expire_at.as_ref()),
            created_at: time(wire.created_at.as_ref()),
            updated_at: time(wire.updated_at.as_ref()),
        })
    }
}

impl<'de> Deserialize<'de> for WebhookMembership {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Member {
            user_id: UserId,
        }
        #[derive(Deserialize)]
        struct Wire {
            public_user_data: Member,
            #[serde(flatten)]
            membership: OrganizationMembership,
        }
        let wire = Wire::deserialize(deserializer)?;
        Ok(Self {
            user_id: wire.public_user_data.user_id,
            membership: wire.membership,
        })
    }
}

impl fmt::Debug for DeletedUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeletedUser")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for WebhookSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookSession")
            .field("id", &self.id)
            .field("user_id", &self.user_id)
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}
