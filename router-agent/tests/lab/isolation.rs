//! Exactly the accepted pairs talk.

use std::collections::HashSet;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use isthmus_lab::traffic::{Outcome, Patience, Responders, reach};
use isthmus_lab::{Family, Lab, Member, Peering, Vpc};

use crate::agent::Agent;
use crate::world::{World, member, reaches, vpc};

const VPCS: u32 = 40;
const MEMBERS_EACH: u32 = 3;
const PEERINGS: usize = 60;
const PAIRS: usize = 1000;

/// A small generator, so that a failure can be repeated from its seed
/// (xorshift64; Marsaglia, "Xorshift RNGs", 2003).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }
}

#[test]
fn of_a_thousand_random_pairs_exactly_the_accepted_ones_talk() -> Result<()> {
    isthmus_lab::check_machine()?;
    let seed = std::process::id().into();
    println!("seed {seed}");
    let mut random = Random(seed);
    let mut lab = Lab::builder().build()?;
    let vpcs: Vec<Vpc> = (1..=VPCS).map(|vni| vpc(&mut lab, vni)).collect();
    let mut members: Vec<Member> = Vec::new();
    for vpc in &vpcs {
        for host in 2..2 + MEMBERS_EACH {
            let hypervisor = random.below(2);
            members.push(member(&mut lab, vpc, hypervisor, host)?);
        }
    }
    let mut peered = HashSet::new();
    while peered.len() < PEERINGS {
        let (a, b) = (random.below(vpcs.len()), random.below(vpcs.len()));
        if a != b && peered.insert((a.min(b), a.max(b))) {
            lab.peer(Peering::between(&vpcs[a.min(b)], &vpcs[a.max(b)]));
        }
    }
    let peered: HashSet<(u32, u32)> = peered
        .into_iter()
        .map(|(a, b)| (vpcs[a].vni(), vpcs[b].vni()))
        .collect();
    let _agent = Agent::start(&lab)?;

    let mut pairs = Vec::with_capacity(PAIRS);
    let mut expected = Vec::with_capacity(PAIRS);
    while pairs.len() < PAIRS {
        let (from, to) = (
            &members[random.below(members.len())],
            &members[random.below(members.len())],
        );
        let (a, b) = (from.vpc().vni(), to.vpc().vni());
        // Half of the pairs are peered ones, which chance alone would leave few.
        let accepted = peered.contains(&(a.min(b), a.max(b)));
        if a == b || (!accepted && pairs.len() % 2 == 0) {
            continue;
        }
        let family = if random.below(2) == 0 {
            Family::V4
        } else {
            Family::V6
        };
        pairs.push((
            from.at(family).context("no address")?,
            to.at(family).context("no address")?,
        ));
        expected.push(if accepted {
            Outcome::Reached
        } else {
            Outcome::NotReached
        });
    }
    let endpoints: Vec<_> = members
        .iter()
        .flat_map(|member| [Family::V4, Family::V6].map(|family| member.at(family)))
        .collect::<Option<_>>()
        .context("no address")?;
    let _responders = Responders::start(&endpoints)?;
    let outcomes = reach(
        &pairs,
        Patience {
            rounds: 4,
            quiet: Duration::from_millis(300),
        },
    )?;
    for ((pair, outcome), expected) in pairs.iter().zip(&outcomes).zip(&expected) {
        ensure!(
            outcome == expected,
            "seed {seed}: {} to {}: {outcome:?}, not {expected:?}",
            pair.0.address,
            pair.1.address
        );
    }
    ensure!(
        expected
            .iter()
            .filter(|it| **it == Outcome::Reached)
            .count()
            >= PAIRS / 4
    );
    Ok(())
}

#[test]
fn an_unpeered_vpc_reaches_nothing_and_is_reached_by_nothing() -> Result<()> {
    let world = World::build(Lab::builder())?;
    let agent = Agent::start(&world.lab)?;
    for family in [Family::V4, Family::V6] {
        for other in [&world.blue, &world.green] {
            ensure!(!reaches(&world.red, other, family)?);
            ensure!(!reaches(other, &world.red, family)?);
        }
    }
    ensure!(agent.dropped("NoRoute")? > 0);
    Ok(())
}
