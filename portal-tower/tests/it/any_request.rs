//! Any request is answered: nothing in it makes a layer or a service panic.

use std::convert::Infallible;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, Uri, Version};
use http_body_util::Full;
use portal_tower::portal_sdk::portal::PortalPage;
use portal_tower::{Auth, RedirectToPortal, RequireAuthLayer, SignOut};
use tower::{Layer as _, ServiceExt as _, service_fn};

use crate::support::{LIVE_ISSUER, TEST_ISSUER, expired, layer, live, signed_in, test};

const CASES: usize = 2_000;

/// A generator of numbers (xorshift), so that each run takes the same requests.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % bound
    }

    fn pick<'t, T>(&mut self, items: &'t [T]) -> &'t T {
        &items[self.below(items.len())]
    }
}

const TARGETS: [&str; 14] = [
    "/",
    "*",
    "example.com:443",
    "http://a/b?c",
    "//x",
    "/%ff%",
    "/?__clerk_db_jwt=%ff&__clerk_handshake=a.b.c",
    "/?__clerk_redirect_url=//x&__clerk_synced=false",
    "http://[::1]:80/",
    "https://user:pass@host:1/x",
    "/..//../%2e%2e/",
    "/a?",
    "http://localhost:99",
    "/\u{e9}",
];
const NAMES: [&str; 24] = [
    "accept",
    "access-control-request-method",
    "authorization",
    "connection",
    "content-type",
    "cookie",
    "datastar-request",
    "host",
    "hx-boosted",
    "hx-current-url",
    "hx-history-restore-request",
    "hx-request",
    "origin",
    "referer",
    "sec-fetch-dest",
    "sec-fetch-mode",
    "sec-fetch-site",
    "turbo-frame",
    "upgrade",
    "x-forwarded-host",
    "x-forwarded-prefix",
    "x-forwarded-proto",
    "x-turbo-request-id",
    "x-up-version",
];
const VALUES: [&str; 30] = [
    "",
    "text/html",
    "application/grpc",
    "application/grpc-web+proto",
    "text/event-stream",
    "multipart/form-data",
    "POST",
    "Bearer a.b.c",
    "Upgrade",
    "websocket",
    "true",
    "document",
    "empty",
    "iframe",
    "cross-site",
    "same-origin",
    "navigate",
    "null",
    "https://app.example.com/x",
    "http://localhost:3000",
    "//",
    "http://[",
    "https://x:99999/",
    "a, b",
    "/shop",
    "https",
    ",",
    "ftp",
    "*/*;q=",
    "__session=; __clerk_redirect_count=-1; __portal=1",
];

/// A request whose target and fields may be malformed.
fn request(dice: &mut Dice, cookies: &[String]) -> Request<Full<Bytes>> {
    let mut request = Request::new(Full::default());
    let methods = [
        Method::GET,
        Method::GET,
        Method::POST,
        Method::HEAD,
        Method::OPTIONS,
        Method::CONNECT,
        Method::from_bytes(b"x").unwrap(),
    ];
    *request.method_mut() = dice.pick(&methods).clone();
    *request.uri_mut() = Uri::try_from(*dice.pick(&TARGETS)).unwrap_or_default();
    *request.version_mut() = *dice.pick(&[Version::HTTP_09, Version::HTTP_11, Version::HTTP_2, Version::HTTP_3]);
    for _ in 0..dice.below(8) {
        let name = *dice.pick(&NAMES);
        let mut value = match name {
            "cookie" => dice.pick(cookies).clone().into_bytes(),
            _ => dice.pick(&VALUES).as_bytes().to_vec(),
        };
        for _ in 0..dice.below(3) {
            let at = dice.below(value.len() + 1);
            let byte = *dice.pick(b"%;=, \t\"/:@.\\0\xe9\xff\x7f\0?#[&+");
            match dice.below(3) {
                0 => value.insert(at, byte),
                1 => value.truncate(at),
                _ => value = [&value[at..], &value[..at]].concat(),
            }
        }
        if let Ok(value) = HeaderValue::from_bytes(&value) {
            request.headers_mut().append(name, value);
        }
    }
    request
}

#[tokio::test]
async fn any_request_is_answered() {
    let mut dice = Dice(7);
    let app = service_fn(async |request: Request<Full<Bytes>>| {
        let auth = request.extensions().get::<Auth>().unwrap();
        drop((
            auth.link(PortalPage::SignIn),
            auth.public_url().base(),
            auth.user().await.is_ok(),
        ));
        Ok::<_, Infallible>(Response::new(Full::<Bytes>::default()))
    });
    let cookies = [
        signed_in(LIVE_ISSUER),
        signed_in(TEST_ISSUER),
        expired(LIVE_ISSUER),
        expired(TEST_ISSUER),
        "__clerk_db_jwt=dvb".to_owned(),
        "__clerk_redirect_count=3-1-x; __clerk_handshake_nonce=n; __clerk_handshake=a.b.c".to_owned(),
    ];
    let instances = [
        live(),
        test(),
        live().public_origin("https://example.com/shop"),
        test().organization_patterns(["/:slug"]),
        live().proxy_url("/__clerk"),
    ];
    let layers = instances.map(layer);
    let mut statuses = std::collections::BTreeMap::new();
    for _ in 0..CASES {
        let layer = dice.pick(&layers);
        let request = request(&mut dice, &cookies);
        let status = match dice.below(4) {
            0 => layer.layer(app).oneshot(request).await.unwrap().status(),
            1 => layer
                .layer(RequireAuthLayer::signed_in().layer(app))
                .oneshot(request)
                .await
                .unwrap()
                .status(),
            2 => layer
                .layer(RedirectToPortal::user_profile())
                .oneshot(request)
                .await
                .unwrap()
                .status(),
            _ => layer
                .layer(SignOut::new().with_confirmation(true))
                .oneshot(request)
                .await
                .unwrap()
                .status(),
        };
        *statuses.entry(status.as_u16()).or_insert(0) += 1;
    }
    for status in [200, 303, 307, 401, 403, 405] {
        assert!(statuses.contains_key(&status), "{statuses:?}");
    }
}
