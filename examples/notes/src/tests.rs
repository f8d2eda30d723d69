//! The application without a server: users, spaces, roles, htmx.

use std::path::Path;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode};
use portal_axum::testing::{TestInstance, TestSession};
use portal_axum::{BackendError, UserId};
use tower::ServiceExt as _;

use crate::app::{App, router};
use crate::cleanup::remove_deleted_users;
use crate::database::Database;
use crate::users::today;

struct World {
    clerk: TestInstance,
    database: Database,
    routes: Router,
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
}

impl World {
    fn new() -> Self {
        let clerk = TestInstance::new();
        let database = Database::open(Path::new(":memory:")).unwrap();
        let app = App {
            database: database.clone(),
            htmx: None,
        };
        let routes = router(app, clerk.authenticator());
        Self {
            clerk,
            database,
            routes,
        }
    }

    /// A user with the personal account, whose token has the address `{name}@example.com`.
    fn user(&self, name: &str) -> TestSession {
        let session = self.clerk.signed_in(format!("user_{name}"));
        session.claim("email", format!("{name}@example.com"))
    }

    /// A user in the organization `acme`.
    fn member(&self, name: &str, role: &str) -> TestSession {
        self.user(name)
            .organization("org_acme")
            .organization_slug("acme")
            .role(role)
    }

    async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.routes.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, 1 << 20).await.unwrap();
        Answer {
            status: parts.status,
            headers: parts.headers,
            text: String::from_utf8(body.to_vec()).unwrap(),
        }
    }

    /// Submits a form as a browser without script does, or as htmx does.
    async fn post(&self, user: &TestSession, path: &str, form: &str, is_htmx: bool) -> Answer {
        let request = user
            .request(Method::POST, path)
            .header("content-type", "application/x-www-form-urlencoded");
        let request = if is_htmx {
            request
                .header("hx-request", "true")
                .header("hx-current-url", "http://localhost/notes")
        } else {
            request.header("sec-fetch-dest", "document")
        };
        self.send(request.body(form.to_owned().into()).unwrap()).await
    }

    /// Saves a note in the active organization of `user`.
    async fn save(&self, user: &TestSession, organization: &str, text: &str) {
        let form = format!("organization={organization}&text={text}");
        let saved = self.post(user, "/notes", &form, false).await;
        assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.text);
        assert_eq!(saved.headers["location"], "/notes");
    }

    async fn page(&self, user: &TestSession) -> String {
        let page = self.send(user.get("/notes").body(Body::empty()).unwrap()).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.text);
        page.text
    }
}

#[tokio::test]
async fn changed_address_replaces_the_stored_one() {
    let world = World::new();
    world
        .save(&world.member("ada", "org:member"), "org_acme", "hello")
        .await;
    let reader = world.member("bob", "org:member");
    assert!(world.page(&reader).await.contains("ada@example.com"));

    let renamed = world.member("ada", "org:member").claim("email", "countess@example.com");
    assert!(world.page(&renamed).await.contains(">You<"), "the row is the same");
    let page = world.page(&reader).await;
    assert!(
        page.contains("countess@example.com") && !page.contains("ada@example.com"),
        "{page}"
    );
}

#[tokio::test]
async fn token_without_address_keeps_the_stored_one() {
    let world = World::new();
    world
        .save(&world.member("ada", "org:member"), "org_acme", "hello")
        .await;
    let outage = Err(BackendError::answer(StatusCode::SERVICE_UNAVAILABLE));
    world.clerk.backend().set_user("user_ada", outage);
    let without = world.clerk.signed_in("user_ada").organization("org_acme");
    world.page(&without).await;
    assert!(
        world
            .page(&world.member("bob", "org:member"))
            .await
            .contains("ada@example.com")
    );
}

#[tokio::test]
async fn personal_notes_are_shown_to_their_author_only() {
    let world = World::new();
    world.save(&world.user("ada"), "", "secret").await;
    assert!(world.page(&world.user("ada")).await.contains("secret"));
    for reader in [
        world.user("bob"),
        world.member("ada", "org:member"),
        world.member("bob", "org:admin"),
    ] {
        assert!(!world.page(&reader).await.contains("secret"));
    }
    // The ID of another space's note finds nothing.
    for reader in [world.user("bob"), world.member("bob", "org:admin")] {
        let answer = world.post(&reader, "/notes/1/delete", "", false).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND);
    }
    assert!(world.page(&world.user("ada")).await.contains("secret"));
}

#[tokio::test]
async fn only_administrators_delete_the_notes_of_others() {
    let world = World::new();
    let author = world.member("ada", "org:member");
    world.save(&author, "org_acme", "first").await;
    world.save(&author, "org_acme", "second").await;

    let member = world.member("bob", "org:member");
    assert!(!world.page(&member).await.contains("/notes/1/delete"), "no button");
    let refused = world.post(&member, "/notes/1/delete", "", false).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert!(refused.text.contains("Only an administrator") && refused.text.contains("first"));

    let stranger = world.member("eve", "org:admin").organization("org_other");
    let unseen = world.post(&stranger, "/notes/1/delete", "", false).await;
    assert_eq!(unseen.status, StatusCode::NOT_FOUND);

    let administrator = world.member("cleo", "org:admin");
    assert!(world.page(&administrator).await.contains("/notes/1/delete"));
    for (user, path) in [(&administrator, "/notes/1/delete"), (&author, "/notes/2/delete")] {
        assert_eq!(world.post(user, path, "", false).await.status, StatusCode::SEE_OTHER);
    }
    assert!(world.page(&author).await.contains("No notes yet"));
}

