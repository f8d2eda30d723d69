//! Cache headers of responses that depend on the user.

use std::convert::Infallible;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use portal_tower::portal_sdk::authorization::requirement_fn;
use portal_tower::portal_sdk::portal::PortalPage;
use portal_tower::{Auth, Identity, RequireAuthLayer};
use tower::{Layer as _, Service};

use crate::support::{
    AS_PAGE, AS_SCRIPT, Answer, SIGNED_OUT, TEST_ISSUER, layer, live, request, send, signed_in, test,
};

/// Header fields that a handler sets itself.
type Fields = &'static [(&'static str, &'static str)];

/// The part of `Auth` that a handler reads.
type Read = fn(&Auth) -> bool;

/// An application that reads something of `Auth` and answers with these fields.
fn app(
    read: impl Fn(&Auth) -> bool + Clone,
    fields: Fields,
) -> impl Service<Request<Full<Bytes>>, Response = Response<Full<Bytes>>, Error = Infallible, Future: Send> + Clone {
    tower::service_fn(move |request: Request<Full<Bytes>>| {
        read(request.extensions().get().unwrap());
        let mut response = Response::builder();
        for (name, value) in fields {
            response = response.header(*name, *value);
        }
        std::future::ready(Ok(response.body(Full::default()).unwrap()))
    })
}

/// Cookies of a browser that is signed in and of one that is not.
fn browsers() -> [String; 2] {
    [signed_in(TEST_ISSUER), SIGNED_OUT.to_owned()]
}

async fn answered(read: impl Fn(&Auth) -> bool + Clone, fields: Fields, cookies: &str) -> Answer {
    let service = layer(test()).layer(app(read, fields));
    send(
        service,
        request("http://localhost:3000/", &[("cookie", cookies), AS_PAGE]),
    )
    .await
}

#[tokio::test]
async fn answer_is_private_where_the_user_is_read() {
    let reads: [(&str, Read); 9] = [
        ("state", |auth| auth.state().status().is_some()),
        ("signed_in", |auth| auth.signed_in().is_some()),
        ("identity", |auth| matches!(auth.identity(), Identity::SignedIn(_))),
        ("check", |auth| auth.check().is_ok()),
        ("require", |auth| auth.require(&requirement_fn(|_| false)).is_ok()),
        ("user", |auth| {
            auth.signed_in().is_some_and(|user| !user.token().expose().is_empty())
        }),
        ("link", |auth| auth.link(PortalPage::SignIn).has_host()),
        ("link_back_to", |auth| {
            auth.link_back_to(PortalPage::SignIn, "/").has_host()
        }),
        ("a clone", |auth| auth.clone().signed_in().is_some()),
    ];
    for (name, read) in reads {
        for cookies in browsers() {
            let answer = answered(read, &[], &cookies).await;
            assert_eq!(answer.all("cache-control"), ["private"], "{name}");
            assert_eq!(answer.all("vary"), ["Cookie, Authorization"], "{name}");
        }
    }
}

#[tokio::test]
async fn answer_stays_public_where_the_user_is_not_read() {
    let reads: [(&str, Read); 4] = [
        ("nothing", |_| true),
        ("public_url", |auth| !auth.public_url().origin().is_empty()),
        ("instance", |auth| auth.instance().is_development()),
        ("debug", |auth| !format!("{auth:?}").is_empty()),
    ];
    for (name, read) in reads {
        for cookies in browsers() {
            let answer = answered(read, &[("etag", "\"1\"")], &cookies).await;
            assert_eq!(answer.header("cache-control"), None, "{name}");
            assert_eq!(answer.header("vary"), None, "{name}");
        }
    }
}

#[tokio::test]
async fn cache_control_of_the_handler_is_kept_and_vary_is_merged() {
    let read = |auth: &Auth| auth.signed_in().is_some();
    let fields = &[
        ("cache-control", "public, max-age=60"),
        ("vary", "Accept-Encoding, cookie"),
    ];
    let answer = answered(read, fields, &signed_in(TEST_ISSUER)).await;
    assert_eq!(answer.all("cache-control"), ["public, max-age=60"]);
    assert_eq!(answer.all("vary"), ["Accept-Encoding, cookie, Authorization"]);
}

/// An answer that sets a cookie of the session stays `no-store`, whatever the handler says.
#[tokio::test]
async fn answer_that_sets_cookies_is_not_stored() {
    let read = |auth: &Auth| auth.signed_in().is_some();
    let service = layer(live()).layer(app(read, &[("cache-control", "public")]));
    // The counter of handshakes is removed by a page that is shown.
    let cookies = "__clerk_redirect_count=1";
    let answer = send(
        service,
        request("https://app.example.com/", &[("cookie", cookies), AS_PAGE]),
    )
    .await;
    assert!(!answer.all("set-cookie").is_empty());
    assert_eq!(answer.all("cache-control"), ["no-store"]);
    assert_eq!(answer.all("vary"), ["Cookie, Authorization"]);
}

#[tokio::test]
async fn guarded_answer_is_private_also_inside_the_outer_layer() {
    for as_kind in [AS_PAGE, AS_SCRIPT] {
        let service = layer(test()).layer(RequireAuthLayer::signed_in().layer(app(|_| true, &[])));
        let cookies = signed_in(TEST_ISSUER);
        let answer = send(
            service,
            request("http://localhost:3000/", &[("cookie", &cookies), as_kind]),
        )
        .await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.all("cache-control"), ["private"]);
        assert_eq!(answer.all("vary"), ["Cookie, Authorization"]);
    }
}

#[tokio::test]
async fn no_store_switch_keeps_what_depends_on_the_user_out_of_every_cache() {
    let cookies = signed_in(TEST_ISSUER);
    let request = || request("http://localhost:3000/", &[("cookie", &cookies), AS_PAGE]);
    let public = &[("cache-control", "public")];
    let guard = RequireAuthLayer::signed_in();

    let guarded = guard.clone().with_no_store(true).layer(app(|_| true, public));
    let answer = send(layer(test()).layer(guarded), request()).await;
    assert_eq!(answer.all("cache-control"), ["no-store"]);

    let guarded = guard.with_no_store(false).layer(app(|_| true, public));
    let answer = send(layer(test()).layer(guarded), request()).await;
    assert_eq!(answer.all("cache-control"), ["public"]);

    let never = layer(test()).with_no_store(true);
    let read = |auth: &Auth| auth.signed_in().is_some();
    let answer = send(never.layer(app(read, public)), request()).await;
    assert_eq!(answer.all("cache-control"), ["no-store"]);
    let answer = send(never.layer(app(|_| true, public)), request()).await;
    assert_eq!(answer.all("cache-control"), ["public"], "a page that reads nothing");
}
