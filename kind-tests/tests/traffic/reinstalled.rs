//! The release goes and comes back, and packets flow.

use anyhow::{Result, ensure};
use isthmus_chart_tests::{CHART, Helm};
use isthmus_lab::wait_until;

use isthmus_kind_tests::manifests::{peering, vpc};
use isthmus_kind_tests::world::{PATIENCE, World, ready_gateways};

const TEAM: &str = "traffic-reinstalled";

#[test]
fn a_release_that_is_uninstalled_and_installed_again_costs_no_packet() -> Result<()> {
    let mut world = World::alone()?;
    let [first, second] = [0, 1].map(|at| world.vtep(at));
    let both = vpc(81, TEAM, first) + &vpc(82, TEAM, second);
    world.apply(&(both + &peering((81, TEAM), (82, TEAM))))?;
    let [one, two] = [81, 82].map(|number| format!("{TEAM}/member-{number}"));
    let stream = world.stream(&one, &two)?;

    let helm = Helm::with(&world.cluster.kubeconfig)?;
    let release = ("isthmus", "isthmus-system");
    let values = helm.run(["get", "values", release.0, "-n", release.1, "-o", "yaml"])?;
    helm.uninstall(release)?;
    wait_until("no pod of the release is left", PATIENCE, || {
        let pods = world.kubectl.names("pods -n isthmus-system")?;
        anyhow::Ok(pods.is_empty())
    })?;
    world.breathe(&stream)?;
    helm.release("install", release, CHART.as_ref(), &values, &[])?;
    let gateways = ready_gateways(&world.kubectl)?;
    ensure!(gateways == world.gateways, "{gateways:?}");
    world.condition(&format!("vpcpeering to-82 -n {TEAM}"), "Programmed", "True")?;
    world.stop_perfect(stream)
}
