//! Likely causes of redirect loops, by the facts of the last request and of the handshakes before it.

mod sentences;

use std::time::Duration;

use http::header::{COOKIE, HOST};
use http::request::Parts;
use http::{Request, StatusCode};
use portal_sdk::clock::Clock as _;
use portal_sdk::effect::{BackendError, HandshakePayload};
use portal_sdk::instance::{Instance, InstanceBuilder, Satellite};
use portal_sdk::request::PublicUrl;
use portal_sdk::state::LikelyCause;
use portal_sdk::testing::{TestInstance, TestKey};
use portal_sdk::token::TokenErrorReason;

const DEVELOPMENT_KEY: &str = "pk_test_Zm9vLWJhci0xMy5jbGVyay5hY2NvdW50cy5kZXYk";
const HERE: &str = "http://localhost:3000/inbox";
const API: &str = "https://api.clerk.com";

fn development() -> InstanceBuilder {
    Instance::builder(DEVELOPMENT_KEY, "sk_test_x").authorized_parties(["http://localhost:3000"])
}

fn clerk(settings: InstanceBuilder) -> TestInstance {
    TestInstance::from_builder(settings).unwrap()
}

/// A browser's request for the page.
fn page(cookies: &str) -> Parts {
    page_with(cookies, &[])
}

fn page_with(cookies: &str, headers: &[(&str, &str)]) -> Parts {
    let mut request = Request::get(HERE)
        .header(HOST, "localhost:3000")
        .header("sec-fetch-dest", "document")
        .header(COOKIE, cookies);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(()).unwrap().into_parts().0
}

/// Returns the cause that is named for the last request of a loop.
async fn cause(clerk: &TestInstance, parts: &Parts, problem: Option<TokenErrorReason>) -> Option<LikelyCause> {
    let authenticator = clerk.authenticator();
    let state = authenticator.authenticate(parts).await.state;
    let url = PublicUrl::within(parts, clerk.instance().public_origins());
    let explanation = authenticator.explain_loop(parts, &url, &state, problem);
    explanation.likely_cause().cloned()
}

/// Lets a handshake return with this result.
async fn return_from_handshake(clerk: &TestInstance, result: Result<HandshakePayload, BackendError>) {
    clerk.backend().set_handshake_payload(result);
    let uri = format!("{HERE}?__clerk_handshake_nonce=n");
    let request = Request::get(uri)
        .header(HOST, "localhost:3000")
        .header("sec-fetch-dest", "document")
        .header(COOKIE, "__clerk_db_jwt=b");
    let parts = request.body(()).unwrap().into_parts().0;
    let _ = clerk.authenticator().authenticate(&parts).await;
}

fn payload(cookies: &[String]) -> HandshakePayload {
    HandshakePayload::new(cookies.iter().cloned())
}

/// The cause of a token whose issuer is not the development instance's.
fn not_accepted(found: Option<&str>) -> LikelyCause {
    LikelyCause::Issuer {
        found: found.map(Into::into),
        accepted: "https://foo-bar-13.clerk.accounts.dev".into(),
    }
}

const IN_LOOP: &str = "__clerk_db_jwt=b; __clerk_redirect_count=3";

#[tokio::test]
async fn token_tells_the_cause() {
    let clerk = clerk(development());
    let now = clerk.clock().now().as_secs();
    let session = || clerk.signed_in("user_1");
    let foreign = "https://other.clerk.accounts.dev";
    for (session, expected) in [
        (
            session().signed_by(TestKey::generate()),
            LikelyCause::OtherInstance {
                issuer: None,
                variable: "CLERK_JWT_KEY",
            },
        ),
        (
            session().signed_by(TestKey::generate()).claim("iss", foreign),
            LikelyCause::OtherInstance {
                issuer: Some(foreign.into()),
                variable: "CLERK_PUBLISHABLE_KEY",
            },
        ),
        // The signature is valid, so this is not a key of another instance.
        (session().claim("iss", foreign), not_accepted(Some(foreign))),
        (session().claim("iss", serde_json::Value::Null), not_accepted(None)),
        (
            session().claim("azp", "http://localhost:4000"),
            LikelyCause::AuthorizedParty {
                found: Some("http://localhost:4000".into()),
                accepted: "http://localhost:3000".into(),
            },
        ),
        (
            session().claim("iat", now + 600),
            LikelyCause::ClockBehind {
                by: Duration::from_secs(600),
            },
        ),
        (
            session().claim("nbf", now + 60),
            LikelyCause::ClockBehind {
                by: Duration::from_secs(60),
            },
        ),
    ] {
        let cookies = format!("{}; __clerk_redirect_count=3", session.cookies());
        assert_eq!(cause(&clerk, &page(&cookies), None).await, Some(expected));
    }
}

