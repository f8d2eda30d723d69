//! Identifies the development browser of a request.

use axum::http::HeaderMap;
use axum::http::header::USER_AGENT;
use portal_sdk::names::cookie;
use portal_sdk::request::cookie_values;

use crate::ids;
use crate::mint::Mint;
use crate::store::dev_browsers;
use crate::store::{Db, DevBrowser, Result};

const MOST_USER_AGENT_CHARS: usize = 512;
/// The most cookies of one name that are looked up in the database.
const MOST_TOKENS: usize = 16;

/// A development browser and the token that names it.
#[derive(Clone)]
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
pub(crate) fn find(db: Db<'_>, tokens: &[String]) -> Result<Option<KnownBrowser>> {
    for token in tokens {
        if let Some(browser) = dev_browsers::find_by_token(db, token)? {
            return Ok(Some(KnownBrowser {
                browser,
                token: token.clone(),
            }));
        }
    }
    Ok(None)
}

/// Creates a new development browser.
pub(crate) fn create(mint: &Mint, db: Db<'_>) -> Result<KnownBrowser> {
    let id = ids::new_id(ids::DEV_BROWSER, db.now);
    let token = mint.dev_browser_token(&id)?;
    let browser = dev_browsers::insert(db, id, &token)?;
    Ok(KnownBrowser { browser, token })
}

/// Remembers the application this browser comes from, so that a flow without `redirect_url` can end there.
pub(crate) fn remember_home(db: Db<'_>, known: &mut KnownBrowser, home: &url::Url) -> Result<()> {
    let origin = home.origin().ascii_serialization();
    if known.browser.home_origin.as_deref() != Some(&origin) {
        dev_browsers::set_home_origin(db, &known.browser.id, &origin)?;
        known.browser.home_origin = Some(origin);
    }
    Ok(())
}
