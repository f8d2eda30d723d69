//! Webhook events: the changes of a transaction, as Clerk reports them.
//!
//! The payloads are those of Clerk's specification (`webhooks/2025-04-15.yml` in clerk/openapi-specs) and of
//! `JSON.ts` in `@clerk/backend`. Clerk documents the names of the events, but not their causes; the crate's page lists the
//! assumptions.

use std::sync::Arc;

use serde_json::{Value, json};

use super::organizations::Asked;
use super::request::deleted;
use super::user_view::full_view;
use super::waitlist as waitlist_views;
use super::{memberships as membership_views, organization_invitations as invitation_views, sessions as session_views};
use crate::flow::{Application, Flow};
use crate::ids;
use crate::store::changes;
use crate::store::webhook_deliveries::{self, NewEvent};
use crate::store::{Cause, Change, ChangeKind, Db, Membership, Object, OrganizationInvitation, Result, Witness};
use crate::store::{
    email_addresses, memberships, organization_invitations, organizations as organization_rows, sessions, settings,
    users, waitlist,
};
use crate::webhooks::Webhooks;

/// The address of every client: the portal binds loopback addresses only.
const CLIENT_IP: &str = "127.0.0.1";

/// Writes the events of each transaction into the outbox of webhooks.
pub(crate) struct Events {
    pub(crate) application: Arc<Application>,
    pub(crate) webhooks: Arc<Webhooks>,
}

impl Witness for Events {
    fn before_commit(&self, db: Db<'_>, cause: &Cause) -> Result<bool> {
        let changes = changes::noted(db)?;
        if changes.is_empty() {
            return Ok(false);
        }
        let flow = Flow {
            db,
            settings: &Arc::new(settings::read(db)?),
            application: &self.application,
        };
        let mut is_changed = false;
        for change in &changes {
            let Some(Event { subject_id, data }) = event(&flow, change, &changes)? else {
                continue;
            };
            let event_type = format!("{}.{}", change.object.as_str(), change.kind.as_str());
            let body = json!({
                "object": "event",
                "type": event_type,
                "data": data,
                "timestamp": db.now.as_millis(),
                "instance_id": self.application.instance_id,
                "event_attributes": {
                    "http_request": { "client_ip": CLIENT_IP, "user_agent": cause.user_agent },
                },
            });
            let new = NewEvent {
                message_id: &ids::new_id(ids::MESSAGE, db.now),
                event_type: &event_type,
                subject_id: &subject_id,
                body: &body.to_string(),
            };
            webhook_deliveries::insert(db, &new, self.webhooks.urls())?;
            is_changed = true;
        }
        changes::forget(db)?;
        Ok(is_changed)
    }

    fn committed(&self) {
        self.webhooks.wake();
    }
}

/// An event's payload, and the object whose events keep their order.
struct Event {
    subject_id: String,
    data: Value,
}

impl Event {
    fn new(subject_id: &str, data: Value) -> Option<Self> {
        let subject_id = subject_id.to_owned();
        Some(Self { subject_id, data })
    }
}

/// The event of one change among all of its transaction.
///
/// Returns `None` if the transaction deleted the object together with its owner, whose event covers it.
fn event(flow: &Flow<'_>, change: &Change, all: &[Change]) -> Result<Option<Event>> {
    let id = change.id.as_str();
    Ok(match change.object {
        Object::User if change.kind == ChangeKind::Deleted => {
            Event::new(id, deleted_with("user", "external_id", change))
        }
        Object::User => match users::find(flow.db, id)? {
            Some(user) => Event::new(id, full_view(flow, &user)?),
            None => None,
        },
        Object::Session => session(flow, id)?,
        Object::Organization if change.kind == ChangeKind::Deleted => {
            Event::new(id, deleted_with("organization", "slug", change))
        }
        Object::Organization => match organization_rows::find(flow.db, id)? {
            Some(organization) => Event::new(id, Asked::EVERYTHING.view(flow, &organization)?),
            None => None,
        },
        Object::Membership => membership(flow, change)?,
        Object::Invitation => invitation(flow, change, all)?,
        Object::WaitlistEntry => match waitlist::find(flow.db, id)? {
            Some(entry) => Event::new(id, waitlist_views::view(&entry, Some(Value::Null))),
            None => None,
        },
    })
}

