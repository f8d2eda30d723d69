//! [`Ledger`]: accounts and changes that were answered with success, and therefore must exist.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

/// The password of every account.
pub(super) const PASSWORD: &str = "correct horse battery";

/// An account as its client knows it.
#[derive(Clone, Debug)]
pub(super) struct Account {
    /// Part of its address and of its notes, so that each page shows whose it is.
    pub(super) tag: String,
    pub(super) user_id: Option<String>,
    /// Its sign-up was answered with success.
    pub(super) is_confirmed: bool,
    pub(super) name: String,
    /// Names that were sent since, without a response.
    pub(super) maybe_names: Vec<String>,
    pub(super) notes: BTreeSet<String>,
    /// Notes whose creation or deletion was sent, without a response.
    pub(super) maybe_notes: BTreeSet<String>,
}

impl Account {
    pub(super) fn address(&self) -> String {
        format!("{}+clerk_test@example.com", self.tag)
    }

    pub(super) fn may_be_named(&self, name: &str) -> bool {
        self.name == name || self.maybe_names.iter().any(|maybe| maybe == name)
    }
}

/// All accounts of a run.
#[derive(Debug, Default)]
pub(super) struct Ledger(Mutex<Vec<Account>>);

impl Ledger {
    /// Adds an account whose sign-up is about to be sent, and returns its number.
    pub(super) fn add(&self, tag: String, name: String) -> usize {
        let mut accounts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        accounts.push(Account {
            tag,
            user_id: None,
            is_confirmed: false,
            name,
            maybe_names: Vec::new(),
            notes: BTreeSet::new(),
            maybe_notes: BTreeSet::new(),
        });
        accounts.len() - 1
    }

    pub(super) fn change(&self, number: usize, change: impl FnOnce(&mut Account)) {
        let mut accounts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(account) = accounts.get_mut(number) {
            change(account);
        }
    }

    pub(super) fn account(&self, number: usize) -> Option<Account> {
        let accounts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        accounts.get(number).cloned()
    }

    pub(super) fn all(&self) -> Vec<Account> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Returns the tags of accounts in a text.
pub(super) fn tags(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
    let tags = words.filter_map(|word| {
        let mut parts = word.split('-');
        let (client, account) = (parts.next()?, parts.next()?);
        let is_numbered = |part: &str, letter: char| {
            let digits = part.strip_prefix(letter).unwrap_or_default();
            !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
        };
        (is_numbered(client, 'c') && is_numbered(account, 'a')).then(|| format!("{client}-{account}"))
    });
    tags.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_found_in_addresses_and_notes() {
        let page = "You write as c1-a2+clerk_test@example.com. <p id=\"x\">c3-a14-n5</p> c-a c1-b2 case-a1";
        assert_eq!(tags(page), BTreeSet::from(["c1-a2".to_owned(), "c3-a14".to_owned()]));
    }
}
