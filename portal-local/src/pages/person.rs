//! [`Person`]: a signed-in user on a page about them or their organizations.

use std::sync::Arc;

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::Uri;
use axum::http::request::Parts;
use axum::response::Response;
use portal_sdk::names::query::{ORGANIZATION_ID, REDIRECT_URL};
use serde::de::DeserializeOwned;
use url::form_urlencoded;

use super::errors::PageError;
use super::fields::Pressed;
use super::form::Submission;
use super::form_page::FormPage;
use super::visit::{Shown, Visit};
use super::{destination, organization, path, user};
use crate::flow::{Access, BrowserFlow, Flow, FlowError, FlowFailure, Outcome};
use crate::html::see_other;
use crate::state::App;
use crate::store::{Db, EmailAddress, ExternalAccount, Failure, Session, StoreError, Task, User};
use crate::store::{email_addresses, external_accounts, sessions, users};

pub(super) struct Person {
    pub(super) visit: Visit,
    pub(super) session: Session,
    pub(super) user: User,
    pub(super) addresses: Vec<EmailAddress>,
    pub(super) external_accounts: Vec<ExternalAccount>,
}

/// The notices about a form of an account or an organization that is no longer the active one.
pub(super) const SWITCHED: [(&str, &str); 2] = [
    (
        "account-switched",
        "Nothing was changed, because you switched to another account in the meantime. This one is active now.",
    ),
    (
        "organization-switched",
        "Nothing was changed, because you switched to another organization in the meantime. This one is active now.",
    ),
];

/// A user who may still have a task before they count as signed in.
pub(super) struct Newcomer(pub(super) Person);

/// A form that a signed-in person filled in.
pub(super) struct PersonSubmission<F = Pressed, const MAY_BE_PENDING: bool = false> {
    pub(super) person: Person,
    pub(super) form: F,
}

/// A form that a [`Newcomer`] filled in.
pub(super) type NewcomerSubmission<F = Pressed> = PersonSubmission<F, true>;

impl Person {
    async fn of(visit: Visit, uri: &Uri, may_be_pending: bool) -> Result<Self, PageError> {
        let Some(session) = visit.session.clone() else {
            return Err(ask_to_sign_in(&visit, uri).into());
        };
        if session.task().is_some() && !may_be_pending {
            return Err(visit.finish(destination::Flow::SignIn, &session).into());
        }
        let user_id = session.user_id.clone();
        let found = visit.flow(move |flow| {
            let Some(user) = users::find(flow.db, &user_id)? else {
                return Ok(None);
            };
            let addresses = email_addresses::of_user(flow.db, &user_id)?;
            let external_accounts = external_accounts::of_user(flow.db, &user_id)?;
            Ok::<_, StoreError>(Some((user, addresses, external_accounts)))
        });
        let Some((user, addresses, external_accounts)) = found.await? else {
            return Err(ask_to_sign_in(&visit, uri).into());
        };
        Ok(Self {
            visit,
            session,
            user,
            addresses,
            external_accounts,
        })
    }

    /// The person at `path`, reached another way than by its address.
    pub(super) async fn here(visit: Visit, path: &'static str) -> Result<Self, PageError> {
        Self::of(visit, &Uri::from_static(path), false).await
    }

    /// The primary address.
    pub(super) fn identifier(&self) -> &str {
        let primary = self.user.primary_email_address_id.as_ref();
        let address = self.addresses.iter().find(|address| Some(&address.id) == primary);
        address.map_or("", |address| address.address.as_str())
    }

    /// The name to show: what they are called, else their address.
    pub(super) fn name(&self) -> String {
        self.user.full_name().unwrap_or_else(|| self.identifier().to_owned())
    }

