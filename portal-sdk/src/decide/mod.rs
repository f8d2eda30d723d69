//! The decision: a pure function of the request, the instance, the [`Known`] results and the time.
//!
//! [`decide`] has no client, no clock, no lock and no global state. If it needs a call to the Backend API, it returns
//! [`Decision::Needs`]; the caller makes the call, stores its result or failure in [`Known`], and decides again. Each
//! [`Effect`] is requested at most once, so there are at most four rounds.
//!
//! This file holds the order of the steps; each step has its own file:
//!
//! 1. A token in the `Authorization` header decides alone (`bearer`).
//! 2. A returning handshake is resolved (`handshake`).
//! 3. A development browser that keeps no cookies gets no further handshake (`cookie_check`).
//! 4. Satellites and their primary exchange the state of their browsers (`satellite`).
//! 5. Cookies decide (`cookie`): the development browser, presence, age, signature and times of the session token.
//! 6. An expired token is renewed through the Backend API (`expired`) or by a handshake.
//! 7. The path's organization is activated if it is not the active one (`organization`).
//! 8. A session that is known to have ended is signed out, although its token is still valid.

mod bearer;
mod brought;
mod cookie;
mod cookie_check;
mod expired;
mod explain;
mod explain_text;
mod handshake;
mod keys;
mod likely_cause;
mod organization;
mod redirect;
mod renewal;
mod satellite;

pub use explain::explain;
pub(crate) use explain::explain_state;
pub(crate) use keys::{genuine_session, token_problem};
pub(crate) use likely_cause::Background;
pub use renewal::{comes_from_portal, renewal};

use std::mem;

use http::HeaderValue;

use self::expired::Refresh;
use self::handshake::Returned;
use crate::clock::UnixTime;
use crate::effect::{Effect, Known};
use crate::request::AuthenticateContext;
use crate::state::{
    AuthReason, HandshakeState, Outcome, RequestState, ResponseHeaders, SignedInState, SignedOutState, UndecidedCause,
};
use crate::token::{SessionClaims, TokenError};

/// The decision, or the call that it needs first.
#[derive(Clone, Debug)]
#[must_use]
pub enum Decision<S = RequestState> {
    /// Carry out the effect, and decide again with the current time.
    Needs(Effect),
    /// Decided.
    Settled(S),
}

/// The values of `x-clerk-auth-status`, checked at compile time.
static SIGNED_OUT: HeaderValue = HeaderValue::from_static("signed-out");
static HANDSHAKE: HeaderValue = HeaderValue::from_static("handshake");

/// Decides who a request is from.
pub fn decide(cx: &AuthenticateContext<'_>, known: &Known, now: UnixTime) -> Decision {
    let question = Question { cx, known, now };
    match question.answer() {
        Ok(mut state) => {
            question.finish(&mut state);
            Decision::Settled(state)
        }
        Err(Stop::Needs(effect)) => Decision::Needs(effect),
        Err(Stop::Undecided(cause)) => {
            let outcome = Outcome::Undecided(cause);
            Decision::Settled(RequestState::new(outcome, ResponseHeaders::default()))
        }
    }
}

/// The arguments of one call.
#[derive(Clone, Copy)]
struct Question<'q, 'r> {
    cx: &'q AuthenticateContext<'r>,
    known: &'q Known,
    now: UnixTime,
}

/// The reason why a step stops: it needs a call, or the request is undecided.
enum Stop {
    Needs(Effect),
    Undecided(UndecidedCause),
}

/// The result of a step, or why it stops.
type Answer<T = RequestState> = Result<T, Stop>;

/// The result of verifying a session token.
enum Verdict {
    /// The user is signed in.
    SignedIn(SessionClaims),
    /// The token has expired. Its session may be alive.
    Expired(TokenError),
    /// The request goes through a handshake if it may be redirected; otherwise it is signed out.
    Unsettled(Refusal),
    /// The request is signed out.
    SignedOut(Refusal),
}

