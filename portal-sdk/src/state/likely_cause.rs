//! [`LikelyCause`]: why a browser is signed out after sign-in, for developers.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

/// The likely cause of a redirect loop, if the facts of the request support one.
///
/// `Display` writes what happened, and [`fix`](Self::fix) returns what to do.
///
/// | Cause | Seen | What to do |
/// |---|---|---|
/// | [`OtherInstance`](Self::OtherInstance) | a session token that another key signed | copy the keys from one instance |
/// | [`Issuer`](Self::Issuer) | a session token that this instance's key signed, with another issuer | set `CLERK_PROXY_URL` or `PORTAL_ISSUERS`, or copy the keys from one instance |
/// | [`SecretKeyRefused`](Self::SecretKeyRefused) | the Backend API does not know the secret key | copy `CLERK_SECRET_KEY` again; check `CLERK_API_URL` |
/// | [`PayloadRefused`](Self::PayloadRefused) | the Backend API refuses the results of handshakes | copy the keys from one instance |
/// | [`ApiOutOfReach`](Self::ApiOutOfReach) | the Backend API does not answer, or not as Clerk does | check `CLERK_API_URL` and the network |
/// | [`ClockBehind`](Self::ClockBehind), [`ClockAhead`](Self::ClockAhead) | new session tokens are of the future, or have expired | set the clock, or raise `clock_skew` |
/// | [`CookiesBlocked`](Self::CookiesBlocked) | a browser without the cookies that it has just got (development only) | allow cookies |
/// | [`AuthorizedParty`](Self::AuthorizedParty) | a token for an origin that is not accepted | set `PORTAL_AUTHORIZED_PARTIES` |
/// | [`PublicOrigin`](Self::PublicOrigin) | a browser at another address than the public origin | set `PORTAL_PUBLIC_ORIGIN` |
/// | [`SignInUrl`](Self::SignInUrl) | a satellite whose sign-in URL is on the satellite | set `CLERK_SIGN_IN_URL` |
/// | [`SatelliteDomain`](Self::SatelliteDomain) | a satellite under another host than its domain | set `CLERK_DOMAIN` |
/// | [`TokenTooLarge`](Self::TokenTooLarge) | a session cookie above the size that browsers store | shorten the custom claims |
/// | [`ConflictingCookies`](Self::ConflictingCookies) | a session token that is older than the last sign-in | clear the domain's cookies |
/// | [`PendingTasks`](Self::PendingTasks) | a session that is pending after sign-in | check the instance's session tasks |
///
/// # Security
///
/// The fields and both texts name what clients send, escaped, and what the instance accepts: show them to developers
/// only.
///
/// ```
/// use std::time::Duration;
///
/// use portal_sdk::state::LikelyCause;
///
/// let cause = LikelyCause::ClockBehind { by: Duration::from_secs(600) };
/// assert!(cause.to_string().starts_with("This machine's clock is about 600 s behind Clerk's"));
/// assert!(cause.fix().contains("clock_skew"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LikelyCause {
    /// The keys belong to different Clerk instances.
    OtherInstance {
        /// The issuer that the session token names, if it is not the publishable key's instance.
        issuer: Option<Box<str>>,
        /// The variable that most likely holds another instance's key.
        variable: &'static str,
    },
    /// This instance's key signed the session token, but its issuer is not accepted.
    Issuer {
        /// The token's claim `iss`; `None` if it has none, or if an earlier request carried the token.
        found: Option<Box<str>>,
        /// The accepted issuers, separated by commas.
        accepted: Box<str>,
    },
    /// The Backend API does not accept the secret key.
    SecretKeyRefused {
        /// The Backend API's URL.
        api_url: Box<str>,
    },
    /// The Backend API refused the result of the latest handshake.
    PayloadRefused {
        /// Clerk's response.
        problem: Box<str>,
    },
    /// The Backend API does not answer, or not as Clerk does.
    ApiOutOfReach {
        /// The Backend API's URL.
        api_url: Box<str>,
        /// The error of the call, with its causes.
        problem: Box<str>,
    },
    /// This machine's clock is behind Clerk's.
    ClockBehind {
        /// The difference, to a few seconds.
        by: Duration,
    },
    /// This machine's clock is ahead of Clerk's.
    ClockAhead {
        /// The difference, to a few seconds.
        by: Duration,
    },
    /// The browser keeps no cookies for this site.
    CookiesBlocked,
    /// The session token was made for an origin that is not an authorized party.
    AuthorizedParty {
        /// The token's claim `azp`; `None` if an earlier request carried the token.
        found: Option<Box<str>>,
        /// The accepted origins, separated by commas.
        accepted: Box<str>,
    },
    /// The application takes itself to be at another address than the browser's.
    PublicOrigin {
        /// The origin that the application uses.
        used: Box<str>,
        /// The origin that the browser or the proxy names.
        named: Box<str>,
    },
    /// A satellite's sign-in URL is on the satellite, which cannot sign users in.
    SignInUrl {
        /// The satellite's origin.
        origin: Box<str>,
    },
    /// A satellite is requested under another host than its domain.
    SatelliteDomain {
        /// The configured domain.
        domain: Box<str>,
        /// The request's host.
        host: Box<str>,
    },
    /// The session token is too large to be stored or read.
    TokenTooLarge {
        /// The size in bytes: of the cookie's name and value, or of the token that the request carries.
        found: usize,
        /// The limit in bytes.
        max: usize,
    },
    /// `__session` and `__client_uat` contradict each other.
    ConflictingCookies,
    /// The session's tasks are still outstanding after sign-in.
    PendingTasks,
}

