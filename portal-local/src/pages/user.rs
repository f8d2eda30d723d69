//! `/user`: what the portal knows about the person, and the way out.

use askama::Template;
use axum::body::Body;
use axum::http::Response;
use portal_sdk::names::query;
use url::Url;

use super::avatar::initials;
use super::destination::{Flow, host_of, refused_sentence};
use super::form::{FormFrame, Submission, form_page};
use super::html::Frame;
use super::visit::Visit;
use super::{errors, path};
use crate::flow::{Field, FlowError, Names, change_names, end_session};
use crate::store::{EmailAddress, SessionStatus, StoreError, User};
use crate::store::{email_addresses, sessions, users};

#[derive(Template)]
#[template(path = "user.html")]
struct UserPage {
    frame: Frame,
    form: FormFrame,
    name: String,
    initials: String,
    primary_address: String,
    addresses: Vec<AddressView>,
    first_name: String,
    last_name: String,
    is_saved: bool,
    /// Address and host of the application, if the person came from one.
    back: Option<(String, String)>,
    sign_out: String,
}

struct AddressView {
    address: String,
    is_primary: bool,
    is_verified: bool,
}

struct Account {
    user: User,
    addresses: Vec<EmailAddress>,
}

pub(super) async fn show(visit: Visit) -> Response<Body> {
    match account(&visit).await {
        Ok(Some(account)) => {
            let first_name = account.user.first_name.clone().unwrap_or_default();
            let last_name = account.user.last_name.clone().unwrap_or_default();
            render(&visit, &account, first_name, last_name, &[])
        }
        Ok(None) => ask_to_sign_in(&visit),
        Err(error) => errors::store_failed(&visit.app, &error),
    }
}

pub(super) async fn submit(Submission { visit, form }: Submission) -> Response<Body> {
    let account = match account(&visit).await {
        Ok(Some(account)) => account,
        Ok(None) => return ask_to_sign_in(&visit),
        Err(error) => return errors::store_failed(&visit.app, &error),
    };
    let (first, last) = (form.field(Field::FirstName), form.field(Field::LastName));
    let names = match Names::parse(first, last) {
        Ok(names) => names,
        Err(found) => return render(&visit, &account, first.to_owned(), last.to_owned(), &found),
    };
    let now = visit.app.now();
    let changed = visit
        .app
        .store
        .transaction(move |connection| change_names(connection, &account.user.id, &names, now))
        .await;
    match changed {
        Ok(()) => visit.see_other(&visit.params.link(path::USER, &[("notice", "saved")])),
        Err(error) => errors::store_failed(&visit.app, &error),
    }
}

/// Ends this device's session, and tells the application the person came from by sending them back there.
pub(super) async fn sign_out(Submission { visit, .. }: Submission) -> Response<Body> {
    if let Some(session) = visit.session.clone() {
        let now = visit.app.now();
        let ended = visit
            .app
            .store
            .transaction(move |connection| {
                // Somebody may have ended it since this request began.
                match sessions::find(connection, &session.id, now)?.filter(crate::store::Session::is_live) {
                    Some(session) => end_session(connection, &session, SessionStatus::Removed, now),
                    None => Ok(()),
                }
            })
            .await;
        if let Err(error) = ended {
            return errors::store_failed(&visit.app, &error);
        }
    }
    match visit
        .destination(Flow::SignIn)
        .url
        .filter(|url| !visit.app.redirects.is_own(url))
    {
        Some(url) => visit.send_to(url),
        None => visit.see_other(path::SIGN_IN),
    }
}

async fn account(visit: &Visit) -> Result<Option<Account>, StoreError> {
    let Some(session) = visit.session.clone() else {
        return Ok(None);
    };
    visit
        .app
        .store
        .transaction(move |connection| {
            let Some(user) = users::find(connection, &session.user_id)? else {
                return Ok(None);
            };
            let addresses = email_addresses::of_user(connection, &user.id)?;
            Ok(Some(Account { user, addresses }))
        })
        .await
}

/// Signing in leads back to this page, with the parameters it has now.
fn ask_to_sign_in(visit: &Visit) -> Response<Body> {
    let here = format!("{}{}", visit.app.origin, visit.params.link(path::USER, &[]));
    let query: String = url::form_urlencoded::Serializer::new(String::new())
        .append_pair(query::REDIRECT_URL, &here)
        .finish();
    visit.see_other(&format!("{}?{query}", path::SIGN_IN))
}

fn render(
    visit: &Visit,
    account: &Account,
    first_name: String,
    last_name: String,
    found: &[FlowError],
) -> Response<Body> {
    let wanted = visit
        .params
        .value(query::REDIRECT_URL)
        .map(|text| visit.app.redirects.resolve(text));
    let (back, notices): (Option<Url>, Vec<String>) = match wanted {
        Some(Ok(url)) => (Some(url).filter(|url| !visit.app.redirects.is_own(url)), Vec::new()),
        Some(Err(refused)) => (None, vec![refused_sentence(refused.host.as_deref())]),
        None => (None, Vec::new()),
    };
    let primary = account.user.primary_email_address_id.as_deref();
    let addresses: Vec<AddressView> = account
        .addresses
        .iter()
        .map(|address| AddressView {
            address: address.address.clone(),
            is_primary: primary == Some(address.id.as_str()),
            is_verified: address.verified_at.is_some(),
        })
        .collect();
    let primary_address = addresses
        .iter()
        .find(|address| address.is_primary)
        .map_or_else(String::new, |address| address.address.clone());
    let template = UserPage {
        frame: Frame::new(&visit.app, "Account"),
        name: account.user.full_name().unwrap_or_else(|| primary_address.clone()),
        initials: initials(&account.user),
        primary_address,
        addresses,
        first_name,
        last_name,
        is_saved: found.is_empty() && visit.own_parameter("notice").as_deref() == Some("saved"),
        back: back.map(|url| (url.to_string(), host_of(&url))),
        sign_out: visit.params.link(path::SIGN_OUT_HERE, &[]),
        form: FormFrame {
            action: visit.params.link(path::USER, &[]),
            token: visit.form_token(),
            errors: found.iter().map(Into::into).collect(),
            notices,
            return_host: None,
        },
    };
    // Signing out leads to the application.
    let target = visit.destination(Flow::SignIn).url;
    form_page(visit, &template, found, target.as_ref())
}
