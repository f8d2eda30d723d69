//! Redirects that the browser follows, and those that it does not.

use axum::Router;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::routing::any;
use portal_local::TestBrowser;

use crate::echo::{APP, OTHER, PORTAL, browser_with, echo};

/// `/{status}` redirects to `/end`, `/loop` to itself.
fn browser() -> TestBrowser {
    let form = "<form method=post action=/303><input name=a value=1><button>303</button></form>\
        <form method=post action=/302><input name=a value=1><button>302</button></form>\
        <form method=post action=/301><input name=a value=1><button>301</button></form>\
        <form method=post action=/307><input name=a value=1><button>307</button></form>\
        <form method=post action=/308><input name=a value=1><button>308</button></form>\
        <form method=post action=/other><input name=a value=1><button>Away</button></form>\
        <form method=post action=http://app.test/back><input name=a value=1><button>Back</button></form>";
    let to = |status: u16, target: &'static str| {
        any(async move || (StatusCode::from_u16(status).unwrap(), [(LOCATION, target)]))
    };
    let app = Router::new()
        .route("/", any(async move || axum::response::Html(form)))
        .route("/301", to(301, "/end"))
        .route("/302", to(302, "end"))
        .route("/303", to(303, "//localhost:3000/end"))
        .route("/307", to(307, "/end"))
        .route("/308", to(308, "http://localhost:3000/end"))
        .route("/300", to(300, "/end"))
        .route("/loop", to(303, "/loop?__clerk_db_jwt=secret&n=1"))
        .route(
            "/away",
            to(
                303,
                "https://accounts.example.com/sign-in?redirect_url=http://localhost/?__session=secret",
            ),
        )
        .route("/other", to(307, "http://app.test/end"))
        .route("/broken", to(303, "http://"))
        .route("/once", any(async || StatusCode::SEE_OTHER))
        .fallback(echo);
    let other = Router::new()
        .route("/back", to(307, "http://localhost:3000/end"))
        .fallback(echo);
    PORTAL
        .browser()
        .with_application(APP, app)
        .with_application(OTHER, other)
}

#[test]
fn form_is_a_get_after_301_302_and_303_and_stays_after_307_and_308() {
    let page = browser().visit("/");
    for status in ["301", "302", "303"] {
        let end = page.press(status);
        end.assert_url("/end");
        assert!(end.body().starts_with("GET /end\n"), "{status} {}", end.body());
        assert!(
            !end.body().contains("a=1") && !end.body().contains("content-type"),
            "{status} {}",
            end.body()
        );
    }
    for status in ["307", "308"] {
        let end = page.press(status);
        assert!(
            end.body().starts_with("POST /end\n") && end.body().ends_with("\na=1"),
            "{status} {}",
            end.body()
        );
    }
}

#[test]
fn fragment_survives_a_redirect() {
    browser().visit("/303#top").assert_url("/end#top");
}

#[test]
fn status_without_redirect_is_the_page() {
    browser().visit("/300").assert_url("/300").assert_status(300);
    browser().visit("/once").assert_url("/once").assert_status(303);
}

#[test]
fn send_follows_no_redirect() {
    let request = axum::http::Request::get("/303").body(String::new()).unwrap();
    let answer = browser().send(request);
    answer.assert_status(303);
    assert_eq!(answer.header("location"), Some("//localhost:3000/end"));
}

#[test]
fn form_redirected_to_another_origin_carries_its_body_and_its_own_origin() {
    let end = browser().visit("/").press("Away");
    end.assert_url("http://app.test/end")
        .assert_text("\norigin: http://localhost:3000\n");
    assert!(end.body().ends_with("\na=1"), "{}", end.body());
}

#[test]
fn form_redirected_by_another_origin_carries_no_origin() {
    let end = browser().visit("/").press("Back");
    end.assert_url("/end").assert_text("\norigin: null\n");
}

#[test]
fn redirect_loop_panics_with_the_redirects_and_without_secrets() {
    let problem = panic_of(|| drop(browser().visit("/loop")));
    assert!(
        problem.starts_with("expected at most 20 redirects, found a redirect loop"),
        "{problem}"
    );
    assert_eq!(
        problem.matches("\n  303 GET http://localhost:3000/loop").count(),
        21,
        "{problem}"
    );
    assert!(problem.contains("/loop?__clerk_db_jwt=[redacted]&n=1"), "{problem}");
    assert!(!problem.contains("secret"), "{problem}");
}

#[test]
fn redirect_to_another_machine_panics_with_the_way_to_it() {
    let problem = panic_of(|| drop(browser().visit("/away")));
    let expected = "expected an answer to GET https://accounts.example.com/sign-in?redirect_url=";
    assert!(
        problem.starts_with(expected) && problem.contains("with_application"),
        "{problem}"
    );
    assert!(problem.contains("\n  303 GET http://localhost:3000/away"), "{problem}");
    assert!(!problem.contains("secret"), "{problem}");
}

#[test]
#[should_panic(expected = "expected a URL in `Location`, found \"http://\"")]
fn invalid_location_panics() {
    browser().visit("/broken");
}

#[test]
#[should_panic(expected = "start the application before the visit")]
fn server_that_does_not_listen_panics_with_the_fix() {
    // A port that was free a moment ago.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    PORTAL.browser().visit(&format!("http://{address}/"));
}

#[test]
#[should_panic(expected = "add an application with `with_application` to visit paths of it")]
fn path_without_an_application_panics_with_the_fix() {
    PORTAL.browser().visit("/dashboard");
}

#[test]
#[should_panic(
    expected = "expected the application's origin, such as `http://localhost:3000`, found \"localhost:3000\""
)]
fn application_without_an_origin_panics() {
    let _ = PORTAL.browser().with_application("localhost:3000", Router::new());
}

#[test]
#[should_panic(expected = "a panic of the handler")]
fn panic_of_a_handler_is_the_panic_of_the_test() {
    let app = Router::new().route("/", any(async || -> StatusCode { panic!("a panic of the handler") }));
    PORTAL.browser().with_application(APP, app).visit("/");
}

#[test]
fn wrong_end_panics_with_the_page_that_was_found() {
    let page = browser_with("<p>Hello").visit("/");
    let problem = panic_of(|| drop(page.assert_url("/end?__session=secret").url().to_owned()));
    assert_eq!(
        problem,
        "expected to end at http://localhost:3000/end?__session=[redacted], found http://localhost:3000/ with status 200 \
         OK and the text \"Hello\""
    );
    let problem = panic_of(|| drop(page.assert_text("Bye").url().to_owned()));
    assert!(problem.ends_with("found status 200 OK and \"Hello\""), "{problem}");
    let problem = panic_of(|| drop(page.assert_status(404).url().to_owned()));
    assert!(
        problem.starts_with("expected status 404 of http://localhost:3000/, found 200 OK"),
        "{problem}"
    );
}

pub(crate) fn panic_of(work: impl FnOnce()) -> String {
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).expect_err("no panic");
    *panic.downcast::<String>().expect("a message")
}
