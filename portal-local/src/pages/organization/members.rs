//! `/organization/organization-members`: who belongs to the organization, in which role.

use askama::Template;

use super::{MEMBERS, REMOVE, SET_ROLE, Tabs, allowed, refusal};
use crate::flow::{Access, Flow, FlowError, Outcome};
use crate::pages::errors::PageResult;
use crate::pages::fields::UserEntry;
use crate::pages::form_page::FormFrame;
use crate::pages::person::{Person, PersonSubmission};
use crate::store::roles::{MANAGE_MEMBERSHIPS, READ_MEMBERSHIPS};
use crate::store::{Membership, Role, memberships, roles};

const PER_PAGE: u32 = 10;
const MOST_QUERY_BYTES: usize = 256;

#[derive(Template)]
#[template(path = "organization_members.html")]
struct MembersPage {
    frame: FormFrame,
    tabs: Tabs,
    members: Vec<MemberView>,
    roles: Vec<Role>,
    may_manage: bool,
    query: String,
    /// The parameters that a search carries along.
    carried: Vec<(&'static str, String)>,
    total: u32,
    previous: Option<String>,
    next: Option<String>,
}

struct MemberView {
    user_id: String,
    name: String,
    /// Empty if the name is the address.
    address: String,
    role_key: String,
    role_name: String,
    is_you: bool,
}

pub(super) async fn show(person: Person) -> PageResult {
    let access = allowed(&person, READ_MEMBERSHIPS).await?;
    render(&person, &access, &[]).await
}

async fn render(person: &Person, access: &Access, found: &[FlowError]) -> PageResult {
    let visit = &person.visit;
    let query = visit.own_parameter("query").unwrap_or_default();
    let query = Some(query)
        .filter(|query| query.len() <= MOST_QUERY_BYTES)
        .unwrap_or_default();
    let number: u32 = visit
        .own_parameter("page")
        .and_then(|text| text.parse().ok())
        .filter(|number| (1..=10_000).contains(number))
        .unwrap_or(1);
    let (organization_id, wanted) = (access.organization.id.clone(), query.clone());
    let (members, total, roles) = person
        .read(move |flow, _| {
            let (id, offset) = (&organization_id, (number - 1) * PER_PAGE);
            let (members, total) = memberships::search(flow.db, id, wanted.trim(), PER_PAGE, offset)?;
            Ok((members, total, roles::all(flow.db)?))
        })
        .await?;
    let members = members.into_iter().map(|member| {
        let address = member.identifier.unwrap_or_default();
        let parts = [member.first_name, member.last_name];
        let name: Vec<String> = parts.into_iter().flatten().collect();
        let (name, address) = match name.is_empty() {
            true => (address, String::new()),
            false => (name.join(" "), address),
        };
        MemberView {
            is_you: member.membership.user_id == person.user.id,
            user_id: member.membership.user_id,
            name,
            address,
            role_key: member.membership.role_key,
            role_name: member.role_name,
        }
    });
    let page_link = |number: u32| {
        let own = [("query", query.as_str()), ("page", &number.to_string())];
        visit.params.link(MEMBERS, &own)
    };
    let previous = (number > 1).then(|| page_link(number - 1));
    let next = (number * PER_PAGE < total).then(|| page_link(number + 1));
    let page = person
        .form_page("Members", MEMBERS, found)
        .about(&access.organization)
        .told(&[("role", "The role is changed."), ("removed", "The member is removed.")]);
    Ok(page.render(|frame| MembersPage {
        frame,
        tabs: Tabs::new(person, access, MEMBERS),
        members: members.collect(),
        roles,
        may_manage: access.may(MANAGE_MEMBERSHIPS),
        carried: visit.params.pairs(),
        total,
        previous,
        next,
        query,
    }))
}

pub(super) async fn set_role(PersonSubmission { person, form }: PersonSubmission<UserEntry>) -> PageResult {
    let UserEntry { user_id, role } = form;
    let work = move |flow: &Flow<'_>, access: &Access| flow.change_role(&access.organization, &user_id, &role);
    act(&person, work, "role").await
}

pub(super) async fn remove(PersonSubmission { person, form }: PersonSubmission<UserEntry>) -> PageResult {
    let user_id = form.user_id;
    let work = move |flow: &Flow<'_>, access: &Access| flow.remove_member(&access.organization, &user_id);
    act(&person, work, "removed").await
}

/// Runs `work`, which only members may do who manage members.
async fn act<F>(person: &Person, work: F, notice: &str) -> PageResult
where
    F: FnOnce(&Flow<'_>, &Access) -> Outcome<Membership> + Send + 'static,
{
    let done = person.manage(MANAGE_MEMBERSHIPS, move |flow, access| work(flow, access));
    let error = match done.await {
        Ok(_) => return Ok(person.done(MEMBERS, notice)),
        Err(failure) => refusal(person, failure)?,
    };
    let access = allowed(person, READ_MEMBERSHIPS).await?;
    render(person, &access, &[error]).await
}
