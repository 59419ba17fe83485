//! Devices that are there already: what they are, and an XDP program that stays
//! on one.

use std::net::IpAddr;
use std::os::fd::AsRawFd as _;

use futures::TryStreamExt as _;
use rtnetlink::LinkUnspec;
use rtnetlink::packet_route::AddressFamily;
use rtnetlink::packet_route::address::{AddressAttribute, AddressScope};
use rtnetlink::packet_route::link::{LinkAttribute, LinkXdp};

use super::netlink::Netlink;
use super::xdp_pass;
use crate::addressing::Mac;
use crate::error::{LabError, Result, Tried};

/// A network device as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Device {
    pub(crate) index: u32,
    pub(crate) mac: Option<Mac>,
    /// Bytes of the largest IP packet.
    pub(crate) mtu: u32,
    /// Its addresses of global scope, IPv4 first.
    pub(crate) addresses: Vec<IpAddr>,
}

impl Netlink {
    /// The device of this name.
    pub(crate) fn device(&self, name: &str) -> Result<Device> {
        let what = || format!("looking at interface {name}");
        let mut links = self
            .handle
            .link()
            .get()
            .match_name(name.to_owned())
            .execute();
        let link = self.wait(links.try_next()).tried(what)?;
        let link =
            link.ok_or_else(|| LabError::Missing(format!("There is no interface {name}.")))?;
        let index = link.header.index;
        let (mut mac, mut mtu) = (None, None);
        for attribute in link.attributes {
            match attribute {
                LinkAttribute::Address(bytes) => mac = bytes.try_into().ok().map(Mac),
                LinkAttribute::Mtu(bytes) => mtu = Some(bytes),
                _ => {}
            }
        }
        let mtu = mtu.ok_or_else(|| LabError::Missing(format!("Interface {name} has no MTU.")))?;
        let found = self.handle.address().get().set_link_index_filter(index);
        let found: Vec<_> = self.wait(found.execute().try_collect()).tried(what)?;
        let of = |family| {
            let global = found.iter().filter(move |it| {
                it.header.family == family && it.header.scope == AddressScope::Universe
            });
            global
                .flat_map(|it| &it.attributes)
                .filter_map(|it| match it {
                    AddressAttribute::Address(address) => Some(*address),
                    _ => None,
                })
        };
        let addresses = of(AddressFamily::Inet).chain(of(AddressFamily::Inet6));
        Ok(Device {
            index,
            mac,
            mtu,
            addresses: addresses.collect(),
        })
    }

    /// Puts the program of [`xdp_pass`] on a device, where it stays as long as
    /// the device is there.
    pub(crate) fn pass_natively(&self, index: u32) -> Result<()> {
        let program = self
            .namespace
            .attempt("loading an XDP program", xdp_pass::load)?;
        let xdp = vec![
            LinkXdp::Fd(program.as_raw_fd()),
            LinkXdp::Flags(xdp_pass::XDP_FLAGS_DRV_MODE),
        ];
        let link =
            LinkUnspec::new_with_index(index).append_extra_attribute(LinkAttribute::Xdp(xdp));
        self.wait(self.handle.link().change(link.build()).execute())
            .tried(|| format!("attaching a native XDP program to interface {index}"))
    }
}
