//! Guards beyond the table: requirements, redirect loops, other sites' pages, caches, and renderers.

use bytes::Bytes;
use http::{HeaderValue, Request, Response};
use http_body_util::Full;
use portal_tower::portal_sdk::authorization::{Role, requirement_fn};
use portal_tower::portal_sdk::testing::FakeBackend;
use portal_tower::{AllowCrossSiteLayer, Auth, AuthenticateLayer, Refusal, RefusalCause, RequireAuthLayer};
use serde_json::json;
use tower::{Layer as _, ServiceBuilder, service_fn};

use crate::support::{
    AS_PAGE, AS_SCRIPT, Answer, App, LIVE_ISSUER, NOW_SECS, SIGNED_OUT, TEST_ISSUER, forged_token, layer, live,
    request, send, session, session_token, signed_in, test,
};

const HERE: &str = "http://localhost:3000/dashboard";

/// Sends one request through both layers to an application that says who it sees.
async fn ask(
    outer: AuthenticateLayer<FakeBackend>,
    guard: RequireAuthLayer,
    target: &str,
    headers: &[(&str, &str)],
) -> Answer {
    let service = ServiceBuilder::new()
        .layer(outer)
        .layer(guard)
        .service(App::default().service());
    send(service, request(target, headers)).await
}

#[tokio::test]
async fn met_requirement_is_admitted() {
    let admin = session(TEST_ISSUER, &json!({ "org_id": "org_a", "org_role": "org:admin" }));
    let guard = || RequireAuthLayer::with(Role::new("org:admin"));
    let answer = ask(layer(test()), guard(), HERE, &[("cookie", &admin), AS_PAGE]).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "user_1"));

    let by_function = RequireAuthLayer::with(requirement_fn(|claims| {
        claims.as_json().get("team").is_some_and(|team| team == "blue")
    }));
    let answer = ask(layer(test()), by_function.clone(), HERE, &[("cookie", &admin), AS_PAGE]).await;
    assert_eq!(answer.status, 403);
    let ada = session(TEST_ISSUER, &json!({ "team": "blue" }));
    let answer = ask(layer(test()), by_function, HERE, &[("cookie", &ada), AS_PAGE]).await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn token_with_empty_subject_is_signed_out() {
    let nobodys = session(TEST_ISSUER, &json!({ "sub": "" }));
    let headers = [("cookie", nobodys.as_str()), AS_SCRIPT];
    let answer = ask(layer(test()), RequireAuthLayer::signed_in(), HERE, &headers).await;
    assert_eq!(answer.status, 401);
    assert_eq!(answer.json()["error"]["reason"], "token-verification-failed");
    let seen = send(layer(test()).layer(App::default().service()), request(HERE, &headers)).await;
    assert_eq!(seen.body, "nobody");
}

#[tokio::test]
async fn unmet_requirement_redirects_to_the_chosen_page() {
    let cookies = signed_in(TEST_ISSUER);
    let guard = || RequireAuthLayer::with(Role::new("org:admin")).with_unmet_redirect("/ask-for-access?from=dashboard");
    let page = ask(layer(test()), guard(), HERE, &[("cookie", &cookies), AS_PAGE]).await;
    assert_eq!(page.status, 303);
    assert_eq!(
        page.header("location"),
        Some("http://localhost:3000/ask-for-access?from=dashboard")
    );
    assert_eq!(page.header("cache-control"), Some("no-store"));
    for (target, kind) in [(format!("POST {HERE}"), AS_PAGE), (HERE.to_owned(), AS_SCRIPT)] {
        let answer = ask(layer(test()), guard(), &target, &[("cookie", &cookies), kind]).await;
        assert_eq!((answer.status, answer.header("location")), (403, None), "{target}");
    }
}

/// A browser that keeps the guard's cookie and has these cookies besides; how it fares on its first visits.
async fn visits(outer: &AuthenticateLayer<FakeBackend>, target: &str, cookies: &str, count: usize) -> Vec<Answer> {
    let mut answers: Vec<Answer> = Vec::new();
    for _ in 0..count {
        let counted = answers.last().and_then(|answer| answer.header("set-cookie"));
        let counted = counted
            .map_or("", |cookie| cookie.split(';').next().unwrap())
            .to_owned();
        let cookies = format!("{cookies}; {counted}");
        let guard = RequireAuthLayer::signed_in();
        answers.push(ask(outer.clone(), guard, target, &[("cookie", &cookies), AS_PAGE]).await);
    }
    answers
}

