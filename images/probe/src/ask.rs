//! Asks over the network.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs as _};
use std::time::Duration;

use crate::url::Url;

const BOUND: Duration = Duration::from_secs(5);
/// Of an answer no more is read.
const MOST: u64 = 64 << 10;

/// What an address answered.
pub(crate) type Answer = (SocketAddr, Result<(), String>);

/// The answers of every address behind a URL; an `Ok` is a 200.
pub(crate) fn ask_all(url: &Url) -> io::Result<Vec<Answer>> {
    let mut addresses: Vec<_> = url.authority.to_socket_addrs()?.collect();
    addresses.sort_unstable();
    addresses.dedup();
    Ok(addresses
        .into_iter()
        .map(|address| (address, ask(url, address)))
        .collect())
}

fn ask(url: &Url, address: SocketAddr) -> Result<(), String> {
    let answer = exchange(url, address).map_err(|error| error.to_string())?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.lines().next().unwrap_or_default();
    // A status line of RFC 9112, section 4: HTTP/1.1 200 OK
    match status.split(' ').nth(1) {
        Some("200") => Ok(()),
        _ => Err(format!("{status}: {}", body.trim())),
    }
}

fn exchange(url: &Url, address: SocketAddr) -> io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, BOUND)?;
    stream.set_read_timeout(Some(BOUND))?;
    stream.set_write_timeout(Some(BOUND))?;
    let Url { authority, path } = url;
    // In one piece: a request in several may be read in several.
    let request = format!("GET {path} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    stream.take(MOST).read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    /// What is made of this answer of a server.
    fn asked(answer: &'static str) -> Result<(), String> {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let authority = server.local_addr().unwrap().to_string();
        let answering = thread::spawn(move || {
            let (mut stream, _) = server.accept().unwrap();
            let mut request = [0; 256];
            let read = stream.read(&mut request).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
            String::from_utf8_lossy(&request[..read]).into_owned()
        });
        let url: Url = format!("http://{authority}/readyz").parse().unwrap();
        let mut answers = ask_all(&url).unwrap();
        assert_eq!(answers.len(), 1);
        let request = answering.join().unwrap();
        assert!(
            request.starts_with("GET /readyz HTTP/1.1\r\nHost: 127.0.0.1:"),
            "{request}"
        );
        answers.remove(0).1
    }

    #[test]
    fn a_200_is_ready_and_anything_else_is_said() {
        assert_eq!(asked("HTTP/1.1 200 OK\r\n\r\nready\n"), Ok(()));
        let busy = asked("HTTP/1.1 503 Service Unavailable\r\n\r\nno port is attached\n");
        assert_eq!(
            busy,
            Err("HTTP/1.1 503 Service Unavailable: no port is attached".to_owned())
        );
        assert!(asked("").is_err());
    }

    #[test]
    fn nobody_there_is_said() {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let authority = server.local_addr().unwrap().to_string();
        drop(server);
        let url: Url = format!("http://{authority}/").parse().unwrap();
        let said = ask_all(&url).unwrap().remove(0).1.unwrap_err();
        assert!(said.contains("refused"), "{said}");
    }
}
