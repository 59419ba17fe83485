//! What was asked for so far, and how each request is carried out.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::net::IpAddr;
use std::time::{Duration, UNIX_EPOCH};

use anyhow::{Context as _, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use isthmus_lab::protocol::{Answer, NewMember, Request};
use isthmus_lab::traffic::{
    Endpoint, Ping, Receiver, Recorder, Sender, StreamConfig, Transfer, TransferReceiver, ping,
    send_to,
};
use isthmus_lab::{Family, HostHypervisor, MemberSpec, Namespace, Vpc};

/// Everything that a process made. Gone when dropped.
#[derive(Debug, Default)]
pub(crate) struct Session {
    // Before the hypervisor: traffic ends first.
    senders: BTreeMap<u32, Sender>,
    receivers: BTreeMap<u32, Receiver>,
    transfers: BTreeMap<u32, TransferReceiver>,
    recorder: Option<Recorder>,
    hypervisor: Option<HostHypervisor>,
}

impl Session {
    /// Carries a request out.
    ///
    /// # Errors
    /// What went wrong, for people.
    pub(crate) fn answer(&mut self, request: Request) -> Result<Answer> {
        match request {
            Request::Hypervisor {
                device,
                gateway_mac,
            } => {
                ensure!(self.hypervisor.is_none(), "there is a hypervisor already");
                let hypervisor = HostHypervisor::on(&device, gateway_mac)?;
                let answer = Answer::Hypervisor {
                    vtep: hypervisor.vtep(),
                    member_mtu: hypervisor.member_mtu(),
                };
                self.hypervisor = Some(hypervisor);
                Ok(answer)
            }
            Request::Member(member) => self.add(member),
            Request::Remove { member } => {
                self.hypervisor_mut()?.remove(&member)?;
                Ok(Answer::Done)
            }
            Request::Steer { vni, gateway } => {
                self.hypervisor()?.steer(vni, gateway)?;
                Ok(Answer::Done)
            }
            Request::Neighbour { vni, mac, vtep } => {
                self.hypervisor_mut()?.neighbour(vni, mac, vtep)?;
                Ok(Answer::Done)
            }
            Request::Ping {
                from,
                to,
                attempts,
                patience_ms,
            } => {
                let how = Ping {
                    attempts,
                    patience: Duration::from_millis(patience_ms),
                    ..Ping::default()
                };
                let answered = ping(&self.towards(&from, to)?, to, how)?;
                Ok(Answer::Pinged { answered })
            }
            Request::Receive {
                stream,
                member,
                address,
            } => self.receive(stream, &member, address),
            Request::Send {
                stream,
                from,
                to,
                rate,
                payload,
            } => {
                let from = self.towards(&from, to.ip())?;
                let Entry::Vacant(place) = self.senders.entry(stream) else {
                    anyhow::bail!("stream {stream} is being sent already");
                };
                let config = StreamConfig { rate, payload };
                let sender = place.insert(Sender::start(&from, to, stream, config)?);
                let started = sender.started().duration_since(UNIX_EPOCH)?;
                let started_ms = u64::try_from(started.as_millis())?;
                Ok(Answer::Sending { started_ms })
            }
            Request::Progress { stream } => Ok(Answer::Progress {
                sent: self.senders.get(&stream).map(Sender::sent),
                arrived: self.receivers.get(&stream).map(Receiver::arrived),
            }),
            Request::StopSending { stream } => {
                let sender = self.senders.remove(&stream);
                let sender = sender.with_context(|| format!("stream {stream} is not sent here"))?;
                let packets = sender.stop()?;
                Ok(Answer::Sent { packets })
            }
            Request::StopReceiving { stream, sent } => {
                let receiver = self.receivers.remove(&stream);
                let receiver =
                    receiver.with_context(|| format!("stream {stream} is not received here"))?;
                let tally = receiver.stop()?;
                let (report, gaps) = (tally.report(sent), tally.gaps(sent));
                Ok(Answer::Received { report, gaps })
            }
            Request::ReceiveTransfer {
                transfer,
                member,
                address,
                bytes,
                patience_ms,
            } => {
                let at = self.hypervisor()?.find(&member)?.endpoint(address);
                let what = self::transfer(bytes, patience_ms);
                let receiver = TransferReceiver::start(&at, what)?;
                let port = receiver.address().port();
                let before = self.transfers.insert(transfer, receiver);
                ensure!(before.is_none(), "transfer {transfer} was not finished");
                Ok(Answer::Listening { port })
            }
            Request::SendTransfer {
                from,
                to,
                bytes,
                patience_ms,
            } => {
                let from = self.towards(&from, to.ip())?;
                send_to(&from, to, transfer(bytes, patience_ms))?;
                Ok(Answer::Done)
            }
            Request::FinishTransfer { transfer } => {
                let receiver = self.transfers.remove(&transfer);
                receiver
                    .with_context(|| format!("there is no transfer {transfer} here"))?
                    .finish()?;
                Ok(Answer::Done)
            }
            Request::Record { device } => {
                self.recorder = Some(Recorder::start(&Namespace::current()?, &device)?);
                Ok(Answer::Done)
            }
            Request::Recorded => {
                let recorder = self.recorder.as_ref().context("nothing is recorded")?;
                let pcap = BASE64.encode(recorder.pcap());
                Ok(Answer::Recorded { pcap })
            }
        }
    }

    fn add(&mut self, member: NewMember) -> Result<Answer> {
        let vpc = Vpc::new(member.vni, member.cidrs);
        let spec = MemberSpec::new(member.addresses)
            .name(member.name)
            .mac(member.mac);
        self.hypervisor_mut()?.member(&vpc, spec, member.gateway)?;
        Ok(Answer::Done)
    }

    fn receive(&mut self, stream: u32, member: &str, address: IpAddr) -> Result<Answer> {
        let at = self.hypervisor()?.find(member)?.endpoint(address);
        let Entry::Vacant(place) = self.receivers.entry(stream) else {
            anyhow::bail!("stream {stream} is being received already");
        };
        let port = place.insert(Receiver::start(&at, stream)?).port();
        Ok(Answer::Listening { port })
    }

    /// Where a member sends from to an address: its own of the same family.
    fn towards(&self, member: &str, to: IpAddr) -> Result<Endpoint> {
        let found = self.hypervisor()?.find(member)?.at(Family::of(to));
        found.with_context(|| format!("member {member} has no address of the family of {to}"))
    }

    fn hypervisor(&self) -> Result<&HostHypervisor> {
        self.hypervisor.as_ref().context("there is no hypervisor")
    }

    fn hypervisor_mut(&mut self) -> Result<&mut HostHypervisor> {
        self.hypervisor.as_mut().context("there is no hypervisor")
    }
}

fn transfer(bytes: usize, patience_ms: u64) -> Transfer {
    Transfer {
        bytes,
        patience: Duration::from_millis(patience_ms),
    }
}
