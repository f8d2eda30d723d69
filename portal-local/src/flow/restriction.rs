//! Restrictions on addresses: the allowlist, the blocklist, subaddresses and disposable mailboxes.
//!
//! Users that administrators add through the Backend API are exempt.

use super::code::is_tested;
use super::{Field, Flow, FlowError, Outcome, check_email_address};
use crate::store::email_addresses::{self, normalize};
use crate::store::listed_identifiers::{self, List};
use crate::store::{Result, Settings, StoreError};

/// Services with public or short-lived mailboxes. Clerk knows many more.
pub(crate) const DISPOSABLE_DOMAINS: [&str; 12] = [
    "10minutemail.com",
    "discard.email",
    "dispostable.com",
    "getnada.com",
    "guerrillamail.com",
    "mailinator.com",
    "maildrop.cc",
    "sharklasers.com",
    "temp-mail.org",
    "tempmail.com",
    "throwawaymail.com",
    "yopmail.com",
];
/// The characters that begin a subaddress before the `@`.
const SUBADDRESS_MARKS: [char; 3] = ['+', '#', '='];

/// The use of an address that a restriction applies to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    SignUp,
    /// Adding it to an account that exists.
    Add,
    SignIn,
}

/// Checks that the settings and the lists allow this use of `address`.
pub(super) fn check_address(flow: &Flow<'_>, address: &str, wanted: Use) -> Outcome<()> {
    let settings = flow.settings;
    let address = normalize(address);
    let field = match wanted {
        Use::SignIn => Field::Identifier,
        Use::SignUp | Use::Add => Field::EmailAddress,
    };
    let lists_count = wanted != Use::SignIn || !settings.allowlist_blocklist_disabled_on_sign_in;
    if lists_count && !is_admitted(flow, settings, &address)? {
        return Err(FlowError::AddressNotAdmitted { field }.into());
    }
    if wanted == Use::SignIn {
        return Ok(());
    }
    if settings.block_email_subaddresses && !is_tested(flow, &address) {
        if plain(&address) != address {
            return Err(FlowError::SubaddressBlocked.into());
        }
        if let Some(undotted) = without_dots(&address)
            && email_addresses::find_verified(flow.db, &undotted)?.is_some()
        {
            return Err(FlowError::UndottedExists.into());
        }
    }
    if wanted == Use::SignUp && settings.block_disposable_email_domains && is_disposable(&address) {
        return Err(FlowError::DisposableAddress.into());
    }
    Ok(())
}

/// Like [`check_address`], for an address that no account may have yet.
pub(super) fn check_new_address(flow: &Flow<'_>, address: &str, wanted: Use) -> Outcome<()> {
    check_address(flow, address, wanted)?;
    match email_addresses::find_verified(flow.db, address)? {
        Some(_) => Err(FlowError::IdentifierExists.into()),
        None => Ok(()),
    }
}

/// Returns the stored form of a list entry: an address, `*@domain` or `*@*.domain`. A bare domain covers its addresses.
pub(crate) fn check_listed(text: &str) -> Result<String, FlowError> {
    let text = text.trim().to_lowercase();
    let field = Field::ListedIdentifier;
    if text.is_empty() {
        return Err(FlowError::Missing { field });
    }
    let (prefix, rest) = match text.strip_prefix("*@*.") {
        Some(domain) => ("*@*.", domain),
        None if text.contains('@') => match text.strip_prefix("*@") {
            Some(domain) => ("*@", domain),
            None => ("", text.as_str()),
        },
        None => ("*@", text.as_str()),
    };
    let example = if prefix.is_empty() {
        rest.to_owned()
    } else {
        format!("somebody@{rest}")
    };
    // Neither phone numbers nor wallets have a dot, and no account here has either.
    match check_email_address(&example, field) {
        Ok(_) if !rest.contains('*') => Ok(format!("{prefix}{rest}")),
        _ => Err(FlowError::EmailAddressInvalid { field }),
    }
}

/// The range of addresses that an entry covers, from the widest to one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Reach {
    Subdomains,
    Domain,
    Address,
}

