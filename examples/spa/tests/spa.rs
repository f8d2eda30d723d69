//! Both servers of the example, as a browser's requests reach them.

use std::process::Command;

use portal_example_program::{Program, assert_one_key_is_refused, response};

const PROGRAM: &str = env!("CARGO_BIN_EXE_portal-example-spa");

#[test]
fn page_names_the_api_and_the_api_admits_the_page() {
    let mut program = Program::start(Command::new(PROGRAM));
    let page = program.address("Application");
    let api = program.address("API");
    let settings = response(&page, "GET /settings.json", &[]);
    let expected = format!(r#"{{"api":"http://{api}"}}"#);
    assert!(settings.ends_with(&expected), "{settings}");

    let origin = format!("origin: http://{page}");
    let allowed = format!("access-control-allow-origin: http://{page}\r\n");
    for (request, field, expected) in [
        (
            "OPTIONS /api/clicks",
            "access-control-request-method: POST",
            "HTTP/1.1 200 ",
        ),
        ("GET /api/clicks", "sec-fetch-dest: empty", "HTTP/1.1 401 "),
        ("POST /api/clicks", "authorization: Bearer not.a.token", "HTTP/1.1 401 "),
    ] {
        let answer = response(&api, request, &[&origin, field]);
        assert!(answer.starts_with(expected), "{request}: {answer}");
        assert!(answer.contains(&allowed), "{request}: {answer}");
    }
    let elsewhere = response(&api, "GET /api/clicks", &["origin: http://localhost:1"]);
    assert!(
        !elsewhere.contains("access-control-allow-origin: http://localhost:1\r"),
        "{elsewhere}"
    );
}

#[test]
fn one_key_alone_is_refused_with_the_name_of_the_other() {
    assert_one_key_is_refused(Command::new(PROGRAM));
}
