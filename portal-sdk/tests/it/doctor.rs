//! `Doctor` against a server on loopback that plays both APIs and the pages.

use std::io;
use std::time::{Duration, UNIX_EPOCH};

use http::Uri;
use httpdate::fmt_http_date;
use portal_sdk::backend::HttpBackend;
use portal_sdk::doctor::{Check, Doctor, Finding, Report, Status};
use portal_sdk::instance::{Instance, InstanceBuilder, PublishableKey, Setting};
use portal_sdk::portal::PortalPage;
use serde_json::json;
use tokio::net::TcpStream;

use crate::common::tokens::{KEY_ID, foreign_key, instance_key, jwks_answer};
use crate::common::{LIVE_KEY, NOW_SECS, clock};
use crate::server::{Reply, Server, answer};

const SECRET_KEY: &str = "sk_test_hunter2hunter2";
const DISPLAY_CONFIG: &str = r#"{"display_config": {"sign_in_url": "http://127.0.0.1:1/elsewhere"}}"#;

/// A healthy answer, with the time of every test plus `skew_secs`.
fn healthy(line: &str, skew_secs: i64) -> Reply {
    let secs = u64::try_from(NOW_SECS + skew_secs).unwrap();
    let date = format!("Date: {}\r\n", fmt_http_date(UNIX_EPOCH + Duration::from_secs(secs)));
    match line.contains("jwks") {
        true => answer(200, &date, &jwks_answer().to_string()),
        false => answer(200, &date, ""),
    }
}

/// A development instance whose APIs and pages are on `server`.
fn builder(server: &Server) -> InstanceBuilder {
    let key = PublishableKey::development(&format!("{}/accounts.dev", server.url())).unwrap();
    Instance::builder(key.as_str(), SECRET_KEY)
}

async fn examine(builder: InstanceBuilder) -> Report {
    let instance = builder.build().unwrap();
    let limit = Duration::from_millis(500);
    let backend = HttpBackend::builder(&instance).timeout(limit).build();
    let doctor = Doctor::new(instance, backend).with_clock(clock());
    // In a task, as a handler would: the examination is `Send`.
    let report = tokio::spawn(async move { doctor.examine().await }).await.unwrap();
    let printed = format!("{report}{report:?}{}", serde_json::to_string(&report).unwrap());
    assert!(!printed.contains("hunter2"), "the secret key is printed: {printed}");
    report
}

fn finding(report: &Report, check: Check) -> &Finding {
    let found = report.findings().iter().find(|finding| finding.check() == check);
    found.unwrap_or_else(|| panic!("{check} in\n{report}"))
}

fn status(report: &Report, check: Check) -> Status {
    finding(report, check).status()
}

#[tokio::test]
async fn healthy_instance_is_ok_with_one_credential() {
    let server = Server::by_line(|line| healthy(line, 0)).await;
    let pem = instance_key().pem();
    let report = examine(builder(&server).jwt_key(pem)).await;
    let all_ok = report.findings().iter().all(|finding| finding.status() == Status::Ok);
    assert!(all_ok && !report.has_failed(), "{report}");
    assert_eq!(report.findings().len(), 14);
    let keys = finding(&report, Check::SigningKeys).found();
    assert!(keys.contains("CLERK_JWT_KEY") && keys.contains(KEY_ID), "{keys}");

    let requests = server.requests();
    let lines: Vec<&str> = requests.iter().map(|request| request.line.as_str()).collect();
    let heads = lines.iter().filter(|line| line.starts_with("HEAD /")).count();
    assert_eq!((lines.len(), heads), (8, 6), "{lines:?}");
    // Only the Backend API gets the secret key.
    for request in &requests {
        let has_key = request.header("authorization").is_some();
        assert_eq!(has_key, request.line == "GET /v1/jwks HTTP/1.1", "{}", request.line);
    }
}

#[tokio::test]
async fn clock_that_is_off_fails_both_ways_from_the_accepted_skew() {
    for (server_ahead, accepted, expected, text) in [
        (30, 5, Status::Fail, "30 s behind Clerk's"),
        (-31, 5, Status::Fail, "31 s ahead of Clerk's"),
        (30, 60, Status::Warn, "30 s behind Clerk's"),
        (-31, 60, Status::Warn, "31 s ahead of Clerk's"),
        (-4, 5, Status::Ok, "4 s ahead of Clerk's"),
    ] {
        let server = Server::by_line(move |line| healthy(line, server_ahead)).await;
        let report = examine(builder(&server).clock_skew(Duration::from_secs(accepted))).await;
        let clock = finding(&report, Check::Clock);
        assert_eq!(clock.status(), expected, "{clock}");
        assert!(clock.found().contains(text), "{clock}");
        assert_eq!(clock.fix().is_some(), expected != Status::Ok);
        assert_eq!(report.has_failed(), expected == Status::Fail);
    }
}

