use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::{Method, Request};
use http_body::Body;
use portal_sdk::authenticator::Authenticator;
use portal_sdk::backend::Backend;
use portal_sdk::clock::{Clock, SystemClock};
use portal_sdk::excerpt::Excerpt;
use portal_sdk::instance::ConfigError;
use portal_sdk::throttle::Throttle;
use portal_sdk::webhook::{WebhookDelivery, WebhookEvent, WebhookVerifier};

use super::body;
use super::handler::WebhookHandler;
use super::refusal::WebhookRefusal;
use super::service::WebhookService;

/// Room for a user with all metadata and memberships.
const DEFAULT_MAX_BODY_BYTES: usize = 1024 * 1024;
const DEFAULT_BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// Reads and verifies deliveries of Clerk's webhooks. Cloning is cheap.
///
/// [`into_service`](Self::into_service) turns it into a service. In `portal-axum`, it is also the state of an extractor.
///
/// ```
/// use portal_tower::WebhookReceiver;
/// use portal_tower::portal_sdk::instance::ConfigError;
/// use portal_tower::portal_sdk::webhook::WebhookDelivery;
///
/// # fn main() -> Result<(), ConfigError> {
/// let receiver = WebhookReceiver::new("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD")?.with_max_body_bytes(256 * 1024);
/// let service = receiver.into_service(async |delivery: WebhookDelivery| {
///     println!("{} at {:?}", delivery.event_type, delivery.occurred_at);
///     Ok::<(), std::convert::Infallible>(())
/// });
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct WebhookReceiver {
    settings: Arc<Settings>,
}

type Apply = dyn Fn(&WebhookEvent) + Send + Sync;

#[derive(Clone)]
struct Settings {
    verifier: WebhookVerifier,
    clock: Arc<dyn Clock>,
    max_body_bytes: usize,
    body_timeout: Duration,
    log_lines: Arc<Throttle>,
    /// [`Authenticator::webhook_received`], without the backend's type.
    authenticator: Option<Arc<Apply>>,
}

impl WebhookReceiver {
    /// Creates a receiver with the secret in `CLERK_WEBHOOK_SIGNING_SECRET`.
    ///
    /// # Errors
    ///
    /// Returns [`ConfigError`] if the variable is unset or holds a malformed secret.
    pub fn from_env() -> Result<Self, ConfigError> {
        WebhookVerifier::from_env().map(Self::with_verifier)
    }

    /// Creates a receiver with a secret, `whsec_…`, or several with commas between.
    ///
    /// # Errors
    ///
    /// Returns [`ConfigError`] if a secret is malformed.
    pub fn new(secrets: &str) -> Result<Self, ConfigError> {
        WebhookVerifier::new(secrets).map(Self::with_verifier)
    }

    fn with_verifier(verifier: WebhookVerifier) -> Self {
        let settings = Settings {
            verifier,
            clock: Arc::new(SystemClock),
            max_body_bytes: DEFAULT_MAX_BODY_BYTES,
            body_timeout: DEFAULT_BODY_TIMEOUT,
            log_lines: Arc::default(),
            authenticator: None,
        };
        Self {
            settings: Arc::new(settings),
        }
    }

    /// Limits the size of a body (default: 1 MiB).
    #[must_use]
    pub fn with_max_body_bytes(mut self, bytes: usize) -> Self {
        self.settings_mut().max_body_bytes = bytes;
        self
    }

    /// Limits the time in which the whole body arrives (default: ten seconds).
    ///
    /// Needs a tokio runtime. Without one, the server must limit the time.
    #[must_use]
    pub fn with_body_timeout(mut self, limit: Duration) -> Self {
        self.settings_mut().body_timeout = limit;
        self
    }

    /// Sets the clock that timestamps are compared with (default: the system's). For tests.
    #[must_use]
    pub fn with_clock(mut self, clock: impl Clock) -> Self {
        self.settings_mut().clock = Arc::new(clock);
        self
    }

