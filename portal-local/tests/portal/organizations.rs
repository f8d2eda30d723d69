use hyper::Method;
use serde_json::{Value, json};

use crate::application::Application;
use crate::world::{APP, World};

const ADA: &str = "ada+clerk_test@example.com";
const JOE: &str = "joe+clerk_test@example.com";

pub(crate) async fn user(application: &Application, address: &str) -> String {
    let body = json!({ "email_address": [address], "password": crate::world::PASSWORD });
    let user = application.post("/v1/users", &body).await;
    assert_eq!(user.status, 200, "{}", user.body);
    user.json()["id"].as_str().unwrap().to_owned()
}

pub(crate) async fn organization(application: &Application, name: &str, created_by: &str) -> String {
    let body = json!({ "name": name, "created_by": created_by });
    let created = application.post("/v1/organizations", &body).await;
    assert_eq!(created.status, 200, "{}", created.body);
    created.json()["id"].as_str().unwrap().to_owned()
}

async fn user_of(world: &World, address: &str) -> String {
    let found = world
        .application()
        .get(&format!("/v1/users?query={}", address.replace('+', "%2B")))
        .await;
    found.json()[0]["id"].as_str().unwrap().to_owned()
}

/// The claims after a handshake with this query added.
async fn claims_after(world: &World, browser: &mut crate::browser::Browser, query: &str) -> Value {
    let application = world.application();
    let answer = browser
        .get(&format!("/v1/client/handshake?format=nonce&redirect_url={APP}/{query}"))
        .await;
    let nonce = answer.location_parameter("__clerk_handshake_nonce").unwrap();
    let payload = application
        .get(&format!("/v1/clients/handshake_payload?nonce={nonce}"))
        .await;
    let cookies = crate::application::Cookies::apply(&payload.json()["directives"]);
    application.verified_claims(cookies.value("__session")).await
}

#[tokio::test]
async fn handshake_activates_the_members_organization_only() {
    let world = World::start().await;
    let application = world.application();
    let mut ada = world.signed_up(ADA).await;
    let id = user_of(&world, ADA).await;
    let acme = organization(&application, "Acme", &id).await;
    let joe = user(&application, JOE).await;
    organization(&application, "Others", &joe).await;

    assert!(claims_after(&world, &mut ada, "").await.get("o").is_none());
    let claims = claims_after(&world, &mut ada, "&organization_id=acme").await;
    assert_eq!(claims["o"], json!({ "id": acme, "slg": "acme", "rol": "admin" }));
    assert!(claims.get("fea").is_none());
    let still = claims_after(&world, &mut ada, "").await;
    assert_eq!(still["o"]["id"], acme, "it stays active");
    for unreachable in ["others", "nothing", "org_x"] {
        let claims = claims_after(&world, &mut ada, &format!("&organization_id={unreachable}")).await;
        assert_eq!(claims["o"]["slg"], "acme", "{unreachable} changes nothing");
    }
    let session = claims["sid"].as_str().unwrap();
    let session = application.get(&format!("/v1/sessions/{session}")).await.json();
    assert_eq!(session["last_active_organization_id"], acme);
    assert!(
        claims_after(&world, &mut ada, "&organization_id=")
            .await
            .get("o")
            .is_none()
    );
    let by_id = claims_after(&world, &mut ada, &format!("&organization_id={acme}")).await;
    assert_eq!(by_id["o"]["slg"], "acme");

    let gone = application.delete(&format!("/v1/organizations/{acme}")).await;
    assert_eq!(
        gone.json(),
        json!({ "object": "organization", "id": acme, "deleted": true })
    );
    assert!(claims_after(&world, &mut ada, "").await.get("o").is_none());
}

/// Creates ada and her organization Acme Books. Returns her ID and the organization.
async fn acme_books(application: &Application) -> (String, Value) {
    let ada = user(application, ADA).await;
    let body = json!({
        "name": " Acme Books ", "created_by": ada, "max_allowed_memberships": 7, "public_metadata": { "a": 1 },
    });
    let created = application.post("/v1/organizations", &body).await.json();
    (ada, created)
}

