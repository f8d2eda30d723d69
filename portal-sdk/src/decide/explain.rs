//! The facts behind a decision, for developers.

use std::error::Error;

use super::keys::key_of;
use super::organization::parameter;
use super::{Decision, decide};
use crate::clock::UnixTime;
use crate::effect::{Effect, Known, KnownKeys, MissingKey};
use crate::instance::{Instance, OrganizationTarget};
use crate::names::cookie;
use crate::request::{AuthenticateContext, MAX_REDIRECTS, cookies};
use crate::state::{Explanation, Outcome, RequestState};
use crate::token::{TokenError, UnverifiedToken, VerifyRules, verify_session_token};

/// The most characters of a claim that are shown. Clients can send any.
const MAX_CLAIM_CHARS: usize = 100;

/// Explains the decision that [`decide`] makes of the same arguments.
pub fn explain(cx: &AuthenticateContext<'_>, known: &Known, now: UnixTime) -> Explanation {
    match decide(cx, known, now) {
        Decision::Settled(state) => explain_state(cx, known, now, &state),
        Decision::Needs(effect) => {
            let mut explanation = facts(cx, known, now, None);
            explanation.add("outcome", waits_for(&effect));
            explanation
        }
    }
}

/// Explains a decision. `known` is what it was made with.
pub(crate) fn explain_state(
    cx: &AuthenticateContext<'_>,
    known: &Known,
    now: UnixTime,
    state: &RequestState,
) -> Explanation {
    let mut explanation = facts(cx, known, now, Some(state));
    explanation.add("outcome", outcome(state));
    explanation
}

/// Returns all facts but the outcome.
fn facts(cx: &AuthenticateContext<'_>, known: &Known, now: UnixTime, state: Option<&RequestState>) -> Explanation {
    let mut explanation = Explanation::default();
    let mut add = |name, text: Option<String>| text.into_iter().for_each(|text| explanation.add(name, text));
    let token = token(cx);
    add("request", Some(request(cx)));
    add("instance", Some(instance(cx.instance())));
    add("cookies", Some(own_cookies(cx)));
    add("other instances", other_instances(cx));
    add("handshake", handshake(cx, known));
    add("development browser", development_browser(cx));
    add("client", Some(client(cx, now)));
    add("token", Some(token_text(cx, token.as_ref(), now)));
    add("keys", Some(keys(cx.instance(), &known.keys)));
    add("problem", problem(cx.instance(), known, now, token.as_ref(), state));
    add("renewal", renewal(known));
    add("organization", cx.organization_target().map(organization));
    add("redirects", redirects(cx));
    explanation
}

fn request(cx: &AuthenticateContext<'_>) -> String {
    let url = cx.url().as_url();
    let redirects = match cx.is_eligible_for_handshake() {
        true => "a page, so it can be redirected",
        false => "not a page, so it can't be redirected",
    };
    format!("{} {}{}; {redirects}", cx.method(), cx.url().origin(), url.path())
}

fn instance(instance: &Instance) -> String {
    let kind = match instance.is_development() {
        true => "development",
        false => "production",
    };
    let satellite = if instance.is_satellite() {
        ", on a satellite domain"
    } else {
        ""
    };
    format!(
        "{kind}, {}{satellite}",
        instance.publishable_key().frontend_api().as_str()
    )
}

/// Clerk's cookies with this instance's suffix or without one.
fn own_cookies(cx: &AuthenticateContext<'_>) -> String {
    if cx.bearer().is_some() {
        return "not read, because the Authorization header has a token".to_owned();
    }
    let own =
        |suffix: Option<&str>| suffix.is_none_or(|suffix| suffix == cx.instance().publishable_key().cookie_suffix());
    let names = cookie_names(cx, own);
    if names.is_empty() {
        return "none of Clerk's".to_owned();
    }
    let trusted = match cx.uses_suffixed_cookies() {
        true => "with suffix",
        false => "without suffix",
    };
    format!("{names}; those {trusted} count")
}

/// Session cookies of other instances on this domain: keys that were switched, or several applications.
fn other_instances(cx: &AuthenticateContext<'_>) -> Option<String> {
    let other =
        |suffix: Option<&str>| suffix.is_some_and(|suffix| suffix != cx.instance().publishable_key().cookie_suffix());
    let names = cookie_names(cx, other);
    (!names.is_empty()).then(|| format!("the browser also has {names}"))
}