#[tokio::test]
async fn redirect_loop_ends_on_a_page_that_explains_it() {
    let forged = forged_token(TEST_ISSUER);
    let early = json!({ "nbf": NOW_SECS + 600, "azp": "http://localhost:3000" });
    let early = session_token(TEST_ISSUER, &early);
    let elsewhere = json!({ "azp": "http://localhost:9999" });
    let elsewhere = session_token(TEST_ISSUER, &elsewhere);
    let with = |token: &str| format!("{SIGNED_OUT}; __session={token}; __client_uat=1; __clerk_redirect_count=3");
    for (cookies, reason, cause, details) in [
        (
            with(&forged),
            "token-invalid-signature",
            "The keys belong to different Clerk instances",
            "not signed by this instance",
        ),
        (
            with(&early),
            "token-not-active-yet",
            "clock is about 600 s behind Clerk",
            "is not valid before",
        ),
        (
            with(&elsewhere),
            "token-invalid-authorized-parties",
            "made for http://localhost:9999, which is not an authorized party",
            "expected one of http://localhost:3000",
        ),
        (
            SIGNED_OUT.to_owned(),
            "no session token was sent (session-token-and-uat-missing)",
            "Unknown.",
            "<details open>",
        ),
    ] {
        let outer = layer(test().authorized_parties(["http://localhost:3000"]));
        let answers = visits(&outer, HERE, &cookies, 4).await;
        let statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
        assert_eq!(statuses, [303, 303, 303, 401], "{reason}");
        let cookie = answers[0].header("set-cookie").unwrap();
        assert!(
            cookie.ends_with("; HttpOnly; SameSite=Lax; Path=/; Max-Age=10"),
            "{cookie}"
        );
        let page = &answers[3];
        assert_eq!(page.header("cache-control"), Some("no-store"));
        let decided = "<summary>How this request was decided</summary>";
        let reason = format!("<dt>Reason</dt>\n<dd>{reason}</dd>");
        for text in [
            "We couldn&#39;t sign you in",
            "You signed in, but this application doesn&#39;t recognize you.",
            &reason,
            cause,
            "What to do",
            details,
            "Try again",
            decided,
            "GET http://localhost:3000/dashboard",
        ] {
            assert!(page.body.contains(text), "{text} is not in {}", page.body);
        }
    }
}

#[tokio::test]
async fn loop_page_in_production_has_nothing_internal() {
    let elsewhere = session_token(LIVE_ISSUER, &json!({ "azp": "https://other.example.com" }));
    let cookies = format!("__session={elsewhere}; __client_uat=1");
    let builder = || live().authorized_parties(["https://app.example.com"]);
    let here = "https://app.example.com/dashboard";
    let (log, _guard) = crate::refusals::keep_log().await;
    let page = visits(&layer(builder()), here, &cookies, 4).await.pop().unwrap();
    assert!(page.status == 401 && page.body.contains("tell the site&#39;s administrators"));
    for internal in ["authorized", "other.example.com", "<details", "<dl>", "PORTAL_"] {
        assert!(!page.body.contains(internal), "{internal} is in {}", page.body);
    }
    // Once a minute in the process, perhaps by another test.
    for line in log.lines("redirect loop:") {
        let parts = ["cause=", "fix=", "explanation=request: "];
        assert!(parts.iter().all(|part| line.contains(part)), "{line}");
    }
    let page = visits(&layer(builder().debug(true)), here, &cookies, 4)
        .await
        .pop()
        .unwrap();
    assert!(page.body.contains("other.example.com"), "{}", page.body);
}

/// Renders the details and the likely cause, as JSON.
fn in_facts(refusal: &Refusal) -> Option<Response<Bytes>> {
    let cause = refusal.likely_cause().map(ToString::to_string);
    let facts = json!({ "details": refusal.details(), "cause": cause });
    Some(Response::new(facts.to_string().into()))
}

