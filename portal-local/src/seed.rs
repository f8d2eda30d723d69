//! Initial data of a portal: users, organizations and roles.

use serde_json::{Map, Value};

use crate::flow::{
    Field, Flow, FlowError, FlowFailure, NewOrganization, NewOrganizationInvitation, check_email_address,
};
use crate::ids;
use crate::password;
use crate::redacted::debug_only;
use crate::store::{Failure, Metadata, NewUser, StoreError, Strategy};
use crate::store::{email_addresses, memberships, organizations, roles, users};
use crate::totp::TotpSecret;

/// A user who exists from the start.
///
/// `Debug` shows the address only.
#[derive(Clone, PartialEq, Eq)]
#[must_use = "a seed user does nothing until it is passed to a builder"]
pub struct SeedUser {
    address: String,
    password: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
    is_compromised: bool,
    totp_secret: Option<String>,
    public_metadata: Map<String, Value>,
}

debug_only!(SeedUser { address });

impl SeedUser {
    /// A user with this verified address.
    ///
    /// Without a password, the user signs in with a code. An address with `+clerk_test` before the `@` always gets
    /// `424242`.
    pub fn new(address: impl Into<String>) -> Self {
        Self {
            address: address.into(),
            password: None,
            first_name: None,
            last_name: None,
            is_compromised: false,
            totp_secret: None,
            public_metadata: Map::new(),
        }
    }

    /// Sets the public metadata, such as `{"role": "admin"}`.
    ///
    /// [`Settings::session_claims`](crate::Settings::session_claims) can add it to session tokens.
    pub fn public_metadata(mut self, metadata: Map<String, Value>) -> Self {
        self.public_metadata = metadata;
        self
    }

    /// Sets the password. No policy applies.
    pub fn password(mut self, password: impl Into<String>) -> Self {
        self.password = Some(password.into());
        self
    }

    /// Sets the first and last name.
    pub fn name(mut self, first: impl Into<String>, last: impl Into<String>) -> Self {
        self.first_name = Some(first.into());
        self.last_name = Some(last.into());
        self
    }

    /// Marks the password as compromised: the user must reset it.
    pub fn password_compromised(mut self) -> Self {
        self.is_compromised = true;
        self
    }

    /// Adds an authenticator app with this secret in base32.
    ///
    /// An example is `GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ`. Signing in then requires a code, which
    /// [`LocalPortal::totp_code_for`](crate::LocalPortal::totp_code_for) returns. A portal with a malformed secret does
    /// not start.
    pub fn totp_secret(mut self, base32: impl Into<String>) -> Self {
        self.totp_secret = Some(base32.into());
        self
    }

    /// Returns the user's ID.
    ///
    /// It depends only on the address, so tests can hard-code it.
    #[must_use]
    pub fn id(&self) -> String {
        ids::fixed(ids::USER, &email_addresses::normalize(&self.address))
    }
}

/// An organization that exists from the start.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a seed organization does nothing until it is passed to a builder"]
pub struct SeedOrganization {
    name: String,
    slug: String,
    members: Vec<(String, String)>,
    invitations: Vec<(String, String)>,
}

impl SeedOrganization {
    /// An organization with this name and slug (lower-case letters, digits, hyphens).
    pub fn new(name: impl Into<String>, slug: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            slug: slug.into(),
            members: Vec::new(),
            invitations: Vec::new(),
        }
    }

    /// Adds the user with this address in a role such as `org:admin`.
    pub fn member(mut self, address: impl Into<String>, role: impl Into<String>) -> Self {
        self.members.push((address.into(), role.into()));
        self
    }

    /// Invites this address; the link is in the outbox.
    pub fn invitation(mut self, address: impl Into<String>, role: impl Into<String>) -> Self {
        self.invitations.push((address.into(), role.into()));
        self
    }

    /// Returns the organization's ID.
    ///
    /// It depends only on the slug, so tests can hard-code it.
    #[must_use]
    pub fn id(&self) -> String {
        ids::fixed(ids::ORGANIZATION, &self.slug)
    }
}

/// A role besides Clerk's own `org:admin` and `org:member`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a seed role does nothing until it is passed to a builder"]
pub struct SeedRole {
    key: String,
    name: String,
    permissions: Vec<String>,
}

impl SeedRole {
    /// A role with this key, such as `org:editor`, and this name.
    ///
    /// An existing role keeps its permissions and gets the new ones too.
    pub fn new(key: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            key: key.into(),
            name: name.into(),
            permissions: Vec::new(),
        }
    }

    /// Adds a permission, such as `org:posts:manage`, to the role.
    ///
    /// Session tokens carry it. Clerk's own permissions, `org:sys_…`, guard the pages.
    pub fn permission(mut self, key: impl Into<String>) -> Self {
        self.permissions.push(key.into());
        self
    }
}

/// All initial data of a portal.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seed {
    pub(crate) roles: Vec<SeedRole>,
    pub(crate) users: Vec<SeedUser>,
    pub(crate) organizations: Vec<SeedOrganization>,
}

pub(crate) const DEMO_PASSWORD: &str = "correct horse battery";