#[tokio::test]
async fn problem_of_an_earlier_request_tells_the_cause() {
    let clerk = clerk(development());
    for (problem, expected) in [
        (
            TokenErrorReason::TokenInvalidSignature,
            Some(LikelyCause::OtherInstance {
                issuer: None,
                variable: "CLERK_PUBLISHABLE_KEY",
            }),
        ),
        (TokenErrorReason::TokenInvalidIssuer, Some(not_accepted(None))),
        (
            TokenErrorReason::SecretKeyInvalid,
            Some(LikelyCause::SecretKeyRefused { api_url: API.into() }),
        ),
        (
            TokenErrorReason::TokenInvalidAuthorizedParties,
            Some(LikelyCause::AuthorizedParty {
                found: None,
                accepted: "http://localhost:3000".into(),
            }),
        ),
        (TokenErrorReason::TokenVerificationFailed, None),
    ] {
        assert_eq!(cause(&clerk, &page(IN_LOOP), Some(problem)).await, expected);
    }
}

#[tokio::test]
async fn token_of_the_last_handshake_completes_an_earlier_problem() {
    let clerk = clerk(development());
    let session = || clerk.signed_in("user_1").claim("azp", "http://localhost:4000");
    let deliver =
        async |token: String| return_from_handshake(&clerk, Ok(payload(&[format!("__session={token}")]))).await;
    deliver(session().token()).await;
    assert_eq!(
        cause(
            &clerk,
            &page(IN_LOOP),
            Some(TokenErrorReason::TokenInvalidAuthorizedParties)
        )
        .await,
        Some(LikelyCause::AuthorizedParty {
            found: Some("http://localhost:4000".into()),
            accepted: "http://localhost:3000".into(),
        })
    );
    let foreign = "https://other.clerk.accounts.dev";
    for (token, issuer, variable) in [
        (session().token(), None, "CLERK_JWT_KEY"),
        (
            session().claim("iss", foreign).token(),
            Some(foreign.into()),
            "CLERK_PUBLISHABLE_KEY",
        ),
    ] {
        deliver(token).await;
        assert_eq!(
            cause(&clerk, &page(IN_LOOP), Some(TokenErrorReason::TokenInvalidSignature)).await,
            Some(LikelyCause::OtherInstance { issuer, variable })
        );
    }
}

#[tokio::test]
async fn refused_handshake_tells_the_cause_for_a_minute() {
    let refused = |code: &str| Err(BackendError::answer(StatusCode::UNAUTHORIZED).with_code(code));
    let problem = "the Backend API answered 401 Unauthorized (resource_not_found)".into();
    for (code, expected) in [
        (
            "clerk_key_invalid",
            LikelyCause::SecretKeyRefused { api_url: API.into() },
        ),
        ("resource_not_found", LikelyCause::PayloadRefused { problem }),
    ] {
        let clerk = clerk(development());
        return_from_handshake(&clerk, refused(code)).await;
        assert_eq!(cause(&clerk, &page(IN_LOOP), None).await, Some(expected), "{code}");
        clerk.clock().advance(Duration::from_secs(61));
        assert_eq!(cause(&clerk, &page(IN_LOOP), None).await, None, "{code}");
    }
}

#[tokio::test]
async fn accepted_handshake_clears_a_refused_one() {
    let clerk = clerk(development());
    let refused = BackendError::answer(StatusCode::NOT_FOUND).with_code("resource_not_found");
    return_from_handshake(&clerk, Err(refused)).await;
    return_from_handshake(&clerk, Ok(payload(&["__client_uat=0".to_owned()]))).await;
    assert_eq!(cause(&clerk, &page(IN_LOOP), None).await, None);
}

