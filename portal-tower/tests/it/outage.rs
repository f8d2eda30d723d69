//! An expired session that cannot be renewed because Clerk is out of reach: *cannot tell*, for every caller.

use http::StatusCode;
use portal_tower::portal_sdk::effect::BackendError;
use portal_tower::portal_sdk::testing::FakeBackend;
use portal_tower::{RequireAuthLayer, UserError};
use tower::ServiceBuilder;

use crate::support::{
    AS_PAGE, AS_SCRIPT, App, LIVE_ISSUER, LIVE_SUFFIX, down, error_answer, expired, layer_with, live, request, send,
    signed_in,
};

fn outages() -> Vec<BackendError> {
    vec![
        error_answer(500, None),
        error_answer(502, Some("unexpected_error")),
        error_answer(503, Some("internal_clerk_error")),
        error_answer(429, Some("too_many_requests")),
        error_answer(429, None),
        // Answers of proxies, firewalls and captive portals: without one of Clerk's error codes.
        error_answer(302, None),
        error_answer(304, None),
        error_answer(403, None),
        error_answer(404, None),
        error_answer(407, None),
        error_answer(425, Some("too_early")),
        error_answer(451, None),
        down(),
        BackendError::timeout(std::time::Duration::from_secs(5)),
        BackendError::unreadable(StatusCode::OK, "found text that is not JSON"),
    ]
}

fn clerk_with(error: &BackendError) -> FakeBackend {
    let clerk = FakeBackend::new();
    clerk.set_refresh_session(Err(error.clone()));
    clerk.set_handshake_payload(Err(error.clone()));
    clerk.set_user("user_1", Err(error.clone()));
    clerk
}

const HERE: &str = "https://app.example.com/dashboard";
const FORM: &str = "POST https://app.example.com/form";

#[tokio::test]
async fn renewal_out_of_reach_returns_503() {
    let cookies = format!("{}; __refresh_{LIVE_SUFFIX}=r", expired(LIVE_ISSUER));
    let htmx = ("hx-request", "true");
    for error in outages() {
        for (target, headers) in [
            (HERE, vec![AS_PAGE]),
            (FORM, vec![AS_PAGE]),
            (HERE, vec![AS_SCRIPT]),
            ("PUT https://app.example.com/api", vec![AS_SCRIPT]),
            (HERE, vec![AS_SCRIPT, htmx]),
            (FORM, vec![AS_SCRIPT, htmx]),
            (HERE, vec![AS_SCRIPT, ("turbo-frame", "cart")]),
        ] {
            let app = App::default();
            let service = ServiceBuilder::new()
                .layer(layer_with(live(), &clerk_with(&error)))
                .layer(RequireAuthLayer::signed_in())
                .service(app.service());
            let headers = [&headers[..], &[("cookie", cookies.as_str())]].concat();
            let answer = send(service, request(target, &headers)).await;
            assert_eq!(answer.status, 503, "{error} {target} {headers:?}");
            assert!(answer.header("retry-after").is_some(), "{error} {target} {headers:?}");
            assert!(answer.header("location").is_none() && answer.header("hx-redirect").is_none());
            assert_eq!(app.calls(), 0);
        }
    }
}

#[tokio::test]
async fn nonce_out_of_reach_returns_503() {
    for error in outages() {
        let app = App::default();
        let service = ServiceBuilder::new()
            .layer(layer_with(live(), &clerk_with(&error)))
            .layer(RequireAuthLayer::signed_in())
            .service(app.service());
        let cookies = ("cookie", "__clerk_handshake_nonce=n1; __client_uat=1");
        let answer = send(service, request(HERE, &[AS_PAGE, cookies])).await;
        assert_eq!(answer.status, 503, "{error}");
    }
}

#[tokio::test]
async fn public_page_is_served_while_clerk_is_out_of_reach() {
    let cookies = format!("{}; __refresh_{LIVE_SUFFIX}=r", expired(LIVE_ISSUER));
    for error in outages() {
        let app = App::default();
        let service = ServiceBuilder::new()
            .layer(layer_with(live(), &clerk_with(&error)))
            .service(app.service());
        let answer = send(service, request(HERE, &[AS_PAGE, ("cookie", &cookies)])).await;
        assert_eq!((answer.status, answer.body.as_str()), (200, "cannot tell"), "{error}");
    }
}

#[tokio::test]
async fn refused_renewal_is_not_an_outage() {
    let clerk = clerk_with(&error_answer(401, Some("refresh_token_expired")));
    let cookies = format!("{}; __refresh_{LIVE_SUFFIX}=r", expired(LIVE_ISSUER));
    for (device, status) in [(AS_PAGE, 307), (AS_SCRIPT, 401)] {
        let service = ServiceBuilder::new()
            .layer(layer_with(live(), &clerk))
            .layer(RequireAuthLayer::signed_in())
            .service(App::default().service());
        let answer = send(service, request(HERE, &[device, ("cookie", &cookies)])).await;
        assert_eq!(answer.status, status);
    }
}

#[tokio::test]
async fn user_look_up_distinguishes_outage_from_refusal() {
    for (error, is_outage) in outages()
        .into_iter()
        .map(|error| (error, true))
        .chain([(error_answer(404, Some("resource_not_found")), false)])
    {
        let found = std::sync::Arc::new(std::sync::Mutex::new(None));
        let seen = found.clone();
        let app = tower::service_fn(move |request: http::Request<http_body_util::Full<bytes::Bytes>>| {
            let seen = seen.clone();
            async move {
                let auth = request.extensions().get::<portal_tower::Auth>().unwrap().clone();
                let failure: UserError = auth.user().await.unwrap_err();
                *seen.lock().unwrap() = Some(failure.is_outage());
                Ok::<_, std::convert::Infallible>(http::Response::new(http_body_util::Full::<bytes::Bytes>::default()))
            }
        });
        let service = ServiceBuilder::new()
            .layer(layer_with(live(), &clerk_with(&error)))
            .service(app);
        let _ = send(service, request(HERE, &[AS_PAGE, ("cookie", &signed_in(LIVE_ISSUER))])).await;
        assert_eq!(*found.lock().unwrap(), Some(is_outage), "{error}");
    }
}
