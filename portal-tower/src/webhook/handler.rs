use std::error::Error;
use std::future::Future;

use portal_sdk::webhook::WebhookDelivery;

/// The application's work for a delivery.
///
/// Functions and closures that return a future are handlers. A closure clones a captured value for each call, outside the
/// future: `move |delivery: WebhookDelivery| { let pool = pool.clone(); async move { … } }`.
///
/// A type that holds the dependencies of the work can implement the trait:
///
/// ```
/// use portal_tower::{WebhookHandler, WebhookReceiver};
/// use portal_tower::portal_sdk::webhook::{WebhookDelivery, WebhookEvent};
///
/// # #[derive(Debug, thiserror::Error)]
/// # #[error("the database is unreachable")]
/// # struct DatabaseError;
/// # struct Database;
/// # impl Database {
/// #     async fn delete(&self, _: &str) -> Result<(), DatabaseError> {
/// #         Ok(())
/// #     }
/// # }
/// struct Users {
///     database: Database,
/// }
///
/// impl WebhookHandler for Users {
///     type Error = DatabaseError;
///
///     async fn handle(&self, delivery: WebhookDelivery) -> Result<(), DatabaseError> {
///         if let WebhookEvent::UserDeleted(user) = delivery.event {
///             self.database.delete(user.id.as_str()).await?;
///         }
///         Ok(())
///     }
/// }
///
/// # fn main() -> Result<(), portal_tower::portal_sdk::instance::ConfigError> {
/// let receiver = WebhookReceiver::new("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD")?;
/// let service = receiver.into_service(Users { database: Database });
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not handle webhooks",
    note = "implement `WebhookHandler` for it, or pass a function `async fn(WebhookDelivery) -> Result<(), E>`"
)]
pub trait WebhookHandler: Send + Sync + 'static {
    /// The error. It is logged, so its text must contain neither secrets nor personal data.
    type Error: Into<Box<dyn Error + Send + Sync>>;

    /// Handles a verified delivery. Must be idempotent, because a delivery can be handled twice.
    ///
    /// # Errors
    ///
    /// Return an error to make Clerk send the delivery again. Return `Ok` for an event that needs no work.
    fn handle(&self, delivery: WebhookDelivery) -> impl Future<Output = Result<(), Self::Error>> + Send;
}

impl<F, Fut, E> WebhookHandler for F
where
    F: Fn(WebhookDelivery) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<(), E>> + Send,
    E: Into<Box<dyn Error + Send + Sync>>,
{
    type Error = E;

    fn handle(&self, delivery: WebhookDelivery) -> impl Future<Output = Result<(), E>> + Send {
        self(delivery)
    }
}
