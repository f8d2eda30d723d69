//! Example ID: an external provider that this portal simulates.
//!
//! Its page asks the user for consent to share a profile. It has no accounts: the user enters any address.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use data_encoding::HEXLOWER;
use serde::Deserialize;
use url::{Url, form_urlencoded};

use super::destination::{Destination, Flow};
use super::errors::PageResult;
use super::external::CALLBACK;
use super::fields::checked;
use super::form::Submission;
use super::form_page::{FormFrame, FormPage};
use super::params::Params;
use super::visit::Visit;
use crate::flow::{Field, FlowError, Names, PROVIDER_NAME, check_email_address};
use crate::html::error_page;
use crate::secrets::hash;
use crate::store::{ExternalProfile, Purpose, StoreError};
use crate::store::{email_addresses, oauth_attempts};

pub(super) const AUTHORIZE: &str = "/__local/example-id/authorize";

#[derive(Template)]
#[template(path = "example_id.html")]
struct AuthorizePage {
    frame: FormFrame,
    typed: Typed,
}

/// The values of the fields.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Typed {
    email_address: String,
    first_name: String,
    last_name: String,
    #[serde(deserialize_with = "checked")]
    is_verified: bool,
    /// The pressed button.
    intent: String,
}

impl Typed {
    /// The values that the page starts with: an example user.
    fn example() -> Self {
        Self {
            email_address: "pat+clerk_test@example.com".to_owned(),
            first_name: "Pat".to_owned(),
            last_name: "Example".to_owned(),
            is_verified: true,
            intent: String::new(),
        }
    }
}

/// The application's parameters, checked as a provider checks them.
struct Asked {
    state: String,
}

impl Asked {
    fn read(visit: &Visit) -> Option<Self> {
        let value = |name: &str| visit.own_parameter(name).unwrap_or_default();
        let is_known = value("client_id") == visit.app.instance_id
            && value("redirect_uri") == format!("{}{CALLBACK}", visit.app.origin)
            && value("response_type") == "code";
        let state = value("state");
        (is_known && !state.is_empty()).then_some(Self { state })
    }

    /// The application's own address with the answer, under the name by which the browser knows this portal.
    fn answer(&self, name: &str, value: &str) -> String {
        let query: String = form_urlencoded::Serializer::new(String::new())
            .append_pair(name, value)
            .append_pair("state", &self.state)
            .finish();
        format!("{CALLBACK}?{query}")
    }
}

pub(super) async fn show(visit: Visit) -> PageResult {
    match Asked::read(&visit) {
        Some(asked) => render(&visit, &asked, Typed::example(), &[]).await,
        None => Ok(unknown_application(&visit)),
    }
}

pub(super) async fn submit(Submission { visit, form: typed }: Submission<Typed>) -> PageResult {
    let Some(asked) = Asked::read(&visit) else {
        return Ok(unknown_application(&visit));
    };
    if typed.intent == "cancel" {
        return Ok(visit.see_other(&asked.answer("error", "access_denied")));
    }
    let profile = match profile(&typed) {
        Ok(profile) => profile,
        Err(found) => return render(&visit, &asked, typed, &found).await,
    };
    let state = asked.state.clone();
    let code = visit.flow(move |flow| flow.allow_provider(&state, &profile));
    Ok(visit.see_other(&match code.await? {
        Some(code) => asked.answer("code", &code),
        // The attempt has expired. Return an empty code, because the application explains that better than a provider.
        None => asked.answer("code", ""),
    }))
}

/// The entered profile. The provider's user ID depends only on the address.
fn profile(typed: &Typed) -> Result<ExternalProfile, Vec<FlowError>> {
    let mut found = Vec::new();
    let names = Names::parse(&typed.first_name, &typed.last_name).unwrap_or_else(|wrong| {
        found.extend(wrong);
        Names::default()
    });
    let email_address = check_email_address(&typed.email_address, Field::EmailAddress).unwrap_or_else(|error| {
        found.push(error);
        String::new()
    });
    if !found.is_empty() {
        return Err(found);
    }
    let hash = hash(&email_addresses::normalize(&email_address));
    Ok(ExternalProfile {
        provider_user_id: HEXLOWER.encode(&hash.as_bytes()[..10]),
        email_address,
        email_address_verified: typed.is_verified,
        first_name: names.first,
        last_name: names.last,
    })
}

fn unknown_application(visit: &Visit) -> Response {
    let sentence = format!(
        "{PROVIDER_NAME} doesn't know the application that sent you here, or its redirect URL. Start again \
         in the application."
    );
    error_page(&visit.app, StatusCode::BAD_REQUEST, PROVIDER_NAME, sentence, None)
}

/// Returns the URL that asks for a user's consent.
pub(super) fn authorize_url(visit: &Visit, state: &str) -> String {
    let query: String = form_urlencoded::Serializer::new(String::new())
        .append_pair("response_type", "code")
        .append_pair("client_id", &visit.app.instance_id)
        .append_pair("redirect_uri", &format!("{}{CALLBACK}", visit.app.origin))
        .append_pair("scope", "openid email profile")
        .append_pair("state", state)
        .finish();
    format!("{AUTHORIZE}?{query}")
}

async fn render(visit: &Visit, asked: &Asked, typed: Typed, found: &[FlowError]) -> PageResult {
    let page = FormPage::new(visit, PROVIDER_NAME, authorize_url(visit, &asked.state), found);
    let page = page.target(end(visit, asked).await?);
    Ok(page.render(|frame| AuthorizePage { frame, typed }))
}

/// Returns the end of the redirects after this form. A real provider does not need it, because the application's pages
/// are on another origin with their own policy.
async fn end(visit: &Visit, asked: &Asked) -> Result<Option<Url>, StoreError> {
    let state = asked.state.clone();
    let open = visit.flow(move |flow| oauth_attempts::peek(flow.db, &state));
    Ok(open.await?.and_then(|open| {
        let flow = match open.purpose {
            Purpose::SignUp => Flow::SignUp,
            Purpose::SignIn | Purpose::Connect => Flow::SignIn,
        };
        let params = Params::parse(open.query.trim_start_matches('?'));
        let home = visit.known.browser.home_origin.as_deref();
        Destination::of(flow, &visit.app.redirects, &params, &visit.settings, home).url
    }))
}
