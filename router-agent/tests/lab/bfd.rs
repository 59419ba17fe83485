//! Open vSwitch asks the gateway by BFD whether it lives.

use anyhow::{Context as _, Result, ensure};
use isthmus_lab::traffic::{Stream, StreamConfig};
use isthmus_lab::{Family, Lab, Member, Vswitch};

use crate::agent::Agent;
use crate::world::{PATIENCE, World, eventually, member};

/// Packets of two seconds, many times the 300 ms after which a session is down.
const LONG: u64 = 40_000;

/// A hypervisor's switch with a tunnel to the gateway that is asked each 100 ms.
struct Asking(Vswitch);

impl Asking {
    /// On the last hypervisor of a lab.
    fn start(lab: &Lab) -> Result<Self> {
        let hypervisor = lab.hypervisors().last().context("no hypervisor")?;
        let switch = Vswitch::start(hypervisor.namespace())?;
        switch.add_underlay(hypervisor.namespace(), "br-underlay", hypervisor.uplink())?;
        let gateway = lab.gateway().port().v4.context("no address")?;
        let remote = format!("options:remote_ip={gateway}");
        let local = format!("options:local_ip={}", hypervisor.vtep());
        switch.vsctl(&[
            "add-br",
            "br-int",
            "--",
            "set",
            "bridge",
            "br-int",
            "datapath_type=netdev",
            "fail_mode=secure",
            "--",
            "add-port",
            "br-int",
            "gateway",
            "--",
            "set",
            "interface",
            "gateway",
            "type=vxlan",
            &remote,
            &local,
            "options:key=flow",
            "bfd:enable=true",
            "bfd:min_tx=100",
            "bfd:min_rx=100",
        ])?;
        Ok(Self(switch))
    }

    fn status(&self, key: &str) -> Result<String> {
        let column = format!("bfd_status:{key}");
        let value = self
            .0
            .vsctl(&["--if-exists", "get", "interface", "gateway", &column])?;
        Ok(value.trim_matches('"').to_owned())
    }

    fn expect(&self, state: &str) -> Result<()> {
        let is_so = || Ok(self.status("state")? == state);
        let described = || format!("remote state {:?}", self.status("remote_state"));
        eventually(&format!("the session is {state}"), is_so).with_context(described)
    }

    /// How often the session changed between up and not up.
    fn flaps(&self) -> Result<String> {
        self.status("flap_count")
    }
}

/// Blue and green, and a third hypervisor that asks, on which a further member
/// of blue lives.
fn world() -> Result<(World, Member)> {
    let mut world = World::build(Lab::builder().hypervisors(3))?;
    let blue = world.blue.vpc().clone();
    let further = member(&mut world.lab, &blue, 2, 3)?;
    Ok((world, further))
}

#[test]
fn a_session_is_up_while_the_router_forwards_with_and_without_an_agent() -> Result<()> {
    let (world, _) = world()?;
    let mut agent = Agent::start(&world.lab)?;
    let asking = Asking::start(&world.lab)?;
    asking.expect("up")?;
    let flaps = asking.flaps()?;

    let [blue, green] = [&world.blue, &world.green].map(|it| it.at(Family::V4));
    let (blue, green) = (blue.context("no address")?, green.context("no address")?);
    let stream = Stream::start(&blue, &green, StreamConfig::default())?;
    agent.kill()?;
    stream.wait_for(LONG, PATIENCE)?;
    agent.restart()?;
    stream.wait_for(LONG, PATIENCE)?;
    // Other tables, and a program that reads them.
    agent.kill()?;
    agent.restart_with(&["--max-members", "5000"])?;
    stream.wait_for(LONG, PATIENCE)?;
    let report = stream.stop()?;
    ensure!(report.is_perfect(), "{report:?}");
    asking.expect("up")?;
    ensure!(
        asking.flaps()? == flaps,
        "flaps: {} then {}",
        flaps,
        asking.flaps()?
    );

    agent.kill()?;
    let detached = agent.command(&["detach"]).output()?;
    ensure!(detached.status.success(), "{detached:?}");
    asking.expect("down")
}

#[test]
fn only_hypervisors_of_members_are_answered() -> Result<()> {
    let (mut world, further) = world()?;
    let agent = Agent::start(&world.lab)?;
    let asking = Asking::start(&world.lab)?;
    asking.expect("up")?;

    let before = world.lab.manifests();
    world.lab.remove(&further)?;
    agent.apply(&world.lab)?;
    asking.expect("down")?;
    eventually("questions are dropped under their name", || {
        Ok(agent.dropped("BfdUnknown")? > 0)
    })?;

    before.write_to(agent.folder())?;
    asking.expect("up")
}
