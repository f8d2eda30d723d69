//! The pages of both domains.

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::response::Html;
use portal_axum::{Auth, PortalPage, PortalRedirect, SignedIn};
use serde::Deserialize;

/// The other domain, which the pages link to.
#[derive(Clone)]
pub(crate) struct Other {
    name: &'static str,
    origin: Arc<str>,
}

impl Other {
    pub(crate) fn new(name: &'static str, origin: &str) -> Self {
        Self {
            name,
            origin: origin.into(),
        }
    }
}

pub(crate) async fn home(State(other): State<Other>, auth: Auth) -> Html<String> {
    let user = auth.signed_in().map_or("guest", |user| user.user_id().as_str());
    page(auth.public_url().origin(), user, &other)
}

pub(crate) async fn dashboard(State(other): State<Other>, user: SignedIn) -> Html<String> {
    page(user.auth().public_url().origin(), user.user_id().as_str(), &other)
}

fn page(own: &str, user: &str, other: &Other) -> Html<String> {
    let Other { name, origin } = other;
    Html(format!(
        "<!doctype html><title>{own}</title><h1>{own}</h1><p>Hello <b data-testid=user>{user}</b>.</p>\
         <p><a href=/dashboard data-testid=dashboard>Dashboard</a>, <a href=\"{origin}/\" data-testid=other>{name}</a></p>\
         <form method=post action=/sign-out><button data-testid=sign-out>Sign out</button></form>"
    ))
}

#[derive(Deserialize)]
pub(crate) struct SignIn {
    /// The page of the satellite that the user came from.
    redirect_url: Option<String>,
}

/// The primary's sign-in page, which satellites link to. It redirects to the Account Portal and back.
pub(crate) async fn sign_in(auth: Auth, Query(query): Query<SignIn>) -> PortalRedirect {
    match query.redirect_url {
        // A URL of an origin that is not allowed is dropped.
        Some(url) => PortalRedirect::back_to(&auth, PortalPage::SignIn, &url),
        None => PortalRedirect::to(&auth, PortalPage::SignIn),
    }
}
