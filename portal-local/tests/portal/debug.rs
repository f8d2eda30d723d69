//! `Debug` of public types shows no secret.

use portal_local::{LocalPortal, SeedUser};

use crate::world::{DASHBOARD, PASSWORD, World, sign_up};

const SECRET: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

#[tokio::test]
async fn debug_shows_no_password_code_link_or_key() {
    let user = SeedUser::new("ada@example.com").password(PASSWORD).totp_secret(SECRET);
    let builder = LocalPortal::builder().user(user.clone());
    let mut printed = vec![format!("{user:?} {user:#?} {builder:?}")];
    assert!(printed[0].contains("ada@example.com"), "{printed:?}");

    let world = World::start().await;
    printed.push(format!("{:?} {:?}", world.portal, world.portal.secret_key()));
    // Its code is in the mail, not the one of test addresses.
    sign_up(&mut world.browser(), "bob@example.com", DASHBOARD).await;
    let invitation = serde_json::json!({ "email_address": "eve@example.com" });
    let invited = world.application().post("/v1/invitations", &invitation).await;
    assert_eq!(invited.status, 200);
    let mails = world.portal.outbox().await.unwrap();
    let (codes, links): (Vec<_>, Vec<_>) = mails.iter().map(|mail| (mail.code.clone(), mail.link.clone())).unzip();
    let own = [
        PASSWORD.to_owned(),
        SECRET.to_owned(),
        world.portal.secret_key().expose().to_owned(),
    ];
    let secrets: Vec<String> = codes.into_iter().chain(links).flatten().chain(own).collect();
    assert!(secrets.len() >= 5, "expected a code and a link, found {mails:?}");
    printed.push(format!("{mails:?} {mails:#?}"));
    for text in &printed {
        assert!(!secrets.iter().any(|secret| text.contains(secret)), "{text}");
    }
}
