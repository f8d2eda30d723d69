//! No secret is printed by what a request passes through.

use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use portal_tower::portal_sdk::portal::PortalPage;
use portal_tower::{Auth, PortalRedirect, RedirectToPortal, SignOut, SignedInRef};
use tower::{Service as _, ServiceBuilder};

use crate::support::{AS_PAGE, AS_SCRIPT, TEST_ISSUER, TEST_SUFFIX, expired, layer, request, send, signed_in, test};

const MARK: &str = "s3cr3tPLANTED";

fn shown(printed: &mut Vec<String>, value: &impl Debug) {
    printed.push(format!("{value:?} {value:#?}"));
}

/// Formats everything that can be made of an `Auth`, and the services that answer with it.
fn walk(auth: &Auth, request: &Request<Full<Bytes>>, printed: &mut Vec<String>) {
    shown(printed, auth);
    shown(printed, auth.state());
    shown(printed, auth.public_url());
    shown(printed, &auth.identity());
    shown(printed, &auth.signed_in().map(SignedInRef::token));
    shown(printed, &auth.check().map(|_| ()));
    for page in [PortalPage::SignIn, PortalPage::UserProfile] {
        shown(printed, &PortalRedirect::to(auth, page));
    }
    let mut redirect = RedirectToPortal::sign_in();
    shown(printed, &redirect);
    shown(printed, &redirect.call(request.clone()));
    shown(printed, &SignOut::new().call(request.clone()));
    if let Err(refusal) = auth.check() {
        printed.push(format!("{:?} {:?}", refusal, refusal.cause()));
    }
}

#[tokio::test]
async fn no_secret_is_printed() {
    let printed = Arc::new(Mutex::new(Vec::new()));
    let seen = printed.clone();
    let app = tower::service_fn(move |request: Request<Full<Bytes>>| {
        let auth = request.extensions().get::<Auth>().unwrap();
        walk(auth, &request, &mut seen.lock().unwrap());
        std::future::ready(Ok::<_, std::convert::Infallible>(Response::new(
            Full::<Bytes>::default(),
        )))
    });
    let service = ServiceBuilder::new().layer(layer(test())).service(app);
    let planted = format!("__clerk_db_jwt={MARK}; __refresh_{TEST_SUFFIX}={MARK}; __portal_sign_out={MARK}");
    let query = format!("code={MARK}&__clerk_ticket={MARK}&__session={MARK}");
    let referer = format!("http://localhost:3000/p?token={MARK}");
    let sessions = [
        signed_in(TEST_ISSUER),
        expired(TEST_ISSUER),
        format!("__session={MARK}; __client_uat=1"),
    ];
    for session in &sessions {
        let cookies = format!("{planted}; {session}");
        for caller in [AS_PAGE, AS_SCRIPT, ("hx-request", "true"), ("x-turbo-request-id", "1")] {
            for method in ["GET", "POST"] {
                let target = format!("{method} http://localhost:3000/p?{query}");
                let headers = [
                    caller,
                    ("cookie", cookies.as_str()),
                    ("referer", referer.as_str()),
                    ("hx-current-url", referer.as_str()),
                ];
                let _ = send(service.clone(), request(&target, &headers)).await;
            }
        }
    }
    let printed = printed.lock().unwrap();
    assert!(printed.len() > 100, "{}", printed.len());
    let tokens: Vec<&str> = sessions
        .iter()
        .filter_map(|session| session.split(';').next()?.rsplit('.').next())
        .filter(|signature| signature.len() > 40)
        .collect();
    for text in printed.iter() {
        assert!(!text.contains(MARK), "{text}");
        assert!(!tokens.iter().any(|token| text.contains(token)), "{text}");
    }
}
