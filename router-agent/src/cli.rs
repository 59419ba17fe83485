//! The command line.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use isthmus_crds::MacAddress;
use isthmus_tables::{Sizing, XdpMode};

/// The agent of an Isthmus transit gateway: fills the XDP router's tables.
#[derive(Debug, Parser)]
#[command(name = "router-agent", version, max_term_width = 100)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Route between peered VPCs, as a folder of manifests says.
    Run(Box<RunArgs>),
    /// Say what would become of each object; needs no privileges.
    ///
    /// Exits with 1 when an object is rejected or a manifest is in error.
    Check {
        /// Folder of manifests.
        #[arg(long, value_name = "DIR")]
        manifests: PathBuf,
    },
    /// Show what the kernel holds now, read from the pins alone.
    Status {
        /// How.
        #[arg(long, value_enum, default_value_t = Output::Table)]
        output: Output,
        /// Where links, programs and maps are pinned.
        #[command(flatten)]
        pins: PinArgs,
    },
    /// Mount a bpffs for the pins, unless they are in one already.
    ///
    /// `run` does it too; this is for a container whose mounts reach the host
    /// and which ends before the agent's starts.
    Mount {
        /// Where links, programs and maps are pinned.
        #[command(flatten)]
        pins: PinArgs,
    },
    /// Take programs, links and maps off that are Isthmus's, and nothing else.
    Detach {
        /// Where links, programs and maps are pinned.
        #[command(flatten)]
        pins: PinArgs,
    },
}

/// Where the pins are.
#[derive(Clone, Debug, Args)]
pub struct PinArgs {
    /// Folder of a bpffs for links, programs and maps.
    #[arg(long, value_name = "DIR", default_value = "/sys/fs/bpf/isthmus")]
    pub pin_dir: PathBuf,
}

/// Arguments of `run`.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// Folder of manifests, watched for changes [default: none, the Kubernetes
    /// cluster's slices].
    #[arg(long, value_name = "DIR", conflicts_with_all = ["kubeconfig", "pools"])]
    pub manifests: Option<PathBuf>,
    /// Which cluster to follow.
    #[command(flatten)]
    pub cluster: ClusterArgs,
    /// Folder below which the last good version of each manifest is kept, for
    /// a file that is broken when the agent starts.
    #[arg(long, value_name = "DIR", default_value = "/var/lib/isthmus")]
    pub state_dir: PathBuf,
    /// Interface to route on: a NIC, a bond (all of its slaves) or a VLAN
    /// device; may be given up to six times.
    #[arg(long = "interface", value_name = "IF", required = true, num_args = 1..)]
    pub interfaces: Vec<String>,
    /// VTEP address to answer to [default: the interface's own addresses].
    #[arg(long = "vtep", value_name = "IP", num_args = 1..)]
    pub vteps: Vec<IpAddr>,
    /// Static MAC of the gateway in every VPC.
    #[arg(long, value_name = "MAC", default_value = "02:00:5e:00:53:01")]
    pub gateway_mac: MacAddress,
    /// UDP port of VXLAN.
    #[arg(long, value_name = "PORT", default_value_t = 4789)]
    pub vxlan_port: u16,
    /// Where in the kernel the program runs.
    #[arg(long, value_enum, default_value_t = Mode::Auto)]
    pub xdp_mode: Mode,
    /// Where links, programs and maps are pinned.
    #[command(flatten)]
    pub pins: PinArgs,
    /// Address of the HTTP server for metrics and health.
    #[arg(long, value_name = "IP:PORT", default_value = "127.0.0.1:9464")]
    pub metrics_addr: SocketAddr,
    /// Format of the log, on stderr.
    #[arg(long, value_enum, default_value_t = LogFormat::Text)]
    pub log_format: LogFormat,
    /// Read the tables back, and repair them, this often.
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..))]
    pub observe_every: u64,
    /// Sizes of the tables.
    #[command(flatten)]
    pub sizes: SizeArgs,
}

/// Which cluster's slices to follow, without `--manifests`.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "In a Kubernetes cluster")]
pub struct ClusterArgs {
    /// Access to the cluster [default: the pod's service account, else
    /// `$KUBECONFIG` or `~/.kube/config`].
    #[arg(long, value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,
    /// Name of the node, and of the TransitGateway [default: the host's name].
    #[arg(long, value_name = "NAME", env = "NODE_NAME")]
    pub node_name: Option<String>,
    /// Pool that the gateway serves; may be given several times [default:
    /// default].
    #[arg(long = "pool", value_name = "NAME")]
    pub pools: Vec<String>,
}

/// Sizes of the tables. A change makes new tables beside the old ones and
/// loses no packet.
#[derive(Clone, Copy, Debug, Args)]
#[command(next_help_heading = "Sizes of the tables")]
pub struct SizeArgs {
    /// IPv4 members (27 bytes each).
    #[arg(long, value_name = "N", default_value_t = 1_000_000)]
    pub max_members: u32,
    /// IPv6 members (54 bytes each).
    #[arg(long, value_name = "N", default_value_t = 250_000)]
    pub max_members_v6: u32,
    /// Prefixes of members, of each family.
    #[arg(long, value_name = "N", default_value_t = 65_536)]
    pub max_prefixes: u32,
    /// VPCs that have peers.
    #[arg(long, value_name = "N", default_value_t = 65_536)]
    pub max_vpcs: u32,
    /// Peerings.
    #[arg(long, value_name = "N", default_value_t = 65_536)]
    pub max_peerings: u32,
    /// Lines of 64 bytes for the routes of VPCs: one takes three IPv4 prefixes.
    #[arg(long, value_name = "N", default_value_t = 524_288)]
    pub max_route_lines: u32,
}

impl ClusterArgs {
    /// The pools, at least one.
    #[must_use]
    pub fn pools(&self) -> Vec<String> {
        if self.pools.is_empty() {
            vec!["default".to_owned()]
        } else {
            self.pools.clone()
        }
    }

    /// The node's name.
    ///
    /// # Errors
    ///
    /// The host's name cannot be read, where none was given.
    pub fn node_name(&self) -> std::io::Result<String> {
        match &self.node_name {
            Some(name) => Ok(name.clone()),
            None => {
                let name = std::fs::read_to_string("/proc/sys/kernel/hostname")?;
                Ok(name.trim().to_lowercase())
            }
        }
    }
}

impl SizeArgs {
    /// As the tables want them.
    #[must_use]
    pub fn sizing(self) -> Sizing {
        Sizing {
            members_v4: self.max_members,
            members_v6: self.max_members_v6,
            vpcs: self.max_vpcs,
            peerings: self.max_peerings.saturating_mul(2),
            prefixes_v4: self.max_prefixes,
            prefixes_v6: self.max_prefixes,
            route_lines: self.max_route_lines,
        }
    }
}

/// Where in the kernel the program runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Mode {
    /// In the driver, in the network stack where the driver refuses.
    Auto,
    /// In the driver or not at all.
    Driver,
    /// In the network stack.
    Generic,
}

impl From<Mode> for XdpMode {
    fn from(mode: Mode) -> Self {
        match mode {
            Mode::Auto => Self::Auto,
            Mode::Driver => Self::Driver,
            Mode::Generic => Self::Generic,
        }
    }
}

/// Format of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines: one object a line.
    Json,
}

/// Format of `status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// For people.
    Table,
    /// For machines.
    Json,
}
