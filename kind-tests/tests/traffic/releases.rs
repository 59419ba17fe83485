//! The release changes, and packets flow.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use isthmus_chart_tests::{CHART, Helm};
use isthmus_kind_tests::faults::{self, AGENTS};
use isthmus_kind_tests::{Cluster, Kubectl, Release};
use isthmus_lab::wait_until;
use serde_json::Value;

use isthmus_kind_tests::manifests::{peering, vpc};
use isthmus_kind_tests::world::{PATIENCE, World, ready_gateways};

const TEAM: &str = "traffic-releases";

/// Takes the release back to what it was before the last upgrade, once.
struct Upgraded<'a>(Option<&'a Cluster>);

impl Upgraded<'_> {
    fn roll_back(&mut self) -> Result<()> {
        let Some(cluster) = self.0.take() else {
            return Ok(());
        };
        let Release { name, namespace } = Release::DOCUMENTED;
        let helm = Helm::with(&cluster.kubeconfig)?;
        helm.run(["rollback", name, "--namespace", namespace])
            .map(drop)
    }
}

impl Drop for Upgraded<'_> {
    fn drop(&mut self) {
        if let Err(error) = self.roll_back() {
            eprintln!("{error:#}");
        }
    }
}

/// Agents by name, and why each waits to be started.
fn agents(kubectl: &Kubectl) -> Result<Vec<(String, Option<String>)>> {
    let pods = kubectl.get(&format!("pods {AGENTS}"))?;
    let pods = pods["items"].as_array().context("a list")?;
    let of = |pod: &Value| {
        let name = pod["metadata"]["name"].as_str().unwrap_or_default();
        let kinds = ["initContainerStatuses", "containerStatuses"];
        let all = kinds
            .iter()
            .filter_map(|kind| pod["status"][kind].as_array());
        let mut reasons = all
            .flatten()
            .filter_map(|container| container["state"]["waiting"]["reason"].as_str());
        let reason = reasons.find(|reason| reason.contains("Image"));
        (name.to_owned(), reason.map(str::to_owned))
    };
    Ok(pods.iter().map(of).collect())
}

#[test]
#[ignore = "waits for an image that never comes"]
fn an_image_that_is_broken_stops_at_the_first_node_and_is_rolled_back() -> Result<()> {
    let mut world = World::alone()?;
    let [first, second] = [0, 1].map(|at| world.vtep(at));
    let two = vpc(101, TEAM, first) + &vpc(102, TEAM, second);
    let three = two + &vpc(103, TEAM, second);
    world.apply(&(three + &peering((101, TEAM), (102, TEAM))))?;
    let [one, two, three] = [101, 102, 103].map(|number| format!("{TEAM}/member-{number}"));
    let stream = world.stream(&one, &two)?;

    let cluster = world.cluster.clone();
    let old = agents(&world.kubectl)?;
    let mut upgraded = Upgraded(Some(&cluster));
    faults::upgrade(&cluster, None, "image: {tag: broken}")?;
    wait_until("an agent waits for its image", PATIENCE, || {
        let now = agents(&world.kubectl)?;
        anyhow::Ok(now.iter().any(|(_, reason)| reason.is_some()))
    })?;
    let now = agents(&world.kubectl)?;
    let kept = now.iter().filter(|agent| old.contains(agent)).count();
    ensure!(kept == old.len() - 1, "{old:?}, then {now:?}");
    // The others go on with operators that go on.
    world.apply(&peering((101, TEAM), (103, TEAM)))?;
    wait_until("the other gateways have the peering", PATIENCE, || {
        let read = world.kubectl.get(&format!("vpcpeering to-103 -n {TEAM}"))?;
        let conditions = read["status"]["conditions"].to_string();
        anyhow::Ok(conditions.contains(&format!("{kept}/{} gateways", old.len())))
    })?;

    upgraded.roll_back()?;
    world.rolled_out()?;
    world.reaches(&one, &three)?;
    world.stop_perfect(stream)
}