#[tokio::test]
async fn created_organization_has_a_derived_slug_and_every_field() {
    let world = World::start().await;
    let application = world.application();
    let (_, created) = acme_books(&application).await;
    assert_eq!(
        (&created["name"], &created["slug"]),
        (&json!("Acme Books"), &json!("acme-books"))
    );
    assert_eq!(
        (&created["members_count"], &created["max_allowed_memberships"]),
        (&json!(1), &json!(7))
    );
    for field in [
        "object",
        "id",
        "image_url",
        "has_image",
        "admin_delete_enabled",
        "public_metadata",
        "private_metadata",
        "created_by",
        "created_at",
        "updated_at",
    ] {
        assert!(created.as_object().unwrap().contains_key(field), "{field}");
    }
    let id = created["id"].as_str().unwrap();
    assert!(id.starts_with("org_"));
    assert_eq!(application.get("/v1/organizations/acme-books").await.json()["id"], id);

    let twin = json!({ "name": "Acme Books" });
    let second = application.post("/v1/organizations", &twin).await.json();
    assert_eq!(second["slug"], "acme-books-2", "a derived slug evades");
}

#[tokio::test]
async fn invalid_organization_is_refused_with_the_parameter() {
    let world = World::start().await;
    let application = world.application();
    acme_books(&application).await;
    let long = json!({ "name": "x".repeat(257) });
    let taken = json!({ "name": "A", "slug": "acme-books" });
    let malformed = json!({ "name": "A", "slug": "A_b" });
    let unknown = json!({ "name": "A", "created_by": "user_x" });
    for (body, status, code, parameter) in [
        (json!({}), 422, "form_param_missing", "name"),
        (json!({ "name": " " }), 422, "form_param_nil", "name"),
        (long, 422, "form_param_max_length_exceeded", "name"),
        (taken, 422, "form_identifier_exists", "slug"),
        (malformed, 422, "form_param_format_invalid", "slug"),
        (unknown, 404, "resource_not_found", "created_by"),
    ] {
        let answer = application.post("/v1/organizations", &body).await;
        let error = &answer.json()["errors"][0];
        assert_eq!(
            (answer.status, &error["code"], &error["meta"]["param_name"]),
            (status, &json!(code), &json!(parameter)),
            "{body}"
        );
    }
    assert_eq!(application.post("/v1/organizations", &json!([])).await.status, 400);
}

#[tokio::test]
async fn organization_update_changes_the_named_fields_only() {
    let world = World::start().await;
    let application = world.application();
    let (_, created) = acme_books(&application).await;
    let path = format!("/v1/organizations/{}", created["id"].as_str().unwrap());
    let changed = application.patch(&path, &json!({ "slug": "books" })).await.json();
    assert_eq!(
        (&changed["slug"], &changed["name"]),
        (&json!("books"), &json!("Acme Books"))
    );
    let metadata = json!({ "public_metadata": { "b": { "c": 2 } } });
    let merged = application
        .patch("/v1/organizations/books/metadata", &metadata)
        .await
        .json();
    assert_eq!(merged["public_metadata"], json!({ "a": 1, "b": { "c": 2 } }));
}

#[tokio::test]
async fn organization_list_is_searched_by_member_and_name() {
    let world = World::start().await;
    let application = world.application();
    let (ada, _) = acme_books(&application).await;
    application
        .post("/v1/organizations", &json!({ "name": "Acme Books" }))
        .await;
    let list = application
        .get(&format!("/v1/organizations?user_id={ada}&include_members_count=true"))
        .await
        .json();
    assert_eq!(
        (&list["total_count"], &list["data"][0]["members_count"]),
        (&json!(1), &json!(1))
    );
    let list = application
        .get("/v1/organizations?limit=1&offset=1&query=ACME")
        .await
        .json();
    assert_eq!(
        (&list["total_count"], list["data"].as_array().unwrap().len()),
        (&json!(2), 1)
    );
    for bad in ["limit=0", "limit=501", "limit=x", "offset=-1"] {
        let answer = application.get(&format!("/v1/organizations?{bad}")).await;
        assert_eq!(answer.status, 422, "{bad}");
    }
}