fn is_admitted(flow: &Flow<'_>, settings: &Settings, address: &str) -> Result<bool> {
    let narrowest = |list, is_meant: &dyn Fn(&str) -> bool| {
        let entries = listed_identifiers::all(flow.db, list)?;
        let reaches = entries
            .iter()
            .filter_map(|entry| match reach(&entry.identifier, address) {
                None if is_meant(&entry.identifier) => Some(Reach::Address),
                reach => reach,
            });
        Ok::<_, StoreError>(reaches.max())
    };
    let mut allowed_by = None;
    if settings.allowlist {
        allowed_by = narrowest(List::Allow, &|_| false)?;
        if allowed_by.is_none() {
            return Ok(false);
        }
    }
    if !settings.blocklist {
        return Ok(true);
    }
    // A blocked address stays blocked with any subaddress.
    let blocked_by = narrowest(List::Block, &|identifier| identifier == plain(address))?;
    // The entry that names fewer addresses decides; of two equal ones it is the allowlist's.
    Ok(blocked_by <= allowed_by)
}

/// Returns the range of an entry if it covers `address`.
fn reach(identifier: &str, address: &str) -> Option<Reach> {
    let domain = address.rsplit_once('@')?.1;
    if let Some(parent) = identifier.strip_prefix("*@*.") {
        let is_below = domain.strip_suffix(parent).is_some_and(|rest| rest.ends_with('.'));
        return is_below.then_some(Reach::Subdomains);
    }
    match identifier.strip_prefix("*@") {
        Some(named) => (named == domain).then_some(Reach::Domain),
        None => (identifier == address).then_some(Reach::Address),
    }
}

/// The address without its subaddress.
fn plain(address: &str) -> String {
    match address.rsplit_once('@') {
        Some((local, domain)) => {
            let main = local.split(SUBADDRESS_MARKS).next().unwrap_or(local);
            format!("{main}@{domain}")
        }
        None => address.to_owned(),
    }
}

/// Returns the Gmail address without the dots that Gmail ignores; `None` if it has no dots.
fn without_dots(address: &str) -> Option<String> {
    let (local, domain) = address.rsplit_once('@')?;
    (local.contains('.') && domain == "gmail.com").then(|| format!("{}@{domain}", local.replace('.', "")))
}

fn is_disposable(address: &str) -> bool {
    let domain = address.rsplit_once('@').map_or("", |(_, domain)| domain);
    DISPOSABLE_DOMAINS.iter().any(|known| {
        domain
            .strip_suffix(known)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_of_the_lists_are_kept_in_one_form() {
        for (text, kept) in [
            (" John.Doe@Example.com ", "john.doe@example.com"),
            ("example.com", "*@example.com"),
            ("*@Example.com", "*@example.com"),
            ("*@*.example.com", "*@*.example.com"),
        ] {
            assert_eq!(check_listed(text).as_deref(), Ok(kept), "{text}");
        }
        for text in [
            "",
            " ",
            "+15550100",
            "0x52908400098527886E0F7030069857D2E4169EE7",
            "*",
            "*@",
            "*@*",
            "*@*.",
            "*@*.*.com",
            "a*b@example.com",
            "john@",
            "@example.com",
            "two words.com",
            "a@b@example.com",
        ] {
            assert!(check_listed(text).is_err(), "{text}");
        }
    }

    #[test]
    fn entries_reach_what_they_name_and_nothing_else() {
        for (identifier, address, expected) in [
            ("a@x.example", "a@x.example", Some(Reach::Address)),
            ("a@x.example", "b@x.example", None),
            ("*@x.example", "a@x.example", Some(Reach::Domain)),
            ("*@x.example", "a@y.x.example", None),
            ("*@x.example", "a@notx.example", None),
            ("*@*.x.example", "a@x.example", None),
            ("*@*.x.example", "a@y.x.example", Some(Reach::Subdomains)),
            ("*@*.x.example", "a@z.y.x.example", Some(Reach::Subdomains)),
            ("*@*.x.example", "a@notx.example", None),
        ] {
            assert_eq!(reach(identifier, address), expected, "{identifier} {address}");
        }
    }

    #[test]
    fn variants_of_an_address_are_told() {
        for (address, expected) in [
            ("a+b@x.example", "a@x.example"),
            ("a#b+c@x.example", "a@x.example"),
            ("a=b@x.example", "a@x.example"),
            ("a.b@x.example", "a.b@x.example"),
        ] {
            assert_eq!(plain(address), expected);
        }
        assert_eq!(without_dots("j.s@gmail.com").as_deref(), Some("js@gmail.com"));
        assert_eq!(without_dots("js@gmail.com"), None);
        assert_eq!(without_dots("j.s@example.com"), None);
        assert!(is_disposable("a@mailinator.com") && is_disposable("a@eu.mailinator.com"));
        assert!(!is_disposable("a@notmailinator.com"));
    }
}
