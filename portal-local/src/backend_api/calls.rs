//! The calls of the Backend API that the local portal plays, with their parameters as Clerk's API reference lists them.

use axum::extract::Path;
use axum::routing;

use super::call::{Call, delete, get, patch, post, put};
use super::request::JsonBody;
use super::restrictions::EntryBody;
use super::users::Mark;
use super::{
    actor_tokens, application_invitations, clients, email_addresses, images, instance, jwks, jwt_templates,
    memberships, organization_invitations, organizations, refresh, restrictions, second_factors, sessions,
    sign_in_tokens, testing_tokens, user_bans, user_invitations, user_list, user_metadata, users, waitlist,
};
use crate::flow::Flow;
use crate::store::List;

const PAGE: &str = "limit offset";
const PAGES: &str = "paginated limit offset";
/// Official clients repeat the parameters of the list of users when they count them.
const USER_FILTERS: &str = "email_address phone_number external_id username web3_wallet user_id organization_id query \
                            email_address_query phone_number_query username_query name_query banned \
                            last_active_at_before last_active_at_after last_active_at_since created_at_before \
                            created_at_after last_sign_in_at_before last_sign_in_at_after provider provider_user_id \
                            limit offset starting_after order_by";
const TEMPLATE: &str = "name claims lifetime allowed_clock_skew custom_signing_key signing_algorithm signing_key";
const METADATA: &str = "public_metadata private_metadata";
const ORGANIZATION_INVITATION: &str =
    "email_address inviter_user_id role public_metadata private_metadata redirect_url expires_in_days notify";
const INVITATION: &str = "email_address public_metadata redirect_url notify ignore_existing expires_in_days";

