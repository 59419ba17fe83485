//! What `lab-node` is asked and answers: one JSON document a line, answers in
//! the order of the requests.

use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::addressing::Mac;
use crate::traffic::{Gap, Report};

/// A request. Members are named by those who add them, streams and transfers
/// numbered by those who start them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum Request {
    /// Be a hypervisor on a device: [`Answer::Hypervisor`]. First of all.
    #[serde(rename_all = "camelCase")]
    Hypervisor {
        /// Name of the device, which has an address.
        device: String,
        /// The gateways' MAC in every VPC, unless it is the default.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        gateway_mac: Option<Mac>,
    },
    /// Add a member: [`Answer::Done`].
    Member(NewMember),
    /// Take a member away: [`Answer::Done`].
    Remove {
        /// Its name.
        member: String,
    },
    /// Send what a VPC's members send to other VPCs to this VTEP of a gateway:
    /// [`Answer::Done`].
    Steer {
        /// The VPC's.
        vni: u32,
        /// The VTEP.
        gateway: IpAddr,
    },
    /// Reach a member of a VPC that is behind another hypervisor:
    /// [`Answer::Done`].
    Neighbour {
        /// The VPC's.
        vni: u32,
        /// The member's MAC.
        mac: Mac,
        /// The other hypervisor's VTEP.
        vtep: IpAddr,
    },
    /// Ping, until the first answer: [`Answer::Pinged`].
    #[serde(rename_all = "camelCase")]
    Ping {
        /// The member that does.
        from: String,
        /// To where; the member's address of that family sends.
        to: IpAddr,
        /// Most requests.
        attempts: u16,
        /// How long each waits for its answer, in milliseconds.
        patience_ms: u64,
    },
    /// Receive a stream: [`Answer::Listening`].
    Receive {
        /// The stream's number.
        stream: u32,
        /// The member that receives.
        member: String,
        /// Its address.
        address: IpAddr,
    },
    /// Send a stream that is received there: [`Answer::Sending`].
    Send {
        /// The stream's number.
        stream: u32,
        /// The member that sends.
        from: String,
        /// To where.
        to: SocketAddr,
        /// Packets a second.
        rate: u32,
        /// Bytes of UDP payload, at least 16.
        payload: usize,
    },
    /// How far a stream is, of which an end or both are here:
    /// [`Answer::Progress`].
    Progress {
        /// The stream's number.
        stream: u32,
    },
    /// Stop sending a stream: [`Answer::Sent`].
    StopSending {
        /// The stream's number.
        stream: u32,
    },
    /// Stop receiving a stream that is sent no longer: [`Answer::Received`].
    StopReceiving {
        /// The stream's number.
        stream: u32,
        /// Packets that were sent.
        sent: u64,
    },
    /// Take a TCP transfer: [`Answer::Listening`].
    #[serde(rename_all = "camelCase")]
    ReceiveTransfer {
        /// The transfer's number.
        transfer: u32,
        /// The member that receives.
        member: String,
        /// Its address.
        address: IpAddr,
        /// Bytes that are to arrive.
        bytes: usize,
        /// Longest wait for the connection and for each read, in milliseconds.
        patience_ms: u64,
    },
    /// Make a TCP transfer that is received there: [`Answer::Done`].
    #[serde(rename_all = "camelCase")]
    SendTransfer {
        /// The member that sends.
        from: String,
        /// To where.
        to: SocketAddr,
        /// Bytes to send.
        bytes: usize,
        /// Longest wait for the connection and for each write, in milliseconds.
        patience_ms: u64,
    },
    /// Wait for the end of a transfer, every byte of it right:
    /// [`Answer::Done`].
    FinishTransfer {
        /// The transfer's number.
        transfer: u32,
    },
    /// Keep the last frames that come and go at a device: [`Answer::Done`].
    Record {
        /// Its name.
        device: String,
    },
    /// What was kept: [`Answer::Recorded`].
    Recorded,
}

/// A member to be added.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewMember {
    /// Its name.
    pub name: String,
    /// Its VPC's VNI.
    pub vni: u32,
    /// Its VPC's CIDRs.
    pub cidrs: Vec<IpNet>,
    /// Its addresses, each in one of the CIDRs.
    pub addresses: Vec<IpAddr>,
    /// Its MAC.
    pub mac: Mac,
    /// The VTEP of a gateway that it sends to, if it is its VPC's first here.
    pub gateway: IpAddr,
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum Answer {
    /// It did not work, and why in one sentence.
    Failed(String),
    /// It is done.
    Done,
    /// There is a hypervisor.
    #[serde(rename_all = "camelCase")]
    Hypervisor {
        /// Its VTEP.
        vtep: IpAddr,
        /// Bytes of a member's largest IP packet.
        member_mtu: u32,
    },
    /// Whether an answer came.
    Pinged {
        /// Whether.
        answered: bool,
    },
    /// Somebody listens.
    Listening {
        /// The port.
        port: u16,
    },
    /// A stream is being sent.
    #[serde(rename_all = "camelCase")]
    Sending {
        /// When it started, in milliseconds since 1970 (UTC). Packet N was due N
        /// divided by the rate later.
        started_ms: u64,
    },
    /// How far a stream is.
    Progress {
        /// Packets sent, where the sender is here.
        sent: Option<u64>,
        /// Different packets received, where the receiver is here.
        arrived: Option<u64>,
    },
    /// A stream is sent no longer.
    Sent {
        /// Packets sent.
        packets: u64,
    },
    /// What became of a stream.
    Received {
        /// In numbers.
        report: Report,
        /// What was lost, in the order of sending.
        gaps: Vec<Gap>,
    },
    /// Frames that came and went.
    Recorded {
        /// A file of the pcap format, in base64 (RFC 4648, section 4).
        pcap: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reads(text: &str, request: &Request) {
        assert_eq!(serde_json::to_string(request).unwrap(), text);
        assert_eq!(&serde_json::from_str::<Request>(text).unwrap(), request);
    }

    #[test]
    fn requests_are_lines_that_people_can_write() {
        reads(
            r#"{"hypervisor":{"device":"eth1"}}"#,
            &Request::Hypervisor {
                device: "eth1".to_owned(),
                gateway_mac: None,
            },
        );
        reads(
            r#"{"ping":{"from":"web-1","to":"10.1.0.2","attempts":3,"patienceMs":500}}"#,
            &Request::Ping {
                from: "web-1".to_owned(),
                to: IpAddr::from([10, 1, 0, 2]),
                attempts: 3,
                patience_ms: 500,
            },
        );
        reads(
            concat!(
                r#"{"member":{"name":"web-1","vni":1,"cidrs":["10.1.0.0/24"],"#,
                r#""addresses":["10.1.0.2"],"mac":"02:00:00:00:01:02","gateway":"172.16.0.1"}}"#
            ),
            &Request::Member(NewMember {
                name: "web-1".to_owned(),
                vni: 1,
                cidrs: vec!["10.1.0.0/24".parse().unwrap()],
                addresses: vec![IpAddr::from([10, 1, 0, 2])],
                mac: Mac([2, 0, 0, 0, 1, 2]),
                gateway: IpAddr::from([172, 16, 0, 1]),
            }),
        );
    }

    #[test]
    fn a_misspelt_field_is_refused() {
        let misspelt = r#"{"hypervisor":{"devise":"eth1"}}"#;
        assert!(serde_json::from_str::<Request>(misspelt).is_err());
    }
}