impl Question<'_, '_> {
    fn answer(self) -> Answer {
        satellite::check_sign_in_url(self.cx)?;
        if let Some(token) = self.cx.bearer_token() {
            let verdict = bearer::verdict(self, token)?;
            return self.state_of(verdict);
        }
        let returned = match handshake::returned(self)? {
            Returned::Resolved(state) => return Ok(state),
            returned => returned,
        };
        let mut state = self.by_cookies()?;
        match (returned, &mut state.outcome) {
            // The handshake's payload is unknown, and the cookies alone do not authenticate the request.
            (Returned::OutOfReach(error), Outcome::SignedOut(_) | Outcome::Handshake(_)) => {
                return Err(Stop::Undecided(UndecidedCause::HandshakeOutOfReach(error)));
            }
            (Returned::Useless(problem), Outcome::SignedOut(state)) => {
                state.handshake_problem = problem.map(Into::into);
            }
            _ => {}
        }
        Ok(state)
    }

    fn by_cookies(self) -> Answer {
        if let Some(state) = cookie_check::answer(self) {
            return Ok(state);
        }
        if let Some(state) = satellite::answer(self) {
            return Ok(state);
        }
        let verdict = cookie::verdict(self)?;
        let mut state = self.state_of(verdict)?;
        organization::activate(self, &mut state);
        Ok(state)
    }

    /// Steps 5 and 6, for either transport of the token.
    fn state_of(self, verdict: Verdict) -> Answer {
        match verdict {
            Verdict::SignedIn(claims) => Ok(self.signed_in(claims, ResponseHeaders::default())),
            Verdict::SignedOut(refusal) => Ok(self.signed_out(refusal)),
            Verdict::Unsettled(refusal) => Ok(self.handshake_or_signed_out(refusal)),
            Verdict::Expired(error) => match expired::refresh(self)? {
                Refresh::Renewed(state) => Ok(state),
                Refresh::Failed(failure) => Ok(self.handshake_or_signed_out(Refusal {
                    reason: AuthReason::SessionTokenExpired(failure),
                    token_error: Some(error.into()),
                })),
            },
        }
    }

    /// Applies the steps that every result needs.
    fn finish(self, state: &mut RequestState) {
        self.sign_out_ended_session(state);
        organization::note_mismatch(self.cx, state);
        cookie_check::clean_address(self.cx, state);
        redirect::settle_redirect_count(self.cx, state);
    }

    fn sign_out_ended_session(self, state: &mut RequestState) {
        let is_ended = |claims: &SessionClaims| self.known.ended.rejects(claims, self.now);
        if state.claims().is_some_and(is_ended) {
            let headers = mem::take(&mut state.headers);
            *state = self.signed_out_with(AuthReason::SessionEnded.into(), headers);
        }
    }

    fn signed_in(self, claims: SessionClaims, headers: ResponseHeaders) -> RequestState {
        let state = SignedInState {
            claims,
            organization_mismatch: false,
        };
        RequestState::new(Outcome::SignedIn(state), headers)
    }

    fn signed_out(self, refusal: Refusal) -> RequestState {
        self.signed_out_with(refusal, ResponseHeaders::default())
    }

    fn signed_out_with(self, refusal: Refusal, mut headers: ResponseHeaders) -> RequestState {
        headers.describe(&SIGNED_OUT, &refusal.reason, self.message(&refusal));
        let Refusal { reason, token_error } = refusal;
        let state = SignedOutState {
            reason,
            token_error,
            handshake_problem: None,
            cookies_not_kept: false,
        };
        RequestState::new(Outcome::SignedOut(state), headers)
    }

    fn handshake(self, refusal: Refusal, mut headers: ResponseHeaders) -> RequestState {
        headers.describe(&HANDSHAKE, &refusal.reason, self.message(&refusal));
        let Refusal { reason, token_error } = refusal;
        RequestState::new(Outcome::Handshake(HandshakeState { reason, token_error }), headers)
    }

    fn message(self, refusal: &Refusal) -> Option<String> {
        let error = refusal.token_error.as_ref()?;
        self.cx.instance().is_debug().then(|| error.to_string())
    }
}

/// The reason why a token is not accepted, before it is known if a redirect can help.
struct Refusal {
    reason: AuthReason,
    token_error: Option<Box<TokenError>>,
}

impl Refusal {
    fn token(error: TokenError) -> Self {
        let reason = AuthReason::Token(error.reason());
        Self {
            token_error: Some(error.into()),
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
