//! [`Refusal`]: what a request is answered that is not let through.

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, LOCATION, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, Response, StatusCode};
use portal_sdk::portal::PortalPage;
use portal_sdk::request::RequestKind;
use serde_json::json;
use url::Url;

use crate::auth::{Auth, Undecided};
use crate::page::page;

/// How long, in seconds, a client is asked to wait while Clerk is out of reach.
const RETRY_AFTER_SECS: HeaderValue = HeaderValue::from_static("5");

/// What a request is answered that is not let through; by the table of [`require`](super).
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a refusal is an answer; send it"]
#[non_exhaustive]
pub enum Refusal {
    /// 303: a browser is sent to the portal and comes back afterwards.
    Redirect {
        /// Where to.
        location: Url,
    },
    /// 401: whoever asks must sign in first.
    Unauthorized {
        /// Why, in Clerk's words; `session-pending` if tasks are outstanding.
        reason: String,
        /// Where a person can sign in.
        sign_in_url: Url,
    },
    /// 503: it cannot be told who this is; trying again may help.
    Unavailable {
        /// Whether a browser waits for a page.
        as_page: bool,
    },
    /// 500: the set-up of the application is at fault.
    Misconfigured {
        /// What is wrong with it, for the developer.
        problem: String,
        /// Whether a browser waits for a page.
        as_page: bool,
    },
}

impl Refusal {
    pub(crate) fn of(auth: &Auth, page: PortalPage) -> Self {
        let as_page = auth.kind() != RequestKind::Api;
        match auth.undecided() {
            Some(Undecided::Misconfigured(cause)) => {
                tracing::error!(%cause, "requests cannot be authenticated");
                return Self::Misconfigured {
                    problem: cause.to_string(),
                    as_page,
                };
            }
            Some(Undecided::OutOfReach) => return Self::Unavailable { as_page },
            None => {}
        }
        if as_page {
            // A pending session's tasks are part of signing in, whatever page others are sent to.
            let page = if auth.pending().is_some() {
                PortalPage::SignIn
            } else {
                page
            };
            return Self::Redirect {
                location: auth.link(page),
            };
        }
        let reason = match auth.reason() {
            Some(reason) => reason.to_string(),
            None => "session-pending".to_owned(),
        };
        // The page a script runs on is not this request's address; the application knows it, we do not.
        let sign_in_url = auth.link_back_to(PortalPage::SignIn, "");
        Self::Unauthorized { reason, sign_in_url }
    }

    pub(crate) fn missing_layer() -> Self {
        tracing::error!("RequireAuthLayer found no Auth; put AuthenticateLayer around it");
        Self::Misconfigured {
            problem: "RequireAuthLayer found no Auth: put AuthenticateLayer around it".to_owned(),
            as_page: false,
        }
    }

    /// The status it is answered with.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Redirect { .. } => StatusCode::SEE_OTHER,
            Self::Unauthorized { .. } => StatusCode::UNAUTHORIZED,
            Self::Unavailable { .. } => StatusCode::SERVICE_UNAVAILABLE,
            Self::Misconfigured { .. } => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The answer.
    pub fn into_response(self) -> Response<Bytes> {
        let mut response = Response::new(Bytes::new());
        *response.status_mut() = self.status();
        response
            .headers_mut()
            .insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        match self {
            Self::Redirect { location } => {
                if let Ok(location) = HeaderValue::from_str(location.as_str()) {
                    response.headers_mut().insert(LOCATION, location);
                }
            }
            Self::Unauthorized { reason, sign_in_url } => {
                response
                    .headers_mut()
                    .insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
                write_json(
                    &mut response,
                    &json!({ "error": { "code": "unauthorized", "reason": reason, "sign_in_url": sign_in_url.as_str() } }),
                );
            }
            Self::Unavailable { as_page } => {
                response.headers_mut().insert(RETRY_AFTER, RETRY_AFTER_SECS);
                if as_page {
                    let text = "The sign-in service cannot be reached, so we cannot tell whether you are signed in. \
                                You have not been signed out. Please try again in a moment.";
                    write_page(&mut response, "One moment, please", text);
                } else {
                    write_json(
                        &mut response,
                        &json!({ "error": { "code": "unavailable", "reason": "clerk-unreachable" } }),
                    );
                }
            }
            Self::Misconfigured { problem, as_page: true } => {
                write_page(&mut response, "Sign-in is not set up correctly", &problem);
            }
            Self::Misconfigured {
                problem,
                as_page: false,
            } => {
                write_json(
                    &mut response,
                    &json!({ "error": { "code": "misconfigured", "reason": problem } }),
                );
            }
        }
        response
    }
}

fn write_json(response: &mut Response<Bytes>, body: &serde_json::Value) {
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    *response.body_mut() = body.to_string().into();
}

fn write_page(response: &mut Response<Bytes>, title: &str, text: &str) {
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    *response.body_mut() = page(title, text, "").into();
}
