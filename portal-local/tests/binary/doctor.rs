//! `portal-local doctor`: the settings in its environment, its lines and its exit code.

use std::process::{Command, Output, Stdio};

use http_body_util::Full;
use hyper::Request;
use hyper::body::Bytes;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};

use super::Running;

/// The doctor with these variables and no others of Clerk's.
fn doctor(variables: &[(&str, &str)], arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_portal-local"));
    command.arg("doctor").args(arguments).env_clear().stdin(Stdio::null());
    command.envs(variables.iter().copied());
    let Output { status, stdout, stderr } = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code(), text(stdout), text(stderr))
}

/// The two keys of a portal.
fn keys(running: &Running) -> [(&'static str, String); 2] {
    ["CLERK_PUBLISHABLE_KEY", "CLERK_SECRET_KEY"].map(|name| (name, running.value(name)))
}

fn examined(keys: &[(&'static str, String)], more: &[(&str, &str)]) -> (Option<i32>, String) {
    let mut variables: Vec<(&str, &str)> = keys.iter().map(|(name, value)| (*name, value.as_str())).collect();
    variables.extend(more);
    let (code, lines, log) = doctor(&variables, &[]);
    assert_eq!(log, "", "{lines}");
    for (_, key) in keys {
        assert!(!lines.contains(key.as_str()), "a key is printed: {lines}");
    }
    (code, lines)
}

fn line<'t>(lines: &'t str, start: &str) -> &'t str {
    let found = lines.lines().find(|line| line.starts_with(start));
    found.unwrap_or_else(|| panic!("{start} in\n{lines}"))
}

#[test]
fn healthy_portal_is_ok_in_lines_and_in_json() {
    let running = Running::start(&["--port", "0"]);
    let keys = keys(&running);
    let (code, lines) = examined(&keys, &[]);
    assert_eq!(code, Some(0), "{lines}");
    let (checks, end) = lines.trim_end().rsplit_once('\n').unwrap();
    assert_eq!(end, "All checks are ok.");
    assert_eq!(checks.lines().count(), 14, "{lines}");
    assert!(checks.lines().all(|line| line.starts_with("ok  ")), "{lines}");

    let variables = keys.each_ref().map(|(name, value)| (*name, value.as_str()));
    let (code, text, _) = doctor(&variables, &["--json"]);
    let report: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((code, &report["failed"]), (Some(0), &json!(false)));
    assert_eq!(report["findings"].as_array().unwrap().len(), 14);
    assert_eq!(report["findings"][0]["check"], "key types");
}

#[test]
fn mismatched_keys_end_with_one() {
    let (one, other) = (Running::start(&["--port", "0"]), Running::start(&["--port", "0"]));
    let mixed = [keys(&one)[0].clone(), keys(&other)[1].clone()];
    let (code, lines) = examined(&mixed, &[]);
    assert_eq!(code, Some(1), "{lines}");
    assert!(line(&lines, "fail         Backend API: ").contains("refuses the secret key"));

    let api = other.value("CLERK_API_URL");
    let (code, lines) = examined(&mixed, &[("CLERK_API_URL", &api)]);
    assert_eq!(code, Some(1), "{lines}");
    assert!(line(&lines, "fail         key pair: ").contains("; fix: set CLERK_SECRET_KEY and"));
    assert!(lines.ends_with("1 failed, 0 warned, 0 not checked.\n"), "{lines}");

    let variables = mixed.each_ref().map(|(name, value)| (*name, value.as_str()));
    let (code, text, _) = doctor(&variables, &["--json"]);
    let report: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((code, &report["failed"]), (Some(1), &json!(true)));
    let api = &report["findings"][1];
    assert_eq!(
        (&api["status"], &api["setting"]),
        (&json!("fail"), &json!("CLERK_SECRET_KEY"))
    );
}

#[tokio::test]
async fn moved_clock_ends_with_one() {
    let running = Running::start(&["--port", "0"]);
    let origin = running.value("CLERK_API_URL");
    let client = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
    for (skew_secs, text) in [(90, " behind Clerk's"), (-90, " ahead of Clerk's")] {
        let body = json!({ "skew_secs": skew_secs }).to_string();
        let request = Request::post(format!("{origin}/__local/clock"))
            .header("content-type", "application/json")
            .body(Full::new(Bytes::from(body)));
        assert_eq!(client.request(request.unwrap()).await.unwrap().status(), 200);
        let (code, lines) = examined(&keys(&running), &[]);
        assert_eq!(code, Some(1), "{lines}");
        assert!(line(&lines, "fail         clock: ").contains(text), "{lines}");
    }
}

#[test]
fn unreachable_portal_ends_with_one() {
    let running = Running::start(&["--port", "0"]);
    let (keys, origin) = (keys(&running), running.value("CLERK_API_URL"));
    drop(running);
    let (code, lines) = examined(&keys, &[]);
    assert_eq!(code, Some(1), "{lines}");
    let api = line(&lines, "fail         Backend API: ");
    assert!(
        api.contains(&format!("{origin}/v1 is unreachable: no connection")),
        "{api}"
    );
    assert!(
        lines.contains("not checked  clock: the Backend API did not answer\n"),
        "{lines}"
    );
}

#[test]
fn wrong_proxy_ends_with_one() {
    let running = Running::start(&["--port", "0"]);
    let proxy = format!("{}/__clerk", running.value("CLERK_API_URL"));
    let (code, lines) = examined(&keys(&running), &[("CLERK_PROXY_URL", &proxy)]);
    assert_eq!(code, Some(1), "{lines}");
    assert!(line(&lines, "fail         Frontend API: ").contains("correct CLERK_PROXY_URL"));
}

#[test]
fn invalid_variable_ends_with_two() {
    for variables in [
        &[][..],
        &[("CLERK_PUBLISHABLE_KEY", "pk_live_Y2xlcmsuZXhhbXBsZS5jb20k")],
        &[
            ("CLERK_PUBLISHABLE_KEY", "pk_live_Y2xlcmsuZXhhbXBsZS5jb20k"),
            ("CLERK_SECRET_KEY", "sk_test_hunter2"),
        ],
    ] {
        let (code, lines, error) = doctor(variables, &["--json"]);
        assert_eq!((code, lines.as_str()), (Some(2), ""), "{error}");
        assert!(error.contains("CLERK_") && !error.contains("hunter2"), "{error}");
        assert_eq!(error.trim_end().lines().count(), 1, "{error}");
    }
    assert_eq!(doctor(&[], &["--verbose"]).0, Some(2));
}