impl LikelyCause {
    /// Returns the sentence about what to do. It names the setting or the variable.
    #[must_use]
    pub fn fix(&self) -> Cow<'static, str> {
        match self {
            Self::OtherInstance { variable, .. } => other_instance(variable).into(),
            Self::Issuer { .. } => "If the issuer is a proxy or a satellite's domain of this instance, set \
                                    CLERK_PROXY_URL or list all of the instance's issuers in issuers (PORTAL_ISSUERS). \
                                    If it is another instance's, copy CLERK_PUBLISHABLE_KEY and CLERK_SECRET_KEY, and \
                                    CLERK_JWT_KEY if it is set, from the instance whose portal users sign in at."
                .into(),
            Self::SecretKeyRefused { .. } => "Copy CLERK_SECRET_KEY again from the instance of CLERK_PUBLISHABLE_KEY, \
                                              and check CLERK_API_URL if it is set. A local portal in memory makes a \
                                              new secret key at each start."
                .into(),
            Self::PayloadRefused { .. } => "Copy CLERK_SECRET_KEY and CLERK_PUBLISHABLE_KEY again, both from the \
                                            instance whose portal users sign in at."
                .into(),
            Self::ApiOutOfReach { .. } => "Check CLERK_API_URL (unset for Clerk's own address), and whether a \
                                           firewall or a proxy lets this machine connect there."
                .into(),
            Self::ClockBehind { .. } | Self::ClockAhead { .. } => {
                "Set this machine's clock, such as by NTP. If it cannot be set, allow a larger difference with \
                 clock_skew."
                    .into()
            }
            Self::CookiesBlocked => "Allow cookies for this site in the browser's settings. Within a frame of another \
                                     site, open the page in a separate window."
                .into(),
            Self::AuthorizedParty { found: Some(found), .. } => format!(
                "Add {found} to authorized_parties (PORTAL_AUTHORIZED_PARTIES) if it is this application's address. \
                 If it is not, set public_origin (PORTAL_PUBLIC_ORIGIN) to the address that browsers use."
            )
            .into(),
            Self::AuthorizedParty { found: None, .. } => {
                "Compare the address in the browser with authorized_parties (PORTAL_AUTHORIZED_PARTIES) and \
                 public_origin (PORTAL_PUBLIC_ORIGIN)."
                    .into()
            }
            Self::PublicOrigin { named, .. } => format!(
                "Set public_origin (PORTAL_PUBLIC_ORIGIN) to {named} if browsers reach the application there, or let \
                 the proxy send X-Forwarded-Host and X-Forwarded-Proto."
            )
            .into(),
            Self::SignInUrl { .. } => "Set CLERK_SIGN_IN_URL to the sign-in page of the primary application.".into(),
            Self::SatelliteDomain { host, .. } => format!(
                "Set CLERK_DOMAIN to {host} if it is this satellite, or public_origin (PORTAL_PUBLIC_ORIGIN) to the \
                 satellite's address."
            )
            .into(),
            Self::TokenTooLarge { .. } => "Shorten the custom claims of the session token in the Clerk dashboard \
                                           (session_claims of a local portal), and read long data from the user \
                                           instead."
                .into(),
            Self::ConflictingCookies => "Clear this domain's cookies in the browser. If the loop returns, look for \
                                         another application on the domain with the same CLERK_PUBLISHABLE_KEY or \
                                         with cookies of these names."
                .into(),
            Self::PendingTasks => "Check which session tasks the instance requires in the Clerk dashboard, and \
                                   whether users can complete them."
                .into(),
        }
    }
}

