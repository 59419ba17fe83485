//! Reads what was asked for.

use isthmus_crds::{TransitGateway, Vpc, VpcMember, VpcPeering};
use kube::Client;

use super::{Hidden, Overview};
use crate::arguments::What;
use crate::object::{GatewayItem, MemberItem, PeeringItem, VpcItem};
use crate::read::{ReadError, Scope, Seen, list};

/// Every object of the kinds asked for. Those of a kind that may not be seen are
/// told to be [hidden](Overview::hidden).
///
/// # Errors
///
/// See [`ReadError`].
pub async fn collect(client: &Client, scope: &Scope, what: What) -> Result<Overview, ReadError> {
    let wants = |kind| what == kind || what == What::All;
    let mut overview = Overview::default();
    let hidden = &mut overview.hidden;
    if wants(What::Vpcs) {
        let seen = list::<Vpc, VpcItem>(client, scope, "").await?;
        overview.vpcs = rows(seen, "vpcs", hidden);
    }
    if wants(What::Peerings) {
        let seen = list::<VpcPeering, PeeringItem>(client, scope, "").await?;
        overview.peerings = rows(seen, "peerings", hidden);
    }
    if wants(What::Members) {
        let seen = list::<VpcMember, MemberItem>(client, scope, "").await?;
        overview.members = rows(seen, "members", hidden);
    }
    if wants(What::Gateways) {
        let seen = list::<TransitGateway, GatewayItem>(client, &Scope::Everywhere, "").await?;
        overview.gateways = rows(seen, "gateways", hidden);
    }
    Ok(overview)
}

fn rows<T, R: From<T>>(
    seen: Seen<Vec<T>>,
    kind: &'static str,
    hidden: &mut Vec<Hidden>,
) -> Option<Vec<R>> {
    match seen {
        Seen::Found(items) => Some(items.into_iter().map(R::from).collect()),
        Seen::Missing => Some(Vec::new()),
        Seen::Forbidden(message) => {
            hidden.push(Hidden { kind, message });
            None
        }
    }
}
