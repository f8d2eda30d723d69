//! [`Auditor`]: compares the ledger with the Backend API, and signs accounts in.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::browser::{Browser, Stop};
use super::client::World;
use super::ledger::Account;
use super::portal::{KnownUser, PortalClient};
use super::steps::sign_in_at;
use super::watch::Property;

/// Accounts that are signed in after a fault: the oldest and the newest.
const SAMPLE: usize = 4;
/// An application may answer 503 for this long after a fault; see the guide on outages.
const RECOVERY: Duration = Duration::from_secs(15);
const PAUSE: Duration = Duration::from_millis(200);

#[derive(Debug)]
pub(super) struct Auditor {
    world: Arc<World>,
    portal: PortalClient,
    pub(super) audits: u64,
    /// Accounts that were looked up, summed over all audits.
    pub(super) looked_up: u64,
    pub(super) signed_in: u64,
    pub(super) longest_recovery: Duration,
}

impl Auditor {
    pub(super) fn new(world: &Arc<World>, portal: PortalClient) -> Self {
        Self {
            world: Arc::clone(world),
            portal,
            audits: 0,
            looked_up: 0,
            signed_in: 0,
            longest_recovery: Duration::ZERO,
        }
    }

    /// Looks all accounts up, and signs some in.
    pub(super) async fn audit(&mut self) {
        let accounts = self.look_up().await;
        let confirmed: Vec<Account> = accounts.into_iter().filter(|account| account.is_confirmed).collect();
        let newest = confirmed.len().saturating_sub(SAMPLE / 2);
        let sample = confirmed.iter().enumerate();
        let sample = sample.filter(|(index, _)| *index < SAMPLE / 2 || *index >= newest);
        for (_, account) in sample {
            self.sign_in(account).await;
        }
    }

    /// Looks all accounts up.
    pub(super) async fn audit_quietly(&mut self) {
        self.look_up().await;
    }

    /// Looks all accounts up, and signs each in.
    pub(super) async fn audit_all(&mut self) {
        for account in self.look_up().await.iter().filter(|account| account.is_confirmed) {
            self.sign_in(account).await;
        }
    }

    async fn look_up(&mut self) -> Vec<Account> {
        let watch = &self.world.watch;
        // An account that is confirmed before the question must be in the answer.
        let before = self.world.ledger.all();
        let users = match self.portal.users().await {
            Ok(Ok(users)) => users,
            Ok(Err(status)) => {
                watch.violated(
                    Property::Accounts,
                    format_args!("the list of users got the response {status}"),
                );
                return Vec::new();
            }
            Err(lost) => {
                watch.violated(Property::Accounts, format_args!("the list of users: {lost}"));
                return Vec::new();
            }
        };
        let after = self.world.ledger.all();
        self.audits += 1;
        for (account, later) in before.iter().zip(&after).filter(|(account, _)| account.is_confirmed) {
            self.looked_up += 1;
            if let Some(text) = compare(account, later, &users) {
                watch.violated(Property::Accounts, text);
            }
        }
        for address in users.keys() {
            if !after.iter().any(|account| account.address() == *address) {
                watch.violated(
                    Property::Accounts,
                    format_args!("{address} has an account and never signed up"),
                );
            }
        }
        before
    }

    /// Signs an account in with its password, at the demo. Tries again while an application may be in its back-off.
    async fn sign_in(&mut self, account: &Account) {
        let began = Instant::now();
        loop {
            match self.try_sign_in(account).await {
                Ok(()) => break,
                Err(stop) if began.elapsed() > RECOVERY => {
                    let text = format_args!("{} cannot sign in: {stop}", account.tag);
                    self.world.watch.violated(Property::Recovery, text);
                    return;
                }
                // Asked again until the program answers, within the limit above.
                Err(_) => sleep(PAUSE).await,
            }
        }
        self.signed_in += 1;
        self.longest_recovery = self.longest_recovery.max(began.elapsed());
    }

    async fn try_sign_in(&self, account: &Account) -> Result<(), Stop> {
        let watch = &self.world.watch;
        let demo = &watch.places.demo;
        let mut browser = Browser::new();
        let page = sign_in_at(&mut browser, watch, &format!("{demo}/dashboard"), &account.address()).await?;
        if page.status != 200 || !page.is_at(demo, "/dashboard") {
            return Err(page.unexpected("the dashboard"));
        }
        if let Some(id) = account.user_id.as_deref().filter(|id| !page.body.contains(*id)) {
            watch.violated(
                Property::Answers,
                format_args!("{} is not {id} on the dashboard", account.tag),
            );
        }
        Ok(())
    }
}

/// Returns the defect of an account that was confirmed before the list was read.
fn compare(account: &Account, later: &Account, users: &BTreeMap<String, KnownUser>) -> Option<String> {
    let tag = &account.tag;
    let Some(user) = users.get(&account.address()) else {
        return Some(format!("{tag} signed up and is missing"));
    };
    if account.user_id.as_ref().is_some_and(|id| *id != user.id) {
        return Some(format!("{tag} was {:?} and is {}", account.user_id, user.id));
    }
    if !account.may_be_named(&user.first_name) && !later.may_be_named(&user.first_name) {
        return Some(format!(
            "{tag} is named {:?}, expected {:?}",
            user.first_name, later.name
        ));
    }
    None
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn account() -> Account {
        Account {
            tag: "c1-a1".into(),
            user_id: Some("user_1".into()),
            is_confirmed: true,
            name: "New".into(),
            maybe_names: vec!["Newer".into()],
            notes: BTreeSet::new(),
            maybe_notes: BTreeSet::new(),
        }
    }

    fn found(id: &str, first_name: &str) -> Option<String> {
        let account = account();
        let (id, first_name) = (id.to_owned(), first_name.to_owned());
        let users = BTreeMap::from([(account.address(), KnownUser { id, first_name })]);
        compare(&account, &account, &users)
    }

    #[test]
    fn confirmed_account_must_be_there_as_it_was_changed() {
        assert_eq!(found("user_1", "New"), None);
        assert_eq!(found("user_1", "Newer"), None, "sent, without a response");
        assert!(found("user_1", "Old").is_some());
        assert!(found("user_2", "New").is_some());
        assert!(compare(&account(), &account(), &BTreeMap::new()).is_some());
    }
}
