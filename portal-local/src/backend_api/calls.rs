//! The calls of the Backend API that the local portal plays, with their parameters as Clerk's API reference lists them.

use super::parameters::Call;

const PAGE: &str = "limit offset";
const PAGES: &str = "paginated limit offset";

/// One line for each call of the router.
pub(super) const CALLS: &[Call] = &[
    Call::new("GET", "/v1/jwks"),
    Call::new("GET", "/v1/clients").query(PAGES),
    Call::new("POST", "/v1/clients/verify").body("token"),
    Call::new("GET", "/v1/clients/{id}"),
    Call::new("GET", "/v1/clients/handshake_payload").query("nonce"),
    // Sessions
    Call::new("GET", "/v1/sessions").query("client_id user_id status paginated limit offset"),
    Call::new("POST", "/v1/sessions").body("user_id active_organization_id"),
    Call::new("GET", "/v1/sessions/{id}"),
    Call::new("POST", "/v1/sessions/{id}/refresh")
        .query("suffixed_cookies")
        .body("expired_token refresh_token request_origin request_headers format request_originating_ip"),
    Call::new("POST", "/v1/sessions/{id}/revoke"),
    Call::new("POST", "/v1/sessions/{id}/tokens").body("expires_in_seconds"),
    Call::new("POST", "/v1/sessions/{id}/tokens/{template}").body("expires_in_seconds"),
    Call::new("POST", "/v1/sessions/{id}/verify").body("token"),
    Call::new("GET", "/v1/jwt_templates").query(PAGES),
    Call::new("POST", "/v1/jwt_templates")
        .body("name claims lifetime allowed_clock_skew custom_signing_key signing_algorithm signing_key"),
    Call::new("GET", "/v1/jwt_templates/{id}"),
    Call::new("PATCH", "/v1/jwt_templates/{id}")
        .body("name claims lifetime allowed_clock_skew custom_signing_key signing_algorithm signing_key"),
    Call::new("DELETE", "/v1/jwt_templates/{id}"),
    // Users
    Call::new("GET", "/v1/users").query(
        "email_address phone_number external_id username web3_wallet user_id organization_id query email_address_query \
         phone_number_query username_query name_query banned last_active_at_before last_active_at_after \
         last_active_at_since created_at_before created_at_after last_sign_in_at_before last_sign_in_at_after provider \
         provider_user_id limit offset starting_after order_by",
    ),
    // Official clients repeat the parameters of the list beside it.
    Call::new("GET", "/v1/users/count").query(
        "email_address phone_number external_id username web3_wallet user_id organization_id query email_address_query \
         phone_number_query username_query name_query banned last_active_at_before last_active_at_after \
         last_active_at_since created_at_before created_at_after last_sign_in_at_before last_sign_in_at_after provider \
         provider_user_id limit offset starting_after order_by",
    ),
    Call::new("POST", "/v1/users/ban").body("user_ids"),
    Call::new("POST", "/v1/users/unban").body("user_ids"),
    Call::new("POST", "/v1/users")
        .body(
            "external_id first_name last_name email_address email_address_identification_status password \
             skip_password_checks skip_password_requirement totp_secret backup_codes \
             public_metadata private_metadata unsafe_metadata delete_self_enabled create_organization_enabled \
             created_at banned locked skip_legal_checks skip_user_requirement",
        )
        .absent(
            "password_digest password_hasher locale phone_number=[] phone_number_identification_status=[] web3_wallet=[] username legal_accepted_at \
             create_organizations_limit=0 bypass_client_trust=false",
        ),
    Call::new("GET", "/v1/users/{id}"),
    Call::new("PATCH", "/v1/users/{id}")
        .body(
            "external_id first_name last_name primary_email_address_id password \
             skip_password_checks sign_out_of_other_sessions totp_secret backup_codes delete_self_enabled \
             create_organization_enabled created_at skip_legal_checks public_metadata private_metadata unsafe_metadata",
        )
        // An empty username removes it, and no user has one.
        .absent(
            "password_digest password_hasher locale notify_primary_email_address_changed=false primary_phone_number_id primary_web3_wallet_id \
             username=\"\" profile_image_id legal_accepted_at create_organizations_limit=0 bypass_client_trust=false",
        ),
    Call::new("DELETE", "/v1/users/{id}"),
    Call::new("PATCH", "/v1/users/{id}/metadata").body("public_metadata private_metadata unsafe_metadata"),
    Call::new("PUT", "/v1/users/{id}/metadata").body("public_metadata private_metadata unsafe_metadata"),
    Call::new("POST", "/v1/users/{id}/verify_password").body("password"),
    Call::new("POST", "/v1/users/{id}/verify_totp").body("code"),
    Call::new("DELETE", "/v1/users/{id}/mfa"),
    Call::new("DELETE", "/v1/users/{id}/totp"),
    Call::new("DELETE", "/v1/users/{id}/backup_code"),
    Call::new("POST", "/v1/users/{id}/remove_password").body("sign_out_of_other_sessions"),
    Call::new("POST", "/v1/users/{id}/profile_image").file(),
    Call::new("DELETE", "/v1/users/{id}/profile_image"),
    Call::new("GET", "/v1/users/{id}/organization_invitations").query("status limit offset"),
    Call::new("GET", "/v1/users/{id}/organization_memberships").query(PAGE),
    Call::new("DELETE", "/v1/users/{id}/external_accounts/{account_id}"),
    Call::new("POST", "/v1/users/{id}/ban"),
    Call::new("POST", "/v1/users/{id}/unban"),
    Call::new("POST", "/v1/users/{id}/lock"),
    Call::new("POST", "/v1/users/{id}/unlock"),
    Call::new("POST", "/v1/users/{id}/password/set_compromised").body("revoke_all_sessions"),
    Call::new("POST", "/v1/users/{id}/password/unset_compromised"),
    Call::new("POST", "/v1/email_addresses")
        .body("user_id email_address verified primary notify_primary_email_address_changed"),
    Call::new("GET", "/v1/email_addresses/{id}"),
    Call::new("PATCH", "/v1/email_addresses/{id}").body("verified primary notify_primary_email_address_changed"),
    Call::new("DELETE", "/v1/email_addresses/{id}"),
    // Organizations
    Call::new("GET", "/v1/organizations").query(
        "include_members_count include_missing_member_with_elevated_permissions query user_id organization_id order_by \
         limit offset",
    ),
    Call::new("POST", "/v1/organizations")
        .body("name slug created_by max_allowed_memberships public_metadata private_metadata created_at")
        .absent("role_set_key"),
    Call::new("GET", "/v1/organizations/{id}")
        .query("include_members_count include_missing_member_with_elevated_permissions"),
    Call::new("PATCH", "/v1/organizations/{id}")
        .body("name slug max_allowed_memberships admin_delete_enabled created_at public_metadata private_metadata")
        .absent("role_set_key"),
    Call::new("DELETE", "/v1/organizations/{id}"),
    Call::new("PATCH", "/v1/organizations/{id}/metadata").body("public_metadata private_metadata"),
    Call::new("PUT", "/v1/organizations/{id}/metadata").body("public_metadata private_metadata"),
    Call::new("GET", "/v1/organizations/{id}/memberships").query(
        "order_by user_id email_address phone_number username web3_wallet role query email_address_query \
         phone_number_query username_query name_query last_active_at_before last_active_at_after created_at_before \
         created_at_after limit offset",
    ),
    Call::new("POST", "/v1/organizations/{id}/memberships").body("user_id role public_metadata private_metadata"),
    Call::new("PATCH", "/v1/organizations/{id}/memberships/{user_id}").body("role"),
    Call::new("DELETE", "/v1/organizations/{id}/memberships/{user_id}"),
    Call::new("PATCH", "/v1/organizations/{id}/memberships/{user_id}/metadata")
        .body("public_metadata private_metadata"),
    Call::new("GET", "/v1/organization_memberships").query("order_by limit offset"),
    Call::new("PUT", "/v1/organizations/{id}/logo").file(),
    Call::new("DELETE", "/v1/organizations/{id}/logo"),
    Call::new("GET", "/v1/organizations/{id}/invitations").query("status email_address order_by limit offset"),
    Call::new("POST", "/v1/organizations/{id}/invitations").body(
        "email_address inviter_user_id role public_metadata private_metadata redirect_url expires_in_days notify",
    ),
    Call::new("POST", "/v1/organizations/{id}/invitations/bulk").list(
        "email_address inviter_user_id role public_metadata private_metadata redirect_url expires_in_days notify",
    ),
    Call::new("GET", "/v1/organizations/{id}/invitations/pending").query(PAGE),
    Call::new("GET", "/v1/organizations/{id}/invitations/{invitation_id}"),
    Call::new("POST", "/v1/organizations/{id}/invitations/{invitation_id}/revoke").body("requesting_user_id"),
    // Admission
    Call::new("GET", "/v1/invitations").query("status query order_by paginated limit offset"),
    Call::new("POST", "/v1/invitations")
        .body("email_address public_metadata redirect_url notify ignore_existing expires_in_days")
        .absent("template_slug=\"invitation\""),
    Call::new("POST", "/v1/invitations/bulk")
        .list("email_address public_metadata redirect_url notify ignore_existing expires_in_days")
        .absent("template_slug=\"invitation\""),
    Call::new("POST", "/v1/invitations/{id}/revoke"),
    Call::new("GET", "/v1/waitlist_entries").query("limit offset query status order_by"),
    Call::new("POST", "/v1/waitlist_entries").body("email_address notify"),
    Call::new("POST", "/v1/waitlist_entries/bulk").list("email_address notify"),
    Call::new("DELETE", "/v1/waitlist_entries/{id}"),
    Call::new("POST", "/v1/waitlist_entries/{id}/invite").body("ignore_existing"),
    Call::new("POST", "/v1/waitlist_entries/{id}/reject"),
    Call::new("GET", "/v1/allowlist_identifiers").query(PAGES),
    Call::new("POST", "/v1/allowlist_identifiers").body("identifier notify"),
    Call::new("DELETE", "/v1/allowlist_identifiers/{id}"),
    Call::new("GET", "/v1/blocklist_identifiers"),
    Call::new("POST", "/v1/blocklist_identifiers")
        .body("identifier")
        .absent("notify=false"),
    Call::new("DELETE", "/v1/blocklist_identifiers/{id}"),
    Call::new("POST", "/v1/sign_in_tokens").body("user_id org_id expires_in_seconds"),
    Call::new("POST", "/v1/sign_in_tokens/{id}/revoke"),
    Call::new("POST", "/v1/actor_tokens")
        .body("user_id actor expires_in_seconds session_max_duration_in_seconds"),
    Call::new("POST", "/v1/actor_tokens/{id}/revoke"),
    Call::new("POST", "/v1/testing_tokens"),
    // The instance
    Call::new("GET", "/v1/instance"),
    Call::new("PATCH", "/v1/instance").body("test_mode").absent(
        "hibp=false support_email clerk_js_version development_origin allowed_origins=[] cookieless_dev=true \
         url_based_session_syncing=true preferred_sign_in_strategy_when_password_required=\"password\"",
    ),
    Call::new("PATCH", "/v1/instance/restrictions").body(
        "allowlist blocklist allowlist_blocklist_disabled_on_sign_in block_email_subaddresses \
         block_disposable_email_domains",
    ),
    Call::new("GET", "/v1/instance/organization_settings"),
    Call::new("PATCH", "/v1/instance/organization_settings")
        .body("enabled max_allowed_memberships admin_delete_enabled creator_role_id")
        .absent("domains_enabled=false slug_disabled=false domains_enrollment_modes=[] domains_default_role_id"),
];
