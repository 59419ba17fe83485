//! Putting members in their places, moving and removing them.
//!
//! A move is make-before-break: [`Lab::twin`] makes the member's second place,
//! [`Lab::redirect`] sends there what starts now, while packets on their way
//! still arrive at the first, and [`Lab::remove`] takes the first away.

use std::sync::Arc;

use super::builder::address_for;
use super::description::Description;
use super::lab::Lab;
use super::member::{Member, MemberData, MemberSpec};
use super::node::Node;
use super::overlay::Segment;
use super::vpc::Vpc;
use crate::addressing::{Family, Mac};
use crate::error::{LabError, Result};

impl Lab {
    /// Adds a member of `vpc` on a hypervisor.
    ///
    /// # Errors
    /// With an address outside the VPC, without such a hypervisor, or when the
    /// kernel refuses.
    pub fn member(
        &mut self,
        vpc: &Vpc,
        hypervisor: usize,
        spec: impl Into<MemberSpec>,
    ) -> Result<Member> {
        let spec = spec.into();
        let id = self.next_number();
        let description = Description {
            id,
            name: spec.name.unwrap_or_else(|| format!("member-{id}")),
            vpc: vpc.clone(),
            mac: spec.mac.unwrap_or(Mac::of_member(id)),
            addresses: spec.addresses,
            prefixes: spec.prefixes,
            inner_addresses: spec.inner_addresses,
        };
        let (member, node) = self.place(description, hypervisor)?;
        self.members.push((member.clone(), node));
        self.redirect(&member)?;
        Ok(member)
    }

    /// Makes a second place for a member on another hypervisor, with the same
    /// addresses and MAC. Nothing is sent there before [`Self::redirect`].
    ///
    /// # Errors
    /// As [`Self::member`], and when the member was removed.
    pub fn twin(&mut self, member: &Member, hypervisor: usize) -> Result<Member> {
        let position = self.position(member)?;
        let data = &member.0;
        let description = Description {
            id: data.id,
            name: data.name.clone(),
            vpc: data.vpc.clone(),
            mac: data.mac,
            addresses: data.addresses.clone(),
            prefixes: data.prefixes.clone(),
            inner_addresses: data.inner_addresses.clone(),
        };
        let (twin, node) = self.place(description, hypervisor)?;
        self.members.insert(position, (twin.clone(), node));
        Ok(twin)
    }

    /// Sends to this place what members of its VPC, and its own hypervisor,
    /// send to the member from now on. Hypervisors with a twin keep delivering
    /// what reaches them to that twin. The lab's manifests name this place.
    ///
    /// # Errors
    /// When the member was removed, or when the kernel refuses.
    pub fn redirect(&mut self, member: &Member) -> Result<()> {
        let position = self.position(member)?;
        let entry = self.members.remove(position);
        self.members.push(entry);
        let here = member.hypervisor();
        self.hypervisors[here]
            .overlay
            .node
            .netlink
            .fdb_on_port(member.0.port, member.mac())?;
        for other in (0..self.hypervisors.len()).filter(|other| *other != here) {
            let mut members = self.members.iter();
            if !members.any(|(it, _)| it.id() == member.id() && it.hypervisor() == other) {
                self.point(member.vpc(), member.mac(), other, here)?;
            }
        }
        Ok(())
    }

    /// Takes a place away. Its namespace stays only while someone holds a
    /// handle, and has no interface any more.
    ///
    /// # Errors
    /// When it was removed before, or when the kernel refuses.
    pub fn remove(&mut self, member: &Member) -> Result<()> {
        let position = self.position(member)?;
        self.members.remove(position);
        let twin = self
            .members
            .iter()
            .rfind(|(other, _)| other.id() == member.id());
        let elsewhere = twin.map(|(twin, _)| twin.hypervisor());
        let left = &self.hypervisors[member.hypervisor()];
        if let Some(elsewhere) = elsewhere {
            // Before the port goes: a port that is going down takes milliseconds
            // over it and loses what is sent to it meanwhile.
            self.point(member.vpc(), member.mac(), member.hypervisor(), elsewhere)?;
        }
        left.overlay.node.netlink.delete_link(member.0.port)?;
        match elsewhere {
            Some(_) => Ok(()),
            None => self.forget(member),
        }
    }