    /// Applies each verified delivery to an authenticator and its fleet.
    ///
    /// This happens before the handler gets the delivery.
    /// Tokens of an ended session or a deleted user are then rejected at once, and their connections end; see
    /// [`Authenticator::webhook_received`].
    ///
    /// ```
    /// use portal_tower::portal_sdk::authenticator::Authenticator;
    /// use portal_tower::portal_sdk::backend::HttpBackend;
    /// use portal_tower::portal_sdk::instance::{ConfigError, Instance};
    /// use portal_tower::{AuthenticateLayer, WebhookReceiver};
    ///
    /// fn layer_and_receiver() -> Result<(AuthenticateLayer<HttpBackend>, WebhookReceiver), ConfigError> {
    ///     let clerk = Authenticator::builder(Instance::from_env()?).build();
    ///     let receiver = WebhookReceiver::from_env()?.with_authenticator(clerk.clone());
    ///     Ok((AuthenticateLayer::from_authenticator(clerk), receiver))
    /// }
    /// ```
    #[must_use]
    pub fn with_authenticator<B: Backend>(mut self, authenticator: Authenticator<B>) -> Self {
        let apply = move |event: &WebhookEvent| authenticator.webhook_received(event);
        self.settings_mut().authenticator = Some(Arc::new(apply));
        self
    }

    fn settings_mut(&mut self) -> &mut Settings {
        Arc::make_mut(&mut self.settings)
    }

    /// Returns the service that passes verified deliveries to a handler.
    pub fn into_service<H: WebhookHandler>(self, handler: H) -> WebhookService<H> {
        WebhookService::new(self, handler)
    }

    /// Reads and verifies a delivery, for applications that respond themselves.
    ///
    /// Does not remember deliveries, so a repeated delivery is returned again.
    ///
    /// # Errors
    ///
    /// Returns [`WebhookRefusal`] if the request is not a genuine delivery. The refusal is logged.
    pub async fn receive<B: Body>(&self, request: Request<B>) -> Result<WebhookDelivery, WebhookRefusal> {
        let received = self.read(request).await;
        match &received {
            Ok(delivery) if matches!(delivery.event, WebhookEvent::Unreadable) => self.log_unreadable(delivery),
            Ok(delivery) => self.apply(&delivery.event),
            Err(refusal) => self.log_refusal(*refusal),
        }
        received
    }

    fn apply(&self, event: &WebhookEvent) {
        if let Some(apply) = &self.settings.authenticator {
            apply(event);
        }
    }

    async fn read<B: Body>(&self, request: Request<B>) -> Result<WebhookDelivery, WebhookRefusal> {
        let settings = &*self.settings;
        if request.method() != Method::POST {
            return Err(WebhookRefusal::Method);
        }
        let (parts, body) = request.into_parts();
        let body = body::read(body, settings.max_body_bytes, settings.body_timeout).await?;
        Ok(settings.verifier.verify(&parts.headers, &body, settings.clock.now())?)
    }

    /// Logs a refusal without anything that the client sent. A wrong secret refuses every delivery.
    fn log_refusal(&self, refusal: WebhookRefusal) {
        if let Some(held_back) = self.admits_log_line(refusal.code()) {
            let reason = refusal.code();
            tracing::warn!(reason, error = %refusal, held_back, "a webhook delivery was refused");
        }
    }

    fn log_unreadable(&self, delivery: &WebhookDelivery) {
        if let Some(held_back) = self.admits_log_line("webhook-data-unreadable") {
            let event_type = tracing::field::debug(Excerpt(&delivery.event_type));
            tracing::warn!(
                event_type,
                held_back,
                "the data of a webhook event is malformed; the handler gets WebhookEvent::Unreadable"
            );
        }
    }

    /// Returns the number of suppressed lines if a line of this cause is due.
    pub(super) fn admits_log_line(&self, cause: &'static str) -> Option<u64> {
        self.settings.log_lines.admit(cause, self.settings.clock.now())
    }
}

impl fmt::Debug for WebhookReceiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookReceiver")
            .field("verifier", &self.settings.verifier)
            .field("max_body_bytes", &self.settings.max_body_bytes)
            .field("body_timeout", &self.settings.body_timeout)
            .finish_non_exhaustive()
    }
}
