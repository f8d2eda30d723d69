//! The likely cause of a redirect loop, by the facts of its last request and of the handshakes before it.
//!
//! A cause is named only if the facts support it. Otherwise the explanation has the facts alone.

use std::time::Duration;

use super::Question;
use super::explain_text::{shown, shown_claim, with_sources};
use crate::clock::UnixTime;
use crate::effect::{BackendError, Delivered, LastHandshake, SECRET_KEY_REFUSED};
use crate::instance::{Instance, Origin, with_scheme};
use crate::limits::{MAX_COOKIE_BYTES, MAX_TOKEN_BYTES};
use crate::request::{AuthenticateContext, MAX_REDIRECTS};
use crate::state::{AuthReason, LikelyCause, Outcome, RequestState, UndecidedCause};
use crate::token::{TokenError, TokenErrorReason, UnverifiedToken};

/// The least difference of the clocks that is named. A handshake takes a few seconds.
const MIN_DIFFERENCE: Duration = Duration::from_secs(5);

/// The events before a request that explain it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Background {
    /// `true` if the browser was redirected to sign-in repeatedly.
    pub(crate) is_loop: bool,
    /// The last error of a session token in this browser's earlier requests.
    pub(crate) problem: Option<TokenErrorReason>,
    /// The result of this process's latest handshake.
    pub(crate) handshake: Option<LastHandshake>,
}

/// A decided request that may have a cause.
pub(super) struct Case<'c, 'r> {
    pub(super) question: Question<'c, 'r>,
    pub(super) state: &'c RequestState,
    /// The error of the token or the handshake.
    pub(super) error: Option<&'c TokenError>,
    pub(super) token: Option<&'c Result<UnverifiedToken<'c>, TokenError>>,
    pub(super) before: &'c Background,
}

