//! The Frontend API: every call that applications without Clerk's script use, and a refusal of every other one.

use hyper::{Method, StatusCode};
use portal_local::{LocalPortal, Settings};
use serde_json::Value;

use super::api::{Api, Expected, filled};
use super::ask::ask;
use super::shape::parse;

/// The Frontend API is at the root and under the path inside the publishable key.
const MOUNTS: [&str; 2] = ["", "/accounts.dev"];

fn api<'a>(portal: &'a LocalPortal, mount: &'static str) -> Api<'a> {
    let (operations, objects) = (
        include_str!("shapes/frontend_operations.txt"),
        include_str!("shapes/frontend_objects.txt"),
    );
    Api::new(portal, mount, None, operations, objects)
}

#[tokio::test]
async fn every_answer_has_clerks_shape() {
    let portal = LocalPortal::builder().start().await.expect("the portal starts");
    let mut settings = Settings::default();
    settings.home_url = Some("http://localhost:3000/".to_owned());
    for wanted in [Settings::default(), settings] {
        portal.set_settings(wanted).await.expect("settings");
        for mount in MOUNTS {
            let api = api(&portal, mount);
            for operation in &api.operations {
                if matches!(operation.answer, Expected::Absent | Expected::Page) {
                    continue;
                }
                for method in &operation.methods {
                    api.call(method.clone(), &operation.path, None).await;
                }
            }
            api.finish();
        }
    }
    portal.shut_down().await;
}

#[tokio::test]
async fn unsupported_operation_returns_clerks_error() {
    let portal = LocalPortal::builder().start().await.expect("the portal starts");
    let key = Some(portal.secret_key().expose());
    let mut wrong = Vec::new();
    for mount in MOUNTS {
        let api = api(&portal, mount);
        for operation in &api.operations {
            if !matches!(operation.answer, Expected::Absent) {
                continue;
            }
            for method in &operation.methods {
                let path = format!("{mount}{}", filled(&operation.path));
                let place = format!("{method} {path}");
                let (status, _, answer) = ask(&portal, method.clone(), &path, None, String::new()).await;
                wrong.extend(api.shapes.problems(&place, &answer, &parse("ClerkErrors")));
                // At the root the Backend API is at some of these paths.
                if mount.is_empty() && status == StatusCode::UNAUTHORIZED {
                    let (status, _, _) = ask(&portal, method.clone(), &path, key, String::new()).await;
                    if status == StatusCode::UNAUTHORIZED {
                        wrong.push(format!("{place} knows no key"));
                    }
                    continue;
                }
                let sentence = answer["errors"][0]["long_message"].as_str().unwrap_or_default();
                if status != StatusCode::NOT_FOUND || !sentence.contains("the local portal doesn't support it") {
                    wrong.push(format!("{place} answers {status} {answer}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    portal.shut_down().await;
}

#[tokio::test]
async fn api_pages_answer_browsers() {
    let portal = LocalPortal::builder().start().await.expect("the portal starts");
    let pages: Vec<String> = api(&portal, "")
        .operations
        .iter()
        .filter(|operation| matches!(operation.answer, Expected::Page))
        .map(|operation| format!("{:?} {}", operation.methods, operation.path))
        .collect();
    let known = [
        "[GET] /v1/client/handshake",
        "[GET] /v1/oauth_callback",
        "[GET] /v1/tickets/accept",
    ];
    assert_eq!(pages, known, "portal-local's own tests follow these");
    portal.shut_down().await;
}

#[tokio::test]
async fn account_portal_object_matches_the_environment() {
    let portal = LocalPortal::builder().start().await.expect("the portal starts");
    let mut settings = Settings::default();
    settings.after_sign_in_url = Some("http://localhost:3000/in".to_owned());
    settings.account_portal_enabled = false;
    portal.set_settings(settings).await.expect("settings");
    let get = async |path: &str| -> Value { ask(&portal, Method::GET, path, None, String::new()).await.2 };
    let (found, environment) = (get("/v1/account_portal").await, get("/v1/environment").await);
    assert_eq!(found["enabled"], false);
    assert_eq!(found["after_sign_in_url"], "http://localhost:3000/in");
    for name in [
        "after_sign_in_url",
        "after_sign_up_url",
        "after_join_waitlist_url",
        "after_create_organization_url",
        "after_leave_organization_url",
        "logo_link_url",
    ] {
        assert_eq!(found[name], environment["display_config"][name], "{name}");
    }
    portal.shut_down().await;
}
