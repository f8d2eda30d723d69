//! [`Settings`]: an administrator's settings of the whole instance, stored in the database.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Db, Result};

/// The users who may sign up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SignUpMode {
    /// All users.
    #[default]
    Public,
    /// Only users with an invitation.
    Restricted,
    /// Only users with an invitation; others can join the waitlist.
    Waitlist,
}

/// The settings that an administrator of Clerk changes in the dashboard.
///
/// They are stored in the database. `Default` has the values of a new Clerk application.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Settings {
    /// Turns the hosted pages on.
    ///
    /// Otherwise each of them answers 404; `/` and the portal's own `/__local/*` remain.
    pub account_portal_enabled: bool,
    /// The users who may sign up.
    pub sign_up_mode: SignUpMode,
    /// Lets only addresses on the allowlist sign up or be added to an account.
    pub allowlist: bool,
    /// Refuses sign-ups with addresses on the blocklist, and adding one to an account.
    ///
    /// If both lists are on, the entry that matches fewer addresses wins. The allowlist wins between equal entries.
    pub blocklist: bool,
    /// Exempts sign-ins to existing accounts from both lists.
    pub allowlist_blocklist_disabled_on_sign_in: bool,
    /// Refuses addresses with `+`, `#` or `=` before the `@`.
    ///
    /// They cannot sign up or be added to an account. The same applies to a gmail.com address with dots if a user has
    /// the address without them. In test mode, `+clerk_test` is exempt.
    pub block_email_subaddresses: bool,
    /// Refuses sign-ups with addresses of disposable-mailbox services.
    ///
    /// The portal knows a dozen of these services, such as mailinator.com.
    pub block_disposable_email_domains: bool,
    /// Limits a browser to one account at a time.
    ///
    /// Otherwise it can be signed in to several, and the user switches between them.
    pub single_session_mode: bool,
    /// Requires users with a compromised password to set a new one.
    ///
    /// They count as signed in only after that, whichever way they signed in.
    pub force_password_reset: bool,
    /// Offers sign-in through Example ID, an external provider that the portal simulates.
    pub example_provider_enabled: bool,
    /// Requires users to set up an authenticator app before they count as signed in.
    pub mfa_required: bool,
    /// Requires a first and a last name for a new account.
    pub names_required: bool,
    /// Turns organizations on.
    pub organizations_enabled: bool,
    /// Requires users to choose an organization before they count as signed in.
    pub force_organization_selection: bool,
    /// The limit of an organization's members, invitations included; 0 for no limit.
    pub max_allowed_memberships: u32,
    /// Lets members of a new organization delete it if their role allows it.
    ///
    /// Each organization can override this.
    pub admin_delete_enabled: bool,
    /// The role of an organization's creator.
    pub creator_role: String,
    /// The preselected role of an invitation.
    pub default_role: String,
    /// Lets users delete their own account.
    pub delete_self_enabled: bool,
    /// Lets users create organizations.
    pub create_organization_enabled: bool,
    /// Gives addresses with `+clerk_test` the fixed code `424242`.
    pub test_mode: bool,
    /// Additional claims of every session token, as in Clerk's claims editor.
    ///
    /// They are a JSON object whose strings may hold shortcodes such as `{{user.public_metadata.role}}`,
    /// `{{user.first_name || 'you'}}` or `{{org.slug}}`. Names that the portal sets itself, such as `sub`, are refused.
    /// Default: none.
    pub session_claims: Map<String, Value>,
    /// The maximum lifetime of a session in seconds, at least 1.
    ///
    /// Existing sessions keep their end. Default: seven days.
    pub session_lifetime_secs: u32,
    /// The seconds without use after which a session ends; `None` for no limit.
    pub inactivity_timeout_secs: Option<u32>,
    /// The application's home: an absolute URL that is an allowed destination.
    ///
    /// Default: the application that the browser came from last.
    pub home_url: Option<String>,
    /// The default destination after a sign-in, an absolute URL.
    ///
    /// Default: [`home_url`](Self::home_url).
    pub after_sign_in_url: Option<String>,
    /// The default destination after a sign-up, an absolute URL.
    ///
    /// Default: [`home_url`](Self::home_url).
    pub after_sign_up_url: Option<String>,
    /// The destination after creating an organization, an absolute URL.
    ///
    /// Default: [`home_url`](Self::home_url).
    pub after_create_organization_url: Option<String>,
    /// The destination after leaving an organization, an absolute URL.
    ///
    /// Default: the portal's list of organizations.
    pub after_leave_organization_url: Option<String>,
    /// The destination after joining the waitlist, an absolute URL.
    ///
    /// Default: the user stays on the page and sees a confirmation.
    pub after_join_waitlist_url: Option<String>,
}

impl Settings {
    /// The destination URLs that are set, with their names.
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

pub(crate) fn read(db: Db<'_>) -> Result<Settings> {
    let text: Option<String> = db.value("SELECT settings FROM instance", [])?;
    Ok(serde_json::from_str(&text.unwrap_or_default())?)
}

pub(crate) fn write(db: Db<'_>, settings: &Settings) -> Result<()> {
    db.run("UPDATE instance SET settings = ?", [serde_json::to_string(settings)?])
}
