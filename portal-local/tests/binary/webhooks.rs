//! Webhooks from the command line.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::time::Duration;

use rusqlite::Connection;

use crate::{Running, create_account, refused};

/// Accepts one message; gives its head and body.
fn accept(listener: &TcpListener) -> String {
    let (mut stream, _) = listener.accept().unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut read = Vec::new();
    let mut chunk = [0; 4_096];
    loop {
        let length = stream.read(&mut chunk).unwrap();
        assert_ne!(length, 0, "{}", String::from_utf8_lossy(&read));
        read.extend_from_slice(&chunk[..length]);
        let text = String::from_utf8_lossy(&read).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let length = head.split_once("content-length: ").unwrap().1;
        if body.len() >= length.lines().next().unwrap().parse().unwrap() {
            stream
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
                .unwrap();
            return text;
        }
    }
}

#[tokio::test]
async fn event_of_a_killed_portal_is_delivered_by_the_next_one() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("portal.sqlite");
    // Nothing listens here until the portal is dead.
    let address = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap();
    let url = format!("http://{address}/webhooks");
    let arguments = [
        "--port",
        "0",
        "--database",
        file.to_str().unwrap(),
        "--webhook-url",
        &url,
    ];
    let running = Running::start(&arguments);
    let (origin, key) = (running.value("CLERK_API_URL"), running.value("CLERK_SECRET_KEY"));
    let secret = running.value("CLERK_WEBHOOK_SIGNING_SECRET");
    assert!(secret.starts_with("whsec_"));
    let id = create_account(&origin, &key, "ada@example.com").await.unwrap();
    drop(running);

    let listener = TcpListener::bind(address).unwrap();
    let running = Running::start(&arguments);
    assert_eq!(running.value("CLERK_WEBHOOK_SIGNING_SECRET"), secret);
    let message = tokio::task::spawn_blocking(move || accept(&listener)).await.unwrap();
    assert!(message.starts_with("POST /webhooks HTTP/1.1\r\n"), "{message}");
    for part in ["svix-id: msg_", "svix-signature: v1,", "\"type\":\"user.created\"", &id] {
        assert!(message.contains(part), "{part}: {message}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_portal_has_one_event_for_each_account() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("portal.sqlite");
    // Nothing listens there, so every event stays.
    let url = "http://127.0.0.1:1/";
    for round in 0..10 {
        let running = Running::start(&[
            "--port",
            "0",
            "--database",
            file.to_str().unwrap(),
            "--webhook-url",
            url,
        ]);
        let (origin, key) = (running.value("CLERK_API_URL"), running.value("CLERK_SECRET_KEY"));
        let (said, mut acknowledged) = tokio::sync::mpsc::unbounded_channel();
        let creating = tokio::spawn(async move {
            for n in 0.. {
                let address = format!("user-{round}-{n}@example.com");
                let Some(id) = create_account(&origin, &key, &address).await else {
                    return;
                };
                // The test stops listening before the portal is dead.
                let _ = said.send(id);
            }
        });
        for _ in 0..=round % 4 {
            acknowledged.recv().await.unwrap();
        }
        drop(running);
        creating.await.unwrap();
    }
    let connection = Connection::open(&file).unwrap();
    let ids = |query: &str| -> Vec<String> {
        let mut found = connection.prepare(query).unwrap();
        let rows = found.query_map([], |row| row.get(0)).unwrap();
        rows.map(Result::unwrap).collect()
    };
    let accounts = ids("SELECT id FROM users ORDER BY id");
    assert!(accounts.len() >= 20, "{}", accounts.len());
    let of_type = "SELECT subject_id FROM webhook_deliveries WHERE event_type = 'user.created' ORDER BY subject_id";
    assert_eq!(ids(of_type), accounts);
}

#[test]
fn webhook_url_of_another_machine_is_refused() {
    for url in ["https://example.com/hooks", "http://10.0.0.1/hooks"] {
        let text = refused(&["--port", "0", "--webhook-url", url]);
        assert!(text.contains("expected an http URL of this machine"), "{text}");
    }
}
