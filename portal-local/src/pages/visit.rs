//! [`Visit`]: the browser that opened a page, its sessions, and its destination.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::header::{HeaderValue, SET_COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use portal_sdk::names::query;
use url::{Url, form_urlencoded};

use super::destination::{Destination, Flow, host_of};
use super::errors::{self, PageError};
use super::form_page::FormPage;
use super::params::{EMAIL_ADDRESS, Params};
use super::path;
use crate::dev_browser::{self, KnownBrowser};
use crate::flow::{BrowserFlow, BrowserFlows, FlowError, FlowFailure, SignInStep};
use crate::html::{page, see_other};
use crate::redirect::{Refused, hand_over, replace_query};
use crate::same_origin::is_from_here;
use crate::set_cookies::dev_browser_cookie;
use crate::state::App;
use crate::store::{Failure, Session, Settings, StoreError, sessions};

/// The name that Clerk's scripts use for [`query::SATELLITE_REDIRECT_URL`].
const SATELLITE_URL: &str = "__clerk_satellite_url";

pub(crate) struct Visit {
    pub(super) app: Arc<App>,
    pub(super) known: KnownBrowser,
    /// The session that applications see.
    pub(super) session: Option<Session>,
    /// The live sessions of this browser, one for each account.
    pub(super) accounts: Vec<Session>,
    pub(super) params: Params,
    pub(super) settings: Arc<Settings>,
    raw_query: String,
    /// The response must set the browser's token.
    is_new: bool,
    /// The page was opened from the portal itself or the address bar, not from another site.
    pub(super) is_from_here: bool,
    /// The account and the organization on the page with the sent form.
    pub(super) shown: Shown,
}

/// The account and the organization that a form is about.
///
/// Another one may be active when the form is sent, because the user can switch in another tab.
#[derive(Debug, Default)]
pub(super) struct Shown {
    pub(super) user_id: Option<String>,
    pub(super) organization_id: Option<String>,
}

impl Visit {
    /// Looks up the browser and its sessions.
    ///
    /// Gives an unknown browser a token. Returns `None` for one if `must_be_known`.
    pub(super) async fn read(
        app: &Arc<App>,
        uri: &Uri,
        headers: &HeaderMap,
        must_be_known: bool,
    ) -> Result<Option<Self>, StoreError> {
        let raw_query = uri.query().unwrap_or_default().to_owned();
        let params = Params::parse(&raw_query);
        let home = params
            .value(query::REDIRECT_URL)
            .and_then(|text| app.redirects.absolute(text).ok())
            .filter(|url| !app.redirects.is_own(url));
        let tokens = dev_browser::cookie_tokens(headers);
        let user_agent = dev_browser::user_agent(headers);
        let is_from_here = is_from_here(headers);
        let found = app.flows.run(move |flow| {
            let known = dev_browser::find(flow.db, &tokens)?;
            let is_new = known.is_none();
            let mut known = match known {
                Some(known) => known,
                None if must_be_known => return Ok(None),
                None => dev_browser::create(&flow.application.mint, flow.db)?,
            };
            if let Some(home) = &home {
                dev_browser::remember_home(flow.db, &mut known, home)?;
            }
            let here = flow.in_browser(&known.browser);
            let mut session = here.live_session()?.map(|(_, session)| session);
            if let Some(session) = &mut session {
                sessions::record_user_agent(flow.db, session, user_agent.as_deref())?;
            }
            let accounts = here.live_sessions()?;
            Ok::<_, StoreError>(Some((known, session, accounts, Arc::clone(flow.settings), is_new)))
        });
        Ok(found.await?.map(|(known, session, accounts, settings, is_new)| Self {
            app: Arc::clone(app),
            known,
            session,
            accounts,
            params,
            settings,
            raw_query,
            is_new,
            is_from_here,
            shown: Shown::default(),
        }))
    }

    /// The flows of this browser, with the settings that this request has read.
    pub(super) fn flows(&self) -> BrowserFlows {
        self.app.flows.of_browser(&self.known.browser, &self.settings)
    }

