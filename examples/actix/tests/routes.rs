//! The routes, with signed-in requests of the feature `testing`.

use actix_web::dev::ServiceResponse;
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::web::Data;
use actix_web::{App, http::header::LOCATION};
use portal_example_actix::routes;
use portal_sdk::testing::{FakeBackend, TestInstance};

async fn send(clerk: &TestInstance, request: TestRequest) -> ServiceResponse {
    let app = App::new()
        .app_data(Data::new(clerk.authenticator()))
        .configure(routes::<FakeBackend>);
    call_service(&init_service(app).await, request.to_request()).await
}

fn get(clerk: &TestInstance, user: Option<&str>) -> TestRequest {
    let request = TestRequest::get()
        .uri("/account")
        .insert_header(("host", "localhost:3000"));
    match user {
        Some(user) => request.insert_header(("cookie", clerk.signed_in(user).cookies())),
        None => request,
    }
}

#[actix_web::test]
async fn signed_in_user_is_admitted() {
    let clerk = TestInstance::new();
    let response = send(&clerk, get(&clerk, Some("user_1"))).await;
    assert_eq!(response.status(), 200);
    assert_eq!(read_body(response).await, "Hello user_1");
}

#[actix_web::test]
async fn signed_out_request_is_redirected_to_sign_in_and_back() {
    let clerk = TestInstance::new();
    let response = send(&clerk, get(&clerk, None)).await;
    assert_eq!(response.status(), 303);
    let location = response.headers().get(LOCATION).unwrap().to_str().unwrap();
    assert!(
        location.contains("/sign-in?redirect_url=http%3A%2F%2Flocalhost%3A3000%2Faccount"),
        "{location}"
    );
}

#[actix_web::test]
async fn page_without_a_session_token_of_its_user_is_sent_to_a_handshake() {
    let clerk = TestInstance::new();
    let cookies = "__client_uat=1700000000; __clerk_db_jwt=browser";
    let page = get(&clerk, None)
        .insert_header(("cookie", cookies))
        .insert_header(("sec-fetch-dest", "document"));
    let response = send(&clerk, page).await;
    assert_eq!(response.status(), 307);
    assert!(
        response
            .headers()
            .get(LOCATION)
            .unwrap()
            .to_str()
            .unwrap()
            .contains("/v1/client/handshake?")
    );
}

#[actix_web::test]
async fn sign_out_revokes_the_session_and_removes_the_cookies() {
    let clerk = TestInstance::new();
    let post = |site| {
        let request = TestRequest::post()
            .uri("/sign-out")
            .insert_header(("host", "localhost:3000"));
        let request = request.insert_header(("cookie", clerk.signed_in("user_1").cookies()));
        request.insert_header(("sec-fetch-site", site))
    };
    assert_eq!(send(&clerk, post("cross-site")).await.status(), 403);
    assert!(clerk.backend().calls().is_empty());

    let response = send(&clerk, post("same-origin")).await;
    assert_eq!(response.status(), 303);
    assert_eq!(clerk.backend().calls().len(), 1, "{:?}", clerk.backend().calls());
    let mut cookies = response.headers().get_all("set-cookie");
    assert!(cookies.any(|cookie| cookie.to_str().unwrap().starts_with("__session=;")));
}