fn deleted_with(object: &str, name: &str, change: &Change) -> Value {
    let mut data = deleted(object, &change.id);
    if let Some(detail) = &change.detail {
        data[name] = detail.as_str().into();
    }
    data
}

/// A session and its user, who is `null` once the account is deleted.
fn session(flow: &Flow<'_>, id: &str) -> Result<Option<Event>> {
    let found = match sessions::find(flow.db, id)? {
        Some(session) => Some(session),
        None => changes::gone_session(flow.db, id)?,
    };
    let Some(session) = found else {
        return Ok(None);
    };
    let mut data = session_views::view(&session);
    data["user"] = match users::find(flow.db, &session.user_id)? {
        Some(user) => full_view(flow, &user)?,
        None => Value::Null,
    };
    Ok(Event::new(&session.user_id, data))
}

fn membership(flow: &Flow<'_>, change: &Change) -> Result<Option<Event>> {
    let found = match change.kind {
        ChangeKind::Deleted => changes::gone_membership(flow.db, &change.id)?,
        _ => memberships::find_by_id(flow.db, &change.id)?,
    };
    let Some(membership) = found else {
        return Ok(None);
    };
    let organization = organization_rows::find(flow.db, &membership.organization_id)?;
    let member = memberships::member(flow.db, &membership)?;
    Ok(match (organization, member) {
        (Some(organization), Some(member)) => {
            let mut data = membership_views::view(flow, &organization, &member)?;
            data["organization"] = Asked::EVERYTHING.view(flow, &organization)?;
            Event::new(&membership.user_id, data)
        }
        _ => None,
    })
}

fn invitation(flow: &Flow<'_>, change: &Change, all: &[Change]) -> Result<Option<Event>> {
    let Some(invitation) = organization_invitations::find(flow.db, &change.id)? else {
        return Ok(None);
    };
    let mut data = invitation_views::view(flow, &invitation, change.detail.as_deref())?;
    if change.kind == ChangeKind::Accepted {
        data["user_id"] = accepted_by(flow, &invitation, all)?.into();
    }
    Ok(Event::new(&invitation.organization_id, data))
}

/// The user who accepted an invitation: the new member, or the owner of its address if that user was a member before.
fn accepted_by(flow: &Flow<'_>, invitation: &OrganizationInvitation, all: &[Change]) -> Result<Option<String>> {
    let is_new_member = |change: &&Change| change.object == Object::Membership && change.kind == ChangeKind::Created;
    for change in all.iter().filter(is_new_member) {
        let found = memberships::find_by_id(flow.db, &change.id)?;
        let is_theirs = |one: &Membership| one.organization_id == invitation.organization_id;
        if let Some(membership) = found.filter(is_theirs) {
            return Ok(Some(membership.user_id));
        }
    }
    let owner = email_addresses::find_verified(flow.db, &invitation.address)?;
    Ok(owner.map(|address| address.user_id))
}

#[cfg(test)]
mod tests {
    use crate::LocalPortal;
    use crate::store::{Db, NewUser, StoreError, Strategy, instance, users};

    fn add(db: Db<'_>, address: &str) -> Result<String, StoreError> {
        let new = NewUser {
            id: None,
            email_address: address.to_owned(),
            strategy: Strategy::Admin,
            password_hash: None,
            first_name: None,
            last_name: None,
        };
        users::insert(db, &new)
    }

    #[tokio::test]
    async fn failed_commit_leaves_no_event() {
        let portal = LocalPortal::builder()
            .webhook("http://127.0.0.1:1/")
            .start()
            .await
            .unwrap();
        let flows = &portal.app.flows;
        flows.transaction(instance::refuse_commits).await.unwrap();
        let failed = flows.transaction(|db| {
            add(db, "ada@example.com")?;
            instance::set_signing_key(db, "ins_1", b"key")
        });
        assert!(failed.await.is_err());
        assert!(portal.webhooks().await.unwrap().is_empty());
        let id = flows.transaction(|db| add(db, "joe@example.com")).await.unwrap();
        let stored = portal.webhooks().await.unwrap();
        let subjects: Vec<&str> = stored.iter().map(|one| one.subject_id.as_str()).collect();
        assert_eq!(subjects, [id.as_str()]);
    }
}
