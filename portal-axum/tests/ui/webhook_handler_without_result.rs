//! A handler of webhooks returns nothing.

use portal_axum::{WebhookDelivery, WebhookReceiver};

async fn handle(delivery: WebhookDelivery) {
    println!("{}", delivery.id);
}

fn main() {
    let receiver = WebhookReceiver::new("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD").unwrap();
    let _ = receiver.into_service(handle);
}
