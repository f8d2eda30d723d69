//! `/user` and the pages below it: the user's own account, one file per topic.

mod backup_codes;
mod connected_accounts;
mod delete;
mod email_addresses;
pub(super) mod profile;
mod security;
mod totp;
mod verify;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

use super::path;
use super::person::Person;
use super::sign_out;
use crate::state::App;

const SECURITY: &str = "/user/security";
const TOTP: &str = "/user/security/authenticator";
const REMOVE_TOTP: &str = "/user/security/authenticator/remove";
const BACKUP_CODES: &str = "/user/security/backup-codes";
const DEVICES: &str = "/user/security/devices";
const DELETE: &str = "/user/delete";
const REVERIFY: &str = "/user/verify";
const ADD: &str = "/user/email-addresses";
const VERIFY: &str = "/user/email-addresses/verify";
const PRIMARY: &str = "/user/email-addresses/primary";
const REMOVE: &str = "/user/email-addresses/remove";
const CONNECT: &str = "/user/connected-accounts";
const DISCONNECT: &str = "/user/connected-accounts/remove";

/// The paths that have no page, each with the page whose buttons post to it.
pub(super) const BUTTONS: [(&str, &str); 6] = [
    (PRIMARY, path::USER),
    (REMOVE, path::USER),
    (CONNECT, path::USER),
    (DISCONNECT, path::USER),
    (DEVICES, SECURITY),
    (REMOVE_TOTP, SECURITY),
];

pub(super) fn router() -> Router<Arc<App>> {
    Router::new()
        .route(path::USER, get(profile::show).post(profile::submit))
        .route(ADD, get(email_addresses::show_add).post(email_addresses::add))
        .route(VERIFY, get(email_addresses::show_verify).post(email_addresses::verify))
        .route(PRIMARY, post(email_addresses::make_primary))
        .route(REMOVE, post(email_addresses::remove))
        .route(CONNECT, post(connected_accounts::connect))
        .route(DISCONNECT, post(connected_accounts::disconnect))
        .route(SECURITY, get(security::show).post(security::submit))
        .route(TOTP, get(totp::show).post(totp::submit))
        .route(REMOVE_TOTP, post(totp::remove))
        .route(BACKUP_CODES, get(backup_codes::show).post(backup_codes::submit))
        .route(DEVICES, post(security::sign_out_device))
        .route(REVERIFY, get(verify::show).post(verify::submit))
        .route(DELETE, get(delete::show).post(delete::submit))
        .route(path::SIGN_OUT_HERE, post(sign_out::submit_one))
}

/// The frame of both tabs.
struct Tabs {
    name: String,
    initials: String,
    /// Empty if the name is the address.
    address: String,
    /// The URL for choosing another account, if a browser can be signed in to several.
    switch: Option<String>,
    /// URL and host of the application that the user came from, if any.
    back: Option<(String, String)>,
    /// Address, name, and whether this is the one that is shown.
    tabs: [(String, &'static str, bool); 2],
}

impl Tabs {
    fn new(person: &Person, shown: &str) -> Self {
        let (name, identifier) = (person.name(), person.identifier());
        let address = if name == identifier { "" } else { identifier };
        let tab = |path: &str, name| (person.visit.params.link(path, &[]), name, path == shown);
        Self {
            initials: super::avatar::initials(&person.user, identifier),
            address: address.to_owned(),
            name,
            switch: (!person.visit.settings.single_session_mode).then(|| person.visit.params.link(path::CHOOSE, &[])),
            back: person.way_back().0,
            tabs: [tab(path::USER, "Profile"), tab(SECURITY, "Security")],
        }
    }
}
