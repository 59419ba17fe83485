//! What Docker and kubelets change on the machine, as it was before.

use std::collections::BTreeMap;
use std::path::Path;
use std::{fs, io};

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};
use tokio::process::Command;

use crate::{command, rules};

/// Switches of the kernel below /proc/sys that Docker sets, those that systemd in
/// a node does, and those that a kubelet would.
const SWITCHES: [&str; 14] = [
    "net/ipv4/ip_forward",
    "net/ipv4/conf/default/forwarding",
    "net/ipv6/conf/all/forwarding",
    "net/ipv6/conf/default/forwarding",
    "net/bridge/bridge-nf-call-iptables",
    "net/bridge/bridge-nf-call-ip6tables",
    "fs/file-max",
    "fs/protected_fifos",
    "fs/protected_hardlinks",
    "fs/protected_regular",
    "fs/protected_symlinks",
    "kernel/panic",
    "kernel/panic_on_oops",
    "vm/overcommit_memory",
];

const FILTERS: [&str; 2] = ["iptables", "ip6tables"];

/// The machine before Docker was started.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Before {
    /// Which boot of the machine this was (random(4)).
    boot: String,
    switches: BTreeMap<String, String>,
    /// Policies of the chain FORWARD, by the program that sets them.
    forward: BTreeMap<String, String>,
    has_cgroups: bool,
}

impl Before {
    /// Looks.
    pub(crate) async fn look() -> Result<Self> {
        let mut forward = BTreeMap::new();
        for filter in FILTERS {
            let listed = listed(filter, "filter").await;
            if let Some(policy) = rules::policy(&listed, "FORWARD") {
                forward.insert(filter.to_owned(), policy.to_owned());
            }
        }
        let switches = SWITCHES.iter().filter_map(|switch| {
            let value = fs::read_to_string(Path::new("/proc/sys").join(switch)).ok()?;
            Some(((*switch).to_owned(), value.trim().to_owned()))
        });
        Ok(Self {
            boot: boot()?,
            switches: switches.collect(),
            forward,
            has_cgroups: !cgroups()?.is_empty(),
        })
    }

    /// Reads what [`Self::write`] wrote since the machine was booted.
    pub(crate) fn read(file: &Path) -> Result<Option<Self>> {
        let text = match fs::read(file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            text => text?,
        };
        let before: Self = serde_json::from_slice(&text)?;
        Ok((before.boot == boot()?).then_some(before))
    }

    /// Keeps it.
    pub(crate) fn write(&self, file: &Path) -> Result<()> {
        Ok(fs::write(file, serde_json::to_vec_pretty(self)?)?)
    }

    /// Makes it so again, after Docker has ended.
    pub(crate) async fn restore(&self) -> Result<()> {
        for filter in FILTERS {
            for table in ["filter", "nat"] {
                for call in rules::removal(&listed(filter, table).await) {
                    let mut remove = Command::new(filter);
                    remove.args(["--wait", "--table", table]).args(&call);
                    command::run(remove).await?;
                }
            }
        }
        for (filter, policy) in &self.forward {
            let mut set = Command::new(filter);
            set.args(["--wait", "--policy", "FORWARD", policy]);
            command::run(set).await?;
        }
        for (switch, value) in &self.switches {
            let path = Path::new("/proc/sys").join(switch);
            if fs::read_to_string(&path).is_ok_and(|now| now.trim() != value) {
                fs::write(&path, value).with_context(|| format!("restore {}", path.display()))?;
            }
        }
        if !self.has_cgroups {
            for folder in cgroups()? {
                remove_cgroups(&folder).with_context(|| format!("remove {}", folder.display()))?;
            }
        }
        Ok(())
    }
}

fn boot() -> Result<String> {
    Ok(fs::read_to_string("/proc/sys/kernel/random/boot_id")?)
}

/// Rules of a table; none where the program or the table is not there.
async fn listed(filter: &str, table: &str) -> String {
    let mut list = Command::new(filter);
    list.args(["--wait", "--table", table, "--list-rules"]);
    command::run(list).await.unwrap_or_default()
}

/// Docker's control groups, of each hierarchy.
fn cgroups() -> Result<Vec<std::path::PathBuf>> {
    let root = Path::new("/sys/fs/cgroup");
    let mut found = Vec::new();
    for entry in root.read_dir()? {
        found.push(entry?.path().join("docker"));
    }
    found.push(root.join("docker"));
    found.retain(|folder| folder.is_dir());
    Ok(found)
}

/// Removes a control group and those below it (files of a cgroup need no
/// removal, cgroups(7)).
fn remove_cgroups(folder: &Path) -> io::Result<()> {
    for entry in folder.read_dir()? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            remove_cgroups(&entry.path())?;
        }
    }
    fs::remove_dir(folder)
}
