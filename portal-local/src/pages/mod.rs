//! The hosted pages: server-rendered, usable without script, one file per page.
//!
//! A handler takes a [`Visit`](visit::Visit) (the browser, its session and its destination) or, for a form, a
//! [`Submission`](form::Submission) (a visit with a verified form token).

#![expect(
    clippy::redundant_closure_for_method_calls,
    reason = "a path to a method of `BrowserFlow<'_>` names one lifetime, not every one"
)]

mod ask;
mod assets;
mod avatar;
mod choose;
mod code_page;
mod confirm;
mod create_organization;
mod default_redirect;
mod destination;
mod errors;
mod example_id;
mod external;
mod factor_one;
mod factor_two;
mod fields;
mod form;
mod form_page;
mod image;
mod index;
mod organization;
mod organization_list;
mod outbox;
mod params;
mod person;
mod reset_password;
mod second_factor_page;
mod sign_in;
mod sign_out;
mod sign_up;
mod sign_up_continue;
mod task_reset_password;
mod task_setup_mfa;
mod ticket;
mod totp;
mod unauthorized_sign_in;
mod user;
mod verify_email_address;
mod visit;
mod waitlist;
mod webhooks;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{get, post};

use self::destination::Flow;
use self::errors::PageResult;
use crate::same_origin::is_from_here;
use crate::state::App;
use crate::store::StoreError;

/// The paths of the pages, for links and redirects.
mod path {
    use crate::store::Task;

    pub(super) const SIGN_IN: &str = "/sign-in";
    pub(super) const SIGN_IN_EXTERNAL: &str = "/sign-in/sso";
    pub(super) const SIGN_UP_EXTERNAL: &str = "/sign-up/sso";
    pub(super) const FACTOR_ONE: &str = "/sign-in/factor-one";
    pub(super) const FACTOR_TWO: &str = "/sign-in/factor-two";
    pub(super) const RESET_PASSWORD: &str = "/sign-in/reset-password";
    pub(super) const CHOOSE: &str = "/sign-in/choose";
    pub(super) const SIGN_OUT: &str = "/sign-out";
    pub(super) const WAITLIST: &str = "/waitlist";
    pub(super) const UNAUTHORIZED_SIGN_IN: &str = "/unauthorized-sign-in";
    pub(super) const CONTINUE: &str = "/sign-up/continue";
    pub(super) const SIGN_UP: &str = "/sign-up";
    pub(super) const VERIFY_EMAIL_ADDRESS: &str = "/sign-up/verify-email-address";
    pub(super) const USER: &str = "/user";
    pub(super) const SIGN_OUT_HERE: &str = "/user/sign-out";
    pub(super) const TASKS: &str = "/sign-in/tasks";
    pub(super) const TASK_RESET_PASSWORD: &str = "/sign-in/tasks/reset-password";
    pub(super) const SETUP_MFA: &str = "/sign-in/tasks/setup-mfa";
    pub(super) const CHOOSE_ORGANIZATION: &str = "/sign-in/tasks/choose-organization";
    pub(super) const ORGANIZATION: &str = "/organization";
    pub(super) const ORGANIZATION_LIST: &str = "/organization-list";
    pub(super) const CREATE_ORGANIZATION: &str = "/create-organization";
    pub(super) const CREATE_ORGANIZATION_INVITE: &str = "/create-organization/invite";
    pub(super) const CREATE_ORGANIZATION_FINISH: &str = "/create-organization/finish";
    pub(super) const DEFAULT_REDIRECT: &str = "/default-redirect";
    pub(super) const OAUTH_CONSENT: &str = "/oauth-consent";
    pub(super) const OUTBOX: &str = "/__local/outbox";
    pub(super) const WEBHOOKS: &str = "/__local/webhooks";

    /// The path of the page that completes a session's task.
    pub(super) fn task(task: Task) -> &'static str {
        match task {
            Task::ResetPassword => TASK_RESET_PASSWORD,
            Task::SetupMfa => SETUP_MFA,
            Task::ChooseOrganization => CHOOSE_ORGANIZATION,
        }
    }
}

pub(crate) fn router(app: &Arc<App>) -> Router<Arc<App>> {
    let (for_method, for_hosted) = (Arc::clone(app), Arc::clone(app));
    let hosted = hosted()
        .method_not_allowed_fallback(move || async move { errors::method_not_allowed(&for_hosted) })
        .route_layer(middleware::from_fn_with_state(Arc::clone(app), while_enabled));
    Router::new()
        .merge(control_pages(app))
        .route("/__local/sign-in-as", post(index::sign_in_as))
        .route("/__local/add-demo-data", post(index::add_demo))
        .route("/__local/portal.css", get(assets::stylesheet))
        .route("/__local/fragment.js", get(assets::fragment_script))
        .route("/__local/copy.js", get(assets::copy_script))
        .route("/__local/icon.svg", get(assets::icon))
        .route("/__local/avatar/{file}", get(avatar::show))
        .route("/__local/image/{id}", get(image::show))
        .route(example_id::AUTHORIZE, get(example_id::show).post(example_id::submit))
        .method_not_allowed_fallback(move || async move { errors::method_not_allowed(&for_method) })
        .merge(hosted)
        .fallback(errors::not_found)
}

