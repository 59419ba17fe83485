//! Makes a cluster.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use isthmus_kind_tests::{Cluster, images, prepare_far_ends};
use isthmus_lab_apiserver::Binaries;
use tokio::net::TcpStream;
use tokio::process::Command;
use tokio::time::{Instant, sleep, timeout};

use crate::command::{feed, run, show};
use crate::docker::Docker;
use crate::places::{Places, ROOT};
use crate::pod_network::PodNode;
use crate::recipe::{self, GATEWAY, HYPERVISOR, NodeImage};
use crate::tour;

/// Says which image nodes have: `stock` or `built`.
const CHOICE: &str = "KIND_NODE_IMAGE";

/// The image that kind takes when it is told none (its `defaults.Image`).
const STOCK: &str =
    "kindest/node:v1.37.0@sha256:a1ed56cfb0e7b93589bdf97c8cd566405a265939e3620fc4f5de89adff580ae5";

/// Where it comes from.
const REGISTRY: &str = "registry-1.docker.io:443";

/// How long anything of Kubernetes may take.
const PATIENCE: Duration = Duration::from_secs(180);

/// Makes a cluster of this name on this underlay, a /24.
pub(crate) async fn up(places: &Places, underlay: &str) -> Result<Cluster> {
    let archives = images()?;
    let docker = Docker::find_or_start().await?;
    let image = node_image(&docker).await?;
    let maker = Maker {
        kind: program("kind", "kind").await?,
        kubectl: Binaries::find()?.kubectl()?,
        docker,
        places,
    };
    fs::create_dir_all(places.folder())?;
    maker.create(&image).await?;
    if image != NodeImage::Stock {
        maker.connect_pods().await?;
    }
    maker.connect_underlay(underlay).await?;
    let cluster = maker.cluster();
    fs::write(places.cluster(), serde_json::to_vec_pretty(&cluster)?)?;
    let programs = [
        maker.kubectl.clone(),
        program("helm", "helm").await?,
        // kubectl's plugin is beside us.
        places.program.clone(),
    ];
    let environment = tour::environment(&cluster, &places.cluster(), &programs);
    fs::write(places.environment(), environment)?;
    for archive in archives {
        maker.load(&archive).await?;
    }
    maker.wait_until_usable().await?;
    Ok(cluster)
}

/// Path of a program that `tools/go-tools.sh` built.
pub(crate) async fn program(module: &str, name: &str) -> Result<PathBuf> {
    let mut folder = Command::new(format!("{ROOT}/tools/go-tools.sh"));
    folder.args(["folder", module]);
    let path = PathBuf::from(run(folder).await?.trim()).join(name);
    if path.is_file() {
        return Ok(path);
    }
    bail!("no {}; run `tools/setup.sh kind`", path.display());
}

/// The image of the nodes, there for Docker: kind's own where a registry can be
/// reached, unless we are told.
async fn node_image(docker: &Docker) -> Result<NodeImage> {
    let choice = std::env::var(CHOICE).unwrap_or_default();
    let pull = || run(docker.command(["pull", "--quiet", STOCK]));
    match choice.as_str() {
        "stock" => {
            pull().await?;
            return Ok(NodeImage::Stock);
        }
        "built" => {}
        "" => {
            let connect = timeout(Duration::from_secs(3), TcpStream::connect(REGISTRY));
            let is_reached = matches!(connect.await, Ok(Ok(_)));
            if is_there(docker, STOCK).await || is_reached && pull().await.is_ok() {
                return Ok(NodeImage::Stock);
            }
        }
        other => bail!("{CHOICE}={other}: `stock` or `built`, or nothing to find out"),
    }
    let script = format!("{ROOT}/tools/node-image.sh");
    let mut build = Command::new(&script);
    build.arg("build");
    show(build).await?;
    let mut name = Command::new(&script);
    name.arg("reference");
    let name = run(name).await?.trim().to_owned();
    if !is_there(docker, &name).await {
        let mut archive = Command::new(&script);
        archive.arg("archive");
        let archive = run(archive).await?;
        say("loading the nodes' image (once)");
        remove_others(docker, &name).await?;
        run(docker.command(["load", "--quiet", "--input", archive.trim()])).await?;
    }
    Ok(NodeImage::Built(name))
}

/// Images that were built before this one.
async fn remove_others(docker: &Docker, name: &str) -> Result<()> {
    let (repository, _) = name.rsplit_once(':').unwrap_or((name, ""));
    let list = ["images", "--quiet", repository];
    for old in run(docker.command(list)).await?.split_whitespace() {
        // One that a cluster stands on stays.
        let _used = run(docker.command(["rmi", old])).await;
    }
    Ok(())
}

async fn is_there(docker: &Docker, image: &str) -> bool {
    run(docker.command(["image", "inspect", image]))
        .await
        .is_ok()
}

fn say(what: &str) {
    eprintln!("kind: {what}");
}

struct Maker<'a> {
    kind: PathBuf,
    kubectl: PathBuf,
    docker: Docker,
    places: &'a Places,
}

