//! A table for each kind.

use std::fmt::Display;

use comfy_table::Cell;
use isthmus_crds::GatewayInterface;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::Timestamp;

use super::{GatewayRow, MemberRow, PeeringRow, Reach, VpcRow};
use crate::output::{Paint, Sheet, age};
use crate::state::Standing;

/// What stands in place of nothing.
const NOTHING: &str = "-";

/// How much a table shows, and how.
#[derive(Clone, Copy, Debug)]
pub struct View {
    /// Whether objects are of several namespaces.
    pub has_namespaces: bool,
    /// Whether all columns are shown.
    pub is_wide: bool,
    /// Whether words have colours.
    pub paint: Paint,
    /// The time that ages are told of.
    pub now: Timestamp,
}

impl View {
    pub(super) fn vpcs(&self, rows: &[VpcRow]) -> Sheet {
        let narrow = ["NAME", "VNI", "CIDRS", "MEMBERS", "PEERS"];
        let mut sheet = self.sheet(true, &narrow, &["POOL", "ENTRIES"]);
        for row in rows {
            let narrow = vec![
                Cell::new(&row.name),
                optional(row.vni),
                joined(&row.cidrs),
                optional(row.members),
                optional(row.peers),
            ];
            let wide = vec![optional(row.pool.as_ref()), optional(row.entries)];
            let home = Some(&row.namespace);
            sheet.row(self.cells(home, narrow, wide, &row.standing, row.created.as_ref()));
        }
        sheet
    }

    pub(super) fn peerings(&self, rows: &[PeeringRow]) -> Sheet {
        let narrow = ["NAME", "VPC", "PEER", "GATEWAYS"];
        let mut sheet = self.sheet(true, &narrow, &["EXPORTED", "IMPORTED"]);
        for row in rows {
            let narrow = vec![
                Cell::new(&row.name),
                optional(row.vpc.as_ref()),
                optional(row.peer.as_ref()),
                optional(
                    row.gateways
                        .map(|Reach { programmed, of }| format!("{programmed}/{of}")),
                ),
            ];
            let wide = vec![joined(&row.exported), joined(&row.imported)];
            let home = Some(&row.namespace);
            sheet.row(self.cells(home, narrow, wide, &row.standing, row.created.as_ref()));
        }
        sheet
    }

    pub(super) fn members(&self, rows: &[MemberRow]) -> Sheet {
        let narrow = ["NAME", "VPC", "ADDRESSES", "HYPERVISOR"];
        let mut sheet = self.sheet(true, &narrow, &["PREFIXES", "MAC"]);
        for row in rows {
            let narrow = vec![
                Cell::new(&row.name),
                optional(row.vpc.as_ref()),
                joined(&row.addresses),
                optional(row.hypervisor),
            ];
            let wide = vec![joined(&row.prefixes), optional(row.mac)];
            let home = Some(&row.namespace);
            sheet.row(self.cells(home, narrow, wide, &row.standing, row.created.as_ref()));
        }
        sheet
    }

    pub(super) fn gateways(&self, rows: &[GatewayRow]) -> Sheet {
        let narrow = ["NAME", "POOLS", "VTEPS", "XDP", "MEMBERS", "ROUTES"];
        let mut sheet = self.sheet(false, &narrow, &["SYNCED", "AGENT", "KERNEL"]);
        for row in rows {
            let used = |(used, capacity): (i64, i64)| format!("{used}/{capacity}");
            let entries = row.entries;
            let narrow = vec![
                Cell::new(&row.name),
                joined(&row.pools),
                joined(&row.vteps),
                joined(&row.interfaces.iter().map(xdp).collect::<Vec<_>>()),
                optional(entries.map(|it| used((it.members, it.member_capacity)))),
                optional(entries.map(|it| used((it.routes, it.route_capacity)))),
            ];
            let synced = row.synced.iter();
            let synced = synced.map(|it| {
                let (peering, forwarding) = (&it.peering_slices, &it.forwarding_slices);
                format!("{}:{peering}/{forwarding}", it.pool)
            });
            let versions = row.versions.as_ref();
            let wide = vec![
                joined(&synced.collect::<Vec<_>>()),
                optional(versions.map(|versions| &versions.agent)),
                optional(versions.map(|versions| &versions.kernel)),
            ];
            sheet.row(self.cells(None, narrow, wide, &row.standing, row.created.as_ref()));
        }
        sheet
    }

    fn sheet(&self, is_namespaced: bool, narrow: &[&str], wide: &[&str]) -> Sheet {
        let namespace = (is_namespaced && self.has_namespaces).then_some("NAMESPACE");
        let message = self.is_wide.then_some("MESSAGE");
        let wide = wide.iter().filter(|_| self.is_wide);
        Sheet::new(
            (namespace.into_iter())
                .chain(narrow.iter().copied())
                .chain(wide.copied())
                .chain(["STATE", "REASON", "AGE"])
                .chain(message),
        )
    }

    fn cells(
        &self,
        namespace: Option<&String>,
        narrow: Vec<Cell>,
        wide: Vec<Cell>,
        standing: &Standing,
        created: Option<&Time>,
    ) -> Vec<Cell> {
        let namespace = namespace.filter(|_| self.has_namespaces);
        let created = created.map(|time| age(self.now.as_second() - time.0.as_second()));
        let mut cells: Vec<_> = namespace.map(Cell::new).into_iter().chain(narrow).collect();
        if self.is_wide {
            cells.extend(wide);
        }
        cells.push(self.paint.state(standing.state));
        cells.push(optional(standing.reason.as_ref()));
        cells.push(optional(created));
        if self.is_wide {
            cells.push(Cell::new(&standing.message));
        }
        cells
    }
}

fn xdp(interface: &GatewayInterface) -> String {
    format!("{}:{}", interface.name, interface.xdp_mode)
}

fn optional(value: Option<impl Display>) -> Cell {
    value.map_or_else(|| Cell::new(NOTHING), |value| Cell::new(value))
}

fn joined(values: &[impl Display]) -> Cell {
    if values.is_empty() {
        return Cell::new(NOTHING);
    }
    let values: Vec<_> = values.iter().map(ToString::to_string).collect();
    Cell::new(values.join(","))
}
