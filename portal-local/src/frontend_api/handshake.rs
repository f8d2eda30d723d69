//! `GET /v1/client/handshake`: tells an application about its browser's session, by redirects of the browser.
//!
//! 1. A forbidden redirect URL is an error, never a `Location`.
//! 2. The browser is the one named by the query, else by the portal's cookie, else a new one.
//! 3. Its session, if one is live, becomes a session token and a refresh token for the application's origin.
//! 4. If the address names an organization that the person belongs to, it becomes the session's active one first.
//! 5. Both travel as cookie directives: in a payload that the application fetches by a nonce, or in a signed token.

use std::sync::{Arc, Once};

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::header::{ACCEPT, ALLOW, CACHE_CONTROL, HeaderValue, LOCATION, SET_COOKIE};
use axum::http::{HeaderMap, Method, Response, StatusCode};
use axum::response::IntoResponse as _;
use portal_sdk::excerpt::Excerpt;
use portal_sdk::names::query;
use url::{Url, form_urlencoded};

use crate::clock::Millis as _;
use crate::dev_browser::{self, KnownBrowser};
use crate::flow::Flow;
use crate::html::error_page;
use crate::json::ApiError;
use crate::mint::TokenUse;
use crate::redirect::{Refused, replace_query};
use crate::secrets::random_token;
use crate::set_cookies;
use crate::state::App;
use crate::store::StoreError;
use crate::store::{handshake_nonces, refresh_tokens, sessions};

const NONCE_LIFETIME_MILLIS: i64 = 60_000;

/// The parameters that a handshake adds to the return URL, replacing those of an earlier one.
const RETURNED_PARAMETERS: [&str; 4] = [
    query::HANDSHAKE,
    query::HANDSHAKE_NONCE,
    query::DEV_BROWSER,
    query::LEGACY_DEV_BROWSER,
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Nonce,
    Token,
}

/// The application's parameters. Its session token is only a hint, and unused here.
struct HandshakeRequest {
    redirect_url: Url,
    format: Format,
    asked: Asked,
    /// The development browser's tokens in order of precedence.
    tokens: Vec<String>,
}

/// The mount of the Frontend API that got the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mount {
    /// At the root, which is where applications with the plain publishable key ask, and all those with a proxy URL.
    Root,
    /// Under the path inside the publishable key.
    KeyPath,
}

/// The parameters of the directives, besides the browser.
struct Asked {
    /// Id or slug of the organization to activate; empty is the personal account, absent leaves it as it is.
    organization: Option<String>,
    user_agent: Option<String>,
    /// `true` if the application may use the cookie suffix of the plain publishable key.
    for_plain_key: bool,
}

