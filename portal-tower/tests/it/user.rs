//! `Auth::user`: from memory, and fresh for a user who comes from the portal.

use std::convert::Infallible;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use portal_tower::Auth;
use portal_tower::portal_sdk::backend::User;
use portal_tower::portal_sdk::testing::FakeBackend;
use tower::{Layer as _, service_fn};

use crate::support::{AS_PAGE, LIVE_ISSUER, layer_with, live, request, send, signed_in};

const HERE: &str = "https://app.example.com/";
const FROM_PORTAL: (&str, &str) = ("referer", "https://accounts.example.com/user");

async fn greet(request: Request<Full<Bytes>>) -> Result<Response<Full<Bytes>>, Infallible> {
    let auth = request.extensions().get::<Auth>().unwrap();
    let user = auth.user().await.unwrap();
    Ok(Response::new(user.first_name.clone().unwrap_or_default().into()))
}

#[tokio::test]
async fn user_is_kept_between_requests_and_fresh_after_the_portal() {
    let clerk = FakeBackend::new();
    clerk.set_user("user_1", Ok(User::builder("user_1").first_name("Ada").build()));
    let service = layer_with(live(), &clerk).layer(service_fn(greet));
    let cookies = signed_in(LIVE_ISSUER);
    let page = [AS_PAGE, ("cookie", cookies.as_str())];

    assert_eq!(send(service.clone(), request(HERE, &page)).await.body, "Ada");
    clerk.set_user("user_1", Ok(User::builder("user_1").first_name("Grace").build()));
    assert_eq!(send(service.clone(), request(HERE, &page)).await.body, "Ada");
    assert_eq!(clerk.calls(), ["user user_1"]);

    let returning = [AS_PAGE, ("cookie", cookies.as_str()), FROM_PORTAL];
    assert_eq!(send(service.clone(), request(HERE, &returning)).await.body, "Grace");
    assert_eq!(send(service, request(HERE, &page)).await.body, "Grace");
}