#[tokio::test]
async fn keys_of_two_instances_are_reported() {
    let server = Server::by_line(|line| match line.contains("well-known") {
        // The same ID does not make it the same key.
        true => answer(200, "", &json!({ "keys": [foreign_key().jwk(KEY_ID)] }).to_string()),
        false => healthy(line, 0),
    })
    .await;
    let report = examine(builder(&server)).await;
    let pair = finding(&report, Check::KeyPair);
    assert_eq!(
        (pair.status(), pair.setting()),
        (Status::Fail, Some(Setting::SecretKey))
    );
    assert!(pair.fix().unwrap().contains("CLERK_SECRET_KEY"), "{pair}");
    assert_eq!(status(&report, Check::BackendApi), Status::Ok);

    let report = examine(builder(&server).jwt_key(foreign_key().pem())).await;
    let keys = finding(&report, Check::SigningKeys);
    assert_eq!((keys.status(), keys.setting()), (Status::Fail, Some(Setting::JwtKey)));
}

#[tokio::test]
async fn api_that_does_not_work_fails_and_prevents_what_depends_on_it() {
    let refused = r#"{"errors": [{"code": "clerk_key_invalid"}]}"#;
    for (reply, setting, text) in [
        (
            json!([401, refused]),
            Setting::SecretKey,
            "refuses the secret key: status 401",
        ),
        (
            json!([404, "<html>"]),
            Setting::ApiUrl,
            "does not answer as the Backend API: status 404",
        ),
        (json!([200, "<html>"]), Setting::ApiUrl, "unreadable body"),
        (json!([503, ""]), Setting::ApiUrl, "status 503"),
        (json!(null), Setting::ApiUrl, "is unreachable: no answer within 500 ms"),
    ] {
        let server = Server::by_line(move |line| match (line.contains("/v1/jwks"), &reply) {
            (false, _) => healthy(line, 0),
            (true, serde_json::Value::Null) => Reply::Hang(Vec::new()),
            (true, reply) => {
                let status = u16::try_from(reply[0].as_u64().unwrap()).unwrap();
                answer(status, "", reply[1].as_str().unwrap())
            }
        })
        .await;
        let report = examine(builder(&server)).await;
        let api = finding(&report, Check::BackendApi);
        assert_eq!((api.status(), api.setting()), (Status::Fail, Some(setting)), "{api}");
        assert!(
            api.found().starts_with(&server.url()) && api.found().contains(text),
            "{api}"
        );
        for check in [Check::SigningKeys, Check::Clock, Check::KeyPair] {
            assert_eq!(status(&report, check), Status::NotChecked, "{report}");
        }
        assert_eq!(status(&report, Check::FrontendApi), Status::Ok, "{report}");
    }
}

#[tokio::test]
async fn offline_machine_does_not_ask_for_pages() {
    let key = PublishableKey::development("http://127.0.0.1:1/accounts.dev").unwrap();
    let report = examine(Instance::builder(key.as_str(), SECRET_KEY)).await;
    for (check, expected) in [
        (Check::BackendApi, Status::Fail),
        (Check::FrontendApi, Status::Fail),
        (Check::Page(PortalPage::SignIn), Status::NotChecked),
        (Check::Cookies, Status::Ok),
    ] {
        assert_eq!(status(&report, check), expected, "{report}");
    }
    assert!(
        finding(&report, Check::BackendApi)
            .found()
            .contains("http://127.0.0.1:1/v1")
    );
}

#[tokio::test]
async fn wrong_proxy_is_reported_and_the_key_pair_is_checked_without_it() {
    let server = Server::by_line(|line| match line.contains("/__clerk/") {
        true => answer(404, "", ""),
        false => healthy(line, 0),
    })
    .await;
    let proxy = format!("{}/__clerk", server.url());
    let path = |origin: Option<String>| match origin {
        Some(origin) => builder(&server).proxy_url("/__clerk").public_origin(origin),
        None => builder(&server).proxy_url("/__clerk"),
    };
    for (builder, expected, setting) in [
        (builder(&server).proxy_url(proxy), Status::Fail, Setting::ProxyUrl),
        (path(Some(server.url())), Status::Fail, Setting::ProxyUrl),
        (path(None), Status::NotChecked, Setting::PublicOrigin),
    ] {
        let report = examine(builder).await;
        let api = finding(&report, Check::FrontendApi);
        assert_eq!((api.status(), api.setting()), (expected, Some(setting)), "{api}");
        assert_eq!(status(&report, Check::KeyPair), Status::Ok, "{report}");
    }
}

