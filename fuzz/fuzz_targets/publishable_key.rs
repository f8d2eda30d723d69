//! Publishable and secret keys, as an environment variable holds them.
#![no_main]

use libfuzzer_sys::fuzz_target;
use portal_fuzz::instances::{LIVE_KEY, SECRET};
use portal_sdk::instance::{Instance, InstanceType, PublishableKey, SecretKey};
use portal_sdk::portal::Portal;
use url::Url;

fuzz_target!(|text: &str| {
    match text.parse::<PublishableKey>() {
        Ok(key) => key_is_consistent(text, &key),
        Err(error) => assert!(!error.to_string().contains(char::is_control), "{error}"),
    }
    // A secret in the wrong place is not shown.
    for swapped in [
        format!("sk_live_{SECRET}"),
        format!("{text} sk_live_{SECRET}"),
        format!("sk_test_{SECRET}{text}"),
    ] {
        if let Err(error) = swapped.parse::<PublishableKey>() {
            assert!(!format!("{error} {error:?}").contains(SECRET), "{error}");
        }
        if let Ok(key) = swapped.parse::<SecretKey>() {
            assert!(!format!("{key:?}").contains(SECRET));
        }
        let built = Instance::builder(LIVE_KEY, &*swapped).build();
        assert!(!format!("{built:?}").contains(SECRET), "{built:?}");
    }
});

fn key_is_consistent(text: &str, key: &PublishableKey) {
    assert_eq!(key.as_str(), text);
    assert_eq!(key.to_string(), text);
    assert_eq!(
        text.starts_with("pk_live_"),
        key.instance_type() == InstanceType::Production
    );
    let suffix = key.cookie_suffix();
    assert!(
        suffix.len() == 8
            && suffix
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    );

    // Sign-in is at an http(s) URL without user information, over plain http only for a development key on loopback.
    let sign_in = Portal::from(key.frontend_api()).sign_in().to_url();
    let url = sign_in.unwrap_or_else(|error| panic!("{text}: {error}"));
    let is_loopback = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"))
        || url
            .host_str()
            .is_some_and(|host| host.starts_with("127.") || host.ends_with(".localhost"));
    let is_plain = url.scheme() == "http" && is_loopback && key.instance_type() == InstanceType::Development;
    assert!(url.scheme() == "https" || is_plain, "{text}: {url}");
    assert!(url.username().is_empty() && url.password().is_none(), "{text}: {url}");

    // An instance of this key redirects to the host inside it.
    let secret = match key.instance_type() {
        InstanceType::Production => format!("sk_live_{SECRET}"),
        InstanceType::Development => format!("sk_test_{SECRET}"),
    };
    let Ok(instance) = Instance::builder(text, secret).build() else {
        return;
    };
    let base = instance.frontend_api_base("https://app.example.com");
    let base = Url::parse(&base).unwrap_or_else(|error| panic!("{text}: {base}: {error}"));
    let named = match key.frontend_api().as_str() {
        url if url.starts_with("http://") || url.starts_with("https://") => url.to_owned(),
        host => format!("https://{host}"),
    };
    let named = Url::parse(&named).unwrap_or_else(|error| panic!("{text}: {named}: {error}"));
    assert_eq!(base.origin(), named.origin(), "{text}");
}
