//! What a gateway says of itself in its `TransitGateway`. Pure.

use std::time::Instant;

use isthmus_abi::LAYOUT_VERSION;
use isthmus_crds::{
    GatewayEntries, GatewayInterface, GatewaySynced, GatewayVersions, TransitGatewayStatus,
};
use isthmus_tables::Table;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};

use crate::shared::{PoolReport, Report, SlicesReport};

/// What the API server says about the gateway.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// `metadata.generation`
    pub generation: Option<i64>,
    /// `spec.drain`
    pub drain: bool,
}

/// The status of now. Of a condition that is as it was `before`, the time of
/// its last transition stays.
#[must_use]
pub fn status(
    report: &Report,
    kernel: &str,
    asked: Asked,
    before: &[Condition],
    (now, at): (&Time, Instant),
) -> TransitGatewayStatus {
    let slices = report.slices.clone().unwrap_or_default();
    let conditions = [
        ready(report, at),
        synced(report, &slices),
        draining(asked.drain),
    ];
    let conditions = conditions.map(|(kind, status, reason, message)| {
        let status = if status { "True" } else { "False" };
        let old = before.iter().find(|old| old.type_ == kind);
        let since = old
            .filter(|old| old.status == status)
            .map_or_else(|| now.clone(), |old| old.last_transition_time.clone());
        Condition {
            type_: kind.to_owned(),
            status: status.to_owned(),
            reason: reason.to_owned(),
            message,
            last_transition_time: since,
            observed_generation: asked.generation,
        }
    });
    let interfaces = report
        .interfaces
        .iter()
        .map(|(name, mode)| GatewayInterface {
            name: name.clone(),
            xdp_mode: (*mode).to_owned(),
        });
    TransitGatewayStatus {
        observed_generation: asked.generation,
        conditions: conditions.into(),
        synced: watermarks(slices),
        entries: Some(entries(report)),
        interfaces: interfaces.collect(),
        versions: Some(GatewayVersions {
            agent: env!("CARGO_PKG_VERSION").to_owned(),
            kernel: kernel.to_owned(),
            layout: i64::from(LAYOUT_VERSION),
        }),
    }
}

type Said = (&'static str, bool, &'static str, String);

fn ready(report: &Report, at: Instant) -> Said {
    match report.not_ready(at) {
        None => {
            let ports = report.ports_attached;
            let message = format!("forwards on {ports} of {} ports", report.ports);
            ("Ready", true, "Forwarding", message)
        }
        Some(reason) => ("Ready", false, "NotReady", reason),
    }
}

fn synced(report: &Report, slices: &SlicesReport) -> Said {
    if !slices.is_complete {
        let message = "not every slice was listed yet: what the maps hold from before stays";
        ("Synced", false, "Listing", message.to_owned())
    } else if report.refused > 0 {
        let message = format!("{} entries do not fit into the maps", report.refused);
        ("Synced", false, "EntriesRefused", message)
    } else {
        let message = "the maps hold what the slices say";
        ("Synced", true, "Synced", message.to_owned())
    }
}

fn draining(drain: bool) -> Said {
    if drain {
        let message = "spec.drain is set: flows are to go elsewhere";
        ("Draining", true, "DrainRequested", message.to_owned())
    } else {
        (
            "Draining",
            false,
            "InService",
            "spec.drain is not set".to_owned(),
        )
    }
}

/// None before every slice was listed once.
fn watermarks(slices: SlicesReport) -> Vec<GatewaySynced> {
    let pools = slices.pools.into_iter().filter(|_| slices.is_complete);
    let watermark = |it: PoolReport| GatewaySynced {
        pool: it.pool,
        peering_slices: it.peering.to_string(),
        forwarding_slices: it.forwarding.to_string(),
    };
    pools.map(watermark).collect()
}

fn entries(report: &Report) -> GatewayEntries {
    let mut entries = GatewayEntries::default();
    let number = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    for usage in &report.usage {
        let (used, capacity) = (number(usage.used), number(usage.capacity));
        match usage.table {
            Table::MembersV4 | Table::MembersV6 | Table::PrefixesV4 | Table::PrefixesV6 => {
                entries.members += used;
                entries.member_capacity += capacity;
            }
            Table::Routes => {
                entries.routes += used;
                entries.route_capacity += capacity;
            }
            Table::Vpcs | Table::Hypervisors | Table::Peerings => {}
        }
    }
    entries
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status_of(report: &Report, asked: Asked, before: &[Condition], now: &str) -> Vec<Condition> {
        let now = Time(now.parse().unwrap());
        status(report, "6.18", asked, before, (&now, Instant::now())).conditions
    }

    fn listed() -> SlicesReport {
        SlicesReport {
            is_complete: true,
            pools: vec![PoolReport {
                pool: "default".to_owned(),
                peering: 5,
                forwarding: 7,
            }],
        }
    }

    const EARLY: &str = "2026-01-01T00:00:00Z";
    const LATE: &str = "2026-01-02T00:00:00Z";

    #[test]
    fn a_condition_keeps_its_time_until_its_status_changes() {
        let mut report = Report::default();
        let first = status_of(&report, Asked::default(), &[], EARLY);
        assert!(first.iter().all(|condition| condition.status == "False"));
        report.slices = Some(listed());
        report.synced = true;
        let second = status_of(&report, Asked::default(), &first, LATE);
        let time = |conditions: &[Condition], kind: &str| {
            let found = conditions.iter().find(|condition| condition.type_ == kind);
            found.unwrap().last_transition_time.0.to_string()
        };
        assert_eq!(time(&second, "Synced"), LATE);
        assert_eq!(
            time(&second, "Ready"),
            EARLY,
            "another reason is no transition"
        );
    }

    #[test]
    fn entries_that_do_not_fit_are_said_and_watermarks_only_of_complete_lists() {
        let mut report = Report {
            refused: 3,
            slices: Some(SlicesReport {
                is_complete: false,
                ..listed()
            }),
            ..Report::default()
        };
        let now = Time(EARLY.parse().unwrap());
        let of = |report: &Report| {
            let now = (&now, Instant::now());
            status(report, "6.18", Asked::default(), &[], now)
        };
        assert_eq!(of(&report).synced, []);
        report.slices = Some(listed());
        let said = of(&report);
        assert_eq!(said.synced[0].forwarding_slices, "7");
        assert_eq!(said.synced[0].pool, "default");
        assert_eq!(said.conditions[1].reason, "EntriesRefused");
    }

    #[test]
    fn a_drain_that_was_asked_for_is_said() {
        let asked = Asked {
            generation: Some(4),
            drain: true,
        };
        let conditions = status_of(&Report::default(), asked, &[], EARLY);
        assert_eq!(
            (&*conditions[2].status, &*conditions[2].type_),
            ("True", "Draining")
        );
        assert_eq!(conditions[2].observed_generation, Some(4));
    }
}
