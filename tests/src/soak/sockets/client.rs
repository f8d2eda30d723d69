//! [`Socket`]: a WebSocket's client (RFC 6455), for short frames, which can leave without a close frame.

use std::io;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Opcodes of frames (RFC 6455 section 5.2).
pub(super) const TEXT: u8 = 1;
pub(super) const CLOSE: u8 = 8;

/// An open WebSocket. Dropping it closes the connection without a close frame.
#[derive(Debug)]
pub(super) struct Socket {
    stream: TcpStream,
    /// Bytes that are not a whole frame yet.
    received: Vec<u8>,
}

/// A frame of the server: its opcode and payload.
pub(super) type Frame = (u8, Vec<u8>);

impl Socket {
    /// Opens a socket with these cookies, or returns the status of the refusal.
    ///
    /// With `resets`, the connection is reset when it is dropped, and else ended.
    pub(super) async fn open(port: u16, cookies: &str, resets: bool) -> io::Result<Result<Self, u16>> {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream.set_nodelay(true)?;
        if resets {
            stream.set_zero_linger()?;
        }
        let head = format!(
            "GET /chat HTTP/1.1\r\nhost: localhost:{port}\r\norigin: http://localhost:{port}\r\n\
             sec-fetch-site: same-origin\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
             sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\ncookie: {cookies}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await?;
        let mut received = Vec::new();
        loop {
            if let Some(end) = received.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                let head = String::from_utf8_lossy(&received[..end]).into_owned();
                let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
                received.drain(..end + 4);
                return match status {
                    Some(101) => Ok(Ok(Self { stream, received })),
                    Some(status) => Ok(Err(status)),
                    None => Err(io::Error::other("the response has no status")),
                };
            }
            if stream.read_buf(&mut received).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }

    /// Sends a frame. Clients mask their frames (RFC 6455 section 5.3), here with zeros.
    pub(super) async fn send(&mut self, opcode: u8, payload: &[u8]) -> io::Result<()> {
        let length = u8::try_from(payload.len()).ok().filter(|length| *length < 126);
        let length = length.ok_or(io::ErrorKind::InvalidInput)?;
        let mut frame = vec![0x80 | opcode, 0x80 | length, 0, 0, 0, 0];
        frame.extend_from_slice(payload);
        self.stream.write_all(&frame).await
    }

    /// Receives a frame; `None` at the end of the connection. Safe to drop, because it keeps a part of a frame.
    pub(super) async fn receive(&mut self) -> io::Result<Option<Frame>> {
        loop {
            if let [first, length, ..] = self.received[..]
                && self.received.len() >= 2 + usize::from(length)
            {
                let frame: Vec<u8> = self.received.drain(..2 + usize::from(length)).collect();
                return Ok(Some((first & 0x0f, frame[2..].to_vec())));
            }
            if self.stream.read_buf(&mut self.received).await? == 0 {
                return Ok(None);
            }
        }
    }
}
