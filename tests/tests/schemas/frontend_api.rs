//! The part of the Frontend API that applications without Clerk's script use.

use http::{Method, StatusCode};
use portal_local::{LocalPortal, Settings};
use serde_json::{Value, json};

use crate::ask::ask;
use crate::shape::agree;

/// Where in the environment an object is, and its shape. Clerk's scripts read some fields that the published shapes leave
/// out; they come last in their line.
const ENVIRONMENT: [(&str, &str); 50] = [
    (
        "",
        "~auth_config:o ~display_config:o ~user_settings:o ~organization_settings:o ~fraud_settings:o \
         ~commerce_settings:o ~api_keys_settings:o ~protect_config:o ~client_debug_mode:b ~partitioned_cookies:b \
         ~maintenance_mode:b ~object:s ~id:s",
    ),
    (
        "/auth_config",
        "object:s id:s first_name:s last_name:s email_address:s phone_number:s username:s password:s \
         identification_requirements:a identification_strategies:a first_factors:a second_factors:a \
         email_address_verification_strategies:a single_session_mode:b enhanced_email_deliverability:b test_mode:b \
         ~cookieless_dev:b url_based_session_syncing:b claimed_at:n? reverification:b native_settings:o",
    ),
    (
        "/auth_config/native_settings",
        "object:s api_enabled:b trusted_device_sign_in_enabled:b \
         trusted_device_enrollment_prompt_after_sign_in_enabled:b \
         trusted_device_enrollment_prompt_after_sign_up_enabled:b",
    ),
    (
        "/display_config",
        "object:s id:s instance_environment_type:s application_name:s theme:o preferred_sign_in_strategy:s \
         ~logo_image_url:s? ~favicon_image_url:s? home_url:s sign_in_url:s sign_up_url:s user_profile_url:s \
         waitlist_url:s oauth_consent_url:s after_sign_in_url:s after_sign_up_url:s after_sign_out_one_url:s \
         after_sign_out_all_url:s after_switch_session_url:s after_join_waitlist_url:s organization_profile_url:s \
         create_organization_url:s after_leave_organization_url:s after_create_organization_url:s logo_link_url:s \
         support_email:s? branded:b experimental_force_oauth_first:b clerk_js_version:s? show_devmode_warning:b \
         google_one_tap_client_id:s? help_url:s? privacy_policy_url:s? terms_url:s? logo_url:s? favicon_url:s? \
         logo_image:o? favicon_image:o? captcha_public_key:s? captcha_widget_type:s? captcha_public_key_invisible:s? \
         captcha_provider:s? captcha_oauth_bypass:a ~captcha_heartbeat:b?",
    ),
    (
        "/user_settings",
        "attributes:o social:o saml:o enterprise_sso:o sign_in:o sign_up:o restrictions:o password_settings:o \
         username_settings:o actions:o attack_protection:o passkey_settings:o",
    ),
    (
        "/user_settings/attributes",
        "email_address:o phone_number:o username:o web3_wallet:o first_name:o last_name:o password:o \
         authenticator_app:o ticket:o backup_code:o passkey:o",
    ),
    ("/user_settings/attributes/email_address", ATTRIBUTE),
    ("/user_settings/attributes/phone_number", ATTRIBUTE),
    ("/user_settings/attributes/username", ATTRIBUTE),
    ("/user_settings/attributes/web3_wallet", ATTRIBUTE),
    ("/user_settings/attributes/first_name", ATTRIBUTE),
    ("/user_settings/attributes/last_name", ATTRIBUTE),
    ("/user_settings/attributes/password", ATTRIBUTE),
    ("/user_settings/attributes/authenticator_app", ATTRIBUTE),
    ("/user_settings/attributes/ticket", ATTRIBUTE),
    ("/user_settings/attributes/backup_code", ATTRIBUTE),
    ("/user_settings/attributes/passkey", ATTRIBUTE),
    (
        "/user_settings/social/oauth_custom_example",
        "enabled:b required:b authenticatable:b block_email_subaddresses:b strategy:s not_selectable:b deprecated:b \
         ~name:s ~logo_url:s?",
    ),
    ("/user_settings/saml", "enabled:b ~self_serve_sso:b"),
    ("/user_settings/enterprise_sso", "enabled:b ~self_serve_sso:b"),
    ("/user_settings/sign_in", "second_factor:o"),
    ("/user_settings/sign_in/second_factor", "required:b"),
    (
        "/user_settings/sign_up",
        "captcha_enabled:b captcha_widget_type:s custom_action_required:b progressive:b mode:s \
         legal_consent_enabled:b",
    ),
    (
        "/user_settings/restrictions",
        "allowlist:o blocklist:o allowlist_blocklist_disabled_on_sign_in:o block_email_subaddresses:o \
         block_disposable_email_domains:o",
    ),
    ("/user_settings/restrictions/allowlist", "enabled:b"),
    ("/user_settings/restrictions/blocklist", "enabled:b"),
    (
        "/user_settings/restrictions/allowlist_blocklist_disabled_on_sign_in",
        "enabled:b",
    ),
    ("/user_settings/restrictions/block_email_subaddresses", "enabled:b"),
    (
        "/user_settings/restrictions/block_disposable_email_domains",
        "enabled:b",
    ),
    (
        "/user_settings/password_settings",
        "disable_hibp:b disable_password_reverification:b min_length:n max_length:n require_special_char:b \
         require_numbers:b require_uppercase:b require_lowercase:b show_zxcvbn:b min_zxcvbn_strength:n \
         enforce_hibp_on_sign_in:b allowed_special_characters:s",
    ),
    (
        "/user_settings/username_settings",
        "min_length:n? max_length:n? allow_extended_special_characters:b allow_numeric_usernames:b",
    ),
    (
        "/user_settings/actions",
        "delete_self:b create_organization:b create_organizations_limit:b?",
    ),
    (
        "/user_settings/attack_protection",
        "user_lockout:o pii:o email_link:o enumeration_protection:o",
    ),
    (
        "/user_settings/attack_protection/user_lockout",
        "enabled:b max_attempts:n duration_in_minutes:n",
    ),
    ("/user_settings/attack_protection/pii", "enabled:b"),
    ("/user_settings/attack_protection/email_link", "require_same_client:b"),
    ("/user_settings/attack_protection/enumeration_protection", "enabled:b"),
    (
        "/user_settings/passkey_settings",
        "allow_autofill:b show_sign_in_button:b satisfies_second_factor:b",
    ),
    (
        "/organization_settings",
        "enabled:b max_allowed_memberships:n actions:o domains:o ~slug:o creator_role:s ~force_organization_selection:b",
    ),
    ("/organization_settings/actions", "admin_delete:b"),
    (
        "/organization_settings/domains",
        "enabled:b enrollment_modes:a default_role:s",
    ),
    ("/organization_settings/slug", "disabled:b"),
    ("/fraud_settings", "~object:s native:o"),
    ("/fraud_settings/native", "device_attestation_mode:s"),
    (
        "/commerce_settings/billing",
        "~stripe_publishable_key:s? ~free_trial_requires_payment_method:b ~user:o ~organization:o",
    ),
    ("/commerce_settings", "billing:o"),
    ("/commerce_settings/billing/user", "~enabled:b ~has_paid_plans:b"),
    (
        "/commerce_settings/billing/organization",
        "~enabled:b ~has_paid_plans:b",
    ),
    (
        "/api_keys_settings",
        "enabled:b user_api_keys_enabled:b orgs_api_keys_enabled:b",
    ),
    ("/protect_config", "~loaders:a ~object:s ~id:s"),
];
const ATTRIBUTE: &str = "enabled:b required:b used_for_first_factor:b first_factors:a used_for_second_factor:b \
    second_factors:a verifications:a verify_at_sign_up:b immutable:b";
