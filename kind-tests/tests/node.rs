//! A node's lab without a cluster: a namespace stands for the node.

use std::net::IpAddr;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::Duration;

use anyhow::{Result, bail, ensure};
use isthmus_e2e::program;
use isthmus_kind_tests::{Cluster, End, NodeLab, RunningStream};
use isthmus_lab::protocol::NewMember;
use isthmus_lab::{Lab, Mac, Namespace};

const PATIENCE: Duration = Duration::from_secs(10);

/// A process by which a namespace is entered.
struct Door(Child);

impl Door {
    fn of(namespace: &Namespace) -> Result<Self> {
        let mut command = namespace.command("sleep");
        command.arg("300").stdin(Stdio::null());
        Ok(Self(command.spawn()?))
    }

    fn node(&self) -> String {
        self.0.id().to_string()
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ended = self.0.kill();
        let _ended = self.0.wait();
    }
}

/// Runs programs in the network namespace of the process that is the node.
fn cluster() -> Cluster {
    let words = ["nsenter", "--net", "--target", "{node}"];
    Cluster {
        restart_node: Vec::new(),
        kubeconfig: PathBuf::new(),
        load_image: Vec::new(),
        run_on_node: words.map(str::to_owned).to_vec(),
    }
}

fn member(number: u8) -> Result<NewMember> {
    Ok(NewMember {
        name: format!("member-{number}"),
        vni: 7,
        cidrs: vec!["10.7.0.0/24".parse()?],
        addresses: vec![IpAddr::from([10, 7, 0, number])],
        mac: Mac::of_member(number.into()),
        gateway: "172.16.0.1".parse()?,
    })
}

#[test]
fn members_of_one_node_talk_and_what_they_sent_is_counted() -> Result<()> {
    isthmus_lab::check_machine()?;
    let lab = Lab::builder().hypervisors(0).build()?;
    let door = Door::of(lab.bystander())?;
    let program = program("isthmus-lab", "lab-node")?;
    let mut nodes = [NodeLab::with(&program, &cluster(), &door.node(), "eth0")?];
    ensure!(nodes[0].vtep() == IpAddr::from([172, 16, 0, 200]));
    ensure!(nodes[0].member_mtu() == lab.member_mtu());
    for number in [2, 3] {
        nodes[0].add(member(number)?)?;
    }
    let end = |member, address: &str| -> Result<End<'static>> {
        let address = address.parse()?;
        Ok(End {
            at: 0,
            member,
            address,
        })
    };
    let (two, three) = (end("member-2", "10.7.0.2")?, end("member-3", "10.7.0.3")?);
    ensure!(nodes[0].ping(two.member, three.address, 2, Duration::from_secs(1))?);
    let stream = RunningStream::start(&mut nodes, 1, two, three, 1_000)?;
    stream.wait_for(&mut nodes, 500, PATIENCE)?;
    let report = stream.stop(&mut nodes)?;
    ensure!(
        report.counts.is_perfect() && report.losses.is_empty(),
        "{report:?}"
    );
    nodes[0].remove(three.member)?;
    ensure!(!nodes[0].ping(two.member, three.address, 1, Duration::from_millis(100))?);
    Ok(())
}

#[test]
fn a_node_that_cannot_be_a_hypervisor_says_why() -> Result<()> {
    isthmus_lab::check_machine()?;
    let lab = Lab::builder().hypervisors(0).build()?;
    let door = Door::of(lab.bystander())?;
    let program = program("isthmus-lab", "lab-node")?;
    let (cluster, node) = (cluster(), door.node());
    for (node, device, said) in [(node.as_str(), "eth9", "eth9"), ("0", "eth0", "node 0")] {
        match NodeLab::with(&program, &cluster, node, device) {
            Ok(_) => bail!("a hypervisor on {device} of {node}"),
            Err(error) => ensure!(format!("{error:#}").contains(said), "{error:#}"),
        }
    }
    Ok(())
}
