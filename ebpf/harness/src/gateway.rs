//! A world in real maps, beside the real program.

use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use isthmus_abi::{Counter, DropReason, MemberWord, OUTCOMES, Outcome};
use isthmus_tables::{Label, Prefix, RcuGrace, RouteTarget, Router, Tables, Writer, flatten};

use crate::verdict::Judged;
use crate::world::{Member, World};

/// `enum xdp_action` (linux/bpf.h).
const XDP_DROP: u32 = 1;
const XDP_PASS: u32 = 2;
const XDP_TX: u32 = 3;

/// The loaded program and its maps; needs root.
pub struct Gateway {
    tables: Arc<Tables>,
    router: Router,
    peerings: u32,
}

impl Gateway {
    /// Makes tables, fills them, loads the program.
    ///
    /// # Errors
    ///
    /// No permission, a world beyond the capacities, or a refused program.
    pub fn new(world: &World) -> Result<Self> {
        let config = &world.config;
        let tables = Arc::new(Tables::create(&config.capacities, config.hash)?);
        let (mut writer, _) = Writer::take_over(tables.clone(), Box::new(RcuGrace::new()?))?;
        for (vtep, next_hop) in &world.next_hops {
            writer.add_hypervisor(*vtep)?;
            writer.set_next_hop(*vtep, config.port, *next_hop)?;
        }
        let word = |writer: &Writer, member: &Member| -> Result<MemberWord> {
            let index = writer
                .hypervisor(member.vtep)
                .context("a hypervisor that is not there")?;
            Ok(MemberWord::new(member.mac, index))
        };
        for ((vni, address), member) in &world.members {
            let word = word(&writer, member)?;
            writer.set_member(*vni, *address, word)?;
        }
        for prefix in &world.prefixes {
            let word = word(&writer, &prefix.member)?;
            writer.set_prefix(prefix.vni, prefix.network, prefix.length, word)?;
        }
        let mut peerings = 0;
        for (vni, routes) in &world.routes {
            for route in routes {
                peerings = peerings.max(route.peering + 1);
            }
            let block = flatten(routes.iter().map(|route| {
                let prefix = Prefix {
                    address: route.network,
                    length: route.length,
                };
                (
                    prefix,
                    RouteTarget {
                        peer_vni: route.peer_vni,
                        counter: route.peering,
                    },
                )
            }))?;
            writer.set_routes(*vni, &block)?;
        }
        // Every index that the world counts under has a label.
        for index in 0..peerings {
            let label = Label {
                vni: 1 + index,
                peer_vni: 1 + index,
                name: "test/test".to_owned(),
            };
            writer.add_label(&label)?;
        }
        writer.set_liveness(world.liveness);
        writer.settle()?;
        let router = Router::load(isthmus_object::ROUTER, &tables, config)?;
        Ok(Self {
            tables,
            router,
            peerings,
        })
    }

    /// Runs the program on a frame of at least 14 bytes and finds out from its
    /// counters what it did.
    ///
    /// # Errors
    ///
    /// A test run that fails, or counters that contradict the verdict.
    pub fn judge(&self, frame: &[u8]) -> Result<Judged> {
        let before = self.counters()?;
        let run = self.router.test_run(frame, 1)?;
        let after = self.counters()?;
        let mut moved = Vec::new();
        for (index, (before, after)) in before.iter().zip(&after).enumerate() {
            let (packets, bytes) = (after.packets - before.packets, after.bytes - before.bytes);
            if packets != 0 || bytes != 0 {
                ensure!(
                    packets == 1 && bytes == frame.len() as u64,
                    "counter {index} moved by {packets} packets and {bytes} bytes"
                );
                moved.push(index as u32);
            }
        }
        let (outcome, peering) = match moved[..] {
            [outcome] if outcome < OUTCOMES => (outcome, None),
            [outcome, peering] if outcome < OUTCOMES && peering >= OUTCOMES => {
                (outcome, Some(peering - OUTCOMES))
            }
            _ => anyhow::bail!("the counters {moved:?} moved"),
        };
        let outcome = outcome_of(outcome).context("an outcome without a name")?;
        let action = match outcome {
            Outcome::Passed => XDP_PASS,
            Outcome::Forwarded | Outcome::Answered => XDP_TX,
            Outcome::Dropped(_) => XDP_DROP,
        };
        ensure!(
            run.action == action,
            "{outcome:?} was counted, yet the action is {}",
            run.action
        );
        Ok(Judged {
            outcome,
            peering,
            frame: run.frame,
        })
    }

    /// The outcomes' counters, then the peerings'.
    fn counters(&self) -> Result<Vec<Counter>> {
        let mut counters = Vec::new();
        for index in 0..OUTCOMES {
            let outcome = outcome_of(index).context("an outcome without a name")?;
            counters.push(self.tables.outcome(outcome)?);
        }
        for index in 0..self.peerings {
            counters.push(self.tables.peering(index)?);
        }
        Ok(counters)
    }
}

fn outcome_of(index: u32) -> Option<Outcome> {
    match index {
        0 => Some(Outcome::Passed),
        1 => Some(Outcome::Forwarded),
        2 => Some(Outcome::Answered),
        _ => DropReason::ALL
            .get(index as usize - 3)
            .copied()
            .map(Outcome::Dropped),
    }
}
