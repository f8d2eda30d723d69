//! Clerk's Account Portal in actix-web, over `portal-sdk` alone: authenticate, require a user, sign out.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::{ErrorBadRequest, ErrorForbidden, ErrorServiceUnavailable, InternalError};
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue, LOCATION};
use actix_web::middleware::{Next, from_fn};
use actix_web::web::{self, Data, Html, ReqData, ServiceConfig};
use actix_web::{Error, HttpMessage as _, HttpResponse};
use http::request::Parts;
use portal_sdk::authenticator::Authenticator;
use portal_sdk::backend::BackendApi;
use portal_sdk::portal::PortalPage;
use portal_sdk::state::{Outcome, RequestState, ResponseHeaders};
use portal_sdk::token::SessionClaims;

/// The parts and the state of a request, for handlers.
type Seen = (Parts, RequestState);

/// Adds the routes, with the authentication around all of them.
pub fn routes<B: BackendApi>(config: &mut ServiceConfig) {
    let app = web::scope("").wrap(from_fn(authenticate::<B>));
    let app = app.route("/", web::get().to(home));
    let app = app.route("/account", web::get().to(account::<B>));
    config.service(app.route("/sign-out", web::post().to(sign_out::<B>)));
}

/// A public page. It is inside the authentication too, because users return here from the portal.
async fn home() -> Html {
    Html::new(include_str!("home.html"))
}

async fn account<B: BackendApi>(clerk: Data<Authenticator<B>>, seen: ReqData<Seen>) -> Result<String, Error> {
    Ok(format!("Hello {}", require_user(&clerk, &seen)?.user_id()))
}

async fn sign_out<B: BackendApi>(clerk: Data<Authenticator<B>>, seen: ReqData<Seen>) -> Result<HttpResponse, Error> {
    if clerk.is_cross_site(&seen.0) {
        return Err(ErrorForbidden("This form is on another site."));
    }
    let fields = clerk.sign_out(&seen.0).await.map_err(ErrorServiceUnavailable)?;
    let mut response = HttpResponse::SeeOther().insert_header((LOCATION, "/")).finish();
    add(&fields, response.headers_mut());
    Ok(response)
}

/// Returns the signed-in user; the error redirects the browser to the sign-in page and back.
fn require_user<'s, B: BackendApi>(clerk: &Authenticator<B>, seen: &'s Seen) -> Result<&'s SessionClaims, Error> {
    let (parts, state) = seen;
    match &state.outcome {
        _ if clerk.is_cross_site(parts) => Err(ErrorForbidden("This form is on another site.")),
        Outcome::SignedIn(user) if user.claims.has_user() && !user.claims.is_pending() => Ok(&user.claims),
        Outcome::Undecided(cause) => Err(ErrorServiceUnavailable(cause.clone())),
        _ => {
            let sign_in = clerk.link(parts, PortalPage::SignIn).map_err(ErrorBadRequest)?;
            let redirect = HttpResponse::SeeOther()
                .insert_header((LOCATION, sign_in.as_str()))
                .finish();
            Err(InternalError::from_response("signed out", redirect).into())
        }
    }
}

/// Authenticates the request, answers handshakes, and adds the outcome's fields to every response.
async fn authenticate<B: BackendApi>(
    clerk: Data<Authenticator<B>>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    // Types of http 1, where actix-web 4 has those of http 0.2.
    let mut parts = http::Request::builder()
        .method(request.method().as_str())
        .uri(request.uri().to_string());
    for (name, value) in request.headers() {
        parts = parts.header(name.as_str(), value.as_bytes());
    }
    let (parts, ()) = parts.body(()).map_err(ErrorBadRequest)?.into_parts();
    let state = clerk.authenticate(&parts).await.state;
    let fields = state.headers.clone();
    let mut response = if fields.location().is_some() {
        request.into_response(HttpResponse::TemporaryRedirect())
    } else {
        request.extensions_mut().insert((parts, state));
        next.call(request).await?.map_into_boxed_body()
    };
    add(&fields, response.headers_mut());
    Ok(response)
}

fn add(fields: &ResponseHeaders, headers: &mut HeaderMap) {
    for (name, value) in fields.iter() {
        let name = HeaderName::from_bytes(name.as_str().as_bytes());
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_bytes(value.as_bytes())) {
            headers.append(name, value);
        }
    }
}
