//! The pages, and the part of one that htmx replaces.

use askama::Template;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use portal_axum::{Auth, PortalPage};

use crate::app::App;
use crate::database::{DatabaseError, Note};
use crate::notes::MOST_CHARS;
use crate::users::Member;

#[derive(Template)]
#[template(path = "home.html")]
struct Home {
    is_signed_in: bool,
    sign_in: String,
    sign_up: String,
}

pub(crate) async fn home(auth: Auth) -> Response {
    render(
        StatusCode::OK,
        &Home {
            is_signed_in: auth.signed_in().is_some(),
            sign_in: auth.link_back_to(PortalPage::SignIn, "/notes").into(),
            sign_up: auth.link_back_to(PortalPage::SignUp, "/notes").into(),
        },
    )
}

/// The variable parts of the page of notes.
#[derive(Debug, Default)]
pub(crate) struct NotesPage {
    /// `true` for the part that htmx replaces.
    pub(crate) is_fragment: bool,
    /// A mistake to correct, or the empty string.
    pub(crate) alert: &'static str,
    /// A success for screen readers, or the empty string.
    pub(crate) message: &'static str,
    /// The text in the form.
    pub(crate) draft: String,
    pub(crate) focus: Focus,
}

/// The element that gets the keyboard focus, because htmx has removed the pressed button.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Focus {
    #[default]
    Nowhere,
    Text,
    List,
}

/// The list and the form.
#[derive(Template)]
#[template(path = "list.html")]
struct List<'a> {
    member: &'a Member,
    notes: Vec<Note>,
    page: NotesPage,
    most_chars: usize,
}

#[derive(Template)]
#[template(path = "notes.html")]
struct WholePage<'a> {
    has_htmx: bool,
    is_signed_in: bool,
    member: &'a Member,
    list: List<'a>,
}

impl List<'_> {
    fn may_delete(&self, note: &Note) -> bool {
        note.is_own || self.member.is_admin
    }
}

/// Responds with the notes of the member's space.
pub(crate) async fn notes(app: &App, member: &Member, status: StatusCode, page: NotesPage) -> Response {
    let notes = match app.database.notes(member.space.clone()).await {
        Ok(notes) => notes,
        Err(error) => return failure(&error),
    };
    let is_fragment = page.is_fragment;
    let list = List {
        member,
        notes,
        page,
        most_chars: MOST_CHARS,
    };
    if is_fragment {
        return render(status, &list);
    }
    render(
        status,
        &WholePage {
            has_htmx: app.htmx.is_some(),
            is_signed_in: true,
            member,
            list,
        },
    )
}

/// The response to a failure that the user cannot correct.
pub(crate) fn failure(error: &DatabaseError) -> Response {
    tracing::error!(%error, "a query failed");
    let text = "We couldn't reach the notes. Please try again in a minute.";
    (StatusCode::INTERNAL_SERVER_ERROR, text).into_response()
}

fn render(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(html) => (status, Html(html)).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page could not be rendered");
            (StatusCode::INTERNAL_SERVER_ERROR, "We couldn't show this page.").into_response()
        }
    }
}