    /// Runs `work` in one transaction.
    pub(super) async fn flow<T, E, W>(&self, work: W) -> Result<T, E>
    where
        T: Send + 'static,
        E: Failure,
        W: FnOnce(&BrowserFlow<'_>) -> Result<T, E> + Send + 'static,
    {
        self.flows().run(work).await
    }

    /// The session that makes a sign-in page redundant.
    ///
    /// Returns `None` if a browser can be signed in to several accounts: the user may add another one.
    pub(super) fn sole_session(&self) -> Option<&Session> {
        self.session.as_ref().filter(|_| self.settings.single_session_mode)
    }

    /// Redirects a user to the end of `flow` who is signed in already.
    ///
    /// # Errors
    ///
    /// Returns the redirect if there is a [`sole_session`](Self::sole_session).
    pub(super) fn unless_signed_in(&self, flow: Flow) -> Result<(), PageError> {
        match self.sole_session() {
            Some(session) => Err(self.finish(flow, session).into()),
            None => Ok(()),
        }
    }

    /// A parameter that belongs to this page only.
    pub(super) fn own_parameter(&self, wanted: &str) -> Option<String> {
        form_urlencoded::parse(self.raw_query.as_bytes())
            .find(|(name, _)| name == wanted)
            .map(|(_, value)| value.into_owned())
    }

    pub(super) fn destination(&self, flow: Flow) -> Destination {
        let home = self.known.browser.home_origin.as_deref();
        Destination::of(flow, &self.app.redirects, &self.params, &self.settings, home)
    }

    /// Ends a flow: redirects to its destination and hands over the development browser.
    ///
    /// A session with an open task is sent to the task's page first.
    pub(super) fn finish(&self, flow: Flow, session: &Session) -> Response {
        if let Some(task) = session.task() {
            return self.see_other(&self.params.without_ticket().link(path::task(task), &[]));
        }
        let destination = self.destination(flow).url_or_default(&self.app.origin);
        match destination {
            Some(url) => self.send_to(url),
            None => see_other(path::DEFAULT_REDIRECT),
        }
    }

    /// Redirects to the second factor, or ends a complete sign-in.
    pub(super) fn proceed(&self, step: &SignInStep) -> Response {
        match step {
            SignInStep::Complete(session) => self.finish(Flow::SignIn, session),
            SignInStep::SecondFactor => self.redirect(path::FACTOR_TWO, &[]),
        }
    }

    /// The value of `redirect_url`, if it is an allowed destination.
    pub(super) fn redirect_url(&self) -> Option<String> {
        let text = self.params.value(query::REDIRECT_URL)?;
        self.app.redirects.resolve(text).ok().map(Into::into)
    }

    /// Redirects a user who left an organization.
    ///
    /// The destination is the application, if it set one, or else the list of the remaining organizations.
    pub(super) fn after_organization(&self) -> Response {
        let is_set = self.settings.after_leave_organization_url.is_some();
        match self.destination(Flow::LeaveOrganization).url {
            Some(url) if is_set || self.redirect_url().is_some() => self.send_to(url),
            _ => self.see_other(path::ORGANIZATION_LIST),
        }
    }

    /// Resumes a flow whose attempt is missing.
    ///
    /// A concurrent request may have verified the first factor or completed the flow. Otherwise the flow starts again.
    pub(super) async fn lost(&self, flow: Flow) -> PageError {
        let found = self.flow(move |here| {
            if flow == Flow::SignIn && here.pending_second_factor()?.is_some() {
                return Ok(Some(SignInStep::SecondFactor));
            }
            let session = here.live_session()?.map(|(_, session)| session);
            Ok::<_, StoreError>(session.map(|session| SignInStep::Complete(Box::new(session))))
        });
        match found.await {
            Ok(Some(SignInStep::Complete(session))) => self.finish(flow, &session).into(),
            Ok(Some(step @ SignInStep::SecondFactor)) => self.proceed(&step).into(),
            Ok(None) => {
                let start = match flow {
                    Flow::SignUp => path::SIGN_UP,
                    _ => path::SIGN_IN,
                };
                self.redirect(start, &[("notice", "expired")]).into()
            }
            Err(error) => error.into(),
        }
    }

    /// Returns the attempt that `find` finds, or resumes `flow` if it is [`lost`](Self::lost).
    pub(super) async fn attempt<T, W>(&self, flow: Flow, find: W) -> Result<T, PageError>
    where
        T: Send + 'static,
        W: FnOnce(&BrowserFlow<'_>) -> Result<Option<T>, StoreError> + Send + 'static,
    {
        match self.flow(find).await? {
            Some(attempt) => Ok(attempt),
            None => Err(self.lost(flow).await),
        }
    }

    /// Returns the error to show for a refused step of `flow`, or resumes the flow if its attempt is missing.
    pub(super) async fn refusal(&self, flow: Flow, failure: FlowFailure) -> Result<FlowError, PageError> {
        match failure.refusal()? {
            FlowError::AttemptLost => Err(self.lost(flow).await),
            error => Ok(error),
        }
    }

    /// The URL of the sign-in page with this address filled in.
    pub(super) fn sign_in_with(&self, address: &str) -> String {
        self.params.with(EMAIL_ADDRESS, address).link(path::SIGN_IN, &[])
    }

    /// Redirects to another page, with the parameters of this one and with `own` for that page only.
    pub(super) fn redirect(&self, path: &str, own: &[(&str, &str)]) -> Response {
        self.see_other(&self.params.link(path, own))
    }

    pub(super) fn send_to(&self, mut url: Url) -> Response {
        hand_over(&self.app.redirects, &mut url, &self.known.token);
        self.recognise(see_other(url.as_str()))
    }

    /// The URL and host of a link back to the application.
    ///
    /// Like a redirect, the link hands over the development browser. Without it, the application would keep its old
    /// session token.
    pub(super) fn way_back(&self, mut url: Url) -> (String, String) {
        let host = host_of(&url);
        hand_over(&self.app.redirects, &mut url, &self.known.token);
        (url.into(), host)
    }

    pub(super) fn see_other(&self, location: &str) -> Response {
        self.recognise(see_other(location))
    }

    pub(super) fn page(&self, status: StatusCode, template: &impl askama::Template, target: Option<&Url>) -> Response {
        self.recognise(page(&self.app, status, template, target))
    }

    /// Returns `true` if the page's URL carries this notice.
    pub(super) fn is_told(&self, notice: &str) -> bool {
        self.own_parameter("notice").as_deref() == Some(notice)
    }

    /// Begins a page with a form on `path`.
    pub(super) fn form_page<'a>(
        &'a self,
        heading: impl Into<String>,
        path: &str,
        found: &'a [FlowError],
    ) -> FormPage<'a> {
        FormPage::new(self, heading, self.params.link(path, &[]), found)
    }

