//! [`BackendApi`]: the calls that applications make.

use http::{Method, StatusCode};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::json::{from_value, problem_of};
use super::{ApiPath, Backend, Organization, OrganizationMembership, User};
use crate::effect::BackendError;
use crate::portal::DiscoveredPages;
use crate::token::{OrganizationId, SessionId, UserId};

/// The largest page of a list that Clerk returns.
const PAGE_LEN: usize = 500;
/// The most memberships of one user that are read, so that one call makes at most 20 requests.
const MAX_MEMBERSHIPS: usize = 10_000;

/// The Backend API for applications, portal links and sign-out.
///
/// Only [`request`](Self::request) is required; the other methods call it. Override them if that is simpler, as in
/// tests.
///
/// ```
/// use http::{Method, StatusCode};
/// use portal_sdk::backend::{ApiPath, Backend, BackendApi, User};
/// use portal_sdk::effect::{BackendError, HandshakePayload, RefreshedSession, SessionRefresh};
/// use portal_sdk::key::KeySet;
/// use portal_sdk::secret::Secret;
/// use portal_sdk::token::UserId;
/// use serde_json::{Map, Value};
///
/// /// Knows one user and no keys.
/// #[derive(Clone)]
/// struct MyBackend;
///
/// fn not_found() -> BackendError {
///     BackendError::answer(StatusCode::NOT_FOUND).with_code("resource_not_found")
/// }
///
/// impl Backend for MyBackend {
///     async fn jwks(&self) -> Result<KeySet, BackendError> {
///         Err(BackendError::connect("this backend is offline"))
///     }
///
///     async fn handshake_payload(&self, _: &Secret) -> Result<HandshakePayload, BackendError> {
///         Err(not_found())
///     }
///
///     async fn refresh_session(&self, _: &SessionRefresh) -> Result<RefreshedSession, BackendError> {
///         Err(not_found())
///     }
/// }
///
/// impl BackendApi for MyBackend {
///     async fn request(&self, _: Method, _: ApiPath, _: Option<Value>) -> Result<Value, BackendError> {
///         Err(not_found())
///     }
///
///     async fn user(&self, id: &UserId) -> Result<User, BackendError> {
///         Ok(User::builder(id.clone()).first_name("Ada").build())
///     }
/// }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BackendError> {
/// # assert_eq!(MyBackend.user(&"user_1".into()).await?.first_name.as_deref(), Some("Ada"));
/// # assert!(MyBackend.organization(&"org_1".into()).await.unwrap_err().status() == Some(StatusCode::NOT_FOUND));
/// # Ok(())
/// # }
/// ```
pub trait BackendApi: Backend {
    /// Calls the Backend API with the instance's secret key and returns the JSON response.
    ///
    /// An empty response is `null`. Limits, time-outs and errors are those of the other calls; nothing is retried.
    /// [`request_as`](Self::request_as) deserializes the response into your own type.
    ///
    /// # Errors
    ///
    /// Returns [`BackendError`] if the call fails, Clerk refuses it, or [`ApiPath::check`] fails.
    ///
    /// # Security
    ///
    /// The call can read and change everything in the instance. Take user and organization IDs from verified claims.
    /// Use an ID from the request only after a check that the signed-in user may act on it.
    fn request(
        &self,
        method: Method,
        path: ApiPath,
        body: Option<Value>,
    ) -> impl Future<Output = Result<Value, BackendError>> + Send;

    /// Calls the Backend API like [`request`](Self::request), with your own types. The body `()` sends no body.
    ///
    /// ```
    /// use http::Method;
    /// use portal_sdk::backend::{ApiPath, BackendApi, User};
    /// use portal_sdk::effect::BackendError;
    /// use portal_sdk::token::{OrganizationId, UserId};
    /// use serde::Deserialize;
    /// use serde_json::json;
    ///
    /// #[derive(Deserialize)]
    /// struct Members {
    ///     total_count: u64,
    /// }
    ///
    /// async fn count_members(backend: &impl BackendApi, id: &OrganizationId) -> Result<u64, BackendError> {
    ///     let path = ApiPath::new(["organizations", id.as_str(), "memberships"]).with_query("limit", 1);
    ///     let members: Members = backend.request_as(Method::GET, path, ()).await?;
    ///     Ok(members.total_count)
    /// }
    ///
    /// async fn set_plan(backend: &impl BackendApi, id: &UserId, plan: &str) -> Result<User, BackendError> {
    ///     let path = ApiPath::new(["users", id.as_str(), "metadata"]);
    ///     let body = json!({ "public_metadata": { "plan": plan } });
    ///     backend.request_as(Method::PATCH, path, body).await
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// Returns [`BackendError`] if [`request`](Self::request) does, or if the response is not a `T`.
    ///
    /// # Security
    ///
    /// See [`request`](Self::request).
    fn request_as<T: DeserializeOwned>(
        &self,
        method: Method,
        path: ApiPath,
        body: impl Serialize,
    ) -> impl Future<Output = Result<T, BackendError>> + Send {
        let body = serde_json::to_value(body).map_err(|error| BackendError::invalid_request(error.to_string()));
        async move {
            let body = Some(body?).filter(|body| !body.is_null());
            from_value(self.request(method, path, body).await?)
        }
    }