impl Maker<'_> {
    async fn create(&self, image: &NodeImage) -> Result<()> {
        let file = self.places.folder().join("kind.json");
        fs::write(&file, recipe::configuration(image).to_string())?;
        let mut create = self.docker.program(&self.kind);
        create
            .args(["create", "cluster", "--name", &self.places.name, "--config"])
            .arg(&file)
            .arg("--kubeconfig")
            .arg(self.places.kubeconfig());
        match image {
            NodeImage::Stock => create.args(["--image", STOCK]),
            NodeImage::Built(name) => create.args(["--image", name]),
        };
        show(create).await
    }

    async fn connect_pods(&self) -> Result<()> {
        let path = "jsonpath={range .items[*]}{.metadata.name} {.spec.podCIDR} \
                    {.status.addresses[?(@.type==\"InternalIP\")].address}{\"\\n\"}{end}";
        let until = Instant::now() + PATIENCE;
        let nodes = loop {
            // The controller manager gives a node its pods' addresses some seconds after it joined.
            let listed = run(self.kubectl(["get", "nodes", "--output", path])).await?;
            match PodNode::read_all(&listed) {
                Some(nodes) => break nodes,
                None if Instant::now() > until => bail!("no pod CIDR: {listed}"),
                None => sleep(Duration::from_millis(200)).await,
            }
        };
        for node in &nodes {
            self.run_script(&node.name, &node.script(&nodes)).await?;
        }
        Ok(())
    }

    async fn connect_underlay(&self, subnet: &str) -> Result<()> {
        let network = self.places.underlay();
        // Internal: with no way out, and after kind's network in the nodes.
        let create = [
            "network",
            "create",
            "--internal",
            "--subnet",
            subnet,
            &network,
        ];
        let created = run(self.docker.command(create)).await;
        created.with_context(|| {
            format!("{subnet} is taken: is there another cluster (`make kind-down`)? Else give another --underlay")
        })?;
        let gateway = format!("{}={}", GATEWAY.0, GATEWAY.1);
        for (label, is_gateway) in [(gateway.as_str(), true), (HYPERVISOR, false)] {
            for (ordinal, node) in self.nodes(label).await?.iter().enumerate() {
                let address = recipe::address(subnet, recipe::host_number(is_gateway, ordinal));
                let connect = ["network", "connect", "--ip", &address, &network, node];
                run(self.docker.command(connect)).await?;
                self.run_script(node, &recipe::prefer_others(subnet))
                    .await?;
                // The machine's network namespace, ours, has the other ends.
                let (cluster, node) = (self.cluster(), node.clone());
                let prepare = move || prepare_far_ends(&cluster, &node, &["eth0", "eth1"]);
                tokio::task::spawn_blocking(prepare).await??;
            }
        }
        Ok(())
    }

    async fn run_script(&self, node: &str, script: &str) -> Result<()> {
        let shell = ["exec", "--interactive", node, "sh", "-e"];
        feed(self.docker.command(shell), script).await.map(drop)
    }

    async fn nodes(&self, label: &str) -> Result<Vec<String>> {
        let path = "--output=jsonpath={.items[*].metadata.name}";
        let listed = run(self.kubectl(["get", "nodes", "--selector", label, path])).await?;
        Ok(listed.split_whitespace().map(str::to_owned).collect())
    }

    async fn load(&self, archive: &std::path::Path) -> Result<()> {
        let mut load = self.docker.program(&self.kind);
        load.args(["load", "image-archive", "--name", &self.places.name])
            .arg(archive);
        run(load).await.map(drop)
    }

    /// Nodes that are Ready take pods only when the controllers have made what
    /// pods need.
    async fn wait_until_usable(&self) -> Result<()> {
        let bound = format!("--timeout={}s", PATIENCE.as_secs());
        run(self.kubectl(["wait", "--for=condition=Ready", "node", "--all", &bound])).await?;
        for object in ["serviceaccount/default", "configmap/kube-root-ca.crt"] {
            run(self.kubectl(["wait", "--for=create", object, &bound])).await?;
        }
        let dns = [
            "rollout",
            "status",
            "--namespace=kube-system",
            "deployment/coredns",
            &bound,
        ];
        run(self.kubectl(dns)).await.map(drop)
    }

    fn kubectl<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Command {
        let mut command = Command::new(&self.kubectl);
        command
            .arg("--kubeconfig")
            .arg(self.places.kubeconfig())
            .args(arguments);
        command
    }

    fn cluster(&self) -> Cluster {
        let mut environment = vec!["env".to_owned()];
        environment.extend(
            self.docker
                .environment()
                .map(|(name, value)| format!("{name}={value}")),
        );
        let command = |words: &[&str]| {
            let words = words.iter().map(|word| (*word).to_owned());
            environment.iter().cloned().chain(words).collect()
        };
        let kind = self.kind.display().to_string();
        let ours = self.places.program.display().to_string();
        let name = self.places.name.as_str();
        Cluster {
            kubeconfig: self.places.kubeconfig(),
            load_image: command(&[&kind, "load", "image-archive", "--name", name, "{archive}"]),
            run_on_node: command(&["docker", "exec", "--interactive", "{node}"]),
            restart_node: command(&[&ours, "restart", "--name", name, "{node}"]),
        }
    }
}
