//! Whether this machine can hold a lab, and if not, why, in one sentence.

use std::sync::Arc;

use rtnetlink::{LinkBridge, LinkVxlan};
use tokio::runtime;

use crate::error::{LabError, Result, Tried};
use crate::kernel::ethtool::write_all_into_packets;
use crate::kernel::mounts::MountNamespace;
use crate::kernel::namespace::Namespace;
use crate::kernel::netlink::{Netlink, VethEnd};
use crate::kernel::xdp_pass;

/// Tries, in a namespace that is gone afterwards, one of each thing that a lab
/// is made of.
///
/// # Errors
/// [`LabError::Missing`] with a sentence that names the first thing missing.
pub fn check_machine() -> Result<()> {
    // SAFETY: takes nothing and cannot fail.
    if unsafe { libc::geteuid() } != 0 {
        return Err(LabError::Missing("A lab needs root.".to_owned()));
    }
    let namespace = Namespace::new().map_err(|error| {
        because(
            "Network namespaces cannot be made (CAP_SYS_ADMIN, CONFIG_NET_NS)",
            &error,
        )
    })?;
    MountNamespace::with_bpffs().map_err(|error| {
        because(
            "A BPF file system cannot be mounted (CAP_SYS_ADMIN, CONFIG_BPF_SYSCALL)",
            &error,
        )
    })?;
    let runtime = runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_io()
        .build()
        .tried(|| "starting the netlink worker".to_owned())?;
    let netlink = Netlink::open(&namespace, Arc::new(runtime))?;
    netlink
        .add_link("bridge", LinkBridge::new("bridge").index(2).build())
        .map_err(|error| {
            because(
                "Bridges cannot be made (CAP_NET_ADMIN, CONFIG_BRIDGE)",
                &error,
            )
        })?;
    netlink
        .add_link(
            "vxlan",
            LinkVxlan::new("vxlan", 1).index(3).port(4789).build(),
        )
        .map_err(|error| because("The kernel has no VXLAN (CONFIG_VXLAN)", &error))?;
    let end = |name, index| VethEnd {
        name,
        index,
        mac: None,
        mtu: 1500,
    };
    netlink
        .add_veth(end("veth", 4), None, end("peer", 5), &netlink)
        .map_err(|error| because("The kernel has no veth (CONFIG_VETH)", &error))?;
    write_all_into_packets(&namespace, &["veth"])
        .map_err(|error| because("Offloads of a veth cannot be switched off", &error))?;
    xdp_pass::attach(&namespace, 4)
        .map_err(|error| because("A veth takes no native XDP program (CAP_BPF)", &error))
        .map(drop)
}

fn because(what: &str, error: &LabError) -> LabError {
    LabError::Missing(format!("{what}: {error}."))
}
