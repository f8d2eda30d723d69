//! A TCP proxy between a replica and Redis, which breaks the connection in two ways.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;

/// The treatment of connections.
#[derive(Clone, Copy, PartialEq)]
enum Mode {
    Forwards,
    /// Connections stay open, but nothing passes.
    Hangs,
    /// Connections are closed, and new ones at once.
    Cuts,
}

struct State {
    mode: Mutex<Mode>,
    changed: Condvar,
    open: Mutex<Vec<TcpStream>>,
}

/// A proxy on a free port. Its threads end with the process.
pub(crate) struct Proxy {
    port: u16,
    state: Arc<State>,
}

impl Proxy {
    pub(crate) fn to(target: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(State {
            mode: Mutex::new(Mode::Forwards),
            changed: Condvar::new(),
            open: Mutex::default(),
        });
        let accepting = state.clone();
        thread::spawn(move || {
            for client in listener.incoming().map(Result::unwrap) {
                accepting.accept(&client, target);
            }
        });
        Self { port, state }
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    pub(crate) fn server(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub(crate) fn hang(&self) {
        self.state.set(Mode::Hangs);
    }

    pub(crate) fn cut(&self) {
        self.state.set(Mode::Cuts);
    }

    pub(crate) fn forward(&self) {
        self.state.set(Mode::Forwards);
    }
}

impl State {
    fn set(&self, mode: Mode) {
        *self.mode.lock().unwrap() = mode;
        self.changed.notify_all();
        if mode == Mode::Cuts {
            for stream in self.open.lock().unwrap().drain(..) {
                let _ = stream.shutdown(Shutdown::Both);
            }
        }
    }

    fn accept(self: &Arc<Self>, client: &TcpStream, target: u16) {
        if *self.mode.lock().unwrap() == Mode::Cuts {
            return;
        }
        let Ok(server) = TcpStream::connect(("127.0.0.1", target)) else {
            return;
        };
        let copy = |stream: &TcpStream| stream.try_clone().unwrap();
        self.open.lock().unwrap().extend([copy(client), copy(&server)]);
        for (from, to) in [(copy(client), copy(&server)), (copy(&server), copy(client))] {
            let state = self.clone();
            thread::spawn(move || state.pump(from, to));
        }
    }

    fn pump(&self, mut from: TcpStream, mut to: TcpStream) {
        let mut buffer = [0; 16 * 1024];
        loop {
            let read = match from.read(&mut buffer) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                read => read.unwrap_or(0),
            };
            let mode = self.mode.lock().unwrap();
            drop(self.changed.wait_while(mode, |mode| *mode == Mode::Hangs).unwrap());
            if read == 0 || to.write_all(&buffer[..read]).is_err() {
                let _ = to.shutdown(Shutdown::Both);
                return;
            }
        }
    }
}
