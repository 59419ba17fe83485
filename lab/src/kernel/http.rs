//! HTTP inside a namespace, as far as probes and metrics need it.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use super::namespace::Namespace;
use crate::error::Result;

/// How long connecting and each part of the answer may take.
const PATIENCE: Duration = Duration::from_secs(5);

impl Namespace {
    /// GET: status code and body.
    ///
    /// # Errors
    /// When nobody answers, or not with HTTP.
    pub fn http_get(&self, address: SocketAddr, path: &str) -> Result<(u16, String)> {
        self.attempt(&format!("GET {path} of {address}"), || {
            let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            write!(
                stream,
                "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
            )?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer)?;
            parse(&answer).ok_or_else(|| io::Error::other("no HTTP answer"))
        })
    }
}

/// Status code and body of an answer (RFC 9112, section 4) that is not chunked.
fn parse(answer: &str) -> Option<(u16, String)> {
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some((status, body.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn status_and_body_are_read_and_other_things_are_not() {
        let answer = "HTTP/1.1 503 Service Unavailable\r\nX: y\r\n\r\nno port\n";
        assert_eq!(parse(answer), Some((503, "no port\n".to_owned())));
        assert_eq!(parse("SSH-2.0\r\n"), None);
    }
}
