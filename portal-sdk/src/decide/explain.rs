//! The facts behind a decision, for developers.

use super::explain_text::{moment, shown, shown_claim, whole, with_sources};
use super::keys::key_of;
use super::likely_cause::{Background, Case};
use super::organization::parameter;
use super::{Decision, Question, decide};
use crate::clock::UnixTime;
use crate::effect::{Effect, Known, KnownKeys, MissingKey};
use crate::excerpt::Excerpt;
use crate::instance::{Instance, OrganizationTarget};
use crate::names::cookie;
use crate::request::{AuthenticateContext, MAX_REDIRECTS, cookies};
use crate::state::{Explanation, Outcome, RequestState};
use crate::token::{TokenError, UnverifiedToken, VerifyRules, verify_session_token};

/// The most cookies of an instance that an explanation names. Clerk sets seven.
const MAX_COOKIE_NAMES: usize = 16;

/// Explains the decision that [`decide`] makes of the same arguments.
pub fn explain(cx: &AuthenticateContext<'_>, known: &Known, now: UnixTime) -> Explanation {
    match decide(cx, known, now) {
        Decision::Settled(state) => explain_state(cx, known, now, &state, &Background::default()),
        Decision::Needs(effect) => {
            let mut explanation = facts(Question { cx, known, now }, None, &Background::default());
            explanation.add("outcome", waits_for(&effect));
            explanation
        }
    }
}

/// Explains a decision. `known` is what it was made with, and `before` what led to it.
pub(crate) fn explain_state(
    cx: &AuthenticateContext<'_>,
    known: &Known,
    now: UnixTime,
    state: &RequestState,
    before: &Background,
) -> Explanation {
    let mut explanation = facts(Question { cx, known, now }, Some(state), before);
    explanation.add("outcome", outcome(state));
    explanation
}

/// Returns all facts but the outcome, and the likely cause of a loop.
fn facts(question: Question<'_, '_>, state: Option<&RequestState>, before: &Background) -> Explanation {
    let Question { cx, known, now } = question;
    let mut explanation = Explanation::default();
    let mut add = |name, text: Option<String>| text.into_iter().for_each(|text| explanation.add(name, text));
    let token = token(cx);
    let error = error(cx.instance(), known, now, token.as_ref(), state);
    add("request", Some(request(cx)));
    add("instance", Some(instance(cx.instance())));
    add("cookies", Some(own_cookies(cx)));
    add("other instances", other_instances(cx));
    add(
        "handshake",
        handshake(cx, known).or_else(|| last_handshake(before, now)),
    );
    add("development browser", development_browser(cx));
    add("client", Some(client(cx, now)));
    add("token", Some(token_text(cx, token.as_ref(), now)));
    add("keys", Some(keys(cx.instance(), &known.keys)));
    add("problem", error.as_ref().map(|error| problem(cx.instance(), error)));
    add("renewal", renewal(known));
    add("organization", cx.organization_target().map(organization));
    add("redirects", redirects(cx));
    let case = |state| Case {
        question,
        state,
        error: error.as_ref(),
        token: token.as_ref(),
        before,
    };
    explanation.set_likely_cause(state.and_then(|state| case(state).likely_cause()));
    explanation
}

fn request(cx: &AuthenticateContext<'_>) -> String {
    let url = cx.url().as_url();
    let redirects = match cx.is_eligible_for_handshake() {
        true => "a page, so it can be redirected",
        false => "not a page, so it can't be redirected",
    };
    let [method, origin, path] = [cx.method().as_str(), cx.url().origin(), url.path()].map(Excerpt);
    format!("{method} {origin}{path}; {redirects}")
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

/// Returns the names of Clerk's cookies in the request whose suffix is `wanted`, at most [`MAX_COOKIE_NAMES`].
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
    let mut named = named.map(|(name, value)| match value {
        [] => format!("{} (empty)", shown(name)),
        _ => shown(name),
    });
    let names: Vec<String> = named.by_ref().take(MAX_COOKIE_NAMES).collect();
    let names = names.join(", ");
    match named.count() {
        0 => names,
        more => format!("{names} and {more} more"),
    }
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

/// The latest handshake of this process, if this request brings none: a loop may have lost its result.
fn last_handshake(before: &Background, now: UnixTime) -> Option<String> {
    let last = before
        .handshake
        .as_ref()
        .filter(|last| before.is_loop && last.is_recent(now))?;
    let when = moment(last.at.as_secs(), now);
    Some(match &last.result {
        Ok(delivered) => format!(
            "the last one was delivered {when}; its session cookie has {} bytes",
            delivered.session_cookie_bytes
        ),
        Err(error) => format!("the last one was not delivered, {when}: {}", with_sources(error)),
    })
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
            text += &format!(", {word} {}", shown_claim(claim));
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
        KnownKeys::InMemory(Some(keys)) => format!("{} in memory", Excerpt(&keys.key_ids())),
        KnownKeys::Asked { keys, missing } => {
            let ids = match keys.key_ids() {
                ids if ids.is_empty() => "none".to_owned(),
                ids => Excerpt(&ids).to_string(),
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

/// Returns the error of the token, or of the handshake.
fn error(
    instance: &Instance,
    known: &Known,
    now: UnixTime,
    token: Option<&Result<UnverifiedToken<'_>, TokenError>>,
    state: Option<&RequestState>,
) -> Option<TokenError> {
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
    of_state.cloned().or_else(checked)
}

/// Returns an error with the values that the instance accepts.
fn problem(instance: &Instance, error: &TokenError) -> String {
    let expected: Vec<_> = match error {
        TokenError::AuthorizedParty { .. } => instance.authorized_parties().iter().map(ToString::to_string).collect(),
        TokenError::Issuer { .. } => instance.issuers().map(str::to_owned).collect(),
        _ => return error.to_string(),
    };
    format!("{error}; expected one of {}", expected.join(", "))
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
