//! A lab whose objects are in a cluster.

use anyhow::{Context as _, Result};
use isthmus_e2e::{ControlPlane, Gateway, eventually};
use isthmus_lab::traffic::{Stream, StreamConfig};
use isthmus_lab::{Family, Lab, Member, NAMESPACE, Peering, Vpc};

/// Blue and green, a member each on different hypervisors, not peered yet.
pub(crate) struct World {
    pub(crate) gateway: Gateway,
    pub(crate) cluster: ControlPlane,
    pub(crate) lab: Lab,
    pub(crate) blue: Member,
    pub(crate) green: Member,
}

impl World {
    pub(crate) fn build() -> Result<Self> {
        isthmus_lab::check_machine()?;
        let mut lab = Lab::builder().build()?;
        let [blue, green] = [1, 2].map(|vni| vpc(&mut lab, vni));
        let blue = member(&mut lab, &blue, 0)?;
        let green = member(&mut lab, &green, 1)?;
        let cluster = ControlPlane::start()?;
        cluster.namespace(NAMESPACE)?;
        cluster.apply(&lab.manifests().all())?;
        let gateway = Gateway::start(&lab, &cluster, "gateway-0")?;
        eventually("the members are on the gateway", || {
            Ok(gateway.metric("isthmus_map_entries{map=\"MEMBERS_V4\"}")? == 2)
        })?;
        Ok(Self {
            gateway,
            cluster,
            lab,
            blue,
            green,
        })
    }

    /// Manifest of the peering of blue and green.
    pub(crate) fn peering(&mut self) -> String {
        let peering = Peering::between(self.blue.vpc(), self.green.vpc());
        self.lab.peer(peering);
        self.lab.manifests().peerings
    }

    /// 20,000 packets a second from blue to green.
    pub(crate) fn stream(&self) -> Result<Stream> {
        let [blue, green] = [&self.blue, &self.green].map(|it| it.at(Family::V4));
        let (blue, green) = (blue.context("no address")?, green.context("no address")?);
        Ok(Stream::start(&blue, &green, StreamConfig::default())?)
    }
}

fn vpc(lab: &mut Lab, vni: u32) -> Vpc {
    let cidr = format!("10.{vni}.0.0/24");
    lab.vpc(vni, [cidr.parse().expect("a CIDR")])
}

fn member(lab: &mut Lab, vpc: &Vpc, hypervisor: usize) -> Result<Member> {
    let address = format!("10.{}.0.2", vpc.vni()).parse()?;
    Ok(lab.member(vpc, hypervisor, [address])?)
}
