//! Who reaches whom: UDP requests of many pairs at once.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use super::Endpoint;
use super::echo::ECHO_PORT;
use super::sockets::{enlarge, readable, received, udp};
use crate::error::{Result, Tried};

/// Requests sent before answers are looked for again: fewer than any queue on
/// the way holds.
const BURST: usize = 32;

/// What became of a pair's requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The right responder answered.
    Reached,
    /// Nobody answered.
    NotReached,
    /// A responder that was not asked answered: this member.
    Misdelivered {
        /// Its number.
        to: u32,
    },
}

/// How long to try.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Rounds of requests; a pair that was answered is not asked again.
    pub rounds: usize,
    /// How long a round waits after the last answer.
    pub quiet: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            rounds: 3,
            quiet: Duration::from_millis(300),
        }
    }
}

/// Sends a request for every pair to the second's responder (see
/// [`super::Responders`]) and answers in the order of the pairs.
///
/// # Errors
/// When a socket cannot be made or used.
pub fn reach(pairs: &[(Endpoint, Endpoint)], patience: Patience) -> Result<Vec<Outcome>> {
    let mut sockets: Vec<UdpSocket> = Vec::new();
    let mut known: HashMap<(u32, IpAddr), usize> = HashMap::new();
    let mut socket_of = Vec::with_capacity(pairs.len());
    for (from, _) in pairs {
        let key = (from.id, from.address);
        let at = match known.get(&key) {
            Some(at) => *at,
            None => {
                let socket = udp(from, 0)?;
                enlarge(&socket, 1 << 20).tried(|| "enlarging a socket's buffers".to_owned())?;
                sockets.push(socket);
                known.insert(key, sockets.len() - 1);
                sockets.len() - 1
            }
        };
        socket_of.push(at);
    }
    let mut outcomes = vec![Outcome::NotReached; pairs.len()];
    for _ in 0..patience.rounds {
        let open: Vec<_> = (0..pairs.len())
            .filter(|at| outcomes[*at] == Outcome::NotReached)
            .collect();
        for burst in open.chunks(BURST) {
            for &at in burst {
                request(&sockets[socket_of[at]], at, pairs[at].1.address)
                    .tried(|| format!("sending to {}", pairs[at].1.address))?;
            }
            collect(&sockets, pairs, &mut outcomes, Duration::from_millis(1))
                .tried(|| "receiving answers".to_owned())?;
        }
        collect(&sockets, pairs, &mut outcomes, patience.quiet)
            .tried(|| "receiving answers".to_owned())?;
    }
    Ok(outcomes)
}

fn request(socket: &UdpSocket, pair: usize, to: IpAddr) -> io::Result<()> {
    let nonce = (pair as u64).to_be_bytes();
    // What cannot be sent (no route, or refused earlier) does not arrive.
    received(socket.send_to(&nonce, SocketAddr::new(to, ECHO_PORT))).map(drop)
}

/// Takes answers until none has come for `quiet`, and never longer than ten
/// times that and two seconds.
fn collect(
    sockets: &[UdpSocket],
    pairs: &[(Endpoint, Endpoint)],
    outcomes: &mut [Outcome],
    quiet: Duration,
) -> io::Result<()> {
    let polled: Vec<_> = sockets.iter().map(AsFd::as_fd).collect();
    let until = Instant::now() + quiet * 10 + Duration::from_secs(2);
    let mut answer = [0; 64];
    while Instant::now() < until {
        let ready = readable(&polled, quiet)?;
        if ready.is_empty() {
            break;
        }
        for at in ready {
            while let Some(length) = received(sockets[at].recv(&mut answer))? {
                if let Some((pair, id)) = parse(&answer[..length])
                    && let Some((_, to)) = pairs.get(pair)
                {
                    outcomes[pair] = match (outcomes[pair], id == to.id) {
                        (Outcome::Misdelivered { to }, _) => Outcome::Misdelivered { to },
                        (_, true) => Outcome::Reached,
                        (_, false) => Outcome::Misdelivered { to: id },
                    };
                }
            }
        }
    }
    Ok(())
}

fn parse(answer: &[u8]) -> Option<(usize, u32)> {
    let (nonce, id) = answer.split_first_chunk::<8>()?;
    let id = u32::from_be_bytes(id.try_into().ok()?);
    Some((usize::try_from(u64::from_be_bytes(*nonce)).ok()?, id))
}
