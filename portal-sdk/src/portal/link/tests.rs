use super::*;
use crate::instance::{Instance, Satellite};
use crate::portal::{DiscoveredPages, SessionTask};

const TEST_PK: &str = "pk_test_Zm9vLWJhci0xMy5jbGVyay5hY2NvdW50cy5kZXYk";
const LIVE_PK: &str = "pk_live_Y2xlcmsuZXhhbXBsZS5jb20k";

fn development() -> crate::instance::InstanceBuilder {
    Instance::builder(TEST_PK, "sk_test_x")
}

fn link(portal: &Portal, page: PortalPage, back: &str) -> String {
    let here = Url::parse("http://localhost:3000/dash?x=1").unwrap();
    let link = portal
        .link(page)
        .with_requested_from(&here)
        .with_return_back(back)
        .with_dev_browser(Some("dvb"));
    link.to_url().unwrap().to_string()
}

#[test]
fn development_link_carries_the_dev_browser_token() {
    let portal = Portal::from(&development().build().unwrap());
    for (back, url) in [
        (
            "http://localhost:3000/dash?x=1",
            "https://foo-bar-13.accounts.dev/sign-in?redirect_url=http%3A%2F%2Flocalhost%3A3000%2Fdash%3Fx%3D1&__clerk_db_jwt=dvb",
        ),
        ("", "https://foo-bar-13.accounts.dev/sign-in?__clerk_db_jwt=dvb"),
        (
            "/a?b=1",
            "https://foo-bar-13.accounts.dev/sign-in?redirect_url=http%3A%2F%2Flocalhost%3A3000%2Fa%3Fb%3D1&__clerk_db_jwt=dvb",
        ),
    ] {
        assert_eq!(link(&portal, PortalPage::SignIn, back), url);
    }
}

#[test]
fn own_sign_in_page_replaces_the_portals() {
    for (sign_in_url, page, url) in [
        ("/sign-in", PortalPage::SignIn, "http://localhost:3000/sign-in"),
        ("/sign-in", PortalPage::SignUp, "http://localhost:3000/sign-in/create"),
        ("/sign-in/", PortalPage::SignUp, "http://localhost:3000/sign-in/create"),
        (
            "https://id.ex.com/sign-in?z=1",
            PortalPage::SignUp,
            "https://id.ex.com/sign-in/create?z=1&__clerk_db_jwt=dvb",
        ),
    ] {
        let portal = Portal::from(&development().sign_in_url(sign_in_url).build().unwrap());
        assert_eq!(link(&portal, page, ""), url);
    }
}

#[test]
fn page_link_has_the_default_path() {
    let portal = Portal::from(&Instance::builder(LIVE_PK, "sk_live_x").build().unwrap());
    assert_eq!(portal.base(), "https://accounts.example.com");
    for (link, page, path) in [
        (portal.sign_in(), PortalPage::SignIn, "/sign-in"),
        (portal.sign_up(), PortalPage::SignUp, "/sign-up"),
        (portal.user_profile(), PortalPage::UserProfile, "/user"),
        (
            portal.organization_profile(),
            PortalPage::OrganizationProfile,
            "/organization",
        ),
        (
            portal.create_organization(),
            PortalPage::CreateOrganization,
            "/create-organization",
        ),
        (portal.waitlist(), PortalPage::Waitlist, "/waitlist"),
        (
            portal.unauthorized_sign_in(),
            PortalPage::UnauthorizedSignIn,
            "/unauthorized-sign-in",
        ),
        (portal.session_tasks(), PortalPage::SessionTasks, "/sign-in/tasks"),
        (
            portal.link(PortalPage::SessionTask(SessionTask::SetupMfa)),
            PortalPage::SessionTask(SessionTask::SetupMfa),
            "/sign-in/tasks/setup-mfa",
        ),
    ] {
        let url = link.to_url().unwrap();
        assert_eq!((url.path(), url.query()), (path, None), "{page}");
        let is_public = path.contains("sign-") || path == "/waitlist";
        assert_eq!(page.needs_session(), !is_public);
        assert_eq!(page.path(), path);
    }
}