#[tokio::test]
async fn new_token_tells_the_difference_of_the_clocks() {
    for (seconds, expected) in [
        (
            -600_i64,
            Some(LikelyCause::ClockAhead {
                by: Duration::from_secs(600),
            }),
        ),
        (
            600,
            Some(LikelyCause::ClockBehind {
                by: Duration::from_secs(600),
            }),
        ),
        (4, None),
        (-4, None),
    ] {
        let clerk = clerk(development());
        let issued_at = clerk.clock().now().as_secs() + seconds;
        let token = clerk
            .signed_in("user_1")
            .claim("iat", issued_at)
            .claim("nbf", issued_at - 10)
            .claim("exp", issued_at + 60)
            .token();
        let cookies = [format!("__session={token}"), "__client_uat=1".to_owned()];
        return_from_handshake(&clerk, Ok(payload(&cookies))).await;
        // Even if the browser has dropped the expired cookie.
        assert_eq!(cause(&clerk, &page(IN_LOOP), None).await, expected, "{seconds}");
    }
}

#[tokio::test]
async fn too_large_session_cookie_is_the_cause_for_its_browser_only() {
    let clerk = clerk(development());
    let token = clerk.signed_in("user_1").claim("long", "x".repeat(5000)).token();
    let size = "__session".len() + token.len();
    let cookies = [format!("__session={token}"), "__client_uat=7".to_owned()];
    return_from_handshake(&clerk, Ok(payload(&cookies))).await;
    let expected = LikelyCause::TokenTooLarge { found: size, max: 4096 };
    let own = page(&format!("{IN_LOOP}; __client_uat=7"));
    assert_eq!(cause(&clerk, &own, None).await, Some(expected));
    let another = page(&format!("{IN_LOOP}; __client_uat=8"));
    assert_eq!(cause(&clerk, &another, None).await, None);
}

#[tokio::test]
async fn public_origin_that_the_request_contradicts_is_the_cause() {
    let wrong = || development().public_origin("http://127.0.0.1:3000");
    let expected = Some(LikelyCause::PublicOrigin {
        used: "http://127.0.0.1:3000".into(),
        named: "http://localhost:3000".into(),
    });
    // The request names an accepted origin, and the token was made for the other one.
    let clerk = clerk(wrong());
    let session = clerk.signed_in("user_1").claim("azp", "http://127.0.0.1:3000");
    assert_eq!(cause(&clerk, &page(&session.cookies()), None).await, expected);
    // The browser itself names the origin.
    for (site, found) in [("same-origin", expected), ("cross-site", None)] {
        let headers = [("sec-fetch-site", site), ("referer", "http://localhost:3000/")];
        let parts = page_with(IN_LOOP, &headers);
        assert_eq!(cause(&clerk, &parts, None).await, found, "{site}");
    }
}

#[tokio::test]
async fn satellite_that_names_itself_is_the_cause() {
    let satellite = |domain: &str, sign_in: &str| {
        let settings = development().satellite(Satellite::on_domain(domain));
        clerk(settings.sign_in_url(sign_in))
    };
    for (clerk, expected) in [
        (
            satellite("localhost:3000", "http://localhost:3000/sign-in"),
            Some(LikelyCause::SignInUrl {
                origin: "http://localhost:3000".into(),
            }),
        ),
        (
            satellite("satellite.example", "http://localhost:4000/sign-in"),
            Some(LikelyCause::SatelliteDomain {
                domain: "satellite.example".into(),
                host: "localhost".into(),
            }),
        ),
        (satellite("localhost:3000", "http://localhost:4000/sign-in"), None),
    ] {
        assert_eq!(cause(&clerk, &page(IN_LOOP), None).await, expected);
    }
}

#[tokio::test]
async fn remaining_causes_have_their_facts() {
    let clerk = clerk(development());
    let pending = clerk.signed_in("user_1").pending(true).cookies();
    assert_eq!(
        cause(&clerk, &page(&pending), None).await,
        Some(LikelyCause::PendingTasks)
    );
    let issued = clerk.signed_in("user_1").token();
    let later = clerk.clock().now().as_secs() + 1;
    let conflict = format!("{IN_LOOP}; __session={issued}; __client_uat={later}");
    assert_eq!(
        cause(&clerk, &page(&conflict), None).await,
        Some(LikelyCause::ConflictingCookies)
    );
    let now = clerk.clock().now().as_secs();
    let uri = format!("{HERE}?__portal_cookie_check={now}");
    let request = Request::get(uri)
        .header(HOST, "localhost:3000")
        .header("sec-fetch-dest", "document");
    let lost = request.body(()).unwrap().into_parts().0;
    assert_eq!(cause(&clerk, &lost, None).await, Some(LikelyCause::CookiesBlocked));

    clerk
        .backend()
        .set_handshake_payload(Err(BackendError::connect("refused")));
    let uri = format!("{HERE}?__clerk_handshake_nonce=n");
    let request = Request::get(uri)
        .header(HOST, "localhost:3000")
        .header("sec-fetch-dest", "document");
    let unreachable = request.body(()).unwrap().into_parts().0;
    let problem =
        "the result of the handshake cannot be fetched: no connection to the Backend API could be made: refused";
    let found = cause(&clerk, &unreachable, None).await;
    let Some(LikelyCause::ApiOutOfReach {
        api_url,
        problem: found,
    }) = &found
    else {
        panic!("found {found:?}");
    };
    assert!(**api_url == *API && problem.ends_with(&**found), "{found}");
}