#[tokio::test]
async fn renderer_gets_the_details_and_the_cause_of_a_loop_in_development_only() {
    let with = |token: &str| format!("{SIGNED_OUT}; __session={token}; __client_uat=1; __clerk_redirect_count=3");
    let (forged, live_forged) = (with(&forged_token(TEST_ISSUER)), with(&forged_token(LIVE_ISSUER)));
    let live_here = "https://app.example.com/dashboard";
    let details = "not signed by this instance";
    let cause = "The keys belong to different Clerk instances";
    for (settings, here, cookies, expected) in [
        (test(), HERE, forged.as_str(), Some((details, cause))),
        (test(), HERE, SIGNED_OUT, None),
        (live().debug(true), live_here, &live_forged, Some((details, cause))),
        (live(), live_here, &live_forged, None),
    ] {
        let outer = layer(settings).with_refusal_renderer(in_facts);
        let page = visits(&outer, here, cookies, 4).await.pop().unwrap();
        assert_eq!(page.status, 401, "{here}");
        let facts = page.json();
        match expected {
            Some((details, cause)) => {
                let has = |name: &str, text| facts[name].as_str().is_some_and(|found| found.contains(text));
                assert!(has("details", details) && has("cause", cause), "{facts}");
            }
            None => assert_eq!(facts, json!({ "details": null, "cause": null })),
        }
    }
}

#[tokio::test]
async fn allowed_origins_and_routes_accept_cross_site_requests() {
    let cookies = signed_in(TEST_ISSUER);
    let target = format!("POST {HERE}");
    let from = |site: &'static str, origin: &'static str| {
        [
            ("cookie", cookies.as_str()),
            ("sec-fetch-site", site),
            ("origin", origin),
            AS_SCRIPT,
        ]
    };
    let named = || layer(test().allowed_request_origins(["http://localhost:5173"]));
    for (outer, headers, status) in [
        (layer(test()), from("same-origin", "http://localhost:3000"), 200),
        (layer(test()), from("same-site", "http://localhost:5173"), 403),
        (named(), from("same-site", "http://localhost:5173"), 200),
        (named(), from("cross-site", "https://evil.example"), 403),
    ] {
        let answer = ask(outer, RequireAuthLayer::signed_in(), &target, &headers).await;
        assert_eq!(answer.status, status, "{headers:?}");
    }

    let service = ServiceBuilder::new()
        .layer(layer(test()))
        .layer(AllowCrossSiteLayer::new())
        .layer(RequireAuthLayer::signed_in())
        .service(App::default().service());
    let answer = send(service, request(&target, &from("cross-site", "https://evil.example"))).await;
    assert_eq!(answer.body, "user_1");
}

#[tokio::test]
async fn cross_site_request_is_not_signed_in() {
    // A service without a guard that asks for itself.
    let service = layer(test()).layer(App::default().service());
    let cookies = signed_in(TEST_ISSUER);
    let headers = [("cookie", cookies.as_str()), ("sec-fetch-site", "cross-site")];
    assert_eq!(
        send(service.clone(), request(&format!("POST {HERE}"), &headers))
            .await
            .body,
        "nobody"
    );
    // Links are exempt, and so are bearer tokens, which browsers never attach on their own.
    assert_eq!(send(service.clone(), request(HERE, &headers)).await.body, "user_1");
    let bearer = format!("Bearer {}", session_token(TEST_ISSUER, &json!({})));
    let headers = [
        ("authorization", bearer.as_str()),
        ("sec-fetch-site", "cross-site"),
        ("cookie", "a=b"),
    ];
    assert_eq!(
        send(service, request(&format!("POST {HERE}"), &headers)).await.body,
        "user_1"
    );
}

#[tokio::test]
async fn cache_control_of_the_handler_is_kept() {
    let handler = service_fn(async |request: Request<Full<Bytes>>| {
        let mut response = Response::new(Full::<Bytes>::default());
        if let Some(value) = request.headers().get("x-cache") {
            response.headers_mut().insert("cache-control", value.clone());
        }
        Ok::<_, std::convert::Infallible>(response)
    });
    let service = ServiceBuilder::new()
        .layer(layer(test()))
        .layer(RequireAuthLayer::signed_in())
        .service(handler);
    let cookies = signed_in(TEST_ISSUER);
    for (asked_for, expected) in [(None, "private"), (Some("public, max-age=60"), "public, max-age=60")] {
        let mut request = request(HERE, &[("cookie", &cookies)]);
        if let Some(value) = asked_for {
            request.headers_mut().insert("x-cache", HeaderValue::from_static(value));
        }
        assert_eq!(
            send(service.clone(), request).await.header("cache-control"),
            Some(expected)
        );
    }
}

