//! What an account leaves out, and why. Pure.

use super::collect::Gathered;
use crate::read::Seen;

/// A line for everything that whoever asks may not see, or that is missing.
pub(super) fn notes(gathered: &Gathered) -> Vec<String> {
    let mut notes = Vec::new();
    let home = gathered.peer_namespace();
    let vpcs = [
        (&gathered.vpc, &*gathered.namespace, &gathered.spec.vpc),
        (&gathered.peer, home, &gathered.spec.peer.name),
    ];
    for (seen, namespace, name) in vpcs {
        match seen {
            Seen::Found(_) => {}
            Seen::Missing => notes.push(format!("there is no Vpc {namespace}/{name}")),
            Seen::Forbidden(sentence) => notes.push(format!(
                "you may not read Vpc {namespace}/{name}, so that its ranges and gateways are \
                 not shown ({sentence})"
            )),
        }
    }
    match &gathered.other_half {
        Some(Seen::Missing) => notes.push(format!(
            "namespace {home} has no VpcPeering of Vpc {} with Vpc {}/{}",
            gathered.spec.peer.name, gathered.namespace, gathered.spec.vpc
        )),
        Some(Seen::Forbidden(sentence)) => notes.push(format!(
            "you may not list peerings in namespace {home}, so that the other half is not shown \
             ({sentence})"
        )),
        Some(Seen::Found(_)) | None => {}
    }
    if let Seen::Forbidden(sentence) = &gathered.gateways {
        notes.push(format!(
            "you may not list gateways: how many have the peering is in its condition \
             Programmed, which of them is not shown ({sentence})"
        ));
    } else if let Seen::Forbidden(sentence) = forbidden(gathered) {
        notes.push(format!(
            "you may not list slices, so that what is on each gateway is not shown ({sentence})"
        ));
    }
    notes
}

/// Whichever kind of slice may not be seen.
fn forbidden(gathered: &Gathered) -> Seen<()> {
    match (&gathered.routes, &gathered.members) {
        (Seen::Forbidden(sentence), _) | (_, Seen::Forbidden(sentence)) => {
            Seen::Forbidden(sentence.clone())
        }
        _ => Seen::Missing,
    }
}