    /// Runs `work` in one transaction, with the session as it is there.
    pub(super) async fn flow<T, F>(&self, work: F) -> Result<T, PersonFailure>
    where
        T: Send + 'static,
        F: FnOnce(&BrowserFlow<'_>, &Session) -> Outcome<T> + Send + 'static,
    {
        let session = self.session.clone();
        let run = self
            .visit
            .flow(move |flow| Ok(work(flow, &still_here(flow, &session)?)?));
        run.await
    }

    /// Like [`flow`](Self::flow), for work that cannot be refused.
    pub(super) async fn read<T, F>(&self, work: F) -> Result<T, PageError>
    where
        T: Send + 'static,
        F: FnOnce(&BrowserFlow<'_>, &Session) -> Result<T, StoreError> + Send + 'static,
    {
        let session = self.session.clone();
        let run = self
            .visit
            .flow(move |flow| Ok(work(flow, &still_here(flow, &session)?)?));
        run.await
    }

    /// Like [`flow`](Self::flow), in the active organization, where the user needs `permission`.
    pub(super) async fn manage<T, F>(&self, permission: &'static str, work: F) -> Result<T, PersonFailure>
    where
        T: Send + 'static,
        F: FnOnce(&BrowserFlow<'_>, &Access) -> Outcome<T> + Send + 'static,
    {
        // The one of the page, also if a request beside this one switches.
        let id = self.session.last_active_organization_id.clone().unwrap_or_default();
        let run = self.flow(move |flow, session| {
            let access = flow.access_with(&session.user_id, &id, permission)?;
            work(flow, &access)
        });
        run.await
    }

    /// Redirects a session that waits for another task than `own`.
    ///
    /// # Errors
    ///
    /// Returns the redirect.
    pub(super) fn unless_another_task(&self, own: Task) -> Result<(), PageError> {
        match self.session.task() {
            Some(task) if task != own => Err(self.finish_sign_in().into()),
            _ => Ok(()),
        }
    }

    /// Redirects a session that does not wait for the task `own`.
    ///
    /// # Errors
    ///
    /// Returns the redirect.
    pub(super) fn only_for_task(&self, own: Task) -> Result<(), PageError> {
        match self.session.task() {
            Some(task) if task == own => Ok(()),
            _ => Err(self.finish_sign_in().into()),
        }
    }

    /// Redirects a form on `path` about an account or an organization that is no longer the active one.
    ///
    /// # Errors
    ///
    /// Returns the redirect, to the same page of the account or organization that is active now.
    fn unless_switched(&self, path: &str) -> Result<(), PageError> {
        let Shown {
            user_id,
            organization_id,
        } = &self.visit.shown;
        let switched = |notice| Err(self.done(page_of(path), notice).into());
        if user_id.as_ref().is_some_and(|id| *id != self.session.user_id) {
            return switched("account-switched");
        }
        if organization_id.is_some() && *organization_id != self.session.last_active_organization_id {
            return switched("organization-switched");
        }
        Ok(())
    }

    pub(super) fn finish_sign_in(&self) -> Response {
        self.visit.finish(destination::Flow::SignIn, &self.session)
    }

    /// The session's active organization, with what the person may do there.
    pub(super) async fn active_organization(&self) -> Result<Option<Access>, PageError> {
        let run = self.read(|flow, session| match &session.last_active_organization_id {
            Some(id) => flow.access(&session.user_id, id),
            None => Ok(None),
        });
        run.await
    }

    /// Returns URL and host of the application that the user came from, and the notice about it.
    pub(super) fn way_back(&self) -> (Option<(String, String)>, Vec<String>) {
        let redirects = &self.visit.app.redirects;
        let mut notices = self.visit.params.left_out();
        let asked = self.visit.params.value(REDIRECT_URL);
        let back = match asked.map(|text| redirects.resolve(text)) {
            Some(Ok(url)) => (!redirects.is_own(&url)).then(|| self.visit.way_back(url)),
            Some(Err(refused)) => {
                notices.push(refused.to_string());
                None
            }
            None => None,
        };
        (back, notices)
    }

    /// The signed-in address, and where the form goes that signs out.
    pub(super) fn way_out(&self) -> (String, String) {
        let action = self.visit.params.link(path::SIGN_OUT_HERE, &[]);
        (self.identifier().to_owned(), action)
    }

    /// Begins a page with a form on `path`. Signing out leads to the application.
    pub(super) fn form_page<'a>(
        &'a self,
        heading: impl Into<String>,
        path: &str,
        found: &'a [FlowError],
    ) -> FormPage<'a> {
        let target = self.visit.destination(destination::Flow::SignIn).url;
        let page = self.visit.form_page(heading, path, found);
        page.target(target)
            .of_user(&self.user)
            .notices(self.way_back().1)
            .told(&SWITCHED)
    }

    /// Back to a page with a notice.
    pub(super) fn done(&self, path: &str, notice: &str) -> Response {
        self.visit.redirect(path, &[("notice", notice)])
    }
}

/// The reason why a step of a signed-in person failed.
pub(super) enum PersonFailure {
    Flow(FlowFailure),
    /// The session is not what it was; the transaction is rolled back.
    Over(PageError),
}

impl PersonFailure {
    /// Returns the error to show to the person.
    ///
    /// # Errors
    ///
    /// Returns [`PageError`] if the step was not refused.
    pub(super) fn refusal(self) -> Result<FlowError, PageError> {
        match self {
            Self::Flow(failure) => Ok(failure.refusal()?),
            Self::Over(error) => Err(error),
        }
    }
}

impl Failure for PersonFailure {
    fn is_recorded(&self) -> bool {
        matches!(self, Self::Flow(failure) if failure.is_recorded())
    }
}

impl From<FlowFailure> for PersonFailure {
    fn from(failure: FlowFailure) -> Self {
        Self::Flow(failure)
    }
}

impl From<PageError> for PersonFailure {
    fn from(error: PageError) -> Self {
        Self::Over(error)
    }
}

impl From<StoreError> for PersonFailure {
    fn from(error: StoreError) -> Self {
        Self::Over(error.into())
    }
}

/// The session as it is in this transaction. A request beside this one may have ended it, deleted its user, or given it
/// a task; nothing may refer to it then.
fn still_here(flow: &Flow<'_>, opened: &Session) -> Result<Session, PageError> {
    let found = sessions::find(flow.db, &opened.id)?;
    match found.filter(Session::is_live) {
        None => Err(see_other(path::SIGN_IN).into()),
        Some(session) if session.task().is_some() && session.task() != opened.task() => {
            Err(see_other(path::TASKS).into())
        }
        Some(session) => Ok(session),
    }
}

/// A user's name and primary address in a list.
///
/// If the user has no name, the address takes its place and the second part is empty.
pub(super) fn name_and_address(db: Db<'_>, user: &User) -> Result<(String, String), StoreError> {
    let primary = email_addresses::primary(db, &user.id)?;
    let address = primary.map(|one| one.address).unwrap_or_default();
    Ok(match user.full_name() {
        Some(name) => (name, address),
        None => (address, String::new()),
    })
}

/// Redirects to sign-in, which leads back to this page with its carried parameters and the organization to open.
fn ask_to_sign_in(visit: &Visit, uri: &Uri) -> Response {
    let organization_id = visit.own_parameter(ORGANIZATION_ID);
    let own = organization_id.as_deref().map(|id| (ORGANIZATION_ID, id));
    let page = visit.params.link(page_of(uri.path()), own.as_slice());
    let query: String = form_urlencoded::Serializer::new(String::new())
        .append_pair(REDIRECT_URL, &format!("{}{page}", visit.app.origin))
        .finish();
    visit.see_other(&format!("{}?{query}", path::SIGN_IN))
}

/// The page whose buttons post to `path`, or `path` if it is a page itself.
fn page_of(path: &str) -> &str {
    let mut buttons = user::BUTTONS.iter().chain(&organization::BUTTONS);
    buttons
        .find(|(button, _)| *button == path)
        .map_or(path, |(_, page)| page)
}

impl FromRequestParts<Arc<App>> for Person {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, PageError> {
        let visit = Visit::from_request_parts(parts, app).await?;
        Self::of(visit, &parts.uri, false).await
    }
}

impl FromRequestParts<Arc<App>> for Newcomer {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, PageError> {
        let visit = Visit::from_request_parts(parts, app).await?;
        Person::of(visit, &parts.uri, true).await.map(Self)
    }
}

impl<F: DeserializeOwned + Send, const MAY_BE_PENDING: bool> FromRequest<Arc<App>>
    for PersonSubmission<F, MAY_BE_PENDING>
{
    type Rejection = PageError;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, PageError> {
        let uri = request.uri().clone();
        let Submission { visit, form } = Submission::from_request(request, app).await?;
        let person = Person::of(visit, &uri, MAY_BE_PENDING).await?;
        person.unless_switched(uri.path())?;
        Ok(Self { person, form })
    }
}