    fn place(&mut self, description: Description, hypervisor: usize) -> Result<(Member, Node)> {
        let segment = self.segment(&description.vpc, hypervisor)?;
        let place = self.next_number();
        let encapsulation = self.encapsulation;
        let at = &mut self.hypervisors[hypervisor].overlay;
        let port_name = format!("m{place}");
        let (node, port) = at.place(
            &description,
            segment,
            &port_name,
            encapsulation,
            &self.runtime,
        )?;

        let member = MemberData::new(description, place, hypervisor, &node, port);
        let member = Member(Arc::new(member));
        Ok((member, node))
    }

    /// The VPC's segment on a hypervisor, made where it is missing and
    /// connected with those on the others.
    fn segment(&mut self, vpc: &Vpc, hypervisor: usize) -> Result<Segment> {
        let at = &self.hypervisor(hypervisor)?.overlay;
        if let Some(segment) = at.segments.get(&vpc.vni()) {
            return Ok(*segment);
        }
        let vtep = at.vtep;
        let gateway = address_for(self.gateway.port(), vtep)?;
        let encapsulation = self.encapsulation;
        let at = &mut self.hypervisors[hypervisor].overlay;
        let segment = at.add_segment(vpc, encapsulation, gateway)?;
        for number in self.others_in_reach(hypervisor) {
            let other = &self.hypervisors[number].overlay;
            if let Some(theirs) = other.segments.get(&vpc.vni()) {
                other.node.netlink.fdb_broadcast_to(theirs.vxlan, vtep)?;
                let here = &self.hypervisors[hypervisor].overlay;
                here.node
                    .netlink
                    .fdb_broadcast_to(segment.vxlan, other.vtep)?;
            }
        }
        for (member, _) in self
            .members
            .iter()
            .filter(|(member, _)| member.vpc() == vpc)
        {
            self.point(vpc, member.mac(), hypervisor, member.hypervisor())?;
        }
        Ok(segment)
    }

    /// On hypervisor `on`, a VPC's frames to `mac` go to hypervisor `to`.
    fn point(&self, vpc: &Vpc, mac: Mac, on: usize, to: usize) -> Result<()> {
        let (here, there) = (&self.hypervisors[on].overlay, &self.hypervisors[to].overlay);
        match here.segments.get(&vpc.vni()) {
            Some(segment) if Family::of(here.vtep) == Family::of(there.vtep) => here
                .node
                .netlink
                .fdb_on_vtep(segment.vxlan, mac, there.vtep),
            _ => Ok(()),
        }
    }

    fn forget(&self, member: &Member) -> Result<()> {
        for number in self.others_in_reach(member.hypervisor()) {
            let other = &self.hypervisors[number].overlay;
            if let Some(segment) = other.segments.get(&member.vpc().vni()) {
                other
                    .node
                    .netlink
                    .fdb_forget_vtep(segment.vxlan, member.mac())?;
            }
        }
        Ok(())
    }

    /// Other hypervisors whose VTEP is of the same family.
    fn others_in_reach(&self, hypervisor: usize) -> Vec<usize> {
        let family = Family::of(self.hypervisors[hypervisor].vtep());
        (0..self.hypervisors.len())
            .filter(|other| *other != hypervisor)
            .filter(|other| Family::of(self.hypervisors[*other].vtep()) == family)
            .collect()
    }

    fn position(&self, member: &Member) -> Result<usize> {
        self.members
            .iter()
            .position(|(other, _)| other.0.place == member.0.place)
            .ok_or_else(|| LabError::NoSuchMember(member.name().to_owned()))
    }

    fn next_number(&mut self) -> u32 {
        self.last_number += 1;
        self.last_number
    }
}
