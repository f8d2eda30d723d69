//! Identifies the development browser of a request.

use axum::http::HeaderMap;
use axum::http::header::USER_AGENT;
use portal_sdk::clock::UnixTime;
use portal_sdk::names::cookie;
use portal_sdk::request::cookie_values;
use rusqlite::Connection;

use crate::ids;
use crate::mint::Mint;
use crate::store::dev_browsers;
use crate::store::{DevBrowser, StoreError};

const MOST_USER_AGENT_CHARS: usize = 512;
/// The most cookies of one name that are looked up in the database.
const MOST_TOKENS: usize = 16;

/// A development browser and the token that names it.
#[derive(Clone, Debug)]
pub(crate) struct KnownBrowser {
    pub(crate) browser: DevBrowser,
    pub(crate) token: String,
}

/// The tokens in the portal's own cookie, all of them: an application on the same host may have left others.
///
/// No other cookie is ever read. Cookies ignore ports, so `__session` and its relatives here may be the application's.
pub(crate) fn cookie_tokens(headers: &HeaderMap) -> Vec<String> {
    cookie_values(headers, cookie::DEV_BROWSER)
        .filter(|value| !value.is_empty())
        .take(MOST_TOKENS)
        .map(str::to_owned)
        .collect()
}

/// Returns the `User-Agent` to store, cut to a bounded length.
pub(crate) fn user_agent(headers: &HeaderMap) -> Option<String> {
    let text = String::from_utf8_lossy(headers.get(USER_AGENT)?.as_bytes());
    Some(text.chars().take(MOST_USER_AGENT_CHARS).collect())
}

/// The first of `tokens` that this instance made.
pub(crate) fn find(connection: &Connection, tokens: &[String]) -> Result<Option<KnownBrowser>, StoreError> {
    for token in tokens {
        if let Some(browser) = dev_browsers::find_by_token(connection, token)? {
            return Ok(Some(KnownBrowser {
                browser,
                token: token.clone(),
            }));
        }
    }
    Ok(None)
}

/// Creates a new development browser.
pub(crate) fn create(mint: &Mint, connection: &Connection, now: UnixTime) -> Result<KnownBrowser, StoreError> {
    let id = ids::new_id(ids::DEV_BROWSER, now);
    let token = mint.dev_browser_token(&id)?;
    let browser = dev_browsers::insert(connection, id, &token, now)?;
    Ok(KnownBrowser { browser, token })
}

/// Remembers the application this browser comes from, so that a flow without `redirect_url` can end there.
pub(crate) fn remember_home(
    connection: &Connection,
    known: &mut KnownBrowser,
    home: &url::Url,
) -> Result<(), StoreError> {
    let origin = home.origin().ascii_serialization();
    if known.browser.home_origin.as_deref() != Some(&origin) {
        dev_browsers::set_home_origin(connection, &known.browser.id, &origin)?;
        known.browser.home_origin = Some(origin);
    }
    Ok(())
}