/// Returns the names of Clerk's cookies in the request whose suffix is `wanted`.
fn cookie_names(cx: &AuthenticateContext<'_>, wanted: impl Fn(Option<&str>) -> bool) -> String {
    const NAMES: [&str; 7] = [
        cookie::HANDSHAKE_NONCE,
        cookie::HANDSHAKE,
        cookie::SESSION,
        cookie::CLIENT_UAT,
        cookie::REFRESH,
        cookie::DEV_BROWSER,
        cookie::REDIRECT_COUNT,
    ];
    let suffix = |name: &str| {
        let rest = NAMES.iter().find_map(|known| name.strip_prefix(known))?;
        match rest.strip_prefix('_') {
            None if rest.is_empty() => Some(None),
            Some(suffix) if !suffix.is_empty() => Some(Some(suffix.to_owned())),
            _ => None,
        }
    };
    let sent = cookies(cx.headers()).filter_map(|(name, value)| Some((std::str::from_utf8(name).ok()?, value)));
    let named = sent.filter(|(name, _)| suffix(name).is_some_and(|suffix| wanted(suffix.as_deref())));
    let names: Vec<String> = named
        .map(|(name, value)| match value {
            [] => format!("{} (empty)", shown(name)),
            _ => shown(name),
        })
        .collect();
    names.join(", ")
}

fn handshake(cx: &AuthenticateContext<'_>, known: &Known) -> Option<String> {
    if cx.bearer().is_some() {
        return None;
    }
    if cx.handshake_nonce().is_some() {
        return Some(match &known.handshake {
            None => "a nonce came back; its payload was not fetched".to_owned(),
            Some(Ok(payload)) => format!(
                "a nonce came back; its payload sets {} cookies",
                payload.set_cookies.len()
            ),
            Some(Err(error)) => format!(
                "a nonce came back; its payload was not delivered: {}",
                with_sources(error)
            ),
        });
    }
    cx.handshake_token().map(|_| "a token came back".to_owned())
}

fn development_browser(cx: &AuthenticateContext<'_>) -> Option<String> {
    let is_asked = cx.instance().is_development() && cx.bearer().is_none();
    is_asked.then(|| match cx.dev_browser() {
        Some(_) => "known".to_owned(),
        None => "missing, so a handshake fetches one".to_owned(),
    })
}

fn client(cx: &AuthenticateContext<'_>, now: UnixTime) -> String {
    match (cx.bearer(), cx.client_uat()) {
        (Some(_), _) => "not read, because the Authorization header has a token".to_owned(),
        (None, 0) => "signed out (__client_uat is missing, 0 or not a number)".to_owned(),
        (None, uat) => format!(
            "last changed {} (__client_uat)",
            moment(i64::try_from(uat).unwrap_or(i64::MAX), now)
        ),
    }
}

/// Returns the session token that decides, and where it was sent.
fn token<'t>(cx: &'t AuthenticateContext<'_>) -> Option<Result<UnverifiedToken<'t>, TokenError>> {
    cx.bearer_token().or_else(|| cx.session_cookie_token())
}

fn token_text(
    cx: &AuthenticateContext<'_>,
    token: Option<&Result<UnverifiedToken<'_>, TokenError>>,
    now: UnixTime,
) -> String {
    let carrier = match cx.bearer() {
        Some(_) => "in the Authorization header",
        None => "in the session cookie",
    };
    let token = match token {
        None => return "none".to_owned(),
        Some(Err(_)) => return format!("{carrier}, unreadable"),
        Some(Ok(token)) => token,
    };
    let mut text = format!(
        "{carrier}, key {}",
        token.key_id().map_or_else(|| "missing".to_owned(), shown)
    );
    if let Some(issued_at) = token.issued_at_secs() {
        text += &format!(", issued {}", moment(whole(issued_at), now));
    }
    if let Some(expires_at) = token.expires_at_secs() {
        text += &format!(", expires {}", moment(whole(expires_at), now));
    }
    for (word, claim) in [("by", token.issuer()), ("for", token.authorized_party())] {
        if let Some(claim) = claim {
            text += &format!(
                ", {word} {}",
                claim.as_str().map_or_else(|| shown(&claim.to_string()), shown)
            );
        }
    }
    text
}

fn keys(instance: &Instance, known: &KnownKeys) -> String {
    if instance.jwt_key().is_some() {
        return "CLERK_JWT_KEY".to_owned();
    }
    match known {
        KnownKeys::InMemory(None) => "none in memory".to_owned(),
        KnownKeys::InMemory(Some(keys)) => format!("{} in memory", keys.key_ids()),
        KnownKeys::Asked { keys, missing } => {
            let ids = match keys.key_ids() {
                ids if ids.is_empty() => "none".into(),
                ids => ids,
            };
            match missing {
                MissingKey::Unknown => format!("{ids} at Clerk"),
                MissingKey::Refused(error) => format!("{ids}; Clerk refused: {error}"),
                MissingKey::OutOfReach(error) => format!("{ids}; Clerk cannot be reached: {}", with_sources(error)),
                MissingKey::TooSoon => format!("{ids}; fetched too recently to fetch them again"),
            }
        }
    }
}

