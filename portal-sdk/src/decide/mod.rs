//! The decision: who a request is from, as a pure function of the request, the instance, what is [`Known`] and the time.
//!
//! [`decide`] owns no client, no clock, no lock and no global state. When it lacks something that only the Backend API
//! has, it says so ([`Decision::Needs`]); the caller fetches it, puts the answer or the failure into [`Known`], and asks
//! again. Each [`Effect`] is asked for at most once, so that there are at most four turns.
//!
//! This file holds the order of the questions; each question has a file of its own:
//!
//! 1. A token in the `Authorization` header decides alone (`bearer`).
//! 2. A handshake that came back is resolved (`handshake`).
//! 3. A development browser that keeps no cookies is not sent into another handshake (`cookie_check`).
//! 4. Satellites and their primary exchange the state of their browsers (`satellite`).
//! 5. Cookies decide (`cookie`): the development browser, presence, age, signature and times of the session token.
//! 6. An expired token is renewed through the Backend API (`refresh`) or by a handshake.
//! 7. The address may name another organization than the active one (`organization`).

mod bearer;
mod cookie;
mod cookie_check;
mod handshake;
mod keys;
mod organization;
mod redirect;
mod refresh;
mod renewal;
mod satellite;

pub(crate) use keys::{genuine_session, token_problem};
pub(crate) use renewal::Renewal;
use serde_json::Value;

use self::handshake::Unresolved;
use crate::clock::UnixTime;
use crate::effect::{Effect, Known};
use crate::request::AuthenticateContext;
use crate::secret::Secret;
use crate::state::{
    AuthReason, HandshakeState, RequestState, ResponseDirectives, SignedInState, SignedOutState, UndecidedCause,
    UndecidedState,
};
use crate::token::{SessionClaims, TokenError};

/// The decision, or what it lacks.
#[derive(Clone, Debug)]
#[must_use]
pub enum Decision<S = RequestState> {
    /// Carry out the effect and decide again, with a fresh time.
    Needs(Effect),
    /// Decided.
    Settled(S),
}

/// Decides.
pub fn decide(cx: &AuthenticateContext<'_>, known: &Known, now: UnixTime) -> Decision {
    let question = Question { cx, known, now };
    match question.answer() {
        Ok(mut state) => {
            organization::note_mismatch(cx, &mut state);
            cookie_check::clean_address(cx, &mut state);
            redirect::settle_redirect_count(cx, &mut state);
            Decision::Settled(state)
        }
        Err(Stop::Needs(effect)) => Decision::Needs(effect),
        Err(Stop::Undecided(cause)) => Decision::Settled(RequestState::Undecided(UndecidedState {
            cause,
            directives: ResponseDirectives::default(),
        })),
    }
}

/// One call's arguments, so that the questions below read as sentences.
#[derive(Clone, Copy)]
struct Question<'q, 'r> {
    cx: &'q AuthenticateContext<'r>,
    known: &'q Known,
    now: UnixTime,
}

/// Why an answer cannot be given, or not yet.
enum Stop {
    Needs(Effect),
    Undecided(UndecidedCause),
}

/// An answer, or why there is none (yet).
type Answer<T = RequestState> = Result<T, Stop>;

impl<'q, 'r> Question<'q, 'r> {
    fn answer(self) -> Answer {
        satellite::check_sign_in_url(self.cx)?;
        if let Some(token) = self.cx.bearer() {
            return bearer::answer(self, token);
        }
        let unresolved = match handshake::resolve(self)? {
            Ok(state) => return Ok(state),
            Err(unresolved) => unresolved,
        };
        let mut state = match cookie_check::answer(self).or_else(|| satellite::answer(self)) {
            Some(state) => state,
            None => cookie::answer(self)?,
        };
        match (unresolved, &mut state) {
            // The handshake's payload is unknown, and the cookies alone do not authenticate the request.
            (Unresolved::OutOfReach(error), RequestState::SignedOut(_) | RequestState::Handshake(_)) => {
                return Err(Stop::Undecided(UndecidedCause::HandshakeOutOfReach(error)));
            }
            (Unresolved::Useless(problem), RequestState::SignedOut(state)) => state.handshake_problem = problem,
            _ => {}
        }
        Ok(state)
    }

    /// The state of somebody whose token was verified.
    fn signed_in(self, claims: SessionClaims, token: &str, directives: ResponseDirectives) -> RequestState {
        RequestState::SignedIn(SignedInState {
            claims,
            token: Secret::new(token),
            organization_mismatch: false,
            directives,
        })
    }

    fn signed_out(self, refusal: Refusal) -> RequestState {
        self.signed_out_with(refusal, ResponseDirectives::default())
    }

    fn signed_out_with(self, refusal: Refusal, mut directives: ResponseDirectives) -> RequestState {
        directives.describe("signed-out", &refusal.reason, self.message(&refusal));
        let Refusal { reason, token_error } = refusal;
        RequestState::SignedOut(SignedOutState {
            reason,
            token_error,
            handshake_problem: None,
            cookies_not_kept: false,
            directives,
        })
    }

    fn handshake(self, refusal: Refusal, mut directives: ResponseDirectives) -> RequestState {
        directives.describe("handshake", &refusal.reason, self.message(&refusal));
        let Refusal { reason, token_error } = refusal;
        RequestState::Handshake(HandshakeState {
            reason,
            token_error,
            directives,
        })
    }

    fn message(self, refusal: &Refusal) -> Option<String> {
        self.cx
            .instance()
            .is_debug()
            .then(|| refusal.token_error.as_ref().map(ToString::to_string))?
    }
}

/// Why nobody is signed in, before it is known whether a redirect can mend it.
struct Refusal {
    reason: AuthReason,
    token_error: Option<TokenError>,
}

impl Refusal {
    fn token(error: TokenError) -> Self {
        let reason = AuthReason::Token(error.reason());
        Self {
            token_error: Some(error),
            ..reason.into()
        }
    }
}

impl From<AuthReason> for Refusal {
    fn from(reason: AuthReason) -> Self {
        Self {
            reason,
            token_error: None,
        }
    }
}

/// A directive's cookie name and value, as Clerk's SDK takes them apart: no trimming, the value ends at its first `=`.
/// There is no value without a `=`.
fn cookie_pair(directive: &str) -> (&str, Option<&str>) {
    let pair = directive.split(';').next().unwrap_or_default();
    let mut pieces = pair.split('=');
    (pieces.next().unwrap_or_default(), pieces.next())
}

/// Directives given as JSON; `None` unless all are texts.
fn as_texts(values: &[Value]) -> Option<Vec<&str>> {
    values.iter().map(Value::as_str).collect()
}
