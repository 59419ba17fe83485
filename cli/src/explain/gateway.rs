//! Whether a gateway has a peering, and how the gateway itself is. Pure.

use isthmus_compiler::slices::SliceKind;
use isthmus_crds::{GatewayInterface, GatewaySynced};
use serde::Serialize;

use super::carried::Carried;
use crate::object::GatewayItem;
use crate::state::{self, Standing};

/// A gateway, as far as it concerns a peering.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GatewayView {
    /// Its name.
    pub name: String,
    /// Pools that it serves.
    pub pools: Vec<String>,
    /// Whether its maps have the peering; absent where that cannot be known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub programmed: Option<bool>,
    /// Slices that it has not reached in their newest version. A gateway that
    /// has the peering may be behind a later change of the same slice.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub behind: Vec<Lag>,
    /// Status of its conditions `Ready`, `Synced`, `Draining`: `True`, `False`,
    /// or `Unknown` where its agent has not said.
    pub ready: String,
    /// See `ready`.
    pub synced: String,
    /// See `ready`.
    pub draining: String,
    /// Interfaces of its router.
    pub interfaces: Vec<GatewayInterface>,
    /// How it stands.
    #[serde(flatten)]
    pub standing: Standing,
}

/// How far a gateway is behind the slices of a kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Lag {
    /// `PeeringSlice` (routes) or `ForwardingSlice` (members).
    pub kind: &'static str,
    /// resourceVersion that it has reached; absent where it has reached none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reached: Option<u64>,
    /// resourceVersion that it has to reach.
    pub needed: u64,
}

/// What gateways have to have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Demand {
    /// What no slice says: the peering is not in force, or its slices are not
    /// written yet.
    Unwritten,
    /// What these slices say.
    Slices {
        /// The slices; of a peering without prefixes there are none.
        carried: Carried,
        /// Whether the operator has seen every gateway reach the versions that
        /// the peering needs: those that are newer are for something else.
        is_confirmed: bool,
    },
    /// The slices may not be seen.
    Unknown,
}

impl GatewayView {
    pub(super) fn of(item: GatewayItem, demand: &Demand) -> Self {
        let standing = state::gateway(item.status.as_ref());
        let name = item.name().to_owned();
        let pools = item.spec.map(|spec| spec.pools).unwrap_or_default();
        let status = item.status.unwrap_or_default();
        let [ready, synced, draining] = ["Ready", "Synced", "Draining"].map(|kind| {
            let condition = state::condition(&status.conditions, kind);
            condition
                .map_or("Unknown", |condition| &condition.status)
                .to_owned()
        });
        let behind = match demand {
            Demand::Slices { carried, .. } => lags(carried, &pools, &status.synced),
            Demand::Unwritten | Demand::Unknown => Vec::new(),
        };
        Self {
            programmed: match demand {
                Demand::Unwritten => Some(false),
                // Without a report its maps hold nobody knows what.
                Demand::Slices { .. } if status.synced.is_empty() => Some(false),
                Demand::Slices { is_confirmed, .. } => Some(*is_confirmed || behind.is_empty()),
                Demand::Unknown => None,
            },
            name,
            pools,
            behind,
            ready,
            synced,
            draining,
            interfaces: status.interfaces,
            standing,
        }
    }
}

/// What each of some pools needs came with whichever of the gateway's watches is
/// the furthest.
fn lags(carried: &Carried, pools: &[String], synced: &[GatewaySynced]) -> Vec<Lag> {
    let reached = |kind| {
        let concerned = synced.iter().filter(move |synced| {
            let pool = std::slice::from_ref(&synced.pool);
            carried.newest(kind, pool) > 0
        });
        let versions = concerned.filter_map(move |synced| match kind {
            SliceKind::Peering => synced.peering_slices.parse::<u64>().ok(),
            SliceKind::Forwarding => synced.forwarding_slices.parse::<u64>().ok(),
        });
        versions.max()
    };
    [
        ("PeeringSlice", SliceKind::Peering),
        ("ForwardingSlice", SliceKind::Forwarding),
    ]
    .into_iter()
    .filter_map(|(name, kind)| {
        let (needed, reached) = (carried.newest(kind, pools), reached(kind));
        (needed > reached.unwrap_or(0)).then_some(Lag {
            kind: name,
            reached,
            needed,
        })
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use kube::api::DynamicObject;
    use serde_json::{Value, json};

    use super::super::carried::tests::{members, name, routes};
    use super::*;

    fn gateway(status: &Value) -> GatewayItem {
        let object = json!({
            "metadata": {"name": "gw-1"},
            "spec": {"vteps": ["172.16.0.1"], "pools": ["default"]},
            "status": status,
        });
        serde_json::from_value::<DynamicObject>(object)
            .unwrap()
            .into()
    }

    fn synced(peering: &str, forwarding: &str) -> Value {
        json!({"synced": [
            {"pool": "default", "peeringSlices": peering, "forwardingSlices": forwarding},
        ]})
    }

    fn demand(is_confirmed: bool) -> Demand {
        let routes = [routes(&["default"], "100", "blue-green")];
        let members = [members(&["default"], "90")];
        Demand::Slices {
            carried: Carried::of(&routes, &members, &[name("team-a", "blue-green")]),
            is_confirmed,
        }
    }

    #[test]
    fn a_gateway_has_a_peering_when_it_has_reached_every_slice_of_both_kinds() {
        let lag = |status: &Value| {
            let view = GatewayView::of(gateway(status), &demand(false));
            assert_eq!(view.programmed, Some(view.behind.is_empty()));
            view.behind
        };
        assert_eq!(lag(&synced("100", "90")), []);
        // As numbers, not as text.
        assert_eq!(lag(&synced("1000", "100")), []);
        let behind = lag(&synced("99", "90"));
        assert_eq!((behind[0].reached, behind[0].needed), (Some(99), 100));
        assert_eq!(behind[0].kind, "PeeringSlice");
        assert_eq!(lag(&synced("100", "89"))[0].kind, "ForwardingSlice");
        assert_eq!(lag(&json!({})).len(), 2);
    }

    #[test]
    fn a_later_change_of_the_slice_does_not_take_the_peering_from_a_gateway() {
        let of = |status: &Value| GatewayView::of(gateway(status), &demand(true));
        let behind = of(&synced("99", "90"));
        assert_eq!((behind.programmed, behind.behind.len()), (Some(true), 1));
        assert_eq!(
            of(&json!({})).programmed,
            Some(false),
            "it was started anew"
        );
    }

    #[test]
    fn what_no_slice_says_is_not_programmed_and_unseen_slices_leave_it_open() {
        let of =
            |demand: &Demand| GatewayView::of(gateway(&synced("100", "90")), demand).programmed;
        assert_eq!(of(&Demand::Unwritten), Some(false));
        let carried = Carried::default();
        let nothing = Demand::Slices {
            carried,
            is_confirmed: false,
        };
        assert_eq!(of(&nothing), Some(true));
        assert_eq!(of(&Demand::Unknown), None);
    }
}