/// Everything in another look, and more fields than one should.
fn in_another_look(refusal: &Refusal) -> Option<Response<Bytes>> {
    if *refusal.cause() == RefusalCause::Unmet {
        return None;
    }
    let response = Response::builder().status(200).header("x-look", "ours");
    let response = response
        .header("cache-control", "public")
        .header("content-type", "text/plain");
    response.body(Bytes::from("another look")).ok()
}

#[tokio::test]
async fn rendered_refusal_keeps_status_and_required_fields() {
    let guard = RequireAuthLayer::signed_in;
    let outer = || layer(test()).with_refusal_renderer(in_another_look);
    let signed_out = ("cookie", SIGNED_OUT);
    let script = ask(outer(), guard(), HERE, &[signed_out, AS_SCRIPT]).await;
    assert_eq!((script.status, script.body.as_str()), (401, "another look"));
    assert_eq!(script.header("www-authenticate"), Some("Bearer"));
    assert_eq!(script.all("cache-control"), ["no-store"]);
    assert_eq!(
        (script.header("x-look"), script.header("content-type")),
        (Some("ours"), Some("text/plain"))
    );

    let page = ask(outer(), guard(), HERE, &[signed_out, AS_PAGE]).await;
    assert_eq!(page.status, 303);
    assert!(
        page.header("location")
            .unwrap()
            .starts_with("https://foo-bar-13.accounts.dev/sign-in?")
    );
    let htmx = ask(outer(), guard(), HERE, &[signed_out, ("hx-request", "true")]).await;
    assert!(htmx.status == 401 && htmx.header("hx-redirect").is_some());

    // The case it leaves alone, and those who have no look.
    let unmet = RequireAuthLayer::with(requirement_fn(|_| false));
    let unmet = ask(outer(), unmet, HERE, &[("cookie", &signed_in(TEST_ISSUER)), AS_PAGE]).await;
    assert!(
        unmet.status == 403 && unmet.body.contains("You don&#39;t have access to this page"),
        "{}",
        unmet.body
    );
    let turbo = ask(outer(), guard(), HERE, &[signed_out, ("turbo-frame", "cart")]).await;
    assert!(turbo.body.contains("turbo-visit-control"), "{}", turbo.body);
    let grpc = ask(
        outer(),
        guard(),
        &format!("POST {HERE}"),
        &[signed_out, ("content-type", "application/grpc")],
    )
    .await;
    assert_eq!((grpc.header("grpc-status"), grpc.body.as_str()), (Some("16"), ""));
}

#[tokio::test]
async fn grpc_refusal_uses_the_callers_media_type() {
    for (content_type, expected) in [
        ("application/grpc", "application/grpc"),
        ("application/grpc+proto", "application/grpc+proto"),
        ("application/grpc-web", "application/grpc-web"),
        ("application/grpc-web+proto", "application/grpc-web+proto"),
        ("application/grpc-web-text", "application/grpc-web-text"),
        (
            "Application/gRPC-Web-Text+proto; a=b",
            "application/grpc-web-text+proto",
        ),
    ] {
        let headers = [("cookie", SIGNED_OUT), ("content-type", content_type)];
        let answer = ask(
            layer(test()),
            RequireAuthLayer::signed_in(),
            &format!("POST {HERE}"),
            &headers,
        )
        .await;
        // Without a message the status travels in the header, also to gRPC-Web.
        assert_eq!((answer.status, answer.body.as_str()), (200, ""), "{content_type}");
        assert_eq!(answer.header("grpc-status"), Some("16"), "{content_type}");
        assert_eq!(answer.all("content-type"), [expected]);
    }
}

#[tokio::test]
async fn nested_layer_uses_the_outer_public_url() {
    // As a router does that nests: the inner service sees a shorter path.
    let strip = tower::util::MapRequestLayer::new(|mut request: Request<Full<Bytes>>| {
        *request.uri_mut() = "/inner?tab=1".parse().unwrap();
        request
    });
    let address = service_fn(async |request: Request<Full<Bytes>>| {
        let auth = request.extensions().get::<Auth>().unwrap();
        Ok::<_, std::convert::Infallible>(Response::new(Full::from(auth.public_url().to_string())))
    });
    let service = ServiceBuilder::new()
        .layer(layer(test()))
        .layer(strip)
        .layer(layer(test()))
        .service(address);
    let answer = send(
        service,
        request("http://localhost:3000/outer/inner?tab=1", &[("cookie", SIGNED_OUT)]),
    )
    .await;
    assert_eq!(answer.body, "http://localhost:3000/outer/inner?tab=1");
}
