//! [`Load`]: one request again and again, over persistent connections to a server on loopback.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::thread;

use crate::Outcome;
use crate::fixture::SetUp;

/// Concurrent connections, each with one request at a time.
const CONNECTIONS: usize = 4;

pub(super) struct Load {
    request: Vec<u8>,
    connections: Vec<BufReader<TcpStream>>,
}

impl Load {
    /// Connects to a server on this machine.
    pub(super) fn open(port: u16, set_up: &SetUp) -> Outcome<Self> {
        let mut request = format!("GET {} HTTP/1.1\r\n", set_up.target);
        for (name, value) in &set_up.headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        request.push_str("\r\n");
        let connect = || -> Outcome<_> {
            let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
            stream.set_nodelay(true)?;
            Ok(BufReader::new(stream))
        };
        Ok(Self {
            request: request.into_bytes(),
            connections: (0..CONNECTIONS).map(|_| connect()).collect::<Outcome<_>>()?,
        })
    }

    /// Sends about `count` requests, the same number over each connection, and returns their number.
    pub(super) fn send(&mut self, count: usize) -> Outcome<usize> {
        let each = count.div_ceil(CONNECTIONS);
        let Self { request, connections } = self;
        let request = &*request;
        thread::scope(|scope| {
            let running: Vec<_> = connections
                .iter_mut()
                .map(|connection| scope.spawn(move || (0..each).try_for_each(|_| exchange(connection, request))))
                .collect();
            for thread in running {
                thread.join().map_err(|_| "a connection's thread panicked")??;
            }
            Ok(each * CONNECTIONS)
        })
    }
}

/// Sends a request, and reads the whole response, which must be 200 and have a `Content-Length`.
fn exchange(connection: &mut BufReader<TcpStream>, request: &[u8]) -> Outcome {
    connection.get_mut().write_all(request)?;
    let mut line = String::new();
    connection.read_line(&mut line)?;
    if !line.starts_with("HTTP/1.1 200 ") {
        return Err(format!("expected the status 200, found {line:?}").into());
    }
    let mut length = None;
    loop {
        line.clear();
        connection.read_line(&mut line)?;
        if line.trim_end().is_empty() {
            break;
        }
        let (name, value) = line.split_once(':').ok_or("a response field has no name")?;
        if name.eq_ignore_ascii_case("content-length") {
            length = Some(value.trim().parse()?);
        }
    }
    let mut body = vec![0; length.ok_or("the response has no Content-Length")?];
    connection.read_exact(&mut body)?;
    Ok(())
}