impl<'r> Case<'_, 'r> {
    /// Returns the likely cause, or `None` if it is unknown or the request is signed in.
    pub(super) fn likely_cause(&self) -> Option<LikelyCause> {
        let is_loop = self.before.is_loop || self.cx().redirect_count() >= MAX_REDIRECTS;
        let reason = match &self.state.outcome {
            Outcome::SignedIn(state) => {
                return (is_loop && state.claims.is_pending()).then_some(LikelyCause::PendingTasks);
            }
            Outcome::Undecided(cause) => return self.by_undecided(cause),
            Outcome::SignedOut(state) if state.cookies_not_kept => return Some(LikelyCause::CookiesBlocked),
            Outcome::SignedOut(state) => &state.reason,
            Outcome::Handshake(state) => &state.reason,
        };
        if let Some(cause) = self.by_sign_in_url().or_else(|| self.by_token()) {
            return Some(cause);
        }
        if !is_loop {
            return None;
        }
        self.by_earlier_problem()
            .or_else(|| self.by_handshake())
            .or_else(|| self.by_clock())
            .or_else(|| self.by_satellite_domain())
            .or_else(|| self.by_browser_origin())
            .or(match reason {
                AuthReason::SessionTokenIatBeforeClientUat | AuthReason::SessionTokenWithoutClientUat => {
                    Some(LikelyCause::ConflictingCookies)
                }
                _ => None,
            })
    }

    fn cx(&self) -> &AuthenticateContext<'r> {
        self.question.cx
    }

    fn instance(&self) -> &Instance {
        self.question.cx.instance()
    }

    fn now(&self) -> UnixTime {
        self.question.now
    }

    fn handshake(&self) -> Option<&LastHandshake> {
        let handshake = self.before.handshake.as_ref();
        handshake.filter(|handshake| handshake.is_recent(self.now()))
    }

    fn delivered(&self) -> Option<&Delivered> {
        self.handshake()?.result.as_ref().ok()
    }

    fn by_undecided(&self, cause: &UndecidedCause) -> Option<LikelyCause> {
        match cause {
            UndecidedCause::KeysOutOfReach(error)
            | UndecidedCause::RenewalOutOfReach(error)
            | UndecidedCause::HandshakeOutOfReach(error)
                if !error.is_busy() =>
            {
                Some(LikelyCause::ApiOutOfReach {
                    api_url: api_url(self.instance()),
                    problem: with_sources(error).into(),
                })
            }
            UndecidedCause::HandshakeToken(error) => self.by_error(error),
            UndecidedCause::SatelliteSignInUrl => Some(self.sign_in_url()),
            _ => None,
        }
    }

    fn by_token(&self) -> Option<LikelyCause> {
        self.by_error(self.error?)
    }

    fn by_error(&self, error: &TokenError) -> Option<LikelyCause> {
        match error {
            TokenError::UnknownKey { .. } | TokenError::Signature => Some(self.other_instance()),
            TokenError::Issuer { .. } => Some(self.issuer()),
            TokenError::SecretKeyRefused => Some(self.secret_key_refused()),
            TokenError::AuthorizedParty { found } => {
                let found = shown(found.trim_matches('"'));
                Some(self.authorized_party(Some(found.into())))
            }
            TokenError::TooLarge { found } => Some(LikelyCause::TokenTooLarge {
                found: *found,
                max: MAX_TOKEN_BYTES,
            }),
            // The token itself tells the least difference.
            TokenError::NotActiveYet { not_before: at, now } | TokenError::IssuedInTheFuture { issued_at: at, now } => {
                self.by_clock().or_else(|| {
                    let by = Duration::from_secs(at.as_secs().abs_diff(now.as_secs()));
                    Some(LikelyCause::ClockBehind { by })
                })
            }
            // Most tokens have expired because they are old.
            TokenError::Expired { .. } => self.by_clock(),
            _ => None,
        }
    }

    /// The error of an earlier request, whose token this one does not carry.
    fn by_earlier_problem(&self) -> Option<LikelyCause> {
        match self.before.problem? {
            TokenErrorReason::TokenInvalidSignature | TokenErrorReason::JwkKidMismatch => Some(self.other_instance()),
            TokenErrorReason::TokenInvalidIssuer => Some(self.issuer()),
            TokenErrorReason::SecretKeyInvalid => Some(self.secret_key_refused()),
            TokenErrorReason::TokenInvalidAuthorizedParties => {
                let found = self
                    .delivered()
                    .and_then(|delivered| delivered.authorized_party.as_ref());
                Some(self.authorized_party(found.map(|found| shown_claim(found).into())))
            }
            _ => None,
        }
    }

    fn by_handshake(&self) -> Option<LikelyCause> {
        let cx = self.cx();
        match &self.handshake()?.result {
            Err(error) if error.is_outage() => None,
            Err(error) if is_about_secret_key(error) => Some(self.secret_key_refused()),
            Err(error) => Some(LikelyCause::PayloadRefused {
                problem: with_sources(error).into(),
            }),
            Ok(delivered) => {
                let is_this_browsers = cx.client_uat() != 0 && delivered.client_uat == Some(cx.client_uat());
                let is_lost = is_this_browsers && cx.session_cookie().is_none();
                let found = delivered.session_cookie_bytes;
                (is_lost && found > MAX_COOKIE_BYTES).then_some(LikelyCause::TokenTooLarge {
                    found,
                    max: MAX_COOKIE_BYTES,
                })
            }
        }
    }

    /// Compares the clocks by the token that Clerk issued in the latest handshake.
    fn by_clock(&self) -> Option<LikelyCause> {
        let difference = whole(self.handshake()?.at) - self.delivered()?.issued_at_secs?;
        let by = Duration::try_from_secs_f64(difference.abs().round()).ok()?;
        match difference {
            _ if by <= self.instance().clock_skew().max(MIN_DIFFERENCE) => None,
            ..0.0 => Some(LikelyCause::ClockBehind { by }),
            _ => Some(LikelyCause::ClockAhead { by }),
        }
    }

    /// The keys belong to different instances; the token's issuer tells which variable is wrong.
    fn other_instance(&self) -> LikelyCause {
        let instance = self.instance();
        let issuer = self.named_issuer();
        let own = with_scheme(&instance.issuer_host());
        let is_own = |issuer: &String| own == *issuer || instance.issuers().any(|accepted| accepted == issuer);
        let is_foreign = issuer.as_ref().is_some_and(|issuer| !is_own(issuer));
        LikelyCause::OtherInstance {
            variable: match instance.jwt_key() {
                _ if is_foreign || issuer.is_none() => "CLERK_PUBLISHABLE_KEY",
                Some(_) => "CLERK_JWT_KEY",
                None => "CLERK_SECRET_KEY",
            },
            issuer: issuer.filter(|_| is_foreign).map(Into::into),
        }
    }

    /// The signature is valid, so the keys agree: the token's issuer is not accepted.
    fn issuer(&self) -> LikelyCause {
        let accepted: Vec<&str> = self.instance().issuers().collect();
        LikelyCause::Issuer {
            found: self.named_issuer().map(Into::into),
            accepted: accepted.join(", ").into(),
        }
    }

    /// The issuer that the session token names, of this request or of the latest handshake.
    fn named_issuer(&self) -> Option<String> {
        match (self.token, self.delivered()) {
            (Some(Ok(token)), _) => token.issuer().map(shown_claim),
            (_, Some(delivered)) => delivered.issuer.as_ref().map(shown_claim),
            _ => None,
        }
    }

    fn secret_key_refused(&self) -> LikelyCause {
        LikelyCause::SecretKeyRefused {
            api_url: api_url(self.instance()),
        }
    }

    /// The token is for another origin: the list is wrong, or the origin for which the token was requested.
    fn authorized_party(&self, found: Option<Box<str>>) -> LikelyCause {
        let (cx, accepted) = (self.cx(), self.instance().authorized_parties());
        let named = cx.claimed_origin();
        let used = cx.url().origin();
        let is_accepted = accepted.iter().any(|origin| *origin == *named);
        if *named != *used && is_accepted && found.as_deref().is_none_or(|found| found == used) {
            return LikelyCause::PublicOrigin {
                used: used.into(),
                named: shown(&named).into(),
            };
        }
        let accepted: Vec<&str> = accepted.iter().map(Origin::as_str).collect();
        LikelyCause::AuthorizedParty {
            found,
            accepted: accepted.join(", ").into(),
        }
    }

    /// The browser itself names the origin of the page that led here.
    fn by_browser_origin(&self) -> Option<LikelyCause> {
        let cx = self.cx();
        let referer = cx.referer().map(|referer| referer.origin().ascii_serialization());
        let named = cx.origin().map(str::to_owned).or(referer)?;
        let used = cx.url().origin();
        (cx.is_from_same_origin() && named != used).then(|| LikelyCause::PublicOrigin {
            used: used.into(),
            named: shown(&named).into(),
        })
    }

    /// A satellite leads its users to the sign-in page of its primary.
    fn by_sign_in_url(&self) -> Option<LikelyCause> {
        let cx = self.cx();
        let url = self
            .instance()
            .sign_in_url()
            .filter(|_| self.instance().is_satellite())?;
        cx.same_origin(url).map(|_| self.sign_in_url())
    }

    fn sign_in_url(&self) -> LikelyCause {
        LikelyCause::SignInUrl {
            origin: self.cx().url().origin().into(),
        }
    }

    fn by_satellite_domain(&self) -> Option<LikelyCause> {
        let domain = self.instance().satellite()?.domain()?;
        let host = self.cx().url().as_url().host_str()?;
        let name = domain.split(':').next().unwrap_or(domain);
        let is_below = || host.strip_suffix(name).is_some_and(|rest| rest.ends_with('.'));
        (host != name && !is_below()).then(|| LikelyCause::SatelliteDomain {
            domain: shown(domain).into(),
            host: shown(host).into(),
        })
    }
}

fn is_about_secret_key(error: &BackendError) -> bool {
    error.code() == Some(SECRET_KEY_REFUSED)
}

fn api_url(instance: &Instance) -> Box<str> {
    let url = instance.api_url();
    format!(
        "{}{}",
        url.origin().ascii_serialization(),
        url.path().trim_end_matches('/')
    )
    .into()
}

#[expect(clippy::cast_precision_loss, reason = "seconds of our time fit a double exactly")]
fn whole(at: UnixTime) -> f64 {
    at.as_secs() as f64
}