const ACCOUNT_PORTAL: &str = "object:s allowed:b enabled:b internal_linking:b after_sign_in_url:s after_sign_up_url:s \
    after_join_waitlist_url:s after_create_organization_url:s after_leave_organization_url:s logo_link_url:s \
    customization:o";
const CUSTOMIZATION: &str = "appearance:s? background_color_dark:s? background_color_light:s? primary_color_dark:s? \
    primary_color_light:s?";
const RSA_KEY: &str = "kid:s alg:s use:s kty:s n:s e:s ~x5c:a ~x5t:s ~x5t#S256:s ~x5u:s";
const OPENID_CONFIGURATION: &str = "issuer:s authorization_endpoint:s token_endpoint:s revocation_endpoint:s \
    introspection_endpoint:s userinfo_endpoint:s jwks_uri:s scopes_supported:a response_types_supported:a \
    response_modes_supported:a grant_types_supported:a subject_types_supported:a \
    id_token_signing_alg_values_supported:a token_endpoint_auth_methods_supported:a claims_supported:a \
    code_challenge_methods_supported:a backchannel_logout_supported:b frontchannel_logout_supported:b \
    ~end_session_endpoint:s";

#[tokio::test]
async fn every_answer_has_clerks_shape() {
    let portal = LocalPortal::builder().start().await.expect("the portal starts");
    for mount in ["", "/accounts.dev"] {
        let get = async |path: &str| {
            let (status, _, body) = ask(&portal, Method::GET, &format!("{mount}{path}"), None, String::new()).await;
            assert_eq!(status, StatusCode::OK, "{path}");
            body
        };
        let environment = get("/v1/environment").await;
        let mut found: Vec<(&str, &str, Value)> = ENVIRONMENT
            .iter()
            .map(|(place, shape)| {
                let value = environment.pointer(place);
                (*place, *shape, value.expect("an object at each place").clone())
            })
            .collect();
        let account_portal = get("/v1/account_portal").await;
        found.push(("customization", CUSTOMIZATION, account_portal["customization"].clone()));
        found.push(("account portal", ACCOUNT_PORTAL, account_portal));
        let keys = get("/.well-known/jwks.json").await;
        found.push(("a key", RSA_KEY, keys["keys"][0].clone()));
        found.push(("keys", "keys:a", keys));
        let configuration = get("/.well-known/openid-configuration").await;
        found.push(("configuration", OPENID_CONFIGURATION, configuration));
        let (_, _, browser) = ask(
            &portal,
            Method::POST,
            &format!("{mount}/v1/dev_browser"),
            None,
            String::new(),
        )
        .await;
        // Clerk publishes no shape; its scripts read `id`.
        found.push(("browser", "id:s token:s", browser));
        agree(&found);
        assert_eq!(get("/v1/health").await, json!({ "status": "healthy" }));
    }
    portal.shut_down().await;
}

