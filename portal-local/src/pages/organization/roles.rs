//! `/organization/roles`: which roles there are and what each may do.

use askama::Template;

use super::{ROLES, Tabs, allowed};
use crate::pages::errors::PageResult;
use crate::pages::form_page::FormFrame;
use crate::pages::person::Person;
use crate::store::roles::READ_MEMBERSHIPS;
use crate::store::{Role, roles};

#[derive(Template)]
#[template(path = "organization_roles.html")]
struct RolesPage {
    frame: FormFrame,
    tabs: Tabs,
    roles: Vec<RoleView>,
}

struct RoleView {
    role: Role,
    is_yours: bool,
    /// Keys and names.
    permissions: Vec<(String, String)>,
}

pub(super) async fn show(person: Person) -> PageResult {
    let access = allowed(&person, READ_MEMBERSHIPS).await?;
    let own = access.role.key.clone();
    let views = person
        .read(move |flow, _| {
            let mut views = Vec::new();
            for role in roles::all(flow.db)? {
                let mut permissions = Vec::new();
                for key in roles::permissions(flow.db, &role.key)? {
                    let name = roles::permission_name(flow.db, &key)?;
                    permissions.push((key, name));
                }
                views.push(RoleView {
                    is_yours: role.key == own,
                    role,
                    permissions,
                });
            }
            Ok(views)
        })
        .await?;
    Ok(person.form_page("Roles", ROLES, &[]).render(|frame| RolesPage {
        frame,
        tabs: Tabs::new(&person, &access, ROLES),
        roles: views,
    }))
}
