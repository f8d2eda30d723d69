//! The set-up of an authenticator app, in the account and as a session's task: the secret, then the backup codes.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use qrcode::{Color, EcLevel, QrCode};

use super::errors::PageResult;
use super::form_page::FormFrame;
use super::person::Person;
use crate::flow::FlowError;
use crate::html::Frame;
use crate::totp::TotpSecret;

/// The light margin that scanners need, in modules.
const QUIET_ZONE: usize = 4;

/// The differences between the two places.
pub(super) struct Place {
    /// Names the page in test hooks.
    pub(super) page: &'static str,
    /// Names the page of the backup codes in test hooks.
    pub(super) codes_page: &'static str,
    pub(super) path: &'static str,
    /// The path of the page after the set-up.
    pub(super) onward: &'static str,
    /// The reason to show to a user who was redirected here by a session's task, and cannot cancel.
    pub(super) reason: Option<&'static str>,
}

#[derive(Template)]
#[template(path = "totp.html")]
struct TotpPage {
    frame: FormFrame,
    page: &'static str,
    reason: Option<&'static str>,
    /// The secret in groups of four.
    secret: String,
    uri: String,
    /// `None` if the names are too long for a picture.
    qr: Option<Qr>,
    onward: &'static str,
    /// The signed-in address and where the form goes that signs out, while this is a session's task.
    sign_out: Option<(String, String)>,
}

#[derive(Template)]
#[template(path = "backup_codes.html")]
struct BackupCodesPage {
    frame: Frame,
    page: &'static str,
    done: &'static str,
    codes: Vec<String>,
    onward: String,
}

/// A QR code as an SVG path.
struct Qr {
    size: usize,
    path: String,
}

/// Shows the secret. Redirects if there is an authenticator already, such as one set up on another device.
pub(super) async fn show(person: &Person, place: &Place, found: &[FlowError]) -> PageResult {
    let secret = person.read(|flow, session| flow.begin_totp(session)).await?;
    Ok(match secret {
        Some(secret) => render(person, place, &secret, found),
        None => person.visit.redirect(place.onward, &[]),
    })
}

/// Checks the code that was entered. Shows the backup codes if it is right.
pub(super) async fn submit(person: &Person, place: &Place, code: String) -> PageResult {
    let enabled = person.flow(move |flow, session| flow.enable_totp(session, &code));
    let failure = match enabled.await {
        Ok(codes) => {
            let (page, done) = (place.codes_page, "Two-step verification is on.");
            return Ok(show_backup_codes(person, page, done, &codes, place.onward));
        }
        Err(failure) => failure,
    };
    match failure.refusal()? {
        FlowError::AttemptLost => Ok(person.visit.redirect(place.path, &[])),
        error => show(person, place, &[error]).await,
    }
}

/// Shows backup codes. They are kept as hashes only, so this is the one time; `done` says what has happened.
pub(super) fn show_backup_codes(
    person: &Person,
    page: &'static str,
    done: &'static str,
    codes: &[String],
    onward: &str,
) -> Response {
    let template = BackupCodesPage {
        frame: Frame::new(&person.visit.app, "Your backup codes"),
        page,
        done,
        codes: codes.iter().map(|code| groups(code)).collect(),
        onward: person.visit.params.link(onward, &[]),
    };
    person.visit.page(StatusCode::OK, &template, None)
}

fn render(person: &Person, place: &Place, secret: &TotpSecret, found: &[FlowError]) -> Response {
    let uri = secret.uri(&person.visit.app.name, person.identifier());
    let page = person.form_page("Set up an authenticator app", place.path, found);
    page.render(|frame| TotpPage {
        frame,
        page: place.page,
        reason: place.reason,
        secret: groups(&secret.to_base32()),
        qr: Qr::of(&uri),
        uri,
        onward: place.onward,
        sign_out: place.reason.map(|_| person.way_out()),
    })
}

/// Splits `text` into groups of four characters, which users can copy by hand.
fn groups(text: &str) -> String {
    let separator = if text.len() > 8 { ' ' } else { '-' };
    let mut grouped = String::with_capacity(text.len() + text.len() / 4);
    for (position, letter) in text.chars().enumerate() {
        if position > 0 && position % 4 == 0 {
            grouped.push(separator);
        }
        grouped.push(letter);
    }
    grouped
}

impl Qr {
    fn of(text: &str) -> Option<Self> {
        let code = QrCode::with_error_correction_level(text, EcLevel::M).ok()?;
        let width = code.width();
        let mut path = String::new();
        for (row, modules) in code.to_colors().chunks(width).enumerate() {
            let mut column = 0;
            for run in modules.chunk_by(|one, next| one == next) {
                if run.first() == Some(&Color::Dark) {
                    let (x, y, length) = (column + QUIET_ZONE, row + QUIET_ZONE, run.len());
                    path.push_str(&format!("M{x} {y}h{length}v1h-{length}z"));
                }
                column += run.len();
            }
        }
        Some(Self {
            size: width + 2 * QUIET_ZONE,
            path,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_of_four() {
        assert_eq!(groups("ABCDEFGHIJKL"), "ABCD EFGH IJKL");
        assert_eq!(groups("0a1b2c3d"), "0a1b-2c3d");
    }

    #[test]
    fn the_path_draws_every_dark_module_once() {
        let text = "otpauth://totp/Acme:ada%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
        let dark = QrCode::with_error_correction_level(text, EcLevel::M)
            .unwrap()
            .to_colors();
        let dark = dark.iter().filter(|color| **color == Color::Dark).count();
        let drawn: usize = Qr::of(text)
            .unwrap()
            .path
            .split('h')
            .filter_map(|part| part.split_once("v1")?.0.parse::<usize>().ok())
            .sum();
        assert_eq!(drawn, dark);
        assert!(Qr::of(&"x".repeat(5_000)).is_none(), "no QR code holds so much");
    }
}
