//! `/organization/roles`: which roles there are and what each may do.

use askama::Template;

use super::{ROLES, Tabs, allowed};
use crate::html::Frame;
use crate::pages::errors::PageResult;
use crate::pages::form::{FormFrame, form_page};
use crate::pages::person::Person;
use crate::store::roles::READ_MEMBERSHIPS;
use crate::store::{Role, roles};

#[derive(Template)]
#[template(path = "organization_roles.html")]
struct RolesPage {
    frame: Frame,
    tabs: Tabs,
    form: FormFrame,
    roles: Vec<RoleView>,
}

struct RoleView {
    role: Role,
    is_yours: bool,
    /// Keys and names.
    permissions: Vec<(String, String)>,
}

pub(super) async fn show(person: Person) -> PageResult {
    let access = match allowed(&person, READ_MEMBERSHIPS).await? {
        Ok(access) => access,
        Err(refusal) => return Ok(refusal),
    };
    let own = access.role.key.clone();
    let views = person
        .read(move |flow, _| {
            let mut views = Vec::new();
            for role in roles::all(flow.connection)? {
                let mut permissions = Vec::new();
                for key in roles::permissions(flow.connection, &role.key)? {
                    let name = roles::permission_name(flow.connection, &key)?;
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
    let template = RolesPage {
        frame: Frame::new(&person.visit.app, "Roles"),
        tabs: Tabs::new(&person, &access, ROLES),
        form: person.form_frame(ROLES, &[]),
        roles: views,
    };
    Ok(form_page(&person.visit, &template, &[], None))
}
