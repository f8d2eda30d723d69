//! The routes: a public page, a protected one, the ways to the portal, and sign-out.

use std::convert::Infallible;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use portal_tower::portal_sdk::portal::PortalPage;
use portal_tower::{Auth, RedirectToPortal, RequireAuthLayer, SignOut};
use tower::{Layer as _, ServiceExt as _, service_fn};

/// The body of every response. Pages, layers and services have different types.
pub(crate) type Body = BoxBody<Bytes, Infallible>;

/// Responds to a request that `AuthenticateLayer` has let through.
pub(crate) async fn respond(request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
    match (request.method(), request.uri().path()) {
        (&Method::GET, "/") => Ok(home(&request)),
        (&Method::GET, "/dashboard") => {
            // The browser's Back button must not show this page after sign-out.
            let guard = RequireAuthLayer::signed_in().with_no_store(true);
            let response = guard.layer(service_fn(dashboard)).oneshot(request).await?;
            Ok(response.map(BodyExt::boxed))
        }
        (&Method::GET, "/account") => {
            let response = RedirectToPortal::user_profile().oneshot(request).await?;
            Ok(response.map(BodyExt::boxed))
        }
        // Every method: the service itself answers 405 with `Allow`.
        (_, "/sign-out") => {
            let response = SignOut::new().oneshot(request).await?;
            Ok(response.map(BodyExt::boxed))
        }
        _ => Ok(page(
            StatusCode::NOT_FOUND,
            "Page not found",
            r#"<p><a href="/">Go to the start page</a></p>"#,
        )),
    }
}

/// A public page, which shows whether the user is signed in.
fn home<B>(request: &Request<B>) -> Response<Body> {
    let auth = auth(request);
    let content = if auth.signed_in().is_some() {
        r#"<p>You're signed in. <a href="/dashboard">Open your dashboard</a></p>"#.to_owned()
    } else {
        // A link straight to the portal's page, which leads back to this one.
        let sign_in = escape(auth.link(PortalPage::SignIn).as_str());
        let sign_up = escape(auth.link(PortalPage::SignUp).as_str());
        format!(
            r#"<p>You're signed out.</p>
<p><a href="{sign_in}" data-testid="sign-in">Sign in</a> or <a href="{sign_up}">create an account</a>.</p>"#
        )
    };
    page(StatusCode::OK, "Welcome", &content)
}

/// A page behind the guard.
async fn dashboard<B>(request: Request<B>) -> Result<Response<Body>, Infallible> {
    let user = auth(&request)
        .signed_in()
        .expect("the guard admits signed-in users only");
    let content = format!(
        r#"<p>Your ID is <code data-testid="user">{}</code>.</p>
<p><a href="/account">Your account</a></p>
<form method="post" action="/sign-out"><button data-testid="sign-out">Sign out</button></form>"#,
        escape(user.user_id().as_str())
    );
    Ok(page(StatusCode::OK, "Dashboard", &content))
}

fn auth<B>(request: &Request<B>) -> &Auth {
    let auth = request.extensions().get::<Auth>();
    auth.expect("AuthenticateLayer is around all routes")
}

fn page(status: StatusCode, title: &str, content: &str) -> Response<Body> {
    let html = format!(
        r#"<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>{title}</title>
<main>
<h1>{title}</h1>
{content}
</main>
</html>
"#
    );
    let mut response = Response::new(Full::from(html).boxed());
    *response.status_mut() = status;
    let html = HeaderValue::from_static("text/html; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, html);
    response
}

/// Escapes text for HTML content and attributes in double quotes.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}