#[test]
fn tasks_link_appends_a_path_segment() {
    let portal = Portal::from(&development().sign_in_url("/sign-in?a=1").build().unwrap());
    let here = Url::parse("http://localhost:3000/").unwrap();
    let url = portal
        .sign_in()
        .with_requested_from(&here)
        .with_tasks(true)
        .to_url()
        .unwrap();
    assert_eq!(url.as_str(), "http://localhost:3000/sign-in/tasks?a=1");
}

#[test]
fn satellite_link_requests_synchronisation() {
    let instance = Instance::builder(LIVE_PK, "sk_live_x")
        .satellite(Satellite::on_domain("satellite.dev"))
        .sign_in_url("https://primary.dev/sign-in")
        .build()
        .unwrap();
    let portal = Portal::from(&instance);
    let here = Url::parse("https://satellite.dev/x").unwrap();
    let back = "https://satellite.dev/x?__clerk_synced=true&a=1";
    let url = portal
        .sign_in()
        .with_requested_from(&here)
        .with_return_back(back)
        .with_dev_browser(Some("dvb"))
        .to_url()
        .unwrap();
    assert_eq!(
        url.as_str(),
        "https://primary.dev/sign-in?redirect_url=https%3A%2F%2Fsatellite.dev%2Fx%3F__clerk_synced%3Dfalse%26a%3D1"
    );
}

#[test]
fn after_redirects_are_on_sign_in_and_sign_up_links_only() {
    let builder = development()
        .sign_in_force_redirect_url("/in")
        .sign_up_fallback_redirect_url("/up");
    let portal = Portal::from(&builder.build().unwrap());
    assert_eq!(
        link(&portal, PortalPage::SignIn, ""),
        "https://foo-bar-13.accounts.dev/sign-in?sign_up_fallback_redirect_url=http%3A%2F%2Flocalhost%3A3000%2Fup\
         &sign_in_force_redirect_url=http%3A%2F%2Flocalhost%3A3000%2Fin&__clerk_db_jwt=dvb"
    );
    assert_eq!(
        link(&portal, PortalPage::UserProfile, ""),
        "https://foo-bar-13.accounts.dev/user?__clerk_db_jwt=dvb"
    );
}

#[test]
fn forced_redirect_replaces_the_fallback() {
    let builder = development()
        .sign_in_force_redirect_url("/in")
        .sign_in_fallback_redirect_url("/never")
        .sign_up_fallback_redirect_url("/up");
    let portal = Portal::from(&builder.build().unwrap());
    let url = link(&portal, PortalPage::SignUp, "");
    assert!(
        url.contains("sign_in_force_redirect_url") && url.contains("sign_up_fallback_redirect_url"),
        "{url}"
    );
    assert!(!url.contains("never"), "{url}");
}

#[test]
fn prefill_without_a_field_is_rejected() {
    let portal = Portal::from(&development().build().unwrap());
    let all = || {
        let values = [
            Prefill::EmailAddress("ada+1@example.com".into()),
            Prefill::PhoneNumber("+15555550100".into()),
            Prefill::Username("ada".into()),
        ];
        values.into_iter()
    };
    let names = || [Prefill::FirstName("Ada".into()), Prefill::LastName("L\u{f6}ve".into())].into_iter();
    let url = all()
        .chain(names())
        .fold(portal.sign_up(), PortalLink::with_prefill)
        .to_url()
        .unwrap();
    assert_eq!(
        url.query(),
        Some(
            "email_address=ada%2B1%40example.com&phone_number=%2B15555550100&username=ada&first_name=Ada&last_name=L%C3%B6ve"
        )
    );
    assert!(all().fold(portal.sign_in(), PortalLink::with_prefill).to_url().is_ok());
    let twice = portal
        .sign_in()
        .with_prefill(Prefill::Username("a".into()))
        .with_prefill(Prefill::Username("b".into()))
        .to_url();
    assert_eq!(twice.unwrap().query(), Some("username=b"));
    for (link, name) in [
        (names().fold(portal.sign_in(), PortalLink::with_prefill), "first_name"),
        (
            portal.user_profile().with_prefill(Prefill::EmailAddress("a@b".into())),
            "email_address",
        ),
    ] {
        let error = link.to_url().unwrap_err();
        assert!(
            matches!(error, LinkError::Prefill { name: found, .. } if found == name),
            "{error}"
        );
    }
}