    pub(super) fn form_token(&self) -> String {
        self.app.form_key.token_for(&self.known.browser.id)
    }

    fn recognise(&self, mut response: Response) -> Response {
        if self.is_new {
            set_dev_browser(&mut response, &self.known.token);
        }
        response
    }
}

impl FromRequestParts<Arc<App>> for Visit {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Self::Rejection> {
        if let Some((token, clean)) = handed_over(parts) {
            return Err(take_over(app, token, &clean).await?.into());
        }
        let visit = Self::read(app, &parts.uri, &parts.headers, false).await?;
        visit.ok_or_else(|| errors::not_found_page(app).into())
    }
}

/// The development browser's token in the query string, and the URL without it.
fn handed_over(parts: &Parts) -> Option<(String, String)> {
    let raw = parts.uri.query()?;
    let (_, token) = form_urlencoded::parse(raw.as_bytes())
        .find(|(name, _)| name == query::DEV_BROWSER || name == query::LEGACY_DEV_BROWSER)?;
    let mut url = Url::parse("http://portal.invalid").ok()?;
    url.set_path(parts.uri.path());
    url.set_query(Some(raw));
    replace_query(&mut url, &[query::DEV_BROWSER, query::LEGACY_DEV_BROWSER], &[]);
    let clean = url
        .query()
        .map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
    Some((token.into_owned(), clean))
}

/// Redirects a browser back to its satellite, with the development browser's token.
///
/// A satellite in development redirects browsers here to learn their tokens. Returns `None` if the query string names
/// no satellite, and the reason if its URL is refused.
pub(super) fn satellite_return(visit: &Visit) -> Option<Result<Response, Refused>> {
    let text = [query::SATELLITE_REDIRECT_URL, SATELLITE_URL]
        .into_iter()
        .find_map(|name| visit.own_parameter(name))?;
    let mut url = match visit.app.redirects.absolute(&text) {
        Ok(url) => url,
        Err(refused) => return Some(Err(refused)),
    };
    let pairs = [
        (query::DEV_BROWSER, visit.known.token.as_str()),
        (query::SYNCED, "true"),
    ];
    replace_query(&mut url, &[query::DEV_BROWSER, query::SYNCED], &pairs);
    Some(Ok(visit.see_other(url.as_str())))
}

/// Stores the token that another origin handed over, and removes it from the address bar.
///
/// An unknown token changes nothing.
async fn take_over(app: &Arc<App>, token: String, clean: &str) -> Result<Response, StoreError> {
    let known = app.flows.transaction(move |db| dev_browser::find(db, &[token])).await?;
    let mut response = see_other(clean);
    if let Some(known) = known {
        set_dev_browser(&mut response, &known.token);
    }
    Ok(response)
}

fn set_dev_browser(response: &mut Response, token: &str) {
    if let Ok(cookie) = HeaderValue::from_str(&dev_browser_cookie(token)) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
}