#[tokio::test]
async fn last_manager_of_an_organization_is_not_removed() {
    let world = World::start().await;
    let application = world.application();
    let (ada, joe) = (user(&application, ADA).await, user(&application, JOE).await);
    let acme = organization(&application, "Acme", &ada).await;
    let path = format!("/v1/organizations/{acme}/memberships");
    let added = application
        .post(&path, &json!({ "user_id": joe, "role": "org:member" }))
        .await
        .json();
    assert_eq!(added["object"], "organization_membership");
    assert_eq!(
        (&added["role"], &added["role_name"]),
        (&json!("org:member"), &json!("Member"))
    );
    assert_eq!(
        added["permissions"],
        json!(["org:sys_billing:read", "org:sys_memberships:read"])
    );
    assert_eq!(added["public_user_data"]["identifier"], JOE);
    assert_eq!(added["organization"]["id"], acme);

    let code = |answer: &crate::browser::Answer| {
        (
            answer.status,
            answer.json()["errors"][0]["code"].as_str().unwrap().to_owned(),
        )
    };
    let again = application
        .post(&path, &json!({ "user_id": joe, "role": "org:member" }))
        .await;
    assert_eq!(code(&again), (400, "already_a_member_in_organization".into()));
    let nobody = application
        .post(&path, &json!({ "user_id": "user_x", "role": "org:member" }))
        .await;
    assert_eq!(code(&nobody), (404, "resource_not_found".into()));
    let role = application
        .post(&path, &json!({ "user_id": joe, "role": "org:boss" }))
        .await;
    assert_eq!(code(&role), (404, "resource_not_found".into()));

    let call = async |method: Method, user: &str, body: Value| {
        application
            .call(
                method,
                &format!("{path}/{user}"),
                Some(&application.secret_key),
                body.to_string(),
            )
            .await
    };
    let last = call(Method::DELETE, &ada, json!({})).await;
    assert_eq!(code(&last), (403, "organization_minimum_permissions_needed".into()));
    let last = call(Method::PATCH, &ada, json!({ "role": "org:member" })).await;
    assert_eq!(code(&last), (403, "organization_minimum_permissions_needed".into()));
    assert_eq!(
        call(Method::PATCH, &joe, json!({ "role": "org:admin" })).await.json()["role"],
        "org:admin"
    );
    assert_eq!(
        call(Method::DELETE, &ada, json!({})).await.json()["public_user_data"]["user_id"],
        ada
    );
    let list = application.get(&path).await.json();
    assert_eq!(
        (&list["total_count"], &list["data"][0]["public_user_data"]["user_id"]),
        (&json!(1), &json!(joe))
    );
    let theirs = application
        .get(&format!("/v1/users/{joe}/organization_memberships"))
        .await
        .json();
    assert_eq!(theirs["data"][0]["organization"]["slug"], "acme");
    assert_eq!(
        application
            .get(&format!("/v1/users/{ada}/organization_memberships"))
            .await
            .json()["total_count"],
        0
    );
}

/// Ada's organization Acme with a pending invitation.
struct Invited {
    world: World,
    application: Application,
    /// The path of the organization's invitations.
    path: String,
    body: Value,
    invitation: Value,
}

impl Invited {
    async fn start() -> Self {
        let world = World::start().await;
        let application = world.application();
        let ada = user(&application, ADA).await;
        let acme = organization(&application, "Acme", &ada).await;
        let path = format!("/v1/organizations/{acme}/invitations");
        let body = json!({
            "email_address": "new@example.com", "role": "org:member", "inviter_user_id": ada,
            "redirect_url": "http://localhost:3000/joined",
        });
        let invitation = application.post(&path, &body).await.json();
        Self {
            world,
            application,
            path,
            body,
            invitation,
        }
    }
}