#[test]
#[ignore = "upgrades the release twice"]
fn definitions_are_upgraded_under_stored_objects() -> Result<()> {
    let mut world = World::alone()?;
    let [first, second] = [0, 1].map(|at| world.vtep(at));
    let two = vpc(104, TEAM, first) + &vpc(105, TEAM, second);
    let three = two + &vpc(109, TEAM, second);
    world.apply(&(three + &peering((104, TEAM), (105, TEAM))))?;
    let [one, two, three] = [104, 105, 109].map(|number| format!("{TEAM}/member-{number}"));
    let stream = world.stream(&one, &two)?;
    let object = format!("vpcpeering to-105 -n {TEAM}");
    let before = world.kubectl.get(&object)?;

    // The chart as a later version of it may be: peerings have a field more.
    let later = tempfile::tempdir()?;
    copy(Path::new(CHART), later.path())?;
    let file = later.path().join("files/crds/vpcpeerings.yaml");
    let mut definition: Value = serde_yaml::from_str(&std::fs::read_to_string(&file)?)?;
    let fields = "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties";
    let fields = definition.pointer_mut(fields).context("spec's fields")?;
    fields["comment"] = serde_json::json!({"type": "string", "maxLength": 80});
    std::fs::write(&file, serde_yaml::to_string(&definition)?)?;
    let cluster = world.cluster.clone();
    let mut upgraded = Upgraded(Some(&cluster));
    faults::upgrade(&cluster, Some(later.path()), "{}")?;

    // Whether the operator sees the field while its watch is older than that, is the
    // API server's affair; what was there before is in force all the while.
    let commented = peering((104, TEAM), (109, TEAM)).replace("spec: {", "spec: {comment: new, ");
    let object_109 = format!("vpcpeering to-109 -n {TEAM}");
    wait_until("the new field is taken", PATIENCE, || {
        anyhow::Ok(world.kubectl.apply(&commented).is_ok())
    })?;
    world.apply(&commented)?;
    let stored = world.kubectl.get(&object_109)?;
    ensure!(stored["spec"]["comment"] == "new", "{stored}");
    let now = world.kubectl.get(&object)?;
    ensure!(now["metadata"]["uid"] == before["metadata"]["uid"], "{now}");
    world.breathe(&stream)?;

    // Without the field it can be read.
    upgraded.roll_back()?;
    world.condition(&object_109, "Programmed", "True")?;
    world.reaches(&one, &three)?;
    world.stop_perfect(stream)
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in from.read_dir()? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &to)?;
        } else {
            std::fs::copy(entry.path(), to)?;
        }
    }
    Ok(())
}

/// A second release with a gateway of its own, that was one of the first's.
struct Edge<'a> {
    cluster: &'a Cluster,
    node: &'a str,
}

impl<'a> Edge<'a> {
    const RELEASE: Release<'static> = Release {
        name: "edge",
        namespace: "traffic-edge",
    };

    fn install(cluster: &'a Cluster, node: &'a str) -> Result<Self> {
        let edge = Self { cluster, node };
        edge.label("edge")?;
        let values = "operator: {enabled: false}\ncrds: {install: false}\n\
                      gatewayPools: [{name: edge, interfaces: [eth1]}]\n";
        Self::RELEASE.install(cluster, values, &[])?;
        Ok(edge)
    }

    fn label(&self, pool: &str) -> Result<()> {
        let label = format!(
            "label --overwrite node {} isthmus.dev/gateway-pool={pool}",
            self.node
        );
        self.cluster.kubectl()?.run(&label).map(drop)
    }

    /// Waits until the gateway serves this pool alone, and is ready.
    fn serves(&self, pool: &str) -> Result<()> {
        let kubectl = self.cluster.kubectl()?;
        wait_until(&format!("{} serves {pool}", self.node), PATIENCE, || {
            let gateway = kubectl.get(&format!("transitgateway {}", self.node))?;
            anyhow::Ok(gateway["spec"]["pools"] == serde_json::json!([pool]))
        })
    }

    fn remove(&self) -> Result<()> {
        Self::RELEASE.uninstall(self.cluster)?;
        let kubectl = self.cluster.kubectl()?;
        let namespace = Self::RELEASE.namespace;
        kubectl.run(&format!("delete namespace {namespace}"))?;
        self.label("default")?;
        self.serves("default")?;
        ready_gateways(&kubectl).map(drop)
    }
}

impl Drop for Edge<'_> {
    fn drop(&mut self) {
        if let Err(error) = self.remove() {
            eprintln!("{error:#}");
        }
    }
}

#[test]
#[ignore = "moves a gateway to another release, and back"]
fn two_releases_serve_two_pools_and_peerings_across_them() -> Result<()> {
    let mut world = World::alone()?;
    let cluster = world.cluster.clone();
    let edge = world.gateways.len() - 1;
    let node = world.gateways[edge].0.clone();
    let release = Edge::install(&cluster, &node)?;
    release.serves("edge")?;

    let [first, second] = [0, 1].map(|at| world.vtep(at));
    let on_edge =
        |number, hypervisor| vpc(number, TEAM, hypervisor).replace("cidrs:", "pool: edge, cidrs:");
    let vpcs = vpc(106, TEAM, first) + &on_edge(107, second) + &on_edge(108, first);
    let peerings = peering((106, TEAM), (107, TEAM)) + &peering((107, TEAM), (108, TEAM));
    world.apply(&(vpcs + &peerings))?;
    let [one, two, three] = [106, 107, 108].map(|number| format!("{TEAM}/member-{number}"));
    // Across pools both carry it.
    for gateway in [0, edge] {
        world.steer(gateway)?;
        world.reaches(&one, &two)?;
        world.reaches(&two, &one)?;
        ensure!(!world.pings(&one, &three)?, "VPCs without a peering talk");
    }
    world.reaches(&two, &three)?;
    world.reaches(&three, &two)?;
    let peering = world.kubectl.get(&format!("vpcpeering to-108 -n {TEAM}"))?;
    let conditions = peering["status"]["conditions"].to_string();
    ensure!(conditions.contains("1/1 gateways"), "{conditions}");
    // The other pool's gateways are told nothing of what is none of theirs.
    world.steer(0)?;
    ensure!(
        !world.pings(&two, &three)?,
        "a gateway carries what is not of its pool"
    );
    Ok(())
}
