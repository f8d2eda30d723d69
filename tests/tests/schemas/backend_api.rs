//! The Backend API.

use http::Method;
use portal_local::{LocalPortal, SeedOrganization, SeedUser};
use serde_json::{Value, json};

use crate::ask::call;
use crate::shape::agree;

const JANE: &str = "jane+clerk_test@example.com";

const USER: &str = "object:s id:s external_id:s? primary_email_address_id:s? primary_phone_number_id:s? \
    primary_web3_wallet_id:s? username:s? first_name:s? last_name:s? has_image:b public_metadata:o email_addresses:a \
    phone_numbers:a web3_wallets:a passkeys:a password_enabled:b two_factor_enabled:b totp_enabled:b backup_code_enabled:b \
    mfa_enabled_at:n? mfa_disabled_at:n? external_accounts:a saml_accounts:a enterprise_accounts:a last_sign_in_at:n? \
    banned:b locked:b lockout_expires_in_seconds:n? verification_attempts_remaining:n? updated_at:n created_at:n \
    delete_self_enabled:b create_organization_enabled:b last_active_at:n? legal_accepted_at:n? ~locale:s? \
    ~profile_image_url:s ~image_url:s ~private_metadata:o? ~unsafe_metadata:o ~password_last_updated_at:n? \
    ~organization_memberships:a ~deprovisioned:b ~create_organizations_limit:n? ~bypass_client_trust:b ~scim:o?";
const EMAIL_ADDRESS: &str = "object:s email_address:s reserved:b verification:o? linked_to:a created_at:n updated_at:n \
    ~id:s ~matches_sso_connection:b";
const SESSION: &str = "object:s id:s user_id:s client_id:s status:s last_active_at:n expire_at:n abandon_at:n updated_at:n \
    created_at:n ~actor:o? ~last_active_organization_id:s? ~latest_activity:o? ~tasks:a?";
const CLIENT: &str = "object:s id:s session_ids:a sessions:a sign_in_id:s? sign_up_id:s? last_active_session_id:s? \
    last_authentication_strategy:s? updated_at:n created_at:n";
const ORGANIZATION: &str = "object:s id:s name:s slug:s has_image:b max_allowed_memberships:n admin_delete_enabled:b \
    public_metadata:o created_at:n updated_at:n ~image_url:s ~members_count:n \
    ~missing_member_with_elevated_permissions:b ~pending_invitations_count:n ~private_metadata:o ~created_by:s \
    ~last_active_at:n ~role_set_key:s?";
const MEMBERSHIP: &str = "object:s id:s role:s permissions:a public_metadata:o organization:o created_at:n updated_at:n \
    ~role_name:s ~private_metadata:o ~public_user_data:o";
const ORGANIZATION_INVITATION: &str = "object:s id:s email_address:s role:s role_name:s inviter_id:s? \
    public_inviter_data:o? public_metadata:o url:s? expires_at:n? created_at:n updated_at:n ~organization_id:s ~status:s \
    ~private_metadata:o";
const SIGN_IN_TOKEN: &str = "object:s id:s status:s user_id:s created_at:n updated_at:n ~token:s ~url:s?";
const INVITATION: &str = "object:s id:s email_address:s public_metadata:o status:s created_at:n updated_at:n ~revoked:b \
    ~url:s ~expires_at:n?";
const WAITLIST_ENTRY: &str =
    "object:s id:s email_address:s status:s created_at:n updated_at:n ~is_locked:b ~invitation:o?";
// Clerk says for no field that it is always there.
const ALLOWLIST_IDENTIFIER: &str = "object:s id:s ~invitation_id:s identifier:s identifier_type:s instance_id:s \
    created_at:n updated_at:n";
const BLOCKLIST_IDENTIFIER: &str =
    "object:s id:s identifier:s identifier_type:s instance_id:s created_at:n updated_at:n";
const RESTRICTIONS: &str = "object:s allowlist:b blocklist:b allowlist_blocklist_disabled_on_sign_in:b \
    block_email_subaddresses:b block_disposable_email_domains:b";
const DELETED: &str = "object:s deleted:b ~id:s ~slug:s ~external_id:s";
const TOTAL_COUNT: &str = "object:s total_count:n";
const LIST: &str = "data:a total_count:n";

