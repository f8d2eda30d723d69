//! Clerk's responses, chosen by the input, and the decision that is made with them.

use std::fmt::Write as _;
use std::sync::{Arc, LazyLock};

use arbitrary::Arbitrary;
use http::StatusCode;
use http::request::Parts;
use portal_sdk::clock::UnixTime;
use portal_sdk::decide::{Decision, decide, explain};
use portal_sdk::effect::{BackendError, Effect, HandshakePayload, Known, KnownKeys, MissingKey, RefreshedSession};
use portal_sdk::instance::Instance;
use portal_sdk::key::KeySet;
use portal_sdk::request::AuthenticateContext;
use portal_sdk::state::RequestState;
use portal_sdk::token::TokenError;

use crate::keys;
use crate::value::AnyValue;

const NAMES: [&str; 8] = [
    "__session",
    "__session_naoXFJnI",
    "__session_nx2hSE6I",
    "__client_uat",
    "__client_uat_naoXFJnI",
    "__refresh_naoXFJnI",
    "__clerk_db_jwt",
    "",
];
const ATTRIBUTES: [&str; 4] = ["", "; Path=/", "; Path=/; HttpOnly; Secure", "; Max-Age=0"];

/// A `Set-Cookie` value: its name, value and attributes.
pub type AnySetCookie<'a> = (u8, AnyValue<'a>, u8);

/// Writes a `Set-Cookie` value.
#[must_use]
pub fn set_cookie((name, value, attributes): &AnySetCookie<'_>) -> String {
    let name = NAMES[usize::from(*name) % NAMES.len()];
    let attributes = ATTRIBUTES[usize::from(*attributes) % ATTRIBUTES.len()];
    format!("{name}={}{attributes}", value.text())
}

/// Clerk's responses to any call.
#[derive(Arbitrary, Clone, Debug)]
pub struct Answers<'a> {
    has_keys: bool,
    keys: Keys,
    payload: Result<Vec<AnySetCookie<'a>>, Failure<'a>>,
    refresh: Result<Vec<AnySetCookie<'a>>, Failure<'a>>,
}

#[derive(Arbitrary, Clone, Debug)]
enum Keys {
    Found,
    Other,
    Unknown,
    TooSoon,
    Refused,
    OutOfReach,
}

#[derive(Arbitrary, Clone, Debug)]
enum Failure<'a> {
    Down,
    Unreadable,
    Answer(u16, Option<&'a str>),
}

impl Failure<'_> {
    fn error(&self) -> BackendError {
        match self {
            Self::Down => BackendError::connect(std::io::Error::from(std::io::ErrorKind::ConnectionRefused)),
            Self::Unreadable => BackendError::unreadable(StatusCode::OK, "expected JSON"),
            Self::Answer(status, code) => {
                let status = StatusCode::from_u16(400 + status % 200).unwrap_or(StatusCode::BAD_GATEWAY);
                let error = BackendError::answer(status);
                match code {
                    Some(code) => error.with_code(*code),
                    None => error,
                }
            }
        }
    }
}

/// A decision, and everything that was printed on the way.
pub struct Decided {
    /// The decision.
    pub state: RequestState,
    /// `Debug` of each value that was involved, and the explanation.
    pub printed: String,
}

impl Answers<'_> {
    /// Decides with these answers.
    ///
    /// # Panics
    ///
    /// Panics if the same arguments give two answers, or an effect is requested twice.
    #[must_use]
    pub fn decide(&self, instance: &Instance, parts: &Parts, now: UnixTime) -> Decided {
        static KEYS: LazyLock<Arc<KeySet>> = LazyLock::new(|| Arc::new(keys::key_set()));
        let cx = AuthenticateContext::new(parts, instance, now);
        let mut known = Known {
            keys: KnownKeys::InMemory(self.has_keys.then(|| Arc::clone(&KEYS))),
            ..Known::default()
        };
        let mut printed = String::new();
        for _ in 0..4 {
            let decision = decide(&cx, &known, now);
            let text = format!("{decision:?}");
            let again = decide(&AuthenticateContext::new(parts, instance, now), &known, now);
            assert_eq!(text, format!("{again:?}"), "the same arguments give two answers");
            let _ = write!(printed, "{text}\n{known:?}\n{cx:?}\n{}\n", explain(&cx, &known, now));
            let effect = match decision {
                Decision::Settled(state) => return Decided { state, printed },
                Decision::Needs(effect) => effect,
            };
            match effect {
                Effect::SigningKeys { .. } => {
                    assert!(matches!(known.keys, KnownKeys::InMemory(_)), "keys are requested twice");
                    known.keys = self.keys(&KEYS);
                }
                Effect::HandshakePayload(_) => {
                    assert!(known.handshake.is_none(), "a payload is requested twice");
                    known.handshake = Some(match &self.payload {
                        Ok(cookies) => Ok(HandshakePayload::new(cookies.iter().map(set_cookie))),
                        Err(failure) => Err(failure.error()),
                    });
                }
                Effect::RefreshSession(_) => {
                    assert!(known.refresh.is_none(), "a renewal is requested twice");
                    known.refresh = Some(match &self.refresh {
                        Ok(cookies) => Ok(RefreshedSession::new(cookies.iter().map(set_cookie))),
                        Err(failure) => Err(failure.error()),
                    });
                }
                other => panic!("an unknown effect: {other:?}"),
            }
        }
        panic!("expected at most one effect of each kind");
    }

    fn keys(&self, found: &Arc<KeySet>) -> KnownKeys {
        let (keys, missing) = match self.keys {
            Keys::Found => (Arc::clone(found), MissingKey::Unknown),
            Keys::Other => {
                let mut jwk = keys::foreign().jwk();
                jwk["kid"] = "ins_other".into();
                let other = KeySet::from_json(&serde_json::json!({ "keys": [jwk] }));
                (Arc::new(other), MissingKey::Unknown)
            }
            Keys::Unknown => (Arc::default(), MissingKey::Unknown),
            Keys::TooSoon => (Arc::default(), MissingKey::TooSoon),
            Keys::Refused => (Arc::default(), MissingKey::Refused(TokenError::SecretKeyRefused)),
            Keys::OutOfReach => (Arc::default(), MissingKey::OutOfReach(Failure::Down.error())),
        };
        KnownKeys::Asked { keys, missing }
    }
}
