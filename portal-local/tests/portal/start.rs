use std::net::TcpListener;

use portal_local::{LocalPortal, StartError};
use tempfile::TempDir;

use crate::application::Application;
use crate::browser::Browser;
use crate::world::{APP, DASHBOARD, PASSWORD, PortalClock, identify, sign_up};

const ADA: &str = "ada+clerk_test@example.com";

#[tokio::test]
async fn data_survives_a_restart_with_the_same_file() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("portal.sqlite");
    let clock = PortalClock::new();
    let first = clock.builder().database_file(&file).start().await.unwrap();
    let address = first
        .origin()
        .strip_prefix("http://")
        .unwrap()
        .parse::<std::net::SocketAddr>()
        .unwrap();
    let mut browser = Browser::new(first.origin());
    sign_up(&mut browser, ADA, DASHBOARD).await;
    let cookies = Application::new(&first).handshake(&mut browser).await;
    let waiting = browser
        .get(&format!("/v1/client/handshake?format=nonce&redirect_url={APP}/"))
        .await;
    let (secret, key) = (first.secret_key().expose().to_owned(), first.publishable_key().clone());
    first.shut_down().await;

    let second = clock
        .builder()
        .bind(address)
        .database_file(&file)
        .start()
        .await
        .unwrap();
    let application = Application::new(&second);
    assert_eq!(second.secret_key().expose(), secret);
    assert_eq!(*second.publishable_key(), key);
    let nonce = waiting.location_parameter("__clerk_handshake_nonce").unwrap();
    assert_eq!(
        application
            .get(&format!("/v1/clients/handshake_payload?nonce={nonce}"))
            .await
            .status,
        200
    );
    application.verified_claims(cookies.value("__session")).await;
    clock.forward_secs(120);
    assert_eq!(application.refresh(&cookies).await.status, 200);
    assert!(application.handshake(&mut browser).await.is_signed_in());
    let mut other = Browser::new(second.origin());
    identify(&mut other, ADA, DASHBOARD).await;
    assert_eq!(
        other.submit(&[("password", PASSWORD)]).await.status,
        303,
        "the same person signs in"
    );
    second.shut_down().await;
}

#[tokio::test]
async fn database_has_no_plain_secrets_and_is_owner_only() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("portal.sqlite");
    let clock = PortalClock::new();
    let portal = clock.builder().database_file(&file).start().await.unwrap();
    let mut browser = Browser::new(portal.origin());
    sign_up(&mut browser, ADA, DASHBOARD).await;
    let cookies = Application::new(&portal).handshake(&mut browser).await;
    let refresh = cookies
        .value(&format!("__refresh_{}", portal.publishable_key().cookie_suffix()))
        .to_owned();
    let dev_browser = browser.cookies["__clerk_db_jwt"].clone();
    portal.shut_down().await;

    let bytes = std::fs::read(&file).unwrap();
    for secret in [PASSWORD, dev_browser.as_str()] {
        assert!(
            !bytes.windows(secret.len()).any(|window| window == secret.as_bytes()),
            "{secret}"
        );
    }
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, refresh.as_bytes());
    assert!(
        bytes.windows(32).any(|window| window == hash.as_ref()),
        "the refresh token is there as a hash"
    );
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[tokio::test]
async fn second_portal_on_one_file_is_refused() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("portal.sqlite");
    let first = LocalPortal::builder().database_file(&file).start().await.unwrap();
    let error = LocalPortal::builder().database_file(&file).start().await.unwrap_err();
    assert!(
        matches!(&error, StartError::DatabaseInUse { path } if *path == file),
        "{error}"
    );
    one_line(&error, &["portal.sqlite", "in use by another portal"]);
    first.shut_down().await;
    let third = LocalPortal::builder().database_file(&file).start().await.unwrap();
    third.shut_down().await;
}

#[tokio::test]
async fn foreign_file_is_refused_and_unchanged() {
    let dir = TempDir::new().unwrap();
    let text = dir.path().join("notes.txt");
    std::fs::write(&text, "not a database, but longer than sixteen bytes").unwrap();
    let other = dir.path().join("other.sqlite");
    let connection = rusqlite::Connection::open(&other).unwrap();
    connection
        .execute_batch("CREATE TABLE t (x); PRAGMA application_id = 7; PRAGMA user_version = 1;")
        .unwrap();
    drop(connection);
    let broken = dir.path().join("broken.sqlite");
    std::fs::write(&broken, b"SQLite format 3\0 and then nonsense that is no header at all").unwrap();

    for path in [&text, &other, &broken, &dir.path().to_owned()] {
        let before = std::fs::read(path).ok();
        let error = LocalPortal::builder().database_file(path).start().await.unwrap_err();
        assert!(
            matches!(&error, StartError::NotOurDatabase { .. }),
            "{}: {error:?}",
            path.display()
        );
        one_line(&error, &["expected a database made by portal-local"]);
        assert_eq!(std::fs::read(path).ok(), before, "{}", path.display());
    }
    let missing = dir.path().join("no/such/directory/portal.sqlite");
    let error = LocalPortal::builder()
        .database_file(&missing)
        .start()
        .await
        .unwrap_err();
    assert!(matches!(error, StartError::DatabaseFile { .. }), "{error:?}");
}

