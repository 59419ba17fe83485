//! The folder as kubelet keeps a ConfigMap's: files that are links into `..data`,
//! which is swapped by one rename.

use std::os::unix::fs::symlink;
use std::path::Path;

use anyhow::Result;
use isthmus_lab::{Family, Lab, Peering};

use crate::agent::Agent;
use crate::world::{World, eventually, reaches};

/// Makes the lab's manifests of now version `number` of the folder.
fn publish(folder: &Path, number: u32, lab: &Lab) -> Result<()> {
    let version = format!("..version-{number}");
    std::fs::create_dir(folder.join(&version))?;
    lab.manifests().write_to(&folder.join(&version))?;
    replace(folder, &version, "..data")?;
    for entry in std::fs::read_dir(folder.join(&version))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        replace(folder, &format!("..data/{name}"), &name)?;
    }
    Ok(())
}

/// A link in the place of whatever has that name, by one rename.
fn replace(folder: &Path, target: &str, name: &str) -> Result<()> {
    let temporary = folder.join("..temporary");
    symlink(target, &temporary)?;
    Ok(std::fs::rename(temporary, folder.join(name))?)
}

#[test]
fn a_swapped_folder_is_in_force_as_a_whole() -> Result<()> {
    let mut world = World::build(Lab::builder())?;
    let agent = Agent::start(&world.lab)?;
    let peering = Peering::between(world.blue.vpc(), world.green.vpc());
    let carries = |world: &World| reaches(&world.blue, &world.green, Family::V4);
    publish(agent.folder(), 1, &world.lab)?;
    world.lab.unpeer(&peering);
    publish(agent.folder(), 2, &world.lab)?;
    eventually("the peering is gone", || Ok(!carries(&world)?))?;
    world.lab.peer(peering);
    publish(agent.folder(), 3, &world.lab)?;
    eventually("the peering carries again", || carries(&world))
}