fn other_instance(variable: &str) -> &'static str {
    match variable {
        "CLERK_JWT_KEY" => {
            "Copy CLERK_JWT_KEY again from the instance of CLERK_PUBLISHABLE_KEY, or unset it: keys are then fetched."
        }
        "CLERK_SECRET_KEY" => "Copy CLERK_SECRET_KEY again from the instance of CLERK_PUBLISHABLE_KEY.",
        _ => {
            "Copy CLERK_PUBLISHABLE_KEY and CLERK_SECRET_KEY, and CLERK_JWT_KEY if it is set, from the instance whose \
             portal users sign in at."
        }
    }
}

impl fmt::Display for LikelyCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherInstance {
                issuer: Some(issuer), ..
            } => write!(
                f,
                "The keys belong to different Clerk instances: the session token names {issuer} as its issuer."
            ),
            Self::OtherInstance { issuer: None, .. } => f.write_str(
                "The keys belong to different Clerk instances: the session token was not signed by this instance's \
                 key.",
            ),
            Self::Issuer { found, accepted } => {
                f.write_str("This instance's key signed the session token, but its issuer ")?;
                if let Some(found) = found {
                    write!(f, "{found} ")?;
                }
                write!(f, "is not accepted; accepted: {accepted}.")
            }
            Self::SecretKeyRefused { api_url } => {
                write!(f, "The Backend API at {api_url} does not accept the secret key.")
            }
            Self::PayloadRefused { problem } => write!(
                f,
                "The keys may belong to different Clerk instances: Clerk refused the result of the last handshake \
                 ({problem})."
            ),
            Self::ApiOutOfReach { api_url, problem } => {
                write!(f, "The Backend API at {api_url} cannot be used: {problem}.")
            }
            Self::ClockBehind { by } => write!(
                f,
                "This machine's clock is about {} s behind Clerk's: new session tokens seem to be of the future.",
                by.as_secs()
            ),
            Self::ClockAhead { by } => write!(
                f,
                "This machine's clock is about {} s ahead of Clerk's: new session tokens seem to have expired.",
                by.as_secs()
            ),
            Self::CookiesBlocked => f.write_str(
                "The browser blocks cookies for this site: it came back without those that it got a moment ago.",
            ),
            Self::AuthorizedParty { found, accepted } => {
                let found = found.as_deref().unwrap_or("an origin");
                write!(
                    f,
                    "The session token was made for {found}, which is not an authorized party; accepted: {accepted}."
                )
            }
            Self::PublicOrigin { used, named } => write!(
                f,
                "The public origin is wrong: the application takes its address to be {used}, but the request names \
                 {named}."
            ),
            Self::SignInUrl { origin } => {
                write!(f, "The satellite's sign-in URL is on the satellite itself ({origin}).")
            }
            Self::SatelliteDomain { domain, host } => write!(
                f,
                "The satellite is requested as {host}, but its domain is {domain}, so its cookies do not arrive."
            ),
            Self::TokenTooLarge { found, max } => write!(
                f,
                "The session token is too large: its cookie has {found} bytes, and at most {max} are kept."
            ),
            Self::ConflictingCookies => {
                f.write_str("The cookies __session and __client_uat contradict each other, even after a handshake.")
            }
            Self::PendingTasks => f.write_str("The session's tasks are still outstanding after sign-in."),
        }
    }
}