    /// Fetches a user: `GET /users/{id}`.
    ///
    /// [`Authenticator::user`](crate::authenticator::Authenticator::user) keeps users in memory for some seconds.
    ///
    /// # Errors
    ///
    /// Returns [`BackendError`] if the call fails or the user does not exist.
    fn user(&self, id: &UserId) -> impl Future<Output = Result<User, BackendError>> + Send {
        self.request_as(Method::GET, ApiPath::new(["users", id.as_str()]), ())
    }

    /// Fetches an organization: `GET /organizations/{id}`.
    ///
    /// # Errors
    ///
    /// Returns [`BackendError`] if the call fails or the organization does not exist.
    fn organization(&self, id: &OrganizationId) -> impl Future<Output = Result<Organization, BackendError>> + Send {
        self.request_as(Method::GET, ApiPath::new(["organizations", id.as_str()]), ())
    }

    /// Fetches all memberships of a user: `GET /users/{id}/organization_memberships`.
    ///
    /// Makes one call for every 500 memberships. The order is Clerk's. A malformed entry is skipped and logged, so that
    /// it does not hide the others.
    ///
    /// # Errors
    ///
    /// Returns [`BackendError`] if the call fails, the user does not exist, or the user has 10,000 memberships or more.
    fn organization_memberships(
        &self,
        id: &UserId,
    ) -> impl Future<Output = Result<Vec<OrganizationMembership>, BackendError>> + Send {
        async move {
            let mut memberships = Vec::new();
            let mut offset = 0;
            while offset < MAX_MEMBERSHIPS {
                let path = ApiPath::new(["users", id.as_str(), "organization_memberships"])
                    .with_query("limit", PAGE_LEN)
                    .with_query("offset", offset);
                let page: Page = self.request_as(Method::GET, path, ()).await?;
                let found = page.data.len();
                offset += found;
                memberships.extend(page.data.into_iter().filter_map(membership));
                if found < PAGE_LEN {
                    return Ok(memberships);
                }
            }
            let problem = format!("expected fewer than {MAX_MEMBERSHIPS} memberships, found at least as many");
            Err(BackendError::unreadable(StatusCode::OK, problem))
        }
    }

    /// Ends a session: `POST /sessions/{id}/revoke`.
    ///
    /// # Errors
    ///
    /// Returns [`BackendError`] if the call fails or Clerk refuses it.
    fn revoke_session(&self, id: &SessionId) -> impl Future<Output = Result<(), BackendError>> + Send {
        let path = ApiPath::new(["sessions", id.as_str(), "revoke"]);
        async move {
            let _session: Map<String, Value> = self.request_as(Method::POST, path, ()).await?;
            Ok(())
        }
    }

    /// Fetches the URLs of the portal's pages: `GET /v1/environment` of the Frontend API.
    ///
    /// Called only if the instance [discovers pages](crate::instance::InstanceBuilder::discover_pages). The default
    /// implementation fails with `501 Not Implemented`, so that links use the derived URLs.
    ///
    /// # Errors
    ///
    /// Returns [`BackendError`] if the call fails.
    fn portal_pages(&self) -> impl Future<Output = Result<DiscoveredPages, BackendError>> + Send {
        std::future::ready(Err(BackendError::answer(StatusCode::NOT_IMPLEMENTED)))
    }
}

/// A page of a list. Its entries are read one by one.
#[derive(Deserialize)]
struct Page {
    data: Vec<Value>,
}

fn membership(entry: Value) -> Option<OrganizationMembership> {
    serde_json::from_value(entry)
        .inspect_err(|error| {
            tracing::warn!(
                problem = problem_of(error),
                "skipped a malformed membership in the Backend API's list"
            );
        })
        .ok()
}
