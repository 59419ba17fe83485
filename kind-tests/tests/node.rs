//! A node's lab without a cluster: a namespace stands for the node.

use std::net::IpAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Result, bail, ensure};
use isthmus_e2e::program;
use isthmus_kind_tests::{Cluster, End, NodeLab, RunningStream};
use isthmus_lab::protocol::NewMember;
use isthmus_lab::{Lab, Mac, Namespace, wait_until};

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

/// A lab whose bystander is the node, the way into it, and what runs there.
fn place() -> Result<(Lab, Door, PathBuf)> {
    isthmus_lab::check_machine()?;
    let lab = Lab::builder().hypervisors(0).build()?;
    let door = Door::of(lab.bystander())?;
    let program = program("isthmus-lab", "lab-node")?;
    Ok((lab, door, program))
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
    let (lab, door, program) = place()?;
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
fn the_last_frames_of_a_node_can_be_had() -> Result<()> {
    let (_lab, door, program) = place()?;
    let mut node = NodeLab::with(&program, &cluster(), &door.node(), "eth0")?;
    ensure!(node.recorded().is_err(), "recorded what nobody asked for");
    node.record("eth0")?;
    let sender = member(2)?;
    let (mac, elsewhere) = (sender.mac, IpAddr::from([10, 8, 0, 2]));
    node.add(sender)?;
    ensure!(!node.ping("member-2", elsewhere, 1, Duration::from_millis(100))?);
    // It went to the gateway, with the member's MAC in the inner frame.
    wait_until("the frame is recorded", PATIENCE, || {
        let file = node.recorded()?;
        anyhow::Ok(file.windows(6).any(|bytes| *bytes == mac.0))
    })
}

/// Kills what runs in a node's network namespace besides its door.
fn kill_all(door: &Door) -> Result<usize> {
    let network = |pid: &str| std::fs::read_link(format!("/proc/{pid}/ns/net")).ok();
    let (door, of_node) = (door.node(), network(&door.node()));
    let mut killed = 0;
    for entry in std::fs::read_dir("/proc")? {
        let name = entry?.file_name();
        let Some(pid) = name.to_str().filter(|pid| **pid != door) else {
            continue;
        };
        if pid.parse::<u32>().is_ok() && network(pid) == of_node {
            let kill = Command::new("kill").args(["-KILL", pid]).status()?;
            killed += usize::from(kill.success());
        }
    }
    Ok(killed)
}

#[test]
fn a_lab_that_is_killed_leaves_nothing_on_its_node() -> Result<()> {
    let (_lab, door, program) = place()?;
    let (cluster, node) = (cluster(), door.node());
    let there = || -> Result<[String; 2]> {
        let links = cluster.run_on_node(&node, ["ip", "-oneline", "link"])?;
        let routes = cluster.run_on_node(&node, ["ip", "route", "show", "table", "all"])?;
        Ok([links, routes])
    };
    let before = there()?;
    let mut lab_node = NodeLab::with(&program, &cluster, &node, "eth0")?;
    lab_node.add(member(2)?)?;
    lab_node.add(member(3)?)?;
    ensure!(kill_all(&door)? > 0, "nothing to kill");
    wait_until("the node is as it was", PATIENCE, || {
        anyhow::Ok(there()? == before)
    })
}

#[test]
fn a_node_that_cannot_be_a_hypervisor_says_why() -> Result<()> {
    let (_lab, door, program) = place()?;
    let (cluster, node) = (cluster(), door.node());
    for (node, device, said) in [(node.as_str(), "eth9", "eth9"), ("0", "eth0", "node 0")] {
        match NodeLab::with(&program, &cluster, node, device) {
            Ok(_) => bail!("a hypervisor on {device} of {node}"),
            Err(error) => ensure!(format!("{error:#}").contains(said), "{error:#}"),
        }
    }
    Ok(())
}
