//! An async closure uses a captured value without a clone.

use std::convert::Infallible;

use portal_axum::{WebhookDelivery, WebhookReceiver};

fn main() {
    let users = vec!["user_1".to_owned()];
    let receiver = WebhookReceiver::new("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD").unwrap();
    let _ = receiver.into_service(async move |delivery: WebhookDelivery| {
        println!("{} of {}", delivery.id, users.len());
        Ok::<(), Infallible>(())
    });
}
