//! Guides: one page for each task, with code that compiles.
//!
//! | Guide | Afterwards you can |
//! |---|---|
//! | [`authentication`] | tell why a request is signed out, and choose where users end after sign-in |
//! | [`users`] | keep a row for each user in sync with Clerk |
//! | [`organizations`] | serve several tenants, with permissions and custom claims |
//! | [`behind_a_proxy`] | run the application behind nginx, Caddy or a load balancer |
//! | [`json_apis`] | serve scripts and single-page applications, across origins too |
//! | [`pages`] | serve forms, htmx and static files, and order layers and routes |
//! | [`streams`] | end WebSockets and event streams when the session ends |
//! | [`replicas`] | let every replica learn each sign-out, over Redis |
//! | [`several_domains`] | share sessions with a satellite, or serve several Clerk applications by host |
//! | [`outages`] | tell what users see while Clerk is unreachable |
//! | [`limits`] | look up what a client can cause at most, and the answer beyond it |
//! | [`security`] | tick off a list before production |
//! | [`testing`] | test guarded routes in a millisecond, and whole flows beside a local portal |
//! | [`migrating`] | replace clerk-rs or axum-login |
//! | [`local_portal`] | use the local portal with other SDKs, and move to a Clerk application |
//!
//! # Questions
//!
//! Starting:
//!
//! - [Which axum versions, and how do I add it?](migrating#which-axum-versions-and-how-do-i-add-it)
//! - [Which variables do I need?](behind_a_proxy#which-variables-do-i-need)
//! - [Which of the printed variables do I need?](local_portal#which-of-the-printed-variables-do-i-need)
//! - [How do I test a signed-in route without starting anything?](testing#how-do-i-test-a-signed-in-route-without-starting-anything)
//! - [How do I test a whole flow?](testing#how-do-i-test-a-whole-flow)
//! - [Which of my session and CSRF middleware may go?](pages#which-of-my-session-and-csrf-middleware-may-go)
//!
//! Users:
//!
//! - [How does the user's address get into my table, and stay in sync?](users#how-does-the-users-address-get-into-my-table-and-stay-in-sync)
//! - [How is a deleted user removed from my table?](users#how-is-a-deleted-user-removed-from-my-table)
//! - [How do I receive Clerk's webhooks?](users#how-do-i-receive-clerks-webhooks)
//! - [How do I keep existing users and UUID keys?](users#how-do-i-keep-existing-users-and-uuid-keys)
//! - [How do users switch organizations, and when does my application know?](organizations#how-do-users-switch-organizations-and-when-does-my-application-know)
//! - [Where do users end after sign-in, and how do I change it?](authentication#where-do-users-end-after-sign-in-and-how-do-i-change-it)
//! - [Why does sign-in end in a redirect loop?](authentication#why-does-sign-in-end-in-a-redirect-loop)
//! - [Why does the log warn of a large session cookie?](authentication#why-does-the-log-warn-of-a-large-session-cookie)
//! - [Which reason did the request have?](authentication#which-reason-did-the-request-have)
//!
//! Routes and layers:
//!
//! - [`layer` or `route_layer`?](pages#layer-or-route_layer)
//! - [Where does `CorsLayer` go?](json_apis#where-does-corslayer-go)
//! - [May static files be inside the layer?](pages#may-static-files-be-inside-the-layer)
//! - [How do I get a Bearer token in a script?](json_apis#how-do-i-get-a-bearer-token-in-a-script)
//! - [What does a WebSocket do when its user signs out?](streams#what-does-a-websocket-do-when-its-user-signs-out)
//! - [How many calls to Clerk do open connections make?](streams#how-many-calls-to-clerk-do-open-connections-make)
//! - [What do replicas tell each other?](replicas#what-do-replicas-tell-each-other)
//! - [Which replica gets a webhook?](replicas#which-replica-gets-a-webhook)
//! - [What must run?](replicas#what-must-run)
//! - [What happens while Redis is down?](replicas#what-happens-while-redis-is-down)
//! - [Who may reach Redis?](replicas#who-may-reach-redis)
//! - [Which limits must the server set?](limits#which-limits-must-the-server-set)
//! - [What must my reverse proxy send?](behind_a_proxy#what-must-my-reverse-proxy-send)

// Each guide defines its links as file paths, for a forge. rustdoc uses a link's first definition, so items' paths come first.
#[doc = include_str!("rustdoc_links.txt")]
#[doc = include_str!("authentication.md")]
pub mod authentication {}
#[doc = include_str!("rustdoc_links.txt")]
#[doc = include_str!("behind_a_proxy.md")]
pub mod behind_a_proxy {}
#[doc = include_str!("rustdoc_links.txt")]
#[doc = include_str!("json_apis.md")]
pub mod json_apis {}
#[doc = include_str!("rustdoc_links.txt")]
#[doc = include_str!("limits.md")]
pub mod limits {}
#[doc = include_str!("rustdoc_links.txt")]
#[doc = include_str!("local_portal.md")]
pub mod local_portal {}
#[doc = include_str!("rustdoc_links.txt")]
#[doc = include_str!("migrating.md")]
pub mod migrating {}
#[doc = include_str!("rustdoc_links.txt")]
#[doc = include_str!("organizations.md")]
pub mod organizations {}
#[doc = include_str!("rustdoc_links.txt")]
#[doc = include_str!("outages.md")]
pub mod outages {}
#[doc = include_str!("rustdoc_links.txt")]
#[doc = include_str!("pages.md")]
pub mod pages {}
#[doc = include_str!("rustdoc_links.txt")]
#[doc = include_str!("replicas.md")]
pub mod replicas {}
#[doc = include_str!("rustdoc_links.txt")]
#[doc = include_str!("security.md")]
pub mod security {}
#[doc = include_str!("rustdoc_links.txt")]
#[doc = include_str!("several_domains.md")]
pub mod several_domains {}
#[doc = include_str!("rustdoc_links.txt")]
#[doc = include_str!("streams.md")]
pub mod streams {}
#[doc = include_str!("rustdoc_links.txt")]
#[doc = include_str!("testing.md")]
pub mod testing {}
#[doc = include_str!("rustdoc_links.txt")]
#[doc = include_str!("users.md")]
pub mod users {}