/// One for each call.
pub(super) fn calls() -> Vec<Call> {
    let mark = |path, mark: Mark| {
        post(path, move |flow: &Flow<'_>, id: Path<String>| {
            users::mark(flow, id, mark)
        })
    };
    let add = |path, list: List| {
        post(path, move |flow: &Flow<'_>, body: JsonBody<EntryBody>| {
            restrictions::add(flow, list, body)
        })
    };
    let remove = |path, list: List| {
        delete(path, move |flow: &Flow<'_>, id: Path<String>| {
            restrictions::remove(flow, list, id)
        })
    };
    Vec::from([
        Call::new("/v1/jwks", routing::get(jwks::jwks)),
        get("/v1/clients", clients::list).query(PAGES),
        post("/v1/clients/verify", clients::verify).body("token"),
        get("/v1/clients/{id}", clients::show),
        get("/v1/clients/handshake_payload", clients::handshake_payload).query("nonce"),
        // Sessions
        get("/v1/sessions", sessions::list).query("client_id user_id status paginated limit offset"),
        post("/v1/sessions", sessions::create).body("user_id active_organization_id"),
        get("/v1/sessions/{id}", sessions::show),
        post("/v1/sessions/{id}/refresh", refresh::refresh)
            .query("suffixed_cookies")
            .body("expired_token refresh_token request_origin request_headers format request_originating_ip"),
        post("/v1/sessions/{id}/revoke", sessions::revoke),
        post("/v1/sessions/{id}/tokens", sessions::create_token).body("expires_in_seconds"),
        post("/v1/sessions/{id}/tokens/{template}", jwt_templates::create_token).body("expires_in_seconds"),
        post("/v1/sessions/{id}/verify", sessions::verify).body("token"),
        get("/v1/jwt_templates", jwt_templates::list).query(PAGES),
        post("/v1/jwt_templates", jwt_templates::create).body(TEMPLATE),
        get("/v1/jwt_templates/{id}", jwt_templates::show),
        patch("/v1/jwt_templates/{id}", jwt_templates::change).body(TEMPLATE),
        delete("/v1/jwt_templates/{id}", jwt_templates::delete),
        // Users
        get("/v1/users", user_list::list).query(USER_FILTERS),
        get("/v1/users/count", user_list::count).query(USER_FILTERS),
        post("/v1/users/ban", user_bans::ban).body("user_ids"),
        post("/v1/users/unban", user_bans::unban).body("user_ids"),
        Call::new("/v1/users", routing::post(users::create))
            .body(
                "external_id first_name last_name email_address email_address_identification_status password \
                 skip_password_checks skip_password_requirement totp_secret backup_codes public_metadata \
                 private_metadata unsafe_metadata delete_self_enabled create_organization_enabled created_at banned \
                 locked skip_legal_checks skip_user_requirement",
            )
            .absent(
                "password_digest password_hasher locale phone_number=[] phone_number_identification_status=[] \
                 web3_wallet=[] username legal_accepted_at create_organizations_limit=0 bypass_client_trust=false",
            ),
        get("/v1/users/{id}", users::show),
        Call::new("/v1/users/{id}", routing::patch(users::change))
            .body(
                "external_id first_name last_name primary_email_address_id password skip_password_checks \
                 sign_out_of_other_sessions totp_secret backup_codes delete_self_enabled create_organization_enabled \
                 created_at skip_legal_checks public_metadata private_metadata unsafe_metadata",
            )
            // An empty username removes it, and no user has one.
            .absent(
                "password_digest password_hasher locale notify_primary_email_address_changed=false \
                 primary_phone_number_id primary_web3_wallet_id username=\"\" profile_image_id legal_accepted_at \
                 create_organizations_limit=0 bypass_client_trust=false",
            ),
        delete("/v1/users/{id}", users::delete),
        patch("/v1/users/{id}/metadata", user_metadata::merge).body("public_metadata private_metadata unsafe_metadata"),
        put("/v1/users/{id}/metadata", user_metadata::replace).body("public_metadata private_metadata unsafe_metadata"),
        Call::new("/v1/users/{id}/verify_password", routing::post(users::verify_password)).body("password"),
        post("/v1/users/{id}/verify_totp", second_factors::verify_totp).body("code"),
        delete("/v1/users/{id}/mfa", second_factors::delete_totp),
        delete("/v1/users/{id}/totp", second_factors::delete_totp),
        delete("/v1/users/{id}/backup_code", second_factors::delete_backup_codes),
        post("/v1/users/{id}/remove_password", users::remove_password).body("sign_out_of_other_sessions"),
        post("/v1/users/{id}/profile_image", images::set_profile_image).file(images::MOST_FORM_BYTES),
        delete("/v1/users/{id}/profile_image", images::remove_profile_image),
        get("/v1/users/{id}/organization_invitations", user_invitations::list).query("status limit offset"),
        get("/v1/users/{id}/organization_memberships", memberships::of_user).query(PAGE),
        delete(
            "/v1/users/{id}/external_accounts/{account_id}",
            users::delete_external_account,
        ),
        mark("/v1/users/{id}/ban", Mark::Banned),
        mark("/v1/users/{id}/unban", Mark::NotBanned),
        mark("/v1/users/{id}/lock", Mark::Locked),
        mark("/v1/users/{id}/unlock", Mark::NotLocked),
        post(
            "/v1/users/{id}/password/set_compromised",
            users::mark_password_compromised,
        )
        .body("revoke_all_sessions"),
        mark(
            "/v1/users/{id}/password/unset_compromised",
            Mark::PasswordNotCompromised,
        ),
        post("/v1/email_addresses", email_addresses::create)
            .body("user_id email_address verified primary notify_primary_email_address_changed"),
        get("/v1/email_addresses/{id}", email_addresses::show),
        patch("/v1/email_addresses/{id}", email_addresses::change)
            .body("verified primary notify_primary_email_address_changed"),
        delete("/v1/email_addresses/{id}", email_addresses::delete),
        // Organizations
        get("/v1/organizations", organizations::list).query(
            "include_members_count include_missing_member_with_elevated_permissions query user_id organization_id \
             order_by limit offset",
        ),
        post("/v1/organizations", organizations::create)
            .body("name slug created_by max_allowed_memberships public_metadata private_metadata created_at")
            .absent("role_set_key"),
        get("/v1/organizations/{id}", organizations::show)
            .query("include_members_count include_missing_member_with_elevated_permissions"),
        patch("/v1/organizations/{id}", organizations::change)
            .body("name slug max_allowed_memberships admin_delete_enabled created_at public_metadata private_metadata")
            .absent("role_set_key"),
        delete("/v1/organizations/{id}", organizations::delete),
        patch("/v1/organizations/{id}/metadata", organizations::merge_metadata).body(METADATA),
        put("/v1/organizations/{id}/metadata", organizations::replace_metadata).body(METADATA),
        get("/v1/organizations/{id}/memberships", memberships::list).query(
            "order_by user_id email_address phone_number username web3_wallet role query email_address_query \
             phone_number_query username_query name_query last_active_at_before last_active_at_after \
             created_at_before created_at_after limit offset",
        ),
        post("/v1/organizations/{id}/memberships", memberships::create)
            .body("user_id role public_metadata private_metadata"),
        patch("/v1/organizations/{id}/memberships/{user_id}", memberships::change).body("role"),
        delete("/v1/organizations/{id}/memberships/{user_id}", memberships::delete),
        patch(
            "/v1/organizations/{id}/memberships/{user_id}/metadata",
            memberships::merge_metadata,
        )
        .body(METADATA),
        get("/v1/organization_memberships", memberships::of_instance).query("order_by limit offset"),
        put("/v1/organizations/{id}/logo", images::set_logo).file(images::MOST_FORM_BYTES),
        delete("/v1/organizations/{id}/logo", images::remove_logo),
        get("/v1/organizations/{id}/invitations", organization_invitations::list)
            .query("status email_address order_by limit offset"),
        post("/v1/organizations/{id}/invitations", organization_invitations::create).body(ORGANIZATION_INVITATION),
        post(
            "/v1/organizations/{id}/invitations/bulk",
            organization_invitations::create_bulk,
        )
        .list(ORGANIZATION_INVITATION),
        get(
            "/v1/organizations/{id}/invitations/pending",
            organization_invitations::list_pending,
        )
        .query(PAGE),
        get(
            "/v1/organizations/{id}/invitations/{invitation_id}",
            organization_invitations::show,
        ),
        post(
            "/v1/organizations/{id}/invitations/{invitation_id}/revoke",
            organization_invitations::revoke,
        )
        .body("requesting_user_id"),
        // Admission
        get("/v1/invitations", application_invitations::list).query("status query order_by paginated limit offset"),
        post("/v1/invitations", application_invitations::create)
            .body(INVITATION)
            .absent("template_slug=\"invitation\""),
        post("/v1/invitations/bulk", application_invitations::create_bulk)
            .list(INVITATION)
            .absent("template_slug=\"invitation\""),
        post("/v1/invitations/{id}/revoke", application_invitations::revoke),
        get("/v1/waitlist_entries", waitlist::list).query("limit offset query status order_by"),
        post("/v1/waitlist_entries", waitlist::create).body("email_address notify"),
        post("/v1/waitlist_entries/bulk", waitlist::create_bulk).list("email_address notify"),
        delete("/v1/waitlist_entries/{id}", waitlist::delete),
        post("/v1/waitlist_entries/{id}/invite", waitlist::invite).body("ignore_existing"),
        post("/v1/waitlist_entries/{id}/reject", waitlist::reject),
        get("/v1/allowlist_identifiers", restrictions::show_allowlist).query(PAGES),
        add("/v1/allowlist_identifiers", List::Allow).body("identifier notify"),
        remove("/v1/allowlist_identifiers/{id}", List::Allow),
        get("/v1/blocklist_identifiers", restrictions::show_blocklist),
        add("/v1/blocklist_identifiers", List::Block)
            .body("identifier")
            .absent("notify=false"),
        remove("/v1/blocklist_identifiers/{id}", List::Block),
        post("/v1/sign_in_tokens", sign_in_tokens::create).body("user_id org_id expires_in_seconds"),
        post("/v1/sign_in_tokens/{id}/revoke", sign_in_tokens::revoke),
        post("/v1/actor_tokens", actor_tokens::create)
            .body("user_id actor expires_in_seconds session_max_duration_in_seconds"),
        post("/v1/actor_tokens/{id}/revoke", actor_tokens::revoke),
        Call::new("/v1/testing_tokens", routing::post(testing_tokens::create)),
        // The instance
        get("/v1/instance", instance::show),
        Call::new("/v1/instance", routing::patch(instance::change))
            .body("test_mode")
            .absent(
                "hibp=false support_email clerk_js_version development_origin allowed_origins=[] cookieless_dev=true \
                 url_based_session_syncing=true preferred_sign_in_strategy_when_password_required=\"password\"",
            ),
        patch("/v1/instance/restrictions", restrictions::change).body(
            "allowlist blocklist allowlist_blocklist_disabled_on_sign_in block_email_subaddresses \
             block_disposable_email_domains",
        ),
        get("/v1/instance/organization_settings", instance::show_organizations),
        patch("/v1/instance/organization_settings", instance::change_organizations)
            .body("enabled max_allowed_memberships admin_delete_enabled creator_role_id")
            .absent("domains_enabled=false slug_disabled=false domains_enrollment_modes=[] domains_default_role_id"),
    ])
}
