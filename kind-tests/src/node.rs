//! A hypervisor with members and traffic on a node of the cluster: `lab-node`,
//! brought there and spoken to by the cluster's command that runs a program on
//! a node.

use std::env;
use std::fs::File;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use isthmus_lab::Remote;
use isthmus_lab::protocol::{Answer, NewMember, Request};

use crate::Cluster;

/// Takes a program from standard input to a file of its own; prints its path.
/// Not to /run, which may be mounted noexec.
const TAKE: &str = r#"set -e; file=$(mktemp /var/tmp/isthmus-lab-node.XXXXXX); cat >"$file"; chmod 700 "$file"; echo "$file""#;
/// Runs that file; nothing of it stays, however it ends.
const RUN: &str = r#"exec 3<"$0" && rm "$0" && exec /proc/self/fd/3"#;

/// Members behind a hypervisor on a node. Dropped, all of it is gone.
#[derive(Debug)]
pub struct NodeLab {
    node: String,
    vtep: IpAddr,
    member_mtu: u32,
    remote: Remote,
}

impl NodeLab {
    /// Makes a hypervisor on a device of a node; its VTEP is the device's
    /// address.
    ///
    /// # Errors
    ///
    /// No `lab-node` was built, the node does not run it, or there is no such
    /// device.
    pub fn start(cluster: &Cluster, node: &str, device: &str) -> Result<Self> {
        Self::with(&program()?, cluster, node, device)
    }

    /// The same with this `lab-node`, which has to be one for the node.
    ///
    /// # Errors
    ///
    /// As [`Self::start`].
    pub fn with(program: &Path, cluster: &Cluster, node: &str, device: &str) -> Result<Self> {
        let taken = cluster
            .on_node(node, ["sh", "-c", TAKE])
            .stdin(File::open(program)?)
            .stderr(Stdio::inherit())
            .output()?;
        ensure!(taken.status.success(), "node {node} takes no program");
        let file = String::from_utf8(taken.stdout)?;
        let run = cluster.on_node(node, ["sh", "-c", RUN, file.trim()]);
        let mut remote = Remote::start(run)?;
        let request = Request::Hypervisor {
            device: device.to_owned(),
            gateway_mac: None,
        };
        let answer = remote.ask(&request);
        let answer = answer.with_context(|| format!("a hypervisor on node {node}"))?;
        let Answer::Hypervisor { vtep, member_mtu } = answer else {
            bail!("node {node}: {answer:?}");
        };
        Ok(Self {
            node: node.to_owned(),
            vtep,
            member_mtu,
            remote,
        })
    }

    /// The node's name.
    #[must_use]
    pub fn node(&self) -> &str {
        &self.node
    }

    /// The hypervisor's VTEP.
    #[must_use]
    pub fn vtep(&self) -> IpAddr {
        self.vtep
    }

    /// Bytes of a member's largest IP packet.
    #[must_use]
    pub fn member_mtu(&self) -> u32 {
        self.member_mtu
    }

    /// Adds a member.
    ///
    /// # Errors
    ///
    /// As the node says.
    pub fn add(&mut self, member: NewMember) -> Result<()> {
        self.done(&Request::Member(member))
    }

    /// Takes a member away.
    ///
    /// # Errors
    ///
    /// As the node says.
    pub fn remove(&mut self, member: &str) -> Result<()> {
        let member = member.to_owned();
        self.done(&Request::Remove { member })
    }

    /// Sends what a VPC's members send to other VPCs to this VTEP of a gateway.
    ///
    /// # Errors
    ///
    /// As the node says.
    pub fn steer(&mut self, vni: u32, gateway: IpAddr) -> Result<()> {
        self.done(&Request::Steer { vni, gateway })
    }

    /// Whether an address answers a member's ping, asked this often with this
    /// wait for each.
    ///
    /// # Errors
    ///
    /// As the node says.
    pub fn ping(&mut self, from: &str, to: IpAddr, attempts: u16, wait: Duration) -> Result<bool> {
        let request = Request::Ping {
            from: from.to_owned(),
            to,
            attempts,
            patience_ms: millis(wait)?,
        };
        match self.ask(&request)? {
            Answer::Pinged { answered } => Ok(answered),
            other => self.odd(&other),
        }
    }

    /// Sends bytes from a member to one of another node (or of this one), where
    /// each is compared.
    ///
    /// # Errors
    ///
    /// They did not all arrive as they were, or as the nodes say.
    pub fn transfer(
        &mut self,
        from: &str,
        to: &mut Self,
        at: (&str, IpAddr),
        bytes: usize,
    ) -> Result<()> {
        const PATIENCE: u64 = 10_000;
        let transfer = 1;
        let (member, address) = at;
        let listening = to.ask(&Request::ReceiveTransfer {
            transfer,
            member: member.to_owned(),
            address,
            bytes,
            patience_ms: PATIENCE,
        })?;
        let port = to.port(&listening)?;
        let sent = self.done(&Request::SendTransfer {
            from: from.to_owned(),
            to: SocketAddr::new(address, port),
            bytes,
            patience_ms: PATIENCE,
        });
        let received = to.done(&Request::FinishTransfer { transfer });
        sent.and(received)
    }

    /// Keeps from now on the last frames of a device of the node.
    ///
    /// # Errors
    ///
    /// As the node says.
    pub fn record(&mut self, device: &str) -> Result<()> {
        self.done(&Request::Record {
            device: device.to_owned(),
        })
    }

    /// The frames that were kept, as a file of the pcap format.
    ///
    /// # Errors
    ///
    /// Nothing is recorded, or as the node says.
    pub fn recorded(&mut self) -> Result<Vec<u8>> {
        match self.ask(&Request::Recorded)? {
            Answer::Recorded { pcap } => Ok(BASE64.decode(pcap)?),
            other => self.odd(&other),
        }
    }

    /// Receives a stream; the port.
    pub(crate) fn receive(&mut self, stream: u32, member: &str, address: IpAddr) -> Result<u16> {
        let listening = self.ask(&Request::Receive {
            stream,
            member: member.to_owned(),
            address,
        })?;
        self.port(&listening)
    }

    /// Carries a request out that has no answer but that it is done.
    pub(crate) fn done(&mut self, request: &Request) -> Result<()> {
        match self.ask(request)? {
            Answer::Done => Ok(()),
            other => self.odd(&other),
        }
    }

    /// Asks the node.
    pub(crate) fn ask(&mut self, request: &Request) -> Result<Answer> {
        let answer = self.remote.ask(request);
        answer.with_context(|| format!("node {}", self.node))
    }

    /// An answer that is none to what was asked.
    pub(crate) fn odd<T>(&self, answer: &Answer) -> Result<T> {
        bail!("node {} answers {answer:?}", self.node)
    }

    fn port(&self, answer: &Answer) -> Result<u16> {
        match answer {
            Answer::Listening { port } => Ok(*port),
            other => self.odd(other),
        }
    }
}

fn millis(time: Duration) -> Result<u64> {
    Ok(u64::try_from(time.as_millis())?)
}

/// The static `lab-node` that `images/build.sh lab-node` made.
fn program() -> Result<PathBuf> {
    let arch = env::consts::ARCH;
    let folder = crate::release::target().join("static");
    let path = folder.join(format!("{arch}-unknown-linux-gnu/release/lab-node"));
    let is_there = path.is_file();
    ensure!(
        is_there,
        "no {}; run `images/build.sh lab-node`",
        path.display()
    );
    Ok(path)
}
