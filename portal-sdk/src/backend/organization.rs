//! [`Organization`] and [`OrganizationMembership`], as the Backend API returns them.

use std::fmt;

use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::json::{lenient, time};
use crate::clock::UnixTime;
use crate::token::OrganizationId;

/// An organization of the instance: name, slug, metadata.
///
/// ```
/// use portal_sdk::backend::Organization;
///
/// let organization = Organization::new("org_1", "Acme").with_slug("acme");
/// assert_eq!(organization.name, "Acme");
/// ```
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct Organization {
    /// The organization's ID, `org_…`.
    pub id: OrganizationId,
    /// The display name.
    pub name: String,
    /// The name in URLs, if set.
    pub slug: Option<String>,
    /// URL of the logo.
    pub image_url: Option<String>,
    /// Metadata that browsers and servers read, and only servers write.
    pub public_metadata: Map<String, Value>,
    /// Metadata that only servers read and write.
    pub private_metadata: Map<String, Value>,
    /// Time of creation, if known.
    pub created_at: Option<UnixTime>,
    /// Time of the last change, if known.
    pub updated_at: Option<UnixTime>,
}

/// A user's membership in an organization, with the role there.
///
/// ```
/// use portal_sdk::backend::{Organization, OrganizationMembership};
///
/// let membership = OrganizationMembership::new("orgmem_1", Organization::new("org_1", "Acme"), "org:admin")
///     .with_permissions(["org:invoices:read"]);
/// assert_eq!(membership.role, "org:admin");
/// ```
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct OrganizationMembership {
    /// The membership's ID, `orgmem_…`.
    pub id: String,
    /// The organization.
    pub organization: Organization,
    /// The user's role in the organization, such as `org:admin`.
    pub role: String,
    /// The role's permissions, system permissions included, such as `org:sys_memberships:read`.
    pub permissions: Vec<String>,
    /// The membership's metadata that browsers and servers read. Only servers write it.
    pub public_metadata: Map<String, Value>,
    /// Metadata of the membership that only servers read and write.
    pub private_metadata: Map<String, Value>,
    /// Time of joining, if known.
    pub created_at: Option<UnixTime>,
    /// Time of the last change, if known.
    pub updated_at: Option<UnixTime>,
}

impl Organization {
    /// Creates an organization for a custom backend. The other fields are empty.
    #[must_use]
    pub fn new(id: impl Into<OrganizationId>, name: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            name: name.into(),
            slug: None,
            image_url: None,
            public_metadata: Map::new(),
            private_metadata: Map::new(),
            created_at: None,
            updated_at: None,
        }
    }

    /// Sets the name in URLs.
    #[must_use]
    pub fn with_slug(mut self, slug: impl Into<String>) -> Self {
        self.slug = Some(slug.into());
        self
    }

    /// Sets the URL of the logo.
    #[must_use]
    pub fn with_image_url(mut self, url: impl Into<String>) -> Self {
        self.image_url = Some(url.into());
        self
    }
}

impl OrganizationMembership {
    /// Creates a membership for a custom backend. The other fields are empty.
    #[must_use]
    pub fn new(id: impl Into<String>, organization: Organization, role: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            organization,
            role: role.into(),
            permissions: Vec::new(),
            public_metadata: Map::new(),
            private_metadata: Map::new(),
            created_at: None,
            updated_at: None,
        }
    }

    /// Sets the role's permissions.
    #[must_use]
    pub fn with_permissions<I>(mut self, permissions: I) -> Self
    where
        I: IntoIterator<Item: Into<String>>,
    {
        self.permissions = permissions.into_iter().map(Into::into).collect();
        self
    }
}

impl fmt::Debug for Organization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Private metadata may hold the application's secrets.
        f.debug_struct("Organization")
            .field("id", &self.id)
            .field("name", &self.name)
            .field("slug", &self.slug)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for OrganizationMembership {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OrganizationMembership")
            .field("id", &self.id)
            .field("organization", &self.organization)
            .field("role", &self.role)
            .finish_non_exhaustive()
    }
}

/// The fields of the Backend API's organization object that are read. A malformed optional field is absent.
#[derive(Deserialize)]
struct WireOrganization {
    id: OrganizationId,
    name: String,
    #[serde(default, deserialize_with = "lenient")]
    slug: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    image_url: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    public_metadata: Map<String, Value>,
    #[serde(default, deserialize_with = "lenient")]
    private_metadata: Map<String, Value>,
    created_at: Option<Value>,
    updated_at: Option<Value>,
}

/// The fields of the Backend API's membership object that are read. A malformed optional field is absent.
#[derive(Deserialize)]
struct WireMembership {
    id: String,
    organization: Organization,
    role: String,
    #[serde(default, deserialize_with = "lenient")]
    permissions: Vec<Value>,
    #[serde(default, deserialize_with = "lenient")]
    public_metadata: Map<String, Value>,
    #[serde(default, deserialize_with = "lenient")]
    private_metadata: Map<String, Value>,
    created_at: Option<Value>,
    updated_at: Option<Value>,
}

impl<'de> Deserialize<'de> for Organization {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wire = WireOrganization::deserialize(deserializer)?;
        Ok(Self {
            id: wire.id,
            name: wire.name,
            // An organization without a slug may have an empty one.
            slug: wire.slug.filter(|slug| !slug.is_empty()),
            image_url: wire.image_url,
            public_metadata: wire.public_metadata,
            private_metadata: wire.private_metadata,
            created_at: time(wire.created_at.as_ref()),
            updated_at: time(wire.updated_at.as_ref()),
        })
    }
}

impl<'de> Deserialize<'de> for OrganizationMembership {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wire = WireMembership::deserialize(deserializer)?;
        let permissions = wire.permissions.iter().filter_map(Value::as_str);
        Ok(Self {
            id: wire.id,
            organization: wire.organization,
            role: wire.role,
            permissions: permissions.map(str::to_owned).collect(),
            public_metadata: wire.public_metadata,
            private_metadata: wire.private_metadata,
            created_at: time(wire.created_at.as_ref()),
            updated_at: time(wire.updated_at.as_ref()),
        })
    }
}
