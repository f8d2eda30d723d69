//! Profile images and logos.

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE};
use hyper::{Method, Request};
use portal_local::{SeedOrganization, SeedUser};
use serde_json::json;

use crate::browser::{Answer, http, send};
use crate::world::{PortalClock, World};

const ADA: &str = "ada@example.com";
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\r\n--not-the-boundary\r\n\0\xff";
const MOST_BYTES: usize = 10 * 1_024 * 1_024;

async fn world() -> World {
    let clock = PortalClock::new();
    let acme = SeedOrganization::new("Acme", "acme").member(ADA, "org:admin");
    let builder = clock.builder().user(SeedUser::new(ADA)).organization(acme);
    let portal = builder.start().await.unwrap();
    World { portal, clock }
}

async fn upload(world: &World, method: Method, path: &str, name: &str, file: &[u8]) -> Answer {
    let head = format!(
        "--x7\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"a.png\"\r\nContent-Type: text/html\r\n\r\n"
    );
    let body = [head.as_bytes(), file, b"\r\n--x7--\r\n"].concat();
    let request = Request::builder()
        .method(method)
        .uri(format!("{}{path}", world.portal.origin()))
        .header(AUTHORIZATION, format!("Bearer {}", world.portal.secret_key().expose()))
        .header(CONTENT_TYPE, "multipart/form-data; boundary=x7")
        .body(Full::new(Bytes::from(body)))
        .unwrap();
    send(&http(), request).await
}

#[tokio::test]
async fn profile_image_is_set_served_and_removed() {
    let world = world().await;
    let application = world.application();
    let user_path = format!("/v1/users/{}", SeedUser::new(ADA).id());
    let path = format!("{user_path}/profile_image");
    let before = application.get(&user_path).await.json();
    assert_eq!(before["has_image"], false);

    let set = upload(&world, Method::POST, &path, "file", PNG).await;
    assert_eq!(set.status, 200, "{}", set.body);
    let user = set.json();
    assert_eq!(user["has_image"], true);
    let address = user["image_url"].as_str().unwrap().to_owned();
    let mut browser = world.browser();
    let image = browser.get(address.strip_prefix(world.portal.origin()).unwrap()).await;
    assert_eq!(image.status, 200);
    assert_eq!(
        image.header("content-type"),
        "image/png",
        "by its bytes, whatever was declared"
    );
    assert_eq!(image.header("x-content-type-options"), "nosniff");
    assert_eq!(image.header("content-security-policy"), "default-src 'none'; sandbox");
    let members = application.get("/v1/organizations/acme/memberships").await.json();
    let shown = &members["data"][0]["public_user_data"];
    assert_eq!(
        (&shown["image_url"], &shown["has_image"]),
        (&user["image_url"], &json!(true))
    );

    let replaced = upload(&world, Method::POST, &path, "file", b"GIF89a").await.json();
    assert_ne!(replaced["image_url"], user["image_url"]);
    let old = browser.get(address.strip_prefix(world.portal.origin()).unwrap()).await;
    assert_eq!(old.status, 404);
    let removed = application.delete(&path).await.json();
    assert_eq!(
        (&removed["image_url"], &removed["has_image"]),
        (&before["image_url"], &json!(false))
    );
    assert_eq!(application.delete("/v1/users/user_0/profile_image").await.status, 404);
}

#[tokio::test]
async fn logo_is_set_and_removed() {
    let world = world().await;
    let application = world.application();
    let set = upload(
        &world,
        Method::PUT,
        "/v1/organizations/acme/logo",
        "file",
        b"\xff\xd8\xff\xe0",
    )
    .await;
    assert_eq!(
        (set.status, &set.json()["has_image"]),
        (200, &json!(true)),
        "{}",
        set.body
    );
    let shown = application.get("/v1/organizations/acme").await.json();
    assert_eq!(shown["image_url"], set.json()["image_url"]);
    let removed = application.delete("/v1/organizations/acme/logo").await.json();
    assert_eq!(removed["has_image"], false);
}

#[tokio::test]
async fn non_image_file_is_refused() {
    let world = world().await;
    let path = format!("/v1/users/{}/profile_image", SeedUser::new(ADA).id());
    for (name, file, status, code) in [
        (
            "file",
            &b"<script>alert(1)</script>"[..],
            400,
            "unsupported_content_type",
        ),
        (
            "file",
            b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>",
            400,
            "unsupported_content_type",
        ),
        ("file", b"", 400, "image_not_found"),
        ("other", PNG, 400, "image_not_found"),
    ] {
        let refused = upload(&world, Method::POST, &path, name, file).await;
        let found = refused.json()["errors"][0]["code"].clone();
        assert_eq!((refused.status, found), (status, json!(code)));
    }
    let json = world.application().post(&path, &json!({})).await;
    assert_eq!(json.json()["errors"][0]["code"], "image_not_found");
    let user = world
        .application()
        .get(&format!("/v1/users/{}", SeedUser::new(ADA).id()))
        .await
        .json();
    assert_eq!(user["has_image"], false);
}

#[tokio::test]
async fn oversized_image_is_refused() {
    let world = world().await;
    let user = format!("/v1/users/{}/profile_image", SeedUser::new(ADA).id());
    let of_bytes = |bytes: usize| [PNG, &vec![0; bytes - PNG.len()][..]].concat();
    for (method, path) in [
        (Method::POST, user.as_str()),
        (Method::PUT, "/v1/organizations/acme/logo"),
    ] {
        let accepted = upload(&world, method.clone(), path, "file", &of_bytes(MOST_BYTES)).await;
        assert_eq!(accepted.status, 200, "{path}: {}", accepted.body);
        let kept = accepted.json()["image_url"].clone();
        let refused = upload(&world, method, path, "file", &of_bytes(MOST_BYTES + 1)).await;
        assert_eq!(refused.status, 413, "{path}");
        assert_eq!(refused.json()["errors"][0]["code"], "image_too_large");
        let shown = world.application().get(path.rsplit_once('/').unwrap().0).await.json();
        assert_eq!(shown["image_url"], kept, "{path}: the accepted one stays");
    }
}