/// Returns the error of the token, or of the handshake, with the values that the instance accepts.
fn problem(
    instance: &Instance,
    known: &Known,
    now: UnixTime,
    token: Option<&Result<UnverifiedToken<'_>, TokenError>>,
    state: Option<&RequestState>,
) -> Option<String> {
    let of_state = match state.map(|state| &state.outcome) {
        Some(Outcome::SignedOut(state)) => state.token_error.as_deref().or(state.handshake_problem.as_deref()),
        Some(Outcome::Handshake(state)) => state.token_error.as_deref(),
        Some(Outcome::SignedIn(_) | Outcome::Undecided(_)) | None => None,
    };
    let checked = || match token? {
        Err(error) => Some(error.clone()),
        Ok(token) => match key_of(instance, &known.keys, token).ok()? {
            Ok(key) => verify_session_token(token, &key, VerifyRules::of(instance), now).err(),
            Err(error) => Some(error),
        },
    };
    let error = of_state.cloned().or_else(checked)?;
    let expected: Vec<_> = match &error {
        TokenError::AuthorizedParty { .. } => instance.authorized_parties().iter().map(ToString::to_string).collect(),
        TokenError::Issuer { .. } => instance.issuers().map(str::to_owned).collect(),
        _ => return Some(error.to_string()),
    };
    Some(format!("{error}; expected one of {}", expected.join(", ")))
}

fn renewal(known: &Known) -> Option<String> {
    Some(match known.refresh.as_ref()? {
        Ok(_) => "Clerk renewed the session".to_owned(),
        Err(error) => format!("Clerk did not renew the session: {}", with_sources(error)),
    })
}

fn organization(target: &OrganizationTarget) -> String {
    match target {
        OrganizationTarget::Id(_) => format!("the path names the ID {}", shown(parameter(target))),
        OrganizationTarget::Slug(_) => format!("the path names the slug {}", shown(parameter(target))),
        OrganizationTarget::PersonalAccount => "the path names the personal account".to_owned(),
    }
}

fn redirects(cx: &AuthenticateContext<'_>) -> Option<String> {
    let count = cx.redirect_count();
    (count > 0).then(|| format!("{count} in a row; {MAX_REDIRECTS} are enough"))
}

fn outcome(state: &RequestState) -> String {
    match &state.outcome {
        Outcome::SignedIn(signed_in) if signed_in.organization_mismatch => {
            format!(
                "signed-in: {}, with another organization than the path's",
                signed_in.claims.user_id().as_str()
            )
        }
        Outcome::SignedIn(signed_in) => format!("signed-in: {}", signed_in.claims.user_id().as_str()),
        Outcome::SignedOut(signed_out) => format!("signed-out: {}", signed_out.reason),
        Outcome::Handshake(handshake) => format!("handshake: {}", handshake.reason),
        Outcome::Undecided(cause) => format!("undecided: {}", with_sources(cause)),
    }
}

fn waits_for(effect: &Effect) -> String {
    let what = match effect {
        Effect::SigningKeys { .. } => "the signing keys",
        Effect::HandshakePayload(_) => "the handshake's payload",
        Effect::RefreshSession(_) => "a renewed session",
    };
    format!("waits for {what} from Clerk")
}

/// Returns an error with its sources, which none of our errors print themselves.
fn with_sources(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text += &format!(": {error}");
        source = error.source();
    }
    text
}

/// Returns a text of the client, escaped and shortened.
fn shown(text: &str) -> String {
    let short: String = text.chars().take(MAX_CLAIM_CHARS).collect();
    let ellipsis = if short.len() < text.len() { "…" } else { "" };
    format!("{}{ellipsis}", short.escape_debug())
}

#[expect(clippy::cast_possible_truncation, reason = "casts of floats saturate")]
fn whole(secs: f64) -> i64 {
    secs as i64
}

/// Returns a time relative to `now`, such as `5 s ago` or `in 40 s`.
fn moment(secs: i64, now: UnixTime) -> String {
    match now.as_secs().saturating_sub(secs) {
        age @ 0.. => format!("{age} s ago"),
        rest => format!("in {} s", rest.saturating_neg()),
    }
}