#[tokio::test]
async fn page_that_does_not_answer_is_named() {
    let server = Server::by_line(|line| {
        let page = |path: &str| line.contains(path);
        match line {
            _ if page("/sign-up") => answer(404, "", ""),
            _ if page("/waitlist") => answer(404, "", ""),
            _ if page("/user") => answer(500, "", ""),
            _ if page("/organization") => answer(403, "", ""),
            "HEAD /create-organization HTTP/1.1" => answer(405, "", ""),
            _ => healthy(line, 0),
        }
    })
    .await;
    let report = examine(
        builder(&server)
            .sign_in_url("http://127.0.0.1:1/login")
            .sign_up_url("/join"),
    )
    .await;
    for (page, expected, text) in [
        (
            PortalPage::SignIn,
            Status::Fail,
            "http://127.0.0.1:1/login is unreachable",
        ),
        (PortalPage::SignUp, Status::NotChecked, "set PORTAL_PUBLIC_ORIGIN"),
        (PortalPage::Waitlist, Status::Warn, "/waitlist does not exist"),
        (PortalPage::UserProfile, Status::Fail, "/user fails: status 500"),
        (PortalPage::OrganizationProfile, Status::Warn, "status 403"),
        (PortalPage::CreateOrganization, Status::Ok, "status 200"),
    ] {
        let found = finding(&report, Check::Page(page));
        assert_eq!(found.status(), expected, "{found}");
        assert!(found.found().contains(text), "{found}");
    }
    let sign_in = finding(&report, Check::Page(PortalPage::SignIn));
    assert_eq!(sign_in.setting(), Some(Setting::SignInUrl));

    // A page of the application itself is reachable only while it runs.
    let own = builder(&server)
        .public_origin("http://127.0.0.1:1")
        .sign_in_url("/login");
    let report = examine(own).await;
    assert_eq!(
        status(&report, Check::Page(PortalPage::SignIn)),
        Status::Warn,
        "{report}"
    );
}

#[tokio::test]
async fn page_urls_read_from_the_instance_are_the_ones_checked() {
    let server = Server::by_line(|line| match line.contains("/v1/environment") {
        true => answer(200, "", DISPLAY_CONFIG),
        false => healthy(line, 0),
    })
    .await;
    let report = examine(builder(&server).discover_pages(true)).await;
    assert_eq!(status(&report, Check::PageUrls), Status::Ok, "{report}");
    let sign_in = finding(&report, Check::Page(PortalPage::SignIn));
    assert!(
        sign_in.found().contains("http://127.0.0.1:1/elsewhere is unreachable"),
        "{sign_in}"
    );

    let silent = Server::by_line(|line| healthy(line, 0)).await;
    let report = examine(builder(&silent).discover_pages(true)).await;
    assert_eq!(status(&report, Check::PageUrls), Status::Warn, "{report}");
    assert!(!report.has_failed(), "{report}");
}

#[tokio::test]
async fn production_instance_without_a_public_origin_is_warned() {
    // No look-up of a host: this backend reaches none.
    let offline = |_: Uri| async { Err::<TcpStream, _>(io::Error::other("offline")) };
    let examine = async |builder: InstanceBuilder| {
        let instance = builder.build().unwrap();
        let backend = HttpBackend::builder(&instance).connector(tower::service_fn(offline));
        Doctor::new(instance, backend.build()).examine().await
    };
    let builder = || Instance::builder(LIVE_KEY, "sk_live_hunter2");
    let report = examine(builder()).await;
    let origin = finding(&report, Check::PublicOrigin);
    assert_eq!(
        (origin.status(), origin.setting()),
        (Status::Warn, Some(Setting::PublicOrigin))
    );
    let api = finding(&report, Check::BackendApi).found();
    assert!(
        api.contains("https://api.clerk.com/v1 is unreachable: no connection (offline)"),
        "{api}"
    );
    let cookies = finding(&report, Check::Cookies).found();
    assert!(cookies.contains("__session_naoXFJnI or __session"), "{cookies}");
    assert!(!cookies.contains("__clerk_db_jwt"), "{cookies}");

    let report = examine(builder().public_origin("https://app.example.com/shop")).await;
    let origin = finding(&report, Check::PublicOrigin);
    assert_eq!(
        (origin.status(), origin.found()),
        (Status::Ok, "https://app.example.com/shop")
    );
}
