//! Secrets in the wrong setting.

use portal_sdk::instance::{Instance, PublishableKey, Satellite};

use super::{live, printed, satellite};
use crate::common::{LIVE_KEY, TEST_KEY};

#[test]
fn swapped_keys_are_reported_without_the_secret() {
    for secret in [
        "sk_live_hunter2",
        "sk_test_hunter2",
        " sk_live_hunter2\n",
        "\"sk_live_hunter2\"",
        "'SK_LIVE_hunter2'",
        "\u{feff}sk_hunter2",
        "live_hunter2",
    ] {
        let builder = Instance::builder(secret, LIVE_KEY);
        assert!(!format!("{builder:?}").contains("hunter2"));
        let text = printed(&builder.build().unwrap_err());
        assert!(
            text.starts_with("CLERK_PUBLISHABLE_KEY: expected a publishable key")
                && text.contains("found a secret key"),
            "{text}"
        );
        assert!(
            text.contains("swapped") && !text.to_lowercase().contains("hunter2"),
            "{text}"
        );
        let parsed = secret.parse::<PublishableKey>().unwrap_err();
        assert!(!format!("{parsed} {parsed:?}").contains("hunter2"));
    }
    let other_way = Instance::builder(LIVE_KEY, LIVE_KEY).build().unwrap_err().to_string();
    assert!(
        other_way.starts_with("CLERK_SECRET_KEY: ") && other_way.contains("swapped"),
        "{other_way}"
    );
}

#[test]
fn secret_in_any_setting_is_not_shown() {
    let secret = "sk_live_hunter2";
    let with_key = "https://api.example.com:x/?key=sk_live_hunter2";
    let with_password = "ftp://user:hunter2@example.com";
    for text in [secret, with_key, with_password, "\"SK_live_hunter2\""] {
        let dev = || Instance::builder(TEST_KEY, "sk_test_x");
        for builder in [
            live().api_url(text),
            live().api_version(text),
            live().jwt_key(text),
            live().proxy_url(text),
            live().frontend_api_url(text),
            live().satellite(Satellite::on_domain(text)),
            live().public_origin(text),
            live().trusted_origins([text]),
            live().authorized_parties([text]),
            live().issuers([text]),
            live().allowed_redirect_origins([text]),
            live().allowed_request_origins([text]),
            live().satellite_origins([text]),
            live().sign_in_url(text),
            live().sign_up_url(text),
            live().organization_patterns([format!("/{text}/(?x)")]),
            live().sign_in_force_redirect_url(text),
            live().satellite(Satellite::behind_proxy(text)),
            dev()
                .satellite(Satellite::on_domain("satellite.example"))
                .sign_in_url(format!("/{text}")),
        ] {
            let error = builder.build().unwrap_err();
            assert!(
                !printed(&error).to_lowercase().contains("hunter2"),
                "{}",
                printed(&error)
            );
        }
    }
}

#[test]
fn secret_key_is_rejected_in_free_text_settings() {
    for text in ["sk_live_hunter2", " \"SK_test_hunter2\" "] {
        for builder in [
            live().satellite(Satellite::on_domain(text)),
            live().audience([text]),
            live().organization_patterns([text]),
            live().personal_account_patterns([text]),
        ] {
            let text = printed(&builder.build().unwrap_err());
            assert!(text.contains("secret key") && !text.contains("hunter2"), "{text}");
        }
    }
}

#[test]
fn secret_key_in_a_setting_is_neither_kept_nor_shown() {
    for text in [
        "\\nsk_live_hunter2",
        "CLERK_SECRET_KEYsk_live_hunter2",
        "sk%5Flive_hunter2",
        "ak_hunter2",
        "https://acc.example/sk_live_hunter2",
        "/sign-in?key=sk_live_hunter2",
        "pk_live_c2tfbGl2ZV9odW50ZXIy",
        "pk_live_c2tfbGl2ZV9odW50ZXIyJA==",
    ] {
        for builder in [
            Instance::builder(text, "sk_live_x"),
            live().proxy_url(text),
            live().api_url(text),
            live().sign_in_url(text),
            live().authorized_parties([text]),
            live().issuers([text]),
            live().public_origin(text),
            satellite(text),
        ] {
            let error = builder.build().expect_err(text);
            let shown = format!("{error} {error:?}");
            let is_shown = ["hunter2", "c2tfbGl2"].iter().any(|secret| shown.contains(secret));
            assert!(!is_shown, "{text}: {shown}");
        }
    }
}
