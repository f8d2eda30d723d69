//! The actions of an administrator: seed, reset, key rotation, and links and codes for any user.

use std::sync::Arc;

use tokio::sync::Mutex;

use crate::flow::SIGN_IN_TOKEN_SECS;
use crate::seed::{self, Seed, SeedError};
use crate::state::App;
use crate::store::{Db, email_addresses, instance, roles, second_factors, webhook_deliveries, wipe};
use crate::store::{Result, StoreError};
use crate::{ids, signing_key, totp};

/// Forgets everything but the keys.
pub(crate) async fn reset(app: &App) -> Result<()> {
    let reset = app.flows.transaction(|db| {
        wipe::everything_but_keys(db)?;
        roles::ensure_system(db)
    });
    reset.await
}

/// Adds the missing parts of the seed.
pub(crate) async fn seed(app: &App, seed: Seed) -> Result<(), SeedError> {
    app.flows.run(move |flow| seed::apply(flow, &seed)).await
}

/// Signs with a new key from now on.
pub(crate) async fn rotate_signing_key(app: &App) -> Result<()> {
    // One at a time, so that memory and database end with the same key.
    static ROTATING: Mutex<()> = Mutex::const_new(());
    let _rotating = ROTATING.lock().await;
    let stored = app.flows.transaction(|db| {
        let key = signing_key::generate().map_err(|_| StoreError::interrupted())?;
        let key_id = ids::new_id(ids::INSTANCE, db.now);
        instance::set_signing_key(db, &key_id, &key)?;
        Ok::<_, StoreError>((key, key_id))
    });
    let (key, key_id) = stored.await?;
    // Only once the key is on disk: after a failed commit, the next start would sign with the old one.
    app.mint.rotate(&key, key_id).map_err(|_| StoreError::interrupted())
}

/// Returns a link that signs a user in, by address or user ID.
pub(crate) async fn sign_in_link_for(app: &App, wanted: String) -> Result<Option<String>> {
    let issued = app.flows.run(move |flow| {
        let user_id = user_id_of(flow.db, wanted)?;
        flow.issue_sign_in_token(&user_id, None, SIGN_IN_TOKEN_SECS)
    });
    match issued.await {
        Ok((_, text)) => Ok(Some(app.flows.application().sign_in_link(&text))),
        Err(failure) => failure.refusal().map(|_| None),
    }
}

/// Returns the code that a user's authenticator app shows, by address or user ID.
pub(crate) async fn totp_code_for(app: &App, wanted: String) -> Result<Option<String>> {
    app.flows
        .transaction(move |db| {
            let user_id = user_id_of(db, wanted)?;
            let held = second_factors::find(db, &user_id)?;
            let step = totp::unused_step(held.last_step, db.now);
            Ok(held.secret.map(|secret| secret.code(step)))
        })
        .await
}

/// The result of [`send_webhook_again`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Resend {
    Due,
    Unknown,
    /// The portal was started without the URL.
    NotATarget,
}

/// Makes a webhook due at once, even a delivered or failed one.
pub(crate) async fn send_webhook_again(app: &App, seq: i64) -> Result<Resend> {
    let webhooks = Arc::clone(&app.webhooks);
    let resend = app.flows.transaction(move |db| {
        let Some(delivery) = webhook_deliveries::find(db, seq)? else {
            return Ok(Resend::Unknown);
        };
        if !webhooks.has(&delivery.url) {
            return Ok(Resend::NotATarget);
        }
        webhook_deliveries::send_again(db, seq)?;
        Ok(Resend::Due)
    });
    let resend = resend.await?;
    app.webhooks.wake();
    Ok(resend)
}

/// Returns the ID of the user with this verified address, or `wanted` itself.
fn user_id_of(db: Db<'_>, wanted: String) -> Result<String> {
    let known = email_addresses::find_verified(db, &wanted)?;
    Ok(known.map_or(wanted, |address| address.user_id))
}

#[cfg(test)]
mod tests {
    use serde_json::to_value;

    use crate::LocalPortal;
    use crate::store::instance;

    #[tokio::test]
    async fn key_that_cannot_be_stored_signs_nothing() {
        let portal = LocalPortal::builder().start().await.unwrap();
        let app = &portal.app;
        app.flows.transaction(instance::refuse_commits).await.unwrap();
        let before = to_value(app.mint.key_set()).unwrap();
        assert!(super::rotate_signing_key(app).await.is_err());
        assert_eq!(to_value(app.mint.key_set()).unwrap(), before);
    }
}
