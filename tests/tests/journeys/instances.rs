//! `examples/instances`: several Clerk applications in one process.

use portal_local::SeedUser;
use portal_tests::browser::Browser;
use portal_tests::programs::{Program, example_binary};
use tokio::process::Command;

use crate::{PASSWORD, sign_in_here};

#[tokio::test]
async fn user_of_one_tenant_is_unknown_to_the_other() {
    let mut program = Program::start(Command::new(example_binary("instances")));
    let url = |line: &str| line.strip_prefix("Application").map(|url| url.trim().to_owned());
    let (red, blue) = (program.line(url).await, program.line(url).await);
    let browser = Browser::open().await;
    let shown_at = async |tenant: &str| {
        browser.visit(tenant).await;
        browser.read("user").await
    };

    let (ruby, skye) = ("ruby+clerk_test@example.com", "skye+clerk_test@example.com");
    for (tenant, user) in [(&red, ruby), (&blue, skye)] {
        assert_eq!(shown_at(tenant).await, "guest");
        browser.follow("dashboard").await;
        sign_in_here(&browser, user, PASSWORD).await;
        browser.arrives_at(tenant).await;
        browser.shows("user", &SeedUser::new(user).id()).await;
    }
    // Each host keeps its own session.
    assert_eq!(shown_at(&red).await, SeedUser::new(ruby).id());
    assert_eq!(shown_at(&blue).await, SeedUser::new(skye).id());
    browser.close().await;
}