#[tokio::test]
async fn every_answer_has_clerks_shape() {
    let portal = LocalPortal::builder()
        .demo_data()
        .start()
        .await
        .expect("the portal starts");
    let (jane, acme) = (SeedUser::new(JANE).id(), SeedOrganization::new("Acme", "acme").id());
    let get = async |path: String| call(&portal, Method::GET, &path, None).await;
    let post = async |path: String, body: Value| call(&portal, Method::POST, &path, Some(body)).await;
    let delete = async |path: String| call(&portal, Method::DELETE, &path, None).await;
    let mut found: Vec<(&str, &str, Value)> = Vec::new();

    let user = get(format!("/users/{jane}")).await;
    found.push(("an address", EMAIL_ADDRESS, user["email_addresses"][0].clone()));
    found.push(("a user", USER, user));
    found.push(("a listed user", USER, get("/users".to_owned()).await[0].clone()));
    found.push(("a count", TOTAL_COUNT, get("/users/count".to_owned()).await));
    let new = post(
        "/users".to_owned(),
        json!({ "email_address": ["new@example.com"], "skip_password_requirement": true }),
    )
    .await;
    let id = new["id"].as_str().expect("an id").to_owned();
    found.push(("a new user", USER, new));
    found.push(("a deleted user", DELETED, delete(format!("/users/{id}")).await));

    let session = post("/sessions".to_owned(), json!({ "user_id": jane })).await;
    let id = session["id"].as_str().expect("an id").to_owned();
    let client = session["client_id"].as_str().expect("an id").to_owned();
    found.push(("a new session", SESSION, session));
    let client = get(format!("/clients/{client}")).await;
    found.push(("a client's session", SESSION, client["sessions"][0].clone()));
    found.push(("a client", CLIENT, client));
    found.push(("a listed client", CLIENT, get("/clients".to_owned()).await[0].clone()));
    let token = post(format!("/sessions/{id}/tokens"), json!({})).await;
    let verified = post("/clients/verify".to_owned(), json!({ "token": token["jwt"] })).await;
    found.push(("a verified client", CLIENT, verified));
    found.push(("a token", "object:s jwt:s", token));
    found.push(("a session", SESSION, get(format!("/sessions/{id}")).await));
    found.push((
        "a listed session",
        SESSION,
        get(format!("/sessions?user_id={jane}")).await[0].clone(),
    ));
    found.push((
        "a revoked session",
        SESSION,
        post(format!("/sessions/{id}/revoke"), json!({})).await,
    ));

    found.push((
        "an organization",
        ORGANIZATION,
        get(format!("/organizations/{acme}")).await,
    ));
    let memberships = get(format!("/organizations/{acme}/memberships")).await;
    found.push(("a membership", MEMBERSHIP, memberships["data"][0].clone()));
    found.push((
        "an organization inside",
        ORGANIZATION,
        memberships["data"][0]["organization"].clone(),
    ));
    found.push(("a list", LIST, memberships));
    let own = get(format!("/users/{jane}/organization_memberships")).await;
    found.push(("one's own membership", MEMBERSHIP, own["data"][0].clone()));
    let wanted = json!({ "email_address": "guest@example.com", "role": "org:member", "inviter_user_id": jane });
    let invitation = post(format!("/organizations/{acme}/invitations"), wanted).await;
    let id = invitation["id"].as_str().expect("an id").to_owned();
    found.push(("an organization's invitation", ORGANIZATION_INVITATION, invitation));
    let revoked = post(format!("/organizations/{acme}/invitations/{id}/revoke"), json!({})).await;
    found.push(("a withdrawn one", ORGANIZATION_INVITATION, revoked));
    let created = post(
        "/organizations".to_owned(),
        json!({ "name": "New", "created_by": jane }),
    )
    .await;
    let id = created["id"].as_str().expect("an id").to_owned();
    found.push(("a new organization", ORGANIZATION, created));
    found.push((
        "a deleted organization",
        DELETED,
        delete(format!("/organizations/{id}")).await,
    ));

    found.push((
        "a sign-in token",
        SIGN_IN_TOKEN,
        post("/sign_in_tokens".to_owned(), json!({ "user_id": jane })).await,
    ));
    let invitation = post(
        "/invitations".to_owned(),
        json!({ "email_address": "another@example.com" }),
    )
    .await;
    found.push(("an invitation", INVITATION, invitation));
    let entry = post(
        "/waitlist_entries".to_owned(),
        json!({ "email_address": "patient@example.com" }),
    )
    .await;
    found.push(("a waitlist entry", WAITLIST_ENTRY, entry));

    for (list, shape) in [("allow", ALLOWLIST_IDENTIFIER), ("block", BLOCKLIST_IDENTIFIER)] {
        let path = format!("/{list}list_identifiers");
        let body = json!({ "identifier": "listed@example.com", "notify": list == "allow" });
        let entry = post(path.clone(), body).await;
        let id = entry["id"].as_str().expect("an id").to_owned();
        found.push(("a listed identifier", shape, entry));
        let all = get(path.clone()).await;
        let first = if list == "allow" { &all[0] } else { &all["data"][0] };
        found.push(("one of a list", shape, first.clone()));
        found.push(("a removed one", DELETED, delete(format!("{path}/{id}")).await));
    }
    found.push(("a blocklist", LIST, get("/blocklist_identifiers".to_owned()).await));
    let patch = call(&portal, Method::PATCH, "/instance/restrictions", Some(json!({}))).await;
    found.push(("restrictions", RESTRICTIONS, patch));
    agree(&found);
    portal.shut_down().await;
}
