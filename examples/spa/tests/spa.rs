//! Both servers of the example, as a browser's requests reach them.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

/// The running example. Dropping it ends it.
struct Example {
    child: Child,
    /// Host and port of the page's server.
    page: String,
    /// Host and port of the API.
    api: String,
}

impl Drop for Example {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Example {
    fn start() -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_portal-example-spa"));
        command
            .env_remove("CLERK_PUBLISHABLE_KEY")
            .env_remove("CLERK_SECRET_KEY");
        let mut child = command.stdout(Stdio::piped()).spawn().expect("it starts");
        let mut lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        let mut address = || {
            let line = lines.next().expect("a line").expect("text");
            line.split_once("http://").expect("a URL").1.to_owned()
        };
        let (page, api) = (address(), address());
        Self { child, page, api }
    }
}

fn response(address: &str, request: &str, fields: &[&str]) -> String {
    let mut stream = TcpStream::connect(address).expect("the example listens");
    let host = format!("host: {address}");
    let fields = [&[host.as_str(), "connection: close"], fields].concat().join("\r\n");
    write!(stream, "{request} HTTP/1.1\r\n{fields}\r\n\r\n").expect("the request is sent");
    let mut response = String::new();
    stream.read_to_string(&mut response).expect("a response");
    response
}

#[test]
fn page_names_the_api_and_the_api_admits_the_page() {
    let example = Example::start();
    let settings = response(&example.page, "GET /settings.json", &[]);
    let api = format!(r#"{{"api":"http://{}"}}"#, example.api);
    assert!(settings.ends_with(&api), "{settings}");

    let origin = format!("origin: http://{}", example.page);
    let allowed = format!("access-control-allow-origin: http://{}\r\n", example.page);
    for (request, field, expected) in [
        (
            "OPTIONS /api/clicks",
            "access-control-request-method: POST",
            "HTTP/1.1 200 ",
        ),
        ("GET /api/clicks", "sec-fetch-dest: empty", "HTTP/1.1 401 "),
        ("POST /api/clicks", "authorization: Bearer not.a.token", "HTTP/1.1 401 "),
    ] {
        let answer = response(&example.api, request, &[&origin, field]);
        assert!(answer.starts_with(expected), "{request}: {answer}");
        assert!(answer.contains(&allowed), "{request}: {answer}");
    }
    let elsewhere = response(&example.api, "GET /api/clicks", &["origin: http://localhost:1"]);
    assert!(
        !elsewhere.contains("access-control-allow-origin: http://localhost:1\r"),
        "{elsewhere}"
    );
}
