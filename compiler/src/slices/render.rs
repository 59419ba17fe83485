//! From keys to the objects that are written.

use std::collections::BTreeMap;

use ipnet::IpNet;
use isthmus_crds::labels::{MANAGED_BY_LABEL, OPERATOR, VNI_LABEL, pool_label, vni_label_value};
use isthmus_crds::{
    Cidr, ForwardingSlice, ForwardingSliceSpec, PeeringName, PeeringSlice, PeeringSliceSpec,
    SliceMember, SliceRoute, VpcIdentity,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::held::Held;
use super::placed::Placed;
use crate::changes::MemberId;
use crate::compiler::Compiler;
use crate::entries::RouteKey;
use crate::peers::other;
use crate::rank::Name;

/// A slice of this name, VPC and version.
pub(super) struct Frame<'a> {
    pub(super) name: &'a str,
    pub(super) vpc: &'a Name,
    pub(super) placed: &'a Placed,
    pub(super) held: Held,
}

impl Frame<'_> {
    fn metadata(&self) -> ObjectMeta {
        let mut labels = BTreeMap::from([
            (VNI_LABEL.to_owned(), vni_label_value(self.placed.vpc.vni)),
            (MANAGED_BY_LABEL.to_owned(), OPERATOR.to_owned()),
        ]);
        let pools = self.placed.pools.iter();
        labels.extend(pools.map(|pool| (pool_label(pool), String::new())));
        let version = self.held.fingerprint.map(|_| self.held.resource_version);
        ObjectMeta {
            name: Some(self.name.to_owned()),
            labels: Some(labels),
            resource_version: version.map(|version| version.to_string()),
            ..ObjectMeta::default()
        }
    }

    fn identity(&self) -> VpcIdentity {
        VpcIdentity {
            namespace: self.vpc.namespace.to_string(),
            name: self.vpc.name.to_string(),
            uid: self.placed.vpc.uid.clone(),
        }
    }

    /// With what the compiler says of these members, by name.
    pub(super) fn forwarding(&self, compiler: &Compiler, keys: &[MemberId]) -> ForwardingSlice {
        let members = keys.iter().filter_map(|id| member(compiler, *id));
        let mut members: Vec<SliceMember> = members.collect();
        members.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        let spec = ForwardingSliceSpec {
            vni: self.placed.vpc.vni,
            vpc: self.identity(),
            members,
        };
        ForwardingSlice {
            metadata: self.metadata(),
            spec,
        }
    }

    /// With what the compiler says of the routes to these prefixes, in order.
    pub(super) fn peering(&self, compiler: &Compiler, keys: &[IpNet]) -> PeeringSlice {
        let vni = self.placed.vpc.vni;
        let routes = keys.iter().filter_map(|prefix| {
            let key = RouteKey {
                vni,
                prefix: *prefix,
            };
            let (pair, target) = compiler.route_of(self.vpc, key)?;
            let peer = compiler.vpc_of(other(pair, self.vpc))?;
            Some(SliceRoute {
                prefix: Cidr::new(*prefix).ok()?,
                peer_vni: target.peer_vni,
                peer_uid: peer.uid,
                peering: PeeringName {
                    namespace: target.peering.namespace.clone(),
                    name: target.peering.name.clone(),
                },
            })
        });
        let spec = PeeringSliceSpec {
            vni,
            vpc: self.identity(),
            routes: routes.collect(),
        };
        PeeringSlice {
            metadata: self.metadata(),
            spec,
        }
    }
}

fn member(compiler: &Compiler, id: MemberId) -> Option<SliceMember> {
    let (member, _) = compiler.emitted_member(id)?;
    let prefixes = member.spec.prefixes();
    Some(SliceMember {
        name: member.name.to_string(),
        addresses: member.spec.addresses().collect(),
        prefixes: prefixes.filter_map(|net| Cidr::new(net).ok()).collect(),
        mac: member.spec.mac,
        hypervisor: member.spec.hypervisor,
    })
}
