//! The claims that an instance adds to tokens, with shortcodes resolved.

use portal_sdk::clock::UnixTime;
use serde_json::{Map, Value, json};

use super::Flow;
use super::organization::Access;
use crate::claims::{TemplateKind, render};
use crate::images;
use crate::mint::TemplateTimes;
use crate::store::{
    JwtTemplate, Metadata, Result, Session, StoreError, User, email_addresses, memberships, roles, users,
};

/// The claims that the instance adds to this session's tokens.
pub(super) fn of_session_token(flow: &Flow<'_>, session: &Session) -> Result<Map<String, Value>> {
    let template = &flow.settings.session_claims;
    if template.is_empty() {
        return Ok(Map::new());
    }
    let values = values(flow, session)?;
    Ok(render(template, TemplateKind::SessionToken, &values))
}

impl Flow<'_> {
    /// A token from a JWT template, for the session's user.
    ///
    /// `lifetime_secs` overrides the template's lifetime.
    pub(crate) fn template_token(
        &self,
        session: &Session,
        template: JwtTemplate,
        lifetime_secs: Option<i64>,
    ) -> Result<String> {
        let values = values(self, session)?;
        let Value::Object(claims) = template.claims.into_value() else {
            return Err(StoreError::interrupted());
        };
        let times = TemplateTimes {
            lifetime_secs: lifetime_secs.unwrap_or(template.lifetime_secs),
            allowed_clock_skew_secs: template.allowed_clock_skew_secs,
        };
        let custom = render(&claims, TemplateKind::JwtTemplate, &values);
        Ok(self
            .application
            .mint
            .template_token(&session.user_id, custom, times, self.now)?)
    }
}

/// The values that shortcodes resolve to.
// Leave private metadata out: browsers can read tokens.
fn values(flow: &Flow<'_>, session: &Session) -> Result<Value> {
    let user = match users::find(flow.db, &session.user_id)? {
        Some(user) => user_values(flow, &user)?,
        None => Value::Null,
    };
    let active = match session.last_active_organization_id.as_deref() {
        Some(id) => flow.access(&session.user_id, id)?,
        None => None,
    };
    let mut values = json!({
        "user": user,
        "session": { "actor": session.actor.clone().map(Metadata::into_value) },
    });
    if let Some(active) = active {
        let organization = organization_values(&flow.application.origin, &active);
        // Clerk's older name for the same value.
        values["organization"] = organization.clone();
        values["org"] = organization;
        values["org_membership"] = membership_values(flow, &active)?;
    }
    Ok(values)
}

fn user_values(flow: &Flow<'_>, user: &User) -> Result<Value> {
    let primary = email_addresses::primary(flow.db, &user.id)?;
    let organizations: Map<String, Value> = memberships::of_user(flow.db, &user.id)?
        .into_iter()
        .map(|membership| (membership.organization_id, membership.role_key.into()))
        .collect();
    Ok(json!({
        "id": user.id,
        "external_id": user.external_id,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "full_name": user.full_name(),
        "username": null,
        "primary_email_address": primary.as_ref().map(|address| &address.address),
        "primary_phone_number": null,
        "primary_web3_wallet": null,
        "email_verified": primary.is_some_and(|address| address.verified_at.is_some()),
        "phone_number_verified": false,
        "two_factor_enabled": flow.has_totp(&user.id)?,
        "image_url": images::url(&flow.application.origin, &user.id, user.image_id.as_deref()),
        "has_image": user.image_id.is_some(),
        "organizations": organizations,
        // In seconds, as in Clerk's guide.
        "created_at": user.created_at.as_secs(),
        "updated_at": user.updated_at.as_secs(),
        "last_sign_in_at": user.last_sign_in_at.map(UnixTime::as_secs),
        "public_metadata": user.public_metadata,
        "unsafe_metadata": user.unsafe_metadata,
    }))
}

fn organization_values(origin: &str, active: &Access) -> Value {
    let organization = &active.organization;
    json!({
        "id": organization.id,
        "name": organization.name,
        "slug": organization.slug,
        "role": active.role.key,
        "image_url": images::url(origin, &organization.id, organization.image_id.as_deref()),
        "has_image": organization.image_id.is_some(),
        "public_metadata": organization.public_metadata,
    })
}

fn membership_values(flow: &Flow<'_>, active: &Access) -> Result<Value> {
    let mut permissions = roles::permissions(flow.db, &active.role.key)?;
    permissions.retain(|key| !roles::is_system(key));
    Ok(json!({
        "id": active.membership.id,
        "role": active.role.key,
        "permissions": permissions,
        "public_metadata": active.membership.public_metadata,
    }))
}
