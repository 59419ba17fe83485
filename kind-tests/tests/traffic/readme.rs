//! The manifests of the README, as they stand there.

use anyhow::{Context as _, Result, ensure};

use isthmus_kind_tests::world::World;

const README: &str = include_str!("../../../README.md");

/// The README's blocks of YAML with Isthmus's objects.
fn manifests() -> Result<String> {
    let blocks = README.split("```yaml\n").skip(1);
    let blocks = blocks.map(|rest| rest.split("```").next().context("a block without an end"));
    let blocks = blocks.collect::<Result<Vec<_>>>()?;
    ensure!(blocks.len() == 4, "{} blocks", blocks.len());
    Ok(blocks.join("---\n"))
}

#[test]
fn the_manifests_of_the_readme_carry_packets_through_every_gateway() -> Result<()> {
    let mut world = World::peaceful()?;
    world.apply(&manifests()?)?;
    let (blue, green, red) = ("team-a/blue-1", "team-a/green-1", "team-b/red-1");
    for gateway in 0..world.gateways.len() {
        world.steer(gateway)?;
        for (from, to) in [(blue, green), (green, blue), (blue, red), (red, blue)] {
            world.reaches(from, to)?;
        }
        world.transfers(blue, green, 1 << 20)?;
        for (from, to) in [(green, red), (red, green)] {
            ensure!(
                !world.pings(from, to)?,
                "{from} reaches {to} without a peering"
            );
        }
    }
    for peering in ["blue-green", "blue-red"] {
        let object = format!("vpcpeering {peering} -n team-a");
        for condition in ["Accepted", "PeerAccepted", "Programmed"] {
            world.condition(&object, condition, "True")?;
        }
    }
    Ok(())
}