pub(crate) async fn handshake(
    mount: Mount,
    State(app): State<Arc<App>>,
    method: Method,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response<Body> {
    if method != Method::GET {
        // axum routes `HEAD` here too, which would create an unused nonce.
        let mut response = ApiError::method_not_allowed().into_response();
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET"));
        return response;
    }
    let request = match read(&app, mount, query.as_deref().unwrap_or_default(), &headers) {
        Ok(request) => request,
        Err(refusal) => return refuse(&app, &headers, refusal),
    };
    let shared = Arc::clone(&app);
    let answer = app.flows.run(move |flow| answer(&shared, flow, request)).await;
    match answer {
        Ok((location, token)) => redirect(&location, &token),
        Err(error) => ApiError::from(error).into_response(),
    }
}

enum Refusal {
    Missing,
    Refused(Refused),
}

fn read(app: &App, mount: Mount, query: &str, headers: &HeaderMap) -> Result<HandshakeRequest, Refusal> {
    let value = |wanted: &str| {
        form_urlencoded::parse(query.as_bytes())
            .find(|(name, _)| name == wanted)
            .map(|(_, value)| value.into_owned())
    };
    let redirect_url = value(query::REDIRECT_URL)
        .filter(|text| !text.is_empty())
        .ok_or(Refusal::Missing)?;
    let redirect_url = app.redirects.absolute(&redirect_url).map_err(Refusal::Refused)?;
    let format = match value(query::HANDSHAKE_FORMAT).as_deref() {
        Some("nonce") => Format::Nonce,
        _ => Format::Token,
    };
    let mut tokens: Vec<String> = [query::DEV_BROWSER, query::LEGACY_DEV_BROWSER]
        .into_iter()
        .filter_map(value)
        .collect();
    tokens.extend(dev_browser::cookie_tokens(headers));
    Ok(HandshakeRequest {
        redirect_url,
        format,
        asked: Asked {
            organization: value(query::ORGANIZATION_ID),
            user_agent: dev_browser::user_agent(headers),
            for_plain_key: mount == Mount::Root,
        },
        tokens,
    })
}

/// Returns the redirect of the browser, and its development browser's token.
fn answer(app: &App, flow: &Flow<'_>, request: HandshakeRequest) -> Result<(Url, String), StoreError> {
    let mut known = match dev_browser::find(flow.db, &request.tokens)? {
        Some(known) => known,
        None => dev_browser::create(&app.mint, flow.db)?,
    };
    let mut location = request.redirect_url;
    if !app.redirects.is_own(&location) {
        warn_of_shared_jar(app, &location);
        dev_browser::remember_home(flow.db, &mut known, &location)?;
    }
    let origin = location.origin().ascii_serialization();
    let directives = directives(app, flow, &known, &request.asked, &origin)?;
    let (name, value) = match request.format {
        Format::Nonce => {
            let nonce = random_token();
            let expire_at = flow.now.plus_millis(NONCE_LIFETIME_MILLIS);
            handshake_nonces::insert(flow.db, &nonce, &directives, expire_at)?;
            (query::HANDSHAKE_NONCE, nonce)
        }
        Format::Token => (query::HANDSHAKE, app.mint.handshake_token(&directives, flow.now)?),
    };
    let pairs = [(name, value.as_str()), (query::DEV_BROWSER, known.token.as_str())];
    replace_query(&mut location, &RETURNED_PARAMETERS, &pairs);
    Ok((location, known.token))
}

/// Cookies ignore ports. It works, but each side then sees the other's cookies, which in production it does not.
fn warn_of_shared_jar(app: &App, location: &Url) {
    static ONCE: Once = Once::new();
    if app.redirects.shares_host(location) {
        ONCE.call_once(|| {
            let host = location.host_str();
            tracing::warn!(host, "the application and the portal share a host, and with it their cookies; open the application under another name of this machine");
        });
    }
}

fn directives(
    app: &App,
    flow: &Flow<'_>,
    known: &KnownBrowser,
    asked: &Asked,
    origin: &str,
) -> Result<Vec<String>, StoreError> {
    let suffixes = app.cookie_suffixes(asked.for_plain_key);
    let Some((client, mut session)) = flow.in_browser(&known.browser).live_session()? else {
        return Ok(set_cookies::signed_out(&suffixes, &known.token));
    };
    if let Some(wanted) = asked.organization.as_deref() {
        let wanted = Some(wanted).filter(|text| !text.is_empty());
        // A failed activation changes nothing and is not an error; the application sees it in the token.
        session = flow.activate(&session, wanted)?.unwrap_or(session);
    }
    sessions::record_user_agent(flow.db, &mut session, asked.user_agent.as_deref())?;
    flow.use_session(&session)?;
    let session_token = flow.session_token(&session, TokenUse::by(origin))?;
    let refresh_token = refresh_tokens::issue(flow.db, &session, asked.for_plain_key)?;
    let signed_in = set_cookies::SignedIn {
        // Never newer than the token: an application takes an older token for a stale one and starts over.
        client_uat_secs: client.updated_at.min(flow.now).as_secs(),
        refresh_token: &refresh_token,
        session_token: &session_token,
    };
    Ok(signed_in.handshake(&suffixes, &known.token))
}

fn redirect(location: &Url, dev_browser_token: &str) -> Response<Body> {
    let cookie = set_cookies::dev_browser_cookie(dev_browser_token);
    let (Ok(location), Ok(cookie)) = (HeaderValue::from_str(location.as_str()), HeaderValue::from_str(&cookie)) else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::TEMPORARY_REDIRECT;
    let headers = response.headers_mut();
    headers.insert(LOCATION, location);
    headers.insert(SET_COOKIE, cookie);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn refuse(app: &App, headers: &HeaderMap, refusal: Refusal) -> Response<Body> {
    let (code, sentence) = match refusal {
        Refusal::Missing => (
            "form_param_nil",
            "The redirect URL (redirect_url) is missing.".to_owned(),
        ),
        Refusal::Refused(refused) => {
            // `debug`: each request of a visitor can cause one.
            let reason = refused.to_string();
            tracing::debug!(refused = %Excerpt(&reason), "a handshake was refused because of its return address");
            let code = match refused {
                Refused::TooLong(_) => "form_param_max_length_exceeded",
                Refused::Suspicious | Refused::NotAllowed { .. } => "form_param_value_invalid",
            };
            (code, refused.to_string())
        }
    };
    if prefers_html(headers) {
        return error_page(
            app,
            StatusCode::UNPROCESSABLE_ENTITY,
            "We can't send you back",
            sentence,
            None,
        );
    }
    ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, code, "Invalid redirect_url")
        .explain(sentence)
        .param(query::REDIRECT_URL)
        .into_response()
}

/// A navigating browser is redirected; other clients get JSON.
fn prefers_html(headers: &HeaderMap) -> bool {
    let fields: Vec<_> = headers
        .get_all(ACCEPT)
        .iter()
        .map(|value| String::from_utf8_lossy(value.as_bytes()))
        .collect();
    let accept = fields.join(",");
    match (accept.find("text/html"), accept.find("application/json")) {
        (Some(html), Some(json)) => html < json,
        (html, _) => html.is_some(),
    }
}
