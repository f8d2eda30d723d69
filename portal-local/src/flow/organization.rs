//! Organizations: making, changing, deleting and activating them.

use portal_sdk::clock::UnixTime;

use super::{Field, Flow, FlowError, Outcome, task};
use crate::ids;
use crate::mint::{OrganizationClaim, organization_claims};
use crate::store::{
    Membership, Metadata, Organization, Result, Role, Session, Task, User, memberships, organizations, roles, sessions,
};

const MOST_NAME_CHARS: usize = 256;
const MOST_SLUG_CHARS: usize = 64;

/// The rights of one member in one organization.
#[derive(Clone, Debug)]
pub(crate) struct Access {
    pub(crate) organization: Organization,
    pub(crate) membership: Membership,
    pub(crate) role: Role,
    permissions: Vec<String>,
}

impl Access {
    pub(crate) fn may(&self, permission: &str) -> bool {
        self.permissions.iter().any(|held| held == permission)
    }

    pub(crate) fn require(&self, permission: &'static str) -> Result<(), FlowError> {
        if self.may(permission) {
            Ok(())
        } else {
            Err(FlowError::PermissionMissing { permission })
        }
    }
}

impl Flow<'_> {
    /// Returns the rights of `user_id` in the organization; `None` if the user is not a member.
    pub(crate) fn access(&self, user_id: &str, organization: &str) -> Result<Option<Access>> {
        let Some(organization) = organizations::find(self.db, organization)? else {
            return Ok(None);
        };
        let Some(membership) = memberships::find(self.db, &organization.id, user_id)? else {
            return Ok(None);
        };
        let Some(role) = roles::find(self.db, &membership.role_key)? else {
            return Ok(None);
        };
        let permissions = roles::permissions(self.db, &role.key)?;
        Ok(Some(Access {
            organization,
            membership,
            role,
            permissions,
        }))
    }

    /// Returns the rights of a member who has `permission`.
    ///
    /// # Errors
    ///
    /// Returns [`FlowError::MemberUnknown`] if the user is not a member, [`FlowError::PermissionMissing`] if the role
    /// lacks the permission.
    pub(crate) fn access_with(&self, user_id: &str, organization: &str, permission: &'static str) -> Outcome<Access> {
        let access = self.access(user_id, organization)?.ok_or(FlowError::MemberUnknown)?;
        access.require(permission)?;
        Ok(access)
    }

    /// Checks that `user` may create organizations.
    pub(crate) fn may_create(&self, user: &User) -> Outcome<()> {
        let settings = self.settings;
        if !settings.organizations_enabled {
            return Err(FlowError::OrganizationsDisabled.into());
        }
        if !(settings.create_organization_enabled && user.create_organization_enabled) {
            return Err(FlowError::CreationDisabled.into());
        }
        Ok(())
    }

    /// Creates the organization, with its creator as the first member.
    pub(crate) fn create_organization(&self, new: NewOrganization) -> Outcome<Organization> {
        let settings = self.settings;
        if !settings.organizations_enabled {
            return Err(FlowError::OrganizationsDisabled.into());
        }
        let name = checked_name(&new.name)?;
        let slug = if new.slug.trim().is_empty() {
            free_slug(self, &name)?
        } else {
            checked_slug(self, &new.slug, None)?
        };
        let organization = Organization {
            id: new.id.unwrap_or_else(|| ids::new_id(ids::ORGANIZATION, self.now)),
            name,
            slug,
            created_by: new.created_by,
            image_id: None,
            max_allowed_memberships: new.max_allowed_memberships.unwrap_or(settings.max_allowed_memberships),
            admin_delete_enabled: settings.admin_delete_enabled,
            public_metadata: new.public_metadata,
            private_metadata: new.private_metadata,
            created_at: new.created_at.unwrap_or(self.now),
            updated_at: self.now,
        };
        organizations::insert(self.db, &organization)?;
        if let Some(creator) = &organization.created_by {
            let nothing = Metadata::default();
            let (role, metadata) = (&settings.creator_role, (&nothing, &nothing));
            memberships::insert(self.db, &organization.id, creator, role, metadata)?;
        }
        Ok(organization)
    }

    /// Changes name and slug of `organization`, which is given as it should be, in the database.
    pub(crate) fn update_organization(&self, mut organization: Organization) -> Outcome<Organization> {
        let name = checked_name(&organization.name)?;
        let slug = checked_slug(self, &organization.slug, Some(&organization.id))?;
        organization.name = name;
        organization.slug = slug;
        organization.updated_at = self.now;
        organizations::update(self.db, &organization)?;
        Ok(organization)
    }

    /// Deletes the organization and deactivates it in all sessions.
    pub(crate) fn delete_organization(&self, organization: &Organization) -> Result<()> {
        let (members, _) = memberships::search(self.db, &organization.id, "", u32::MAX, 0)?;
        for member in members {
            forget(self, &member.membership.user_id, &organization.id)?;
        }
        organizations::delete(self.db, &organization.id)
    }

    /// Makes an organization (by id or slug), or the personal account (`None`), the active one of a session. Gives the
    /// session as it is afterwards, or nothing if that cannot be activated, which leaves everything as it was. A session
    /// that waits for another task than this one has nothing else open.
    pub(crate) fn activate(&self, session: &Session, organization: Option<&str>) -> Result<Option<Session>> {
        let current = sessions::find(self.db, &session.id)?.filter(Session::is_live);
        let is_open = current.is_some_and(|current| matches!(current.task(), None | Some(Task::ChooseOrganization)));
        match is_open {
            true => self.set_active_organization(session, organization),
            false => Ok(None),
        }
    }

    /// Like [`activate`], by an administrator of the application, whatever the session waits for.
    pub(crate) fn set_active_organization(
        &self,
        session: &Session,
        organization: Option<&str>,
    ) -> Result<Option<Session>> {
        let settings = self.settings;
        let organization_id = match organization {
            None if settings.force_organization_selection => return Ok(None),
            None => None,
            Some(_) if !settings.organizations_enabled => return Ok(None),
            Some(wanted) => match self.access(&session.user_id, wanted)? {
                Some(access) => Some(access.organization.id),
                None => return Ok(None),
            },
        };
        if organization_id != session.last_active_organization_id {
            sessions::set_organization(self.db, &session.id, organization_id.as_deref())?;
        }
        let Some(session) = sessions::find(self.db, &session.id)? else {
            return Ok(None);
        };
        task::complete(self, session, Task::ChooseOrganization).map(Some)
    }
}

