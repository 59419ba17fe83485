//! Open vSwitch in a namespace: daemons of its own, with a userspace datapath.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::error::{LabError, Result, Tried as _};
use crate::kernel::namespace::Namespace;
use crate::topology::uplink::Uplink;
use crate::wait::wait_until;

/// Where Debian keeps the schema of the database.
const SCHEMA: &str = "/usr/share/openvswitch/vswitch.ovsschema";
/// How long a daemon may take to come up.
const PATIENCE: Duration = Duration::from_secs(20);
/// MAC of the underlay bridge, which must not be its uplink's.
const BRIDGE_MAC: &str = "02:00:00:00:aa:01";

/// A running Open vSwitch: `ovsdb-server` and `ovs-vswitchd`, which are killed
/// and leave nothing when this is dropped.
#[derive(Debug)]
pub struct Vswitch {
    folder: tempfile::TempDir,
    daemons: Vec<Child>,
}

impl Vswitch {
    /// Starts the daemons in a namespace.
    ///
    /// # Errors
    /// Where Open vSwitch is not installed, or does not start.
    pub fn start(namespace: &Namespace) -> Result<Self> {
        let folder = tempfile::tempdir().tried(|| "making a folder".to_owned())?;
        let mut switch = Self {
            folder,
            daemons: Vec::new(),
        };
        let database = switch.path("conf.db").display().to_string();
        switch.output(
            switch
                .tool("ovsdb-tool")
                .args(["create", &database, SCHEMA]),
        )?;
        let remote = format!("--remote=p{}", switch.socket());
        switch.daemon(namespace, "ovsdb-server", &[&remote, &database])?;
        wait_until("the socket of ovsdb-server", PATIENCE, || {
            Ok::<_, LabError>(switch.path("db.sock").exists())
        })?;
        switch.vsctl(&["--no-wait", "init"])?;
        switch.daemon(namespace, "ovs-vswitchd", &[&switch.socket()])?;
        Ok(switch)
    }

    /// Puts an uplink on a bridge of this name and gives the bridge the
    /// uplink's addresses, so that tunnels go through it.
    ///
    /// # Errors
    /// Where the switch or the kernel refuses.
    pub fn add_underlay(&self, namespace: &Namespace, bridge: &str, uplink: &Uplink) -> Result<()> {
        let hwaddr = format!("other-config:hwaddr={BRIDGE_MAC}");
        self.vsctl(&[
            "add-br",
            bridge,
            "--",
            "set",
            "bridge",
            bridge,
            "datapath_type=netdev",
            &hwaddr,
            "--",
            "add-port",
            bridge,
            &uplink.interface,
        ])?;
        for address in uplink.addresses() {
            uplink.remove_address(address)?;
            let prefix = format!("{address}/{}", uplink.prefix_length(address));
            let mut command = namespace.command("ip");
            self.output(command.args(["address", "add", &prefix, "dev", bridge]))?;
        }
        let mut command = namespace.command("ip");
        self.output(command.args(["link", "set", bridge, "up"]))?;
        Ok(())
    }

    /// `ovs-vsctl` with these arguments; what it prints, trimmed.
    ///
    /// # Errors
    /// Where it fails, with what it said.
    pub fn vsctl(&self, arguments: &[&str]) -> Result<String> {
        let database = format!("--db={}", self.socket());
        let mut command = self.tool("ovs-vsctl");
        self.output(command.args(["--timeout=20", &database]).args(arguments))
    }

    fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(file)
    }

    fn socket(&self) -> String {
        format!("unix:{}", self.path("db.sock").display())
    }

    fn tool(&self, program: &str) -> Command {
        self.with_folder(Command::new(program))
    }

    fn with_folder(&self, mut command: Command) -> Command {
        for variable in ["OVS_RUNDIR", "OVS_DBDIR", "OVS_LOGDIR"] {
            command.env(variable, self.folder.path());
        }
        command
    }

    fn daemon(&mut self, namespace: &Namespace, program: &str, arguments: &[&str]) -> Result<()> {
        let control = self.path(&format!("{program}.ctl"));
        let log = self.path(&format!("{program}.log"));
        let mut command = self.with_folder(namespace.command(program));
        let daemon = command
            .args(arguments)
            .arg(format!("--unixctl={}", control.display()))
            .arg(format!("--log-file={}", log.display()))
            .arg("-vconsole:off")
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .tried(|| format!("starting {program}"))?;
        self.daemons.push(daemon);
        Ok(())
    }

    fn output(&self, command: &mut Command) -> Result<String> {
        let what = format!("{command:?}");
        let output = command.output().tried(|| what.clone())?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            return Err(LabError::Refused { what, said });
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }
}

impl Drop for Vswitch {
    fn drop(&mut self) {
        for daemon in self.daemons.iter_mut().rev() {
            // One that has ended cannot be killed.
            let _ended = daemon.kill();
            let _reaped = daemon.wait();
        }
    }
}
