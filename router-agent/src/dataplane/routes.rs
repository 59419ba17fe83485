//! One VPC's routes, comparable wherever they come from. Pure.

use std::collections::BTreeMap;

use ipnet::IpNet;
use isthmus_tables::{Block, Label, Prefix, RouteTarget, TooManyRanges, flatten};

/// A counter that no label names.
const UNLABELLED: u32 = u32::MAX;

/// Ranges whose counters are positions in a sorted list of labels: equal
/// routes are equal values, whatever indices the tables give the counters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Routes {
    block: Block,
    labels: Vec<Label>,
}

impl Routes {
    /// Routes by prefix.
    ///
    /// # Errors
    ///
    /// More ranges than the tables hold for one VPC.
    pub fn from_prefixes<'a>(
        routes: impl IntoIterator<Item = (&'a IpNet, Label)>,
    ) -> Result<Self, TooManyRanges> {
        let routes: Vec<(&IpNet, Label)> = routes.into_iter().collect();
        let position: BTreeMap<&Label, u32> = numbered(routes.iter().map(|(_, label)| label));
        let block = flatten(routes.iter().map(|(prefix, label)| {
            let prefix = Prefix {
                address: prefix.network(),
                length: prefix.prefix_len(),
            };
            let counter = position.get(label).copied().unwrap_or(UNLABELLED);
            (
                prefix,
                RouteTarget {
                    peer_vni: label.peer_vni,
                    counter,
                },
            )
        }))?;
        let labels = position.into_keys().cloned().collect();
        Ok(Self { block, labels }.compact())
    }

    /// Routes as they are in the tables; `label` tells what an index counts.
    #[must_use]
    pub fn from_block(block: &Block, label: impl Fn(u32) -> Option<Label>) -> Self {
        let known: BTreeMap<u32, Label> = block
            .targets()
            .filter_map(|target| Some((target.counter, label(target.counter)?)))
            .collect();
        let position = numbered(known.values());
        let block = block.map_counters(|counter| {
            known
                .get(&counter)
                .and_then(|label| position.get(label).copied())
                .unwrap_or(UNLABELLED)
        });
        let labels = position.into_keys().cloned().collect();
        Self { block, labels }
    }

    /// The block to write; `counter` tells the index of a label.
    ///
    /// # Errors
    ///
    /// The label that has none.
    pub fn to_block(&self, counter: impl Fn(&Label) -> Option<u32>) -> Result<Block, Label> {
        let mut indices = Vec::with_capacity(self.labels.len());
        for label in &self.labels {
            indices.push(counter(label).ok_or_else(|| label.clone())?);
        }
        Ok(self.block.map_counters(|position| {
            indices
                .get(position as usize)
                .copied()
                .unwrap_or(UNLABELLED)
        }))
    }

    /// What these routes and others agree on.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        let position: BTreeMap<&Label, u32> = numbered(self.labels.iter());
        let other = other.block.map_counters(|counter| {
            other
                .labels
                .get(counter as usize)
                .and_then(|label| position.get(label).copied())
                .unwrap_or(UNLABELLED)
        });
        let labels = self.labels.clone();
        Self {
            block: self.block.intersection(&other),
            labels,
        }
        .compact()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.block.is_empty()
    }

    /// The ranges; counters are positions in [`Self::labels`].
    #[must_use]
    pub fn block(&self) -> &Block {
        &self.block
    }

    /// The peerings' directions that explain them, sorted.
    #[must_use]
    pub fn labels(&self) -> &[Label] {
        &self.labels
    }

    /// Leaves labels out under which no range counts.
    fn compact(self) -> Self {
        Self::from_block(&self.block, |position| {
            self.labels.get(position as usize).cloned()
        })
    }
}

fn numbered<'a>(labels: impl Iterator<Item = &'a Label>) -> BTreeMap<&'a Label, u32> {
    let mut position: BTreeMap<&Label, u32> = labels.map(|label| (label, 0)).collect();
    for (number, (_, position)) in (0..).zip(position.iter_mut()) {
        *position = number;
    }
    position
}
