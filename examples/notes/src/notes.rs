//! The notes: list, create, delete.

use axum::Form;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use crate::app::App;
use crate::database::Deletion;
use crate::pages::{self, Focus, NotesPage};
use crate::users::Member;

/// The longest note, in characters.
pub(crate) const MOST_CHARS: usize = 1_000;

/// A submitted note.
#[derive(Debug, Deserialize)]
pub(crate) struct NewNote {
    text: String,
    /// The organization that the form was shown for, empty for the personal account.
    organization: String,
}

pub(crate) async fn list(State(app): State<App>, member: Member) -> Response {
    pages::notes(&app, &member, StatusCode::OK, NotesPage::default()).await
}

pub(crate) async fn create(
    State(app): State<App>,
    member: Member,
    headers: HeaderMap,
    Form(new): Form<NewNote>,
) -> Response {
    // Forms send a line break as two characters, of which `maxlength` counts one.
    let text = new.text.replace("\r\n", "\n");
    let text = text.trim();
    let refusal = if new.organization != member.space.organization.as_deref().unwrap_or_default() {
        // Another tab switched, or the token is from before the switch: save notes only where the user saw the form.
        Some((
            StatusCode::CONFLICT,
            "You've switched organizations. Check whose notes these are, and save again.",
        ))
    } else if text.is_empty() {
        Some((StatusCode::UNPROCESSABLE_ENTITY, "Enter a note."))
    } else if text.chars().count() > MOST_CHARS {
        Some((
            StatusCode::UNPROCESSABLE_ENTITY,
            "Your note is too long. Use 1,000 characters at most.",
        ))
    } else {
        None
    };
    if let Some((status, alert)) = refusal {
        let page = NotesPage {
            is_fragment: is_htmx(&headers),
            alert,
            draft: new.text,
            focus: Focus::Text,
            ..NotesPage::default()
        };
        return pages::notes(&app, &member, status, page).await;
    }
    match app.database.add_note(member.space.clone(), text.to_owned()).await {
        Ok(()) => done(&app, &member, &headers, "Note saved.", Focus::Text).await,
        Err(error) => pages::failure(&error),
    }
}

pub(crate) async fn delete(
    State(app): State<App>,
    member: Member,
    headers: HeaderMap,
    Path(id): Path<i64>,
) -> Response {
    let deleted = app
        .database
        .delete_note(member.space.clone(), id, member.is_admin)
        .await;
    let (status, alert) = match deleted {
        Ok(Deletion::Done) => return done(&app, &member, &headers, "Note deleted.", Focus::List).await,
        Ok(Deletion::NotAllowed) => (
            StatusCode::FORBIDDEN,
            "Only an administrator can delete other members' notes.",
        ),
        Ok(Deletion::Missing) => (StatusCode::NOT_FOUND, "We couldn't find that note."),
        Err(error) => return pages::failure(&error),
    };
    let page = NotesPage {
        is_fragment: is_htmx(&headers),
        alert,
        focus: Focus::List,
        ..NotesPage::default()
    };
    pages::notes(&app, &member, status, page).await
}

/// The new list for htmx, or a redirect, so that loading the page again submits nothing.
async fn done(app: &App, member: &Member, headers: &HeaderMap, message: &'static str, focus: Focus) -> Response {
    if !is_htmx(headers) {
        return Redirect::to("/notes").into_response();
    }
    let page = NotesPage {
        is_fragment: true,
        message,
        focus,
        ..NotesPage::default()
    };
    pages::notes(app, member, StatusCode::OK, page).await
}

fn is_htmx(headers: &HeaderMap) -> bool {
    headers.get("hx-request").is_some_and(|value| value == "true")
}
