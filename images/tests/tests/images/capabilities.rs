//! The agent of the image, with the capabilities that the chart gives it and no
//! more, in a lab.

use std::fs::File;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, ensure};
use isthmus_image_tests::{Image, Root, built};
use isthmus_lab::traffic::{Ping, ping};
use isthmus_lab::{Family, Lab, Member, Peering};

/// The capabilities that a container of the agent's DaemonSet adds to none.
pub(crate) fn capabilities_of_the_chart() -> Result<Vec<String>> {
    let values = "gatewayPools: [{name: default, interfaces: [eth1]}]";
    let manifests = isthmus_chart_tests::Helm::alone()?.template(values)?;
    let agent = manifests
        .iter()
        .find(|it| it.kind() == "DaemonSet")
        .context("a DaemonSet")?;
    let security = "/spec/template/spec/containers/0/securityContext/capabilities";
    let capabilities = agent.0.pointer(security).context("capabilities")?;
    ensure!(
        capabilities["drop"] == serde_json::json!(["ALL"]),
        "{capabilities}"
    );
    Ok(serde_json::from_value(capabilities["add"].clone())?)
}

/// `PROGRAM` of the image in the lab's gateway, able to do this and no more.
pub(crate) struct Confined<'a> {
    lab: &'a Lab,
    program: PathBuf,
    sets: String,
}

impl<'a> Confined<'a> {
    pub(crate) fn new(lab: &'a Lab, program: PathBuf, capabilities: &[String]) -> Self {
        let added = capabilities
            .iter()
            .map(|name| format!(",+{}", name.to_lowercase()));
        Self {
            lab,
            program,
            sets: format!("-all{}", added.collect::<String>()),
        }
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = self.lab.gateway().namespace().command("setpriv");
        // What root may gain by exec is its bounding set (capabilities(7)).
        command
            .arg(format!("--bounding-set={}", self.sets))
            .arg(format!("--inh-caps={}", self.sets))
            .arg("--clear-groups")
            .arg(&self.program)
            .args(args)
            .process_group(0);
        command
    }

    /// Starts the agent; the file is where it says what.
    fn run(&self, manifests: &Path, said: &Path) -> Result<Child> {
        let folder = manifests.to_str().context("a path in UTF-8")?;
        let state = format!("{folder}/.state");
        let port = &self.lab.gateway().port().address_interface;
        let args = [
            "run",
            "--manifests",
            folder,
            "--state-dir",
            &state,
            "--interface",
            port,
        ];
        let said = File::options().create(true).append(true).open(said)?;
        let child = self
            .command(&args)
            .stdout(Stdio::null())
            .stderr(said)
            .spawn()?;
        Ok(child)
    }
}

/// Ends with the child, however the test ends.
pub(crate) struct Running(pub(crate) Child);

impl Running {
    /// SIGTERM, as the kubelet sends it.
    fn terminate(mut self) -> Result<()> {
        let pid = libc::pid_t::try_from(self.0.id())?;
        // SAFETY: kill takes no pointer; the child is not reaped yet, so that its id is its own.
        ensure!(unsafe { libc::kill(pid, libc::SIGTERM) } == 0, "kill");
        ensure!(self.0.wait()?.success(), "the agent did not end well");
        Ok(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It has ended where this fails.
        let _ = self.0.kill().and_then(|()| self.0.wait());
    }
}

pub(crate) fn pings(from: &Member, to: &Member) -> Result<bool> {
    let at = |member: &Member| member.at(Family::V4).context("an address");
    Ok(ping(&at(from)?, &at(to)?, Ping::default())?)
}

#[test]
fn the_agents_two_capabilities_are_enough_and_each_is_needed() -> Result<()> {
    isthmus_lab::check_machine()?;
    let capabilities = capabilities_of_the_chart()?;
    assert_eq!(capabilities, ["NET_ADMIN", "SYS_ADMIN"]);
    let root = Root::of(&Image::open(&built("agent")?)?)?;
    let mut lab = Lab::builder().build()?;
    let [blue, green] = [1_u32, 2].map(|vni| {
        let cidr = format!("10.{vni}.0.0/24").parse();
        lab.vpc(vni, cidr)
    });
    let blue_1 = lab.member(&blue, 0, ["10.1.0.2".parse()?])?;
    let green_1 = lab.member(&green, 1, ["10.2.0.2".parse()?])?;
    lab.peer(Peering::between(&blue, &green));
    let folder = tempfile::tempdir()?;
    lab.manifests().write_to(folder.path())?;
    let said = folder.path().join("said");

    for missing in &capabilities {
        let fewer: Vec<_> = capabilities
            .iter()
            .filter(|it| *it != missing)
            .cloned()
            .collect();
        let confined = Confined::new(&lab, root.entrypoint(), &fewer);
        let mut child = Running(confined.run(folder.path(), &said)?);
        assert!(!child.0.wait()?.success(), "without {missing}");
        let text = std::fs::read_to_string(&said)?;
        assert!(
            text.contains(&format!("CAP_{missing} is missing")),
            "{text}"
        );
        std::fs::remove_file(&said)?;
    }

    let confined = Confined::new(&lab, root.entrypoint(), &capabilities);
    let prepared = confined.command(&["mount"]).output()?;
    let text = String::from_utf8_lossy(&prepared.stdout);
    assert_eq!(text, "/sys/fs/bpf/isthmus is in a bpffs\n");
    for start in ["first", "second, which adopts what is pinned"] {
        let running = Running(confined.run(folder.path(), &said)?);
        // Asked by the image's own probe, in the gateway's namespace.
        let probe = root.outside("/usr/local/bin/isthmus-probe");
        let mut probe = lab.gateway().namespace().command(probe);
        let answer = probe.arg("http://127.0.0.1:9464/readyz").output()?;
        let text = String::from_utf8_lossy(&answer.stdout);
        let log = std::fs::read_to_string(&said)?;
        assert!(answer.status.success(), "{start}: {text}\n{log}");
        assert!(pings(&blue_1, &green_1)?, "{start}: {log}");
        running.terminate()?;
        assert!(
            pings(&blue_1, &green_1)?,
            "forwarding goes on without an agent"
        );
    }
    let detached = confined.command(&["detach"]).output()?;
    let text = String::from_utf8_lossy(&detached.stdout);
    assert!(
        detached.status.success() && text.contains("removed program and link"),
        "{text}"
    );
    assert!(!pings(&blue_1, &green_1)?, "nothing forwards any more");
    Ok(())
}
