//! Gateway nodes come and go, and packets flow.

use anyhow::{Context as _, Result, ensure};
use isthmus_kind_tests::Kubectl;
use isthmus_kind_tests::faults::{agent_on, cordon_and_drain, uncordon};
use isthmus_lab::wait_until;

use isthmus_kind_tests::manifests::{peering, vpc};
use isthmus_kind_tests::world::{PATIENCE, World, ready_gateways};

const TEAM: &str = "traffic-nodes";
const POOL: &str = "isthmus.dev/gateway-pool";

#[test]
#[ignore = "boots a node anew"]
fn a_gateway_that_reboots_comes_back_and_costs_those_beside_it_no_packet() -> Result<()> {
    let mut world = World::alone()?;
    let [first, second] = [0, 1].map(|at| world.vtep(at));
    let both = vpc(21, TEAM, first) + &vpc(22, TEAM, second) + &peering((21, TEAM), (22, TEAM));
    world.apply(&(both + &vpc(23, TEAM, second)))?;
    let [one, two, three] = [21, 22, 23].map(|number| format!("{TEAM}/member-{number}"));
    world.steer(1)?;
    let stream = world.stream(&one, &two)?;

    let old = world.ready_agent(0)?.context("no agent")?;
    world.cluster.restart_node(&world.gateways[0].0)?;
    world.another_agent(0, &old)?;
    world.stop_perfect(stream)?;

    // Its kernel held nothing when it started.
    world.steer(0)?;
    world.reaches(&one, &two)?;
    ensure!(!world.pings(&one, &three)?, "VPCs without a peering talk");
    let gateways = ready_gateways(&world.kubectl)?;
    ensure!(gateways == world.gateways, "{gateways:?}");
    let gateway = world
        .kubectl
        .get(&format!("transitgateway {}", gateways[0].0))?;
    let interfaces = &gateway["status"]["interfaces"];
    ensure!(interfaces[0]["xdpMode"] == "driver", "{interfaces}");
    Ok(())
}

/// A node out of service, which goes back into it with the test.
struct Drained<'a>(&'a Kubectl, &'a str);

impl Drop for Drained<'_> {
    fn drop(&mut self) {
        if let Err(error) = uncordon(self.0, self.1) {
            eprintln!("{error:#}");
        }
    }
}

#[test]
fn a_gateway_whose_node_is_drained_goes_on() -> Result<()> {
    let mut world = World::alone()?;
    let [first, second] = [0, 1].map(|at| world.vtep(at));
    let both = vpc(24, TEAM, first) + &vpc(25, TEAM, second);
    world.apply(&(both + &peering((24, TEAM), (25, TEAM))))?;
    let [one, two] = [24, 25].map(|number| format!("{TEAM}/member-{number}"));
    let stream = world.stream(&one, &two)?;

    let (kubectl, node) = (world.kubectl.clone(), world.gateways[0].0.clone());
    let old = world.ready_agent(0)?.context("no agent")?;
    let drained = Drained(&kubectl, &node);
    cordon_and_drain(&kubectl, &node)?;
    world.breathe(&stream)?;
    let now = world
        .ready_agent(0)?
        .context("no agent on a drained node")?;
    ensure!(now["metadata"]["uid"] == old["metadata"]["uid"]);
    drop(drained);
    world.stop_perfect(stream)
}

/// A node that is no gateway, and is one again with the end of the test.
struct Removed<'a>(&'a Kubectl, &'a str);

impl Removed<'_> {
    fn put_back(&self) -> Result<()> {
        let label = format!("label --overwrite node {} {POOL}=default", self.1);
        self.0.run(&label).map(drop)
    }
}

impl Drop for Removed<'_> {
    fn drop(&mut self) {
        if let Err(error) = self.put_back() {
            eprintln!("{error:#}");
        }
    }
}

#[test]
fn a_node_that_is_no_gateway_any_more_forwards_what_it_knew_and_can_be_one_again() -> Result<()> {
    let mut world = World::alone()?;
    let [first, second] = [0, 1].map(|at| world.vtep(at));
    let two = vpc(26, TEAM, first) + &vpc(27, TEAM, second);
    let three = two + &vpc(28, TEAM, second);
    world.apply(&(three + &peering((26, TEAM), (27, TEAM))))?;
    let [one, two, three] = [26, 27, 28].map(|number| format!("{TEAM}/member-{number}"));
    let stream = world.stream(&one, &two)?;

    let (kubectl, node) = (world.kubectl.clone(), world.gateways[0].0.clone());
    let removed = Removed(&kubectl, &node);
    kubectl.run(&format!("label node {node} {POOL}-"))?;
    wait_until("the agent goes with the label", PATIENCE, || {
        anyhow::Ok(agent_on(&kubectl, &node).is_err())
    })?;
    kubectl.run(&format!("delete transitgateway {node}"))?;

    // It is not waited for, and learns nothing new.
    world.apply(&peering((26, TEAM), (28, TEAM)))?;
    let object = format!("vpcpeering to-28 -n {TEAM}");
    world.condition(&object, "Programmed", "True")?;
    ensure!(
        !world.pings(&one, &three)?,
        "a removed gateway is told of a peering"
    );
    world.breathe(&stream)?;

    removed.put_back()?;
    world.reaches(&one, &three)?;
    let gateways = ready_gateways(&kubectl)?;
    ensure!(gateways == world.gateways, "{gateways:?}");
    world.stop_perfect(stream)
}