/// The demo data: users to try every feature with.
pub(crate) fn demo() -> Seed {
    let user = |name: &str| SeedUser::new(format!("{name}+clerk_test@example.com"));
    Seed {
        roles: Vec::new(),
        users: vec![
            user("jane").name("Jane", "Doe").password(DEMO_PASSWORD),
            user("joe").name("Joe", "Bloggs").password(DEMO_PASSWORD),
            user("solo").name("Solo", "Traveller").password(DEMO_PASSWORD),
            user("code").name("Cody", "Nopass"),
            user("leaked")
                .name("Lea", "Ked")
                .password(DEMO_PASSWORD)
                .password_compromised(),
        ],
        organizations: vec![
            SeedOrganization::new("Acme", "acme")
                .member("jane+clerk_test@example.com", roles::ADMIN)
                .member("joe+clerk_test@example.com", roles::MEMBER)
                .invitation("invited@example.com", roles::MEMBER),
        ],
    }
}

/// A part of the initial data that was refused, and the reason.
#[derive(Debug)]
pub(crate) struct SeedRefused {
    pub(crate) what: String,
    pub(crate) reason: String,
}

/// The error of applying a seed.
#[derive(Debug)]
pub(crate) enum SeedError {
    Refused(SeedRefused),
    Store(StoreError),
}

impl Failure for SeedError {}

impl From<StoreError> for SeedError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Adds missing users and organizations, and keeps existing ones unchanged.
///
/// Slow for users with passwords, because these are hashed.
pub(crate) fn apply(flow: &Flow<'_>, seed: &Seed) -> Result<(), SeedError> {
    for role in &seed.roles {
        let permissions: Vec<&str> = role.permissions.iter().map(String::as_str).collect();
        let well_formed = |key: &str| key.starts_with("org:") && key.split(':').all(|part| !part.is_empty());
        if let Some(wrong) = permissions
            .iter()
            .chain([&role.key.as_str()])
            .find(|key| !well_formed(key))
        {
            let what = format!("the role {}", role.key);
            let reason = format!("{wrong} does not look like org:name or org:feature:permission");
            return Err(SeedError::Refused(SeedRefused { what, reason }));
        }
        roles::put(flow.db, &role.key, (&role.name, &role.name), &permissions)?;
    }
    for user in &seed.users {
        add_user(flow, user)?;
    }
    for organization in &seed.organizations {
        add_organization(flow, organization)?;
    }
    Ok(())
}

fn add_user(flow: &Flow<'_>, seed: &SeedUser) -> Result<(), SeedError> {
    let what = || format!("the user {}", seed.address);
    let address = accepted(what, check_email_address(&seed.address, Field::EmailAddress))?;
    let totp_secret = seed.totp_secret.as_deref().map(TotpSecret::from_base32).transpose();
    let totp_secret = totp_secret.map_err(|error| {
        SeedError::Refused(SeedRefused {
            what: what(),
            reason: error.to_string(),
        })
    })?;
    if email_addresses::find_verified(flow.db, &address)?.is_some() {
        return Ok(());
    }
    let password_hash = match &seed.password {
        Some(text) => Some(password::hash(text).map_err(|_| StoreError::interrupted())?),
        None => None,
    };
    let new = NewUser {
        // Another user may hold this ID, because addresses can change.
        id: Some(seed.id()).filter(|id| !matches!(users::find(flow.db, id), Ok(Some(_)))),
        email_address: address,
        strategy: Strategy::Admin,
        password_hash,
        first_name: seed.first_name.clone(),
        last_name: seed.last_name.clone(),
    };
    let id = users::insert(flow.db, &new)?;
    if let Some(mut user) = users::find(flow.db, &id)? {
        user.password_compromised = seed.is_compromised;
        user.public_metadata = seed.public_metadata.clone().into();
        users::update(flow.db, &user)?;
    }
    if let Some(secret) = &totp_secret {
        flow.install_totp(&id, secret, None)?;
    }
    Ok(())
}

fn add_organization(flow: &Flow<'_>, seed: &SeedOrganization) -> Result<(), SeedError> {
    if organizations::find(flow.db, &seed.slug)?.is_some() {
        return Ok(());
    }
    let what = || format!("the organization {}", seed.name);
    let new = NewOrganization {
        id: Some(seed.id()).filter(|id| !matches!(organizations::find(flow.db, id), Ok(Some(_)))),
        name: seed.name.clone(),
        slug: seed.slug.clone(),
        ..NewOrganization::default()
    };
    let organization = accepted(what, flow.create_organization(new))?;
    let nothing = Metadata::default();
    for (address, role) in &seed.members {
        let who = || format!("{address} in the organization {}", seed.name);
        let known = email_addresses::find_verified(flow.db, address)?;
        let known = accepted(who, known.ok_or(FlowError::UserUnknown))?;
        if memberships::find(flow.db, &organization.id, &known.user_id)?.is_none() {
            let added = flow.add_member(&organization, &known.user_id, role, (&nothing, &nothing));
            accepted(who, added)?;
        }
    }
    for (address, role) in &seed.invitations {
        let who = || format!("{address} in the organization {}", seed.name);
        accepted(
            who,
            flow.invite_to_organization(&organization, NewOrganizationInvitation::new(address, role)),
        )?;
    }
    Ok(())
}

fn accepted<T>(what: impl Fn() -> String, outcome: Result<T, impl Into<FlowFailure>>) -> Result<T, SeedError> {
    outcome.map_err(|failure| match failure.into().refusal() {
        Ok(error) => SeedError::Refused(SeedRefused {
            what: what(),
            reason: error.to_string(),
        }),
        Err(error) => SeedError::Store(error),
    })
}