#[test]
fn discovered_page_replaces_the_derived_but_not_the_own_page() {
    let pages = serde_json::json!({ "display_config": {
        "sign_in_url": "https://login.example.net/in",
        "sign_up_url": "javascript:alert(1)",
        "user_profile_url": "https://login.example.net/me?a=1",
        "organization_profile_url": "http://login.example.net/plain",
        "create_organization_url": null,
        "waitlist_url": "https://u:p@login.example.net/",
    } });
    let pages: DiscoveredPages = serde_json::from_value(pages).unwrap();
    let portal = |builder: crate::instance::InstanceBuilder| {
        Portal::from(&builder.build().unwrap()).with_discovered(pages.clone())
    };
    let link_to = |portal: &Portal, page| portal.link(page).to_url().unwrap().to_string();
    let hosted = portal(development());
    for (page, expected) in [
        (PortalPage::SignIn, "https://login.example.net/in"),
        (PortalPage::SessionTasks, "https://login.example.net/in/tasks"),
        (PortalPage::SignUp, "https://foo-bar-13.accounts.dev/sign-up"),
        (PortalPage::UserProfile, "https://login.example.net/me?a=1"),
        (
            PortalPage::OrganizationProfile,
            "https://foo-bar-13.accounts.dev/organization",
        ),
        (
            PortalPage::CreateOrganization,
            "https://foo-bar-13.accounts.dev/create-organization",
        ),
        (PortalPage::Waitlist, "https://foo-bar-13.accounts.dev/waitlist"),
    ] {
        assert_eq!(link_to(&hosted, page), expected);
    }
    let own = portal(development().sign_in_url("https://app.example.com/hello"));
    assert_eq!(link_to(&own, PortalPage::SignIn), "https://app.example.com/hello");
    assert_eq!(
        link_to(&own, PortalPage::SessionTask(SessionTask::ResetPassword)),
        "https://app.example.com/hello/tasks/reset-password"
    );
}

#[test]
fn debug_output_hides_the_dev_browser_token() {
    let portal = Portal::from(&development().build().unwrap());
    let printed = format!("{:?}", portal.sign_in().with_dev_browser(Some("dvb_secret")));
    assert!(!printed.contains("dvb_secret"), "{printed}");
}

/// The proxy that strips the path from requests adds it to no link.
#[test]
fn path_of_a_page_is_below_the_path_of_the_public_origin() {
    let settings = development()
        .public_origin("https://example.com/shop")
        .sign_in_url("/sign-in");
    let portal = Portal::from(&settings.build().unwrap());
    let here = Url::parse("https://example.com/shop/cart").unwrap();
    let url = portal.sign_in().with_requested_from(&here).to_url().unwrap();
    assert!(url.as_str().starts_with("https://example.com/shop/sign-in"), "{url}");
}

#[test]
fn path_without_a_request_is_rejected() {
    let portal = Portal::from(&development().sign_in_url("/sign-in").build().unwrap());
    assert_eq!(
        portal.sign_in().to_url(),
        Err(LinkError::Relative {
            found: "/sign-in".into()
        })
    );
    let portal = Portal::from(&development().build().unwrap());
    let javascript = portal.sign_in().with_return_back("javascript:alert(1)").to_url();
    assert!(matches!(
        javascript,
        Err(LinkError::ReturnBackUrl(ReturnBackUrlError::Scheme { .. }))
    ));
}