#[tokio::test]
async fn request_without_a_fact_has_no_cause() {
    let clerk = clerk(development());
    assert_eq!(cause(&clerk, &page(IN_LOOP), None).await, None);
    // Outside a loop, an old token is an ordinary reason.
    let expired = clerk.signed_in("user_1").expired(true);
    let (parts, ()) = expired.get(HERE).body(()).unwrap().into_parts();
    assert_eq!(clerk.authenticator().explain(&parts).likely_cause(), None);
    let signed_in = clerk.signed_in("user_1").get(HERE).body(()).unwrap().into_parts().0;
    assert_eq!(cause(&clerk, &signed_in, None).await, None);
}

#[tokio::test]
async fn latest_handshake_is_a_fact_of_a_loop_for_a_minute() {
    let clerk = clerk(development());
    let fact = || {
        let parts = page(IN_LOOP);
        let authenticator = clerk.authenticator();
        let state = authenticator.try_authenticate(&parts).expect("nothing to fetch").state;
        let url = PublicUrl::within(&parts, clerk.instance().public_origins());
        let of_loop = authenticator.explain_loop(&parts, &url, &state, None);
        let alone = authenticator.explain_decided(&parts, &url, &state);
        assert_eq!(alone.get("handshake"), None);
        of_loop.get("handshake").map(str::to_owned)
    };
    assert_eq!(fact(), None);
    let token = clerk.signed_in("user_1").token();
    let size = "__session".len() + token.len();
    return_from_handshake(&clerk, Ok(payload(&[format!("__session={token}")]))).await;
    let found = fact().expect("a fact");
    assert!(
        found.starts_with("the last one was delivered ")
            && found.ends_with(&format!("its session cookie has {size} bytes")),
        "{found}"
    );
    return_from_handshake(&clerk, Err(BackendError::connect("refused"))).await;
    let found = fact().expect("a fact");
    assert!(found.starts_with("the last one was not delivered, "), "{found}");
    clerk.clock().advance(Duration::from_secs(61));
    assert_eq!(fact(), None);
}

#[tokio::test]
async fn handshake_in_an_outage_is_not_a_cause() {
    let clerk = clerk(development());
    return_from_handshake(&clerk, Err(BackendError::connect("refused"))).await;
    assert_eq!(cause(&clerk, &page(IN_LOOP), None).await, None);
}

#[tokio::test]
async fn wrong_clock_of_an_expired_token_comes_before_an_earlier_problem() {
    let clerk = clerk(development());
    let issued_at = clerk.clock().now().as_secs() - 600;
    let token = clerk
        .signed_in("user_1")
        .claim("iat", issued_at)
        .claim("nbf", issued_at - 10)
        .claim("exp", issued_at + 60)
        .token();
    return_from_handshake(&clerk, Ok(payload(&[format!("__session={token}")]))).await;
    let cookies = format!("{IN_LOOP}; __session={token}; __client_uat=1");
    assert_eq!(
        cause(&clerk, &page(&cookies), Some(TokenErrorReason::SecretKeyInvalid)).await,
        Some(LikelyCause::ClockAhead {
            by: Duration::from_secs(600)
        })
    );
}

#[tokio::test]
async fn cookie_that_browsers_still_store_is_not_too_large() {
    for (size, expected) in [
        (4096, None),
        (4097, Some(LikelyCause::TokenTooLarge { found: 4097, max: 4096 })),
    ] {
        let clerk = clerk(development());
        let token = "x".repeat(size - "__session".len());
        let cookies = [format!("__session={token}"), "__client_uat=7".to_owned()];
        return_from_handshake(&clerk, Ok(payload(&cookies))).await;
        let own = page(&format!("{IN_LOOP}; __client_uat=7"));
        assert_eq!(cause(&clerk, &own, None).await, expected, "{size}");
    }
}
