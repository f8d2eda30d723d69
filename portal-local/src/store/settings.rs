//! [`Settings`]: what an administrator decides for the whole instance. They are kept with the data.

use rusqlite::{Connection, params};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::StoreError;

/// Who may sign up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignUpMode {
    /// Everybody.
    #[default]
    Public,
    /// Only people with an invitation.
    Restricted,
    /// Only people with an invitation; everybody else can join the waitlist.
    Waitlist,
}

/// What an administrator of Clerk decides in the dashboard. They are kept in the database; `Default` is what a new
/// Clerk application starts with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Settings {
    /// Whether there are hosted pages. Otherwise each of them answers 404; `/` and the portal's own `/__local/*` stay.
    pub account_portal_enabled: bool,
    /// Who may sign up.
    pub sign_up_mode: SignUpMode,
    /// Whether only the addresses on the allowlist may sign up or be added to an account.
    pub allowlist: bool,
    /// Whether the addresses on the blocklist may not. Where both lists are on, the entry that names fewer addresses
    /// decides, and of two equal ones the allowlist's.
    pub blocklist: bool,
    /// Whether people who have an account already sign in whatever the lists say.
    pub allowlist_blocklist_disabled_on_sign_in: bool,
    /// Whether addresses with `+`, `#` or `=` before the `@` may not sign up or be added to an account, nor an address
    /// at gmail.com with dots if it belongs to somebody without them. In test mode `+clerk_test` is no such address.
    pub block_email_subaddresses: bool,
    /// Whether addresses of well-known services for throw-away mailboxes may not sign up. The portal knows a dozen of
    /// them, mailinator.com among them.
    pub block_disposable_email_domains: bool,
    /// Whether one browser is signed in to one account at a time. Otherwise it can be signed in to several, and people
    /// switch between them.
    pub single_session_mode: bool,
    /// Whether somebody whose password is known to strangers must set a new one before they count as signed in, however
    /// they signed in.
    pub force_password_reset: bool,
    /// Whether people can sign in through Example ID, an outside provider that the portal plays itself.
    pub example_provider_enabled: bool,
    /// Whether everybody must set up an authenticator app before they count as signed in.
    pub mfa_required: bool,
    /// Whether a new account needs a first and a last name.
    pub names_required: bool,
    /// Whether there are organizations.
    pub organizations_enabled: bool,
    /// Whether everybody must choose an organization before they count as signed in.
    pub force_organization_selection: bool,
    /// How many members, invitations included, an organization may have; 0 is without limit.
    pub max_allowed_memberships: u32,
    /// Whether the members of a new organization whose role allows it may delete it. Each organization can differ.
    pub admin_delete_enabled: bool,
    /// The role of whoever creates an organization.
    pub creator_role: String,
    /// The role that an invitation offers first.
    pub default_role: String,
    /// Whether people may delete their own account.
    pub delete_self_enabled: bool,
    /// Whether people may create organizations.
    pub create_organization_enabled: bool,
    /// Whether addresses with `+clerk_test` always get the code `424242`.
    pub test_mode: bool,
    /// Additional claims of every session token, as Clerk's claims editor takes them: a JSON object whose strings may hold
    /// shortcodes such as `{{user.public_metadata.role}}`, `{{user.first_name || 'you'}}` or `{{org.slug}}`. Names that
    /// the portal sets itself, such as `sub`, are refused. Default: none.
    pub session_claims: Map<String, Value>,
    /// How long a session can live, in seconds, at least 1. Sessions that have begun keep their end. Default: seven days.
    pub session_lifetime_secs: u32,
    /// After how many seconds without use a session is over; `None` is never.
    pub inactivity_timeout_secs: Option<u32>,
    /// The application's home: an absolute URL that people may be sent to. Default: the application that the browser
    /// came from last.
    pub home_url: Option<String>,
    /// Where a sign-in ends that names no other place, an absolute URL. Default: [`home_url`](Self::home_url).
    pub after_sign_in_url: Option<String>,
    /// Where a sign-up ends that names no other place, an absolute URL. Default: [`home_url`](Self::home_url).
    pub after_sign_up_url: Option<String>,
    /// Where people go who have created an organization, an absolute URL. Default: [`home_url`](Self::home_url).
    pub after_create_organization_url: Option<String>,
    /// Where people go who have left an organization, an absolute URL. Default: the portal's list of organizations.
    pub after_leave_organization_url: Option<String>,
    /// Where people go who have joined the waitlist, an absolute URL. Default: they stay, and are told.
    pub after_join_waitlist_url: Option<String>,
}

impl Settings {
    /// The addresses to return to, with their names.
    pub(crate) fn addresses(&self) -> impl Iterator<Item = (&'static str, &str)> {
        [
            ("home_url", &self.home_url),
            ("after_sign_in_url", &self.after_sign_in_url),
            ("after_sign_up_url", &self.after_sign_up_url),
            ("after_create_organization_url", &self.after_create_organization_url),
            ("after_leave_organization_url", &self.after_leave_organization_url),
            ("after_join_waitlist_url", &self.after_join_waitlist_url),
        ]
        .into_iter()
        .filter_map(|(name, url)| Some((name, url.as_deref()?)))
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            account_portal_enabled: true,
            sign_up_mode: SignUpMode::Public,
            allowlist: false,
            blocklist: false,
            allowlist_blocklist_disabled_on_sign_in: false,
            block_email_subaddresses: false,
            block_disposable_email_domains: false,
            single_session_mode: true,
            force_password_reset: true,
            example_provider_enabled: true,
            mfa_required: false,
            names_required: false,
            organizations_enabled: true,
            force_organization_selection: false,
            max_allowed_memberships: 5,
            admin_delete_enabled: true,
            creator_role: super::roles::ADMIN.to_owned(),
            default_role: super::roles::MEMBER.to_owned(),
            delete_self_enabled: true,
            create_organization_enabled: true,
            test_mode: true,
            session_claims: Map::new(),
            session_lifetime_secs: 7 * 24 * 60 * 60,
            inactivity_timeout_secs: None,
            home_url: None,
            after_sign_in_url: None,
            after_sign_up_url: None,
            after_create_organization_url: None,
            after_leave_organization_url: None,
            after_join_waitlist_url: None,
        }
    }
}

pub(crate) fn read(connection: &Connection) -> Result<Settings, StoreError> {
    let text: String = connection
        .prepare_cached("SELECT settings FROM instance")?
        .query_row([], |row| row.get(0))?;
    Ok(serde_json::from_str(&text)?)
}

pub(crate) fn write(connection: &Connection, settings: &Settings) -> Result<(), StoreError> {
    connection.execute(
        "UPDATE instance SET settings = ?",
        params![serde_json::to_string(settings)?],
    )?;
    Ok(())
}