#[tokio::test]
async fn file_of_a_newer_portal_is_refused() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("portal.sqlite");
    LocalPortal::builder()
        .database_file(&file)
        .start()
        .await
        .unwrap()
        .shut_down()
        .await;
    let connection = rusqlite::Connection::open(&file).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    drop(connection);
    let error = LocalPortal::builder().database_file(&file).start().await.unwrap_err();
    assert!(
        matches!(error, StartError::NewerDatabase { found: 99, .. }),
        "{error:?}"
    );
    one_line(&error, &["99", "newer portal-local"]);
}

#[tokio::test]
async fn empty_file_becomes_a_database() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("empty.sqlite");
    std::fs::write(&file, b"").unwrap();
    LocalPortal::builder()
        .database_file(&file)
        .start()
        .await
        .unwrap()
        .shut_down()
        .await;
}

#[tokio::test]
async fn port_in_use_is_named() {
    let taken = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = taken.local_addr().unwrap();
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("portal.sqlite");
    let error = LocalPortal::builder()
        .bind(address)
        .database_file(&file)
        .start()
        .await
        .unwrap_err();
    assert!(
        matches!(&error, StartError::AddressInUse { address: found } if *found == address),
        "{error:?}"
    );
    one_line(&error, &[&address.to_string()]);
    assert!(!file.exists(), "nothing is left behind");
}

#[tokio::test]
async fn non_loopback_address_is_refused() {
    for address in [([0, 0, 0, 0], 0), ([192, 0, 2, 1], 8787)] {
        let error = LocalPortal::builder().bind(address).start().await.unwrap_err();
        assert!(matches!(error, StartError::NotLoopback { .. }), "{error:?}");
        one_line(&error, &["expected a loopback address such as 127.0.0.1:8787"]);
    }
}

#[tokio::test]
async fn invalid_setting_is_refused_at_start() {
    let error = LocalPortal::builder().token_lifetime_secs(0).start().await.unwrap_err();
    one_line(&error, &["token lifetime of 0 seconds"]);
    let error = LocalPortal::builder()
        .redirect_origin("app.test")
        .start()
        .await
        .unwrap_err();
    one_line(&error, &["app.test", "such as https://app.test"]);
}

#[tokio::test]
async fn settings_change_tokens_and_redirects() {
    let clock = PortalClock::new();
    let builder = clock
        .builder()
        .token_lifetime_secs(2)
        .redirect_origin("https://app.test");
    let portal = builder.start().await.unwrap();
    let mut browser = Browser::new(portal.origin());
    let answer = sign_up(&mut browser, ADA, "redirect_url=https%3A%2F%2Fapp.test%2Fx").await;
    assert!(answer.location().starts_with("https://app.test/x?__clerk_db_jwt="));
    let application = Application::new(&portal);
    let cookies = application.handshake(&mut browser).await;
    let claims = application.verified_claims(cookies.value("__session")).await;
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 2);
    assert!(
        portal
            .jwt_key()
            .unwrap()
            .starts_with("-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQ")
    );
    assert!(!format!("{portal:?} {:?}", portal.secret_key()).contains(portal.secret_key().expose()));
}

fn one_line(error: &StartError, parts: &[&str]) {
    let text = error.to_string();
    assert!(!text.contains('\n'), "{text}");
    for part in parts {
        assert!(text.contains(part), "{text}");
    }
}

#[tokio::test]
async fn tickets_are_kept_as_hashes() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("portal.sqlite");
    let clock = PortalClock::new();
    let portal = clock.builder().demo_data().database_file(&file).start().await.unwrap();
    let application = Application::new(&portal);
    let link = portal
        .sign_in_link_for("jane+clerk_test@example.com")
        .await
        .unwrap()
        .unwrap();
    let body = serde_json::json!({ "email_address": "x@example.com", "role": "org:member", "notify": false });
    let invited = application
        .post("/v1/organizations/acme/invitations", &body)
        .await
        .json();
    portal.shut_down().await;
    let bytes = std::fs::read(&file).unwrap();
    for link in [link.as_str(), invited["url"].as_str().unwrap()] {
        let secret = link.rsplit('=').next().unwrap();
        assert_eq!(secret.len(), 43);
        assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()));
        let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, secret.as_bytes());
        assert!(bytes.windows(32).any(|window| window == hash.as_ref()));
    }
}

#[tokio::test]
async fn ipv6_loopback_is_listened_on() {
    let portal = LocalPortal::builder()
        .bind((std::net::Ipv6Addr::LOCALHOST, 0))
        .start()
        .await
        .unwrap();
    assert!(portal.origin().starts_with("http://[::1]:"), "{}", portal.origin());
    let browser = Browser::new(portal.origin()).get("/sign-in").await;
    assert_eq!(browser.status, 200);
    let frontend_api = portal.plain_publishable_key().frontend_api().as_str();
    let url = url::Url::parse(&format!("http://{frontend_api}")).unwrap();
    assert_eq!(url.origin().ascii_serialization(), portal.origin());
}