/// Every object of the environment has its line above; one that is added needs another.
#[tokio::test]
async fn no_object_of_the_environment_is_without_a_shape() {
    let portal = LocalPortal::builder().start().await.expect("the portal starts");
    let (_, _, environment) = ask(&portal, Method::GET, "/v1/environment", None, String::new()).await;
    let mut places = vec![(String::new(), &environment)];
    let mut objects = Vec::new();
    while let Some((place, value)) = places.pop() {
        let Some(object) = value.as_object() else { continue };
        places.extend(object.iter().map(|(name, value)| (format!("{place}/{name}"), value)));
        objects.push(place);
    }
    // Both are open: a look of its own, and a provider under each name.
    let open = ["/display_config/theme", "/user_settings/social"];
    objects.retain(|place| !open.contains(&place.as_str()) && !ENVIRONMENT.iter().any(|(known, _)| known == place));
    assert_eq!(objects, Vec::<String>::new());
    portal.shut_down().await;
}

#[tokio::test]
async fn the_account_portal_says_what_the_environment_says() {
    let portal = LocalPortal::builder().start().await.expect("the portal starts");
    let mut settings = Settings::default();
    settings.after_sign_in_url = Some("http://localhost:3000/in".to_owned());
    settings.account_portal_enabled = false;
    portal.set_settings(settings).await.expect("settings");
    let get = async |path: &str| ask(&portal, Method::GET, path, None, String::new()).await.2;
    let (found, environment) = (get("/v1/account_portal").await, get("/v1/environment").await);
    assert_eq!(found["enabled"], false);
    assert_eq!(found["after_sign_in_url"], "http://localhost:3000/in");
    for name in [
        "after_sign_in_url",
        "after_sign_up_url",
        "after_join_waitlist_url",
        "after_create_organization_url",
        "after_leave_organization_url",
        "logo_link_url",
    ] {
        assert_eq!(found[name], environment["display_config"][name], "{name}");
    }
    portal.shut_down().await;
}