/// An organization that does not exist yet.
#[derive(Clone, Debug, Default)]
pub(crate) struct NewOrganization {
    /// `None` makes a new one.
    pub(crate) id: Option<String>,
    pub(crate) name: String,
    /// Blank derives one from the name.
    pub(crate) slug: String,
    pub(crate) created_by: Option<String>,
    /// `None` takes the instance's limit.
    pub(crate) max_allowed_memberships: Option<u32>,
    pub(crate) public_metadata: Metadata,
    pub(crate) private_metadata: Metadata,
    /// `None` is now.
    pub(crate) created_at: Option<UnixTime>,
}

fn checked_name(text: &str) -> Result<String, FlowError> {
    let name: String = text.trim().chars().filter(|c| !c.is_control()).collect();
    if name.is_empty() {
        return Err(FlowError::Missing { field: Field::Name });
    }
    if name.chars().count() > MOST_NAME_CHARS {
        return Err(FlowError::TooLong {
            field: Field::Name,
            most: MOST_NAME_CHARS,
        });
    }
    Ok(name)
}

fn checked_slug(flow: &Flow<'_>, text: &str, own_id: Option<&str>) -> Outcome<String> {
    let slug = text.trim();
    if slug.is_empty() {
        return Err(FlowError::Missing { field: Field::Slug }.into());
    }
    if slug.len() > MOST_SLUG_CHARS {
        return Err(FlowError::TooLong {
            field: Field::Slug,
            most: MOST_SLUG_CHARS,
        }
        .into());
    }
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if !slug.bytes().all(is_plain) {
        return Err(FlowError::SlugInvalid.into());
    }
    let holder = organizations::find(flow.db, slug)?;
    if holder.is_some_and(|holder| own_id != Some(holder.id.as_str())) {
        return Err(FlowError::SlugTaken.into());
    }
    Ok(slug.to_owned())
}

/// A slug that looks like `name` and that no organization has.
fn free_slug(flow: &Flow<'_>, name: &str) -> Result<String> {
    let base = slug_of(name);
    let mut slug = base.clone();
    let mut number = 2;
    while organizations::find(flow.db, &slug)?.is_some() {
        slug = format!("{base}-{number}");
        number += 1;
    }
    Ok(slug)
}

fn slug_of(name: &str) -> String {
    let mut slug = String::new();
    for c in name.chars().flat_map(char::to_lowercase) {
        if c.is_ascii_alphanumeric() {
            slug.push(c);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    // Room for the number that tells two of the same name apart.
    slug.truncate(MOST_SLUG_CHARS - 8);
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() { "organization" } else { slug }.to_owned()
}

/// The user's sessions no longer have this organization active.
pub(super) fn forget(flow: &Flow<'_>, user_id: &str, organization_id: &str) -> Result<()> {
    let is_forced = flow.settings.force_organization_selection;
    for session in sessions::live_of_user(flow.db, user_id)? {
        if session.last_active_organization_id.as_deref() == Some(organization_id) {
            sessions::set_organization(flow.db, &session.id, None)?;
            if is_forced {
                task::add(flow, &session, Task::ChooseOrganization)?;
            }
        }
    }
    Ok(())
}

/// The active organization as a session token shows it.
pub(super) fn active_claims(flow: &Flow<'_>, session: &Session) -> Result<Option<(OrganizationClaim, Option<String>)>> {
    let Some(id) = &session.last_active_organization_id else {
        return Ok(None);
    };
    let access = flow.access(&session.user_id, id)?;
    Ok(access.map(|access| {
        let custom: Vec<&str> = access
            .permissions
            .iter()
            .map(String::as_str)
            .filter(|key| !roles::is_system(key))
            .collect();
        organization_claims(
            &access.organization.id,
            &access.organization.slug,
            &access.role.key,
            &custom,
        )
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_look_like_their_names() {
        for (name, slug) in [
            ("Acme", "acme"),
            ("Acme  Books & Co.", "acme-books-co"),
            ("Ümläut 42", "ml-ut-42"),
            ("日本", "organization"),
            ("--a--", "a"),
        ] {
            assert_eq!(slug_of(name), slug, "{name}");
        }
        assert!(slug_of(&"x".repeat(300)).len() < MOST_SLUG_CHARS);
    }
}