#[tokio::test]
async fn organization_invitation_is_mailed_and_shows_its_link_once() {
    let invited = Invited::start().await;
    let (world, invitation) = (&invited.world, &invited.invitation);
    assert_eq!(
        (&invitation["object"], &invitation["status"]),
        (&json!("organization_invitation"), &json!("pending"))
    );
    assert_eq!(invitation["public_inviter_data"]["identifier"], ADA);
    let link = invitation["url"].as_str().unwrap();
    assert!(link.starts_with(&format!("{}/v1/tickets/accept?ticket=", world.portal.origin())));
    let mail = world.portal.outbox().await.unwrap().remove(0);
    assert_eq!(
        (mail.to.as_str(), mail.link.as_deref()),
        ("new@example.com", Some(link))
    );
    let listed = invited.application.get(&invited.path).await.json();
    assert_eq!(listed["data"][0]["url"], Value::Null);
}

#[tokio::test]
async fn invalid_organization_invitation_is_refused_with_clerks_code() {
    let invited = Invited::start().await;
    let invitation = |address: &str, role: &str| json!({ "email_address": address, "role": role });
    let mut hostile = invitation("a@example.com", "org:member");
    hostile["redirect_url"] = json!("https://evil.example/");
    let mut expired = invitation("a@example.com", "org:member");
    expired["expires_in_days"] = json!(0);
    let member = invitation(ADA, "org:member");
    for (body, status, code) in [
        (invited.body.clone(), 400, "duplicate_record"),
        (member, 400, "already_a_member_in_organization"),
        (invitation("no", "org:member"), 422, "form_param_format_invalid"),
        (invitation("a@example.com", "org:x"), 404, "resource_not_found"),
        (hostile, 422, "form_param_value_invalid"),
        (expired, 422, "form_param_value_invalid"),
    ] {
        let answer = invited.application.post(&invited.path, &body).await;
        assert_eq!(
            (answer.status, &answer.json()["errors"][0]["code"]),
            (status, &json!(code)),
            "{body}"
        );
    }
}

/// Five at most: one member, one invitation, and three more.
#[tokio::test]
async fn invitations_beyond_the_member_limit_are_refused_as_a_whole() {
    let invited = Invited::start().await;
    let (application, path) = (&invited.application, &invited.path);
    let four: Vec<Value> = (0..4)
        .map(|n| json!({ "email_address": format!("n{n}@example.com"), "role": "org:member" }))
        .collect();
    let bulk = format!("{path}/bulk");
    let answer = application.post(&bulk, &json!(four)).await;
    assert_eq!(
        answer.json()["errors"][0]["code"],
        "organization_membership_quota_exceeded"
    );
    assert_eq!(application.get(path).await.json()["total_count"], 1);
    assert_eq!(application.post(&bulk, &json!(four[..3])).await.status, 200);
}

#[tokio::test]
async fn organization_invitation_is_revoked_once_or_expires_after_30_days() {
    let invited = Invited::start().await;
    let (application, path) = (&invited.application, &invited.path);
    let others: Vec<Value> = (0..3)
        .map(|n| json!({ "email_address": format!("n{n}@example.com"), "role": "org:member" }))
        .collect();
    application.post(&format!("{path}/bulk"), &json!(others)).await;
    let one = format!("{path}/{}", invited.invitation["id"].as_str().unwrap());
    let revoke = format!("{one}/revoke");
    assert_eq!(application.get(&one).await.json()["status"], "pending");
    assert_eq!(application.post(&revoke, &json!({})).await.json()["status"], "revoked");
    assert_eq!(application.post(&revoke, &json!({})).await.status, 400);
    invited.world.clock.forward_secs(30 * 24 * 3_600);
    let expired = application.get(&format!("{path}?status=expired")).await.json();
    assert_eq!(expired["total_count"], 3);
}
