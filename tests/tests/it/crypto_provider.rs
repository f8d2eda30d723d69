//! An application may enable another crypto provider of rustls beside ours. Then rustls knows no default and panics where
//! none is named.

use portal_sdk::backend::{Backend as _, HttpBackend};
use portal_sdk::instance::Instance;
use portal_tower::{AuthenticateLayer, FrontendApiProxy};
use rustls::crypto::CryptoProvider;

#[tokio::test]
async fn clients_are_built_beside_several_rustls_providers() {
    assert!(
        CryptoProvider::get_default().is_none(),
        "no provider is installed for the process"
    );
    assert!(
        std::panic::catch_unwind(rustls::ClientConfig::builder).is_err(),
        "rustls must not find a default provider, or this test proves nothing"
    );
    let instance = Instance::builder("pk_live_Y2xlcmsuZXhhbXBsZS5jb20k", "sk_live_x")
        .proxy_url("/__clerk")
        .authorized_parties(["https://app.example.com"])
        .api_url("https://127.0.0.1:9")
        .build()
        .expect("right settings");
    let _layer = AuthenticateLayer::new(instance.clone());
    assert!(FrontendApiProxy::new(&instance).is_ok());
    // TLS is begun with the provider that is named; nothing listens there.
    assert!(HttpBackend::new(&instance).jwks().await.is_err());
    assert!(CryptoProvider::get_default().is_none(), "none was installed meanwhile");
}
