//! Possible responses of Clerk.

use portal_sdk::effect::{BackendError, MissingKey};
use portal_sdk::token::TokenError;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::requests::{cookie_name, value};
use crate::common::{down, error_answer};

fn failure() -> impl Strategy<Value = BackendError> {
    let unreadable = BackendError::unreadable(http::StatusCode::OK, "x");
    let failures = [
        down(),
        error_answer(500, None),
        error_answer(404, Some("resource_not_found")),
        error_answer(401, Some("\r\n\u{e9}")),
        unreadable,
    ];
    select(failures.to_vec())
}

fn set_cookies() -> impl Strategy<Value = Vec<String>> {
    let cookie = (cookie_name(), value()).prop_map(|(name, value)| {
        format!(
            "{name}={}; Path=/",
            value.into_iter().map(char::from).collect::<String>()
        )
    });
    vec(cookie, 0..4)
}

/// Clerk's responses to any request.
#[derive(Clone, Debug)]
pub(super) struct Answers {
    pub(super) has_keys: bool,
    pub(super) keys: Result<(), MissingKey>,
    pub(super) payload: Result<Vec<String>, BackendError>,
    pub(super) renewed: Result<Vec<String>, BackendError>,
}

prop_compose! {
    pub(super) fn answers()(
        has_keys in any::<bool>(),
        keys in prop_oneof![
            4 => Just(Ok(())),
            1 => Just(Err(MissingKey::TooSoon)),
            1 => Just(Err(MissingKey::Refused(TokenError::SecretKeyRefused))),
            1 => failure().prop_map(|error| Err(MissingKey::OutOfReach(error))),
        ],
        payload in prop_oneof![set_cookies().prop_map(Ok), failure().prop_map(Err)],
        renewed in prop_oneof![set_cookies().prop_map(Ok), failure().prop_map(Err)],
    ) -> Answers {
        Answers { has_keys, keys, payload, renewed }
    }
}
