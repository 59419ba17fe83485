//! A way from a namespace's loopback to the host's.

use std::io;
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::thread;

use super::namespace::Namespace;
use crate::error::Result;

impl Namespace {
    /// Has TCP connections to a port of the namespace's 127.0.0.1 go to the
    /// same port of the caller's; where nobody listens there, they end at once.
    /// It ends with the process, and takes nothing of the caller's namespace.
    ///
    /// # Errors
    /// When the port is taken in the namespace, or its loopback is down.
    pub fn forward_loopback(&self, port: u16) -> Result<()> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let listener = self.attempt("listening on a port of the loopback", || {
            TcpListener::bind(address)
        })?;
        thread::spawn(move || {
            for inner in listener.incoming().flatten() {
                let Ok(outer) = TcpStream::connect(address) else {
                    continue;
                };
                // A connection for which there is no thread ends too.
                let _ends = join(&inner, &outer);
            }
        });
        Ok(())
    }
}

fn join(inner: &TcpStream, outer: &TcpStream) -> io::Result<()> {
    for (from, to) in [(inner, outer), (outer, inner)] {
        let (mut from, mut to) = (from.try_clone()?, to.try_clone()?);
        thread::Builder::new().spawn(move || {
            let _ended = io::copy(&mut from, &mut to);
            let _gone = to.shutdown(Shutdown::Both);
            let _gone = from.shutdown(Shutdown::Both);
        })?;
    }
    Ok(())
}