#[tokio::test]
async fn form_of_another_organization_saves_nothing_and_keeps_the_text() {
    let world = World::new();
    let member = world.member("ada", "org:member");
    let answer = world.post(&member, "/notes", "organization=&text=for+me", false).await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    assert!(
        answer.text.contains(">for me</textarea>") && answer.text.contains("No notes yet"),
        "{}",
        answer.text
    );
    assert!(world.page(&world.user("ada")).await.contains("No notes yet"));
}

#[tokio::test]
async fn empty_and_long_notes_are_refused() {
    let world = World::new();
    let long = "x".repeat(1_001);
    for text in ["+", &long] {
        let form = format!("organization=&text={text}");
        let answer = world.post(&world.user("ada"), "/notes", &form, true).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(answer.text.contains(r#"role="alert""#) && answer.text.contains("No notes yet"));
    }
}

#[tokio::test]
async fn htmx_gets_the_list_alone() {
    let world = World::new();
    let saved = world
        .post(&world.user("ada"), "/notes", "organization=&text=hello", true)
        .await;
    assert_eq!(saved.status, StatusCode::OK);
    assert!(
        saved.text.contains("Note saved.") && saved.text.contains("hello"),
        "{}",
        saved.text
    );
    assert!(!saved.text.contains("<html"));
}

#[tokio::test]
async fn ended_session_sends_htmx_and_forms_to_sign_in() {
    let world = World::new();
    let ended = world.user("ada").expired(true);
    let form = "organization=&text=late";
    let htmx = world.post(&ended, "/notes", form, true).await;
    assert_eq!(htmx.status, StatusCode::UNAUTHORIZED);
    let location = htmx.headers["hx-redirect"].to_str().unwrap();
    assert!(
        location.contains("/sign-in") && location.contains("notes"),
        "{location}"
    );
    let plain = world.post(&ended, "/notes", form, false).await;
    assert_eq!(plain.status, StatusCode::SEE_OTHER);
    assert!(world.page(&world.user("ada")).await.contains("No notes yet"));
}

#[tokio::test]
async fn user_deleted_at_clerk_is_removed_after_a_month() {
    let world = World::new();
    for user in [world.user("ada"), world.user("bob")] {
        world.save(&user, "", "personal").await;
    }
    world
        .save(&world.member("ada", "org:member"), "org_acme", "shared")
        .await;
    let clerk = world.clerk.backend();
    clerk.set_user("user_ada", Err(BackendError::answer(StatusCode::NOT_FOUND)));

    remove_deleted_users(&world.database, clerk, today() + 30)
        .await
        .unwrap();
    assert!(
        world.page(&world.user("ada")).await.contains("personal"),
        "asked too early"
    );
    remove_deleted_users(&world.database, clerk, today() + 31)
        .await
        .unwrap();

    assert!(world.page(&world.user("ada")).await.contains("No notes yet"));
    assert!(world.page(&world.user("bob")).await.contains("personal"));
    let shared = world.page(&world.member("bob", "org:member")).await;
    assert!(
        shared.contains("shared") && shared.contains("Former member"),
        "{shared}"
    );
}

#[tokio::test]
async fn outage_removes_no_user_and_asks_again() {
    let world = World::new();
    world.save(&world.user("ada"), "", "personal").await;
    let clerk = world.clerk.backend();
    clerk.set_user("user_ada", Err(BackendError::answer(StatusCode::BAD_GATEWAY)));
    let later = today() + 31;
    assert!(remove_deleted_users(&world.database, clerk, later).await.is_err());
    let unknown = world.database.users_known_before(later).await.unwrap();
    assert_eq!(unknown, [UserId::from("user_ada")]);
    assert!(world.page(&world.user("ada")).await.contains("personal"));
}

#[tokio::test]
async fn line_break_counts_as_one_character() {
    let world = World::new();
    let user = world.user("ada");
    // Browsers count one for `maxlength`, and send two.
    let longest = format!("{}{}", "x%0D%0A".repeat(499), "yy");
    world.save(&user, "", &longest).await;
    let page = world.page(&user).await;
    assert!(page.contains("x\nyy") && !page.contains('\r'), "{page}");
}

#[tokio::test]
async fn note_with_html_is_shown_as_text() {
    let world = World::new();
    let user = world.user("ada");
    world.save(&user, "", "</p><script>alert(1)</script>").await;
    let refused = world
        .post(
            &user,
            "/notes",
            "organization=x&text=</textarea><script>alert(1)</script>",
            false,
        )
        .await;
    assert!(!refused.text.contains("<script>alert"), "{}", refused.text);
    let page = world.page(&user).await;
    assert!(
        page.contains("script&#62;") && !page.contains("<script>alert"),
        "{page}"
    );
}