/// Pages that show keys, codes and links.
///
/// Only the portal's own pages and the address bar can open them.
fn control_pages(app: &Arc<App>) -> Router<Arc<App>> {
    let for_method = Arc::clone(app);
    Router::new()
        .route("/", get(index::show))
        .route("/__local", get(index::show))
        .route("/__local/", get(index::show))
        .route(path::OUTBOX, get(outbox::show))
        .route("/__local/outbox.json", get(outbox::json))
        .route(path::WEBHOOKS, get(webhooks::show).post(webhooks::send_again))
        .route("/__local/webhooks/{number}", get(webhooks::show_one))
        .route("/__local/webhooks.json", get(webhooks::json))
        .method_not_allowed_fallback(move || async move { errors::method_not_allowed(&for_method) })
        .route_layer(middleware::from_fn_with_state(Arc::clone(app), from_here_only))
}

/// The addresses in mails and at providers, which Clerk serves beside its Frontend API.
pub(crate) fn landing_router() -> Router<Arc<App>> {
    Router::new()
        .route("/v1/tickets/accept", get(ticket::accept))
        .route("/v1/oauth_callback", get(external::callback))
}

async fn from_here_only(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    match is_from_here(request.headers()) {
        true => next.run(request).await,
        false => errors::not_from_here(&app, request.uri()),
    }
}

/// The pages that Clerk has too.
fn hosted() -> Router<Arc<App>> {
    Router::new()
        .route(path::SIGN_IN, get(sign_in::show).post(sign_in::submit))
        .route(path::SIGN_IN_EXTERNAL, post(|form| external::start(form, Flow::SignIn)))
        .route(path::SIGN_UP_EXTERNAL, post(|form| external::start(form, Flow::SignUp)))
        .route(path::FACTOR_ONE, get(factor_one::show).post(factor_one::submit))
        .route(path::FACTOR_TWO, get(factor_two::show).post(factor_two::submit))
        .route(path::SIGN_UP, get(sign_up::show).post(sign_up::submit))
        .route(
            path::VERIFY_EMAIL_ADDRESS,
            get(verify_email_address::show).post(verify_email_address::submit),
        )
        .route(
            path::CONTINUE,
            get(sign_up_continue::show).post(sign_up_continue::submit),
        )
        .route("/sign-in/create", get(sign_up::elsewhere))
        .route(
            path::RESET_PASSWORD,
            get(reset_password::show).post(reset_password::submit),
        )
        .route("/sign-in/reset-password-success", get(reset_password::succeeded))
        .route(path::CHOOSE, get(choose::show).post(choose::submit))
        .route(path::SIGN_OUT, get(sign_out::show).post(sign_out::submit))
        .route(path::WAITLIST, get(waitlist::show).post(waitlist::submit))
        .route(
            path::UNAUTHORIZED_SIGN_IN,
            get(unauthorized_sign_in::show).post(unauthorized_sign_in::submit),
        )
        .merge(user::router())
        .route(path::TASKS, get(organization_list::tasks))
        .route("/sign-up/tasks", get(organization_list::tasks))
        .route("/sign-up/tasks/{key}", get(organization_list::tasks))
        .route(
            path::TASK_RESET_PASSWORD,
            get(task_reset_password::show).post(task_reset_password::submit),
        )
        .route(path::SETUP_MFA, get(task_setup_mfa::show).post(task_setup_mfa::submit))
        .route(
            path::CHOOSE_ORGANIZATION,
            get(organization_list::show_task).post(organization_list::submit_task),
        )
        .route(
            path::ORGANIZATION_LIST,
            get(organization_list::show).post(organization_list::submit),
        )
        .route(
            path::CREATE_ORGANIZATION,
            get(create_organization::show).post(create_organization::submit),
        )
        .route(
            path::CREATE_ORGANIZATION_INVITE,
            get(create_organization::show_invite).post(create_organization::submit_invite),
        )
        .route(path::CREATE_ORGANIZATION_FINISH, get(create_organization::finish))
        .merge(organization::router())
        .route(path::DEFAULT_REDIRECT, get(default_redirect::show))
        .route(path::OAUTH_CONSENT, get(errors::no_consent))
}

/// Answers 404 to every page while the Account Portal is turned off.
async fn while_enabled(State(app): State<Arc<App>>, request: Request, next: Next) -> PageResult {
    let enabled = app
        .flows
        .run(|flow| Ok::<_, StoreError>(flow.settings.account_portal_enabled));
    Ok(match enabled.await? {
        true => next.run(request).await,
        false => errors::portal_disabled(&app),
    })
}
