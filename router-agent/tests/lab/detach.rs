//! `detach` beside things of others.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use isthmus_lab::{Lab, Namespace};

use crate::agent::Agent;
use crate::foreign;
use crate::modes::add_macvlan;
use crate::world::{World, index_of};

const PINS: &str = "/sys/fs/bpf/isthmus";

/// Names in the pin directory.
fn pinned(gateway: &Namespace) -> Result<BTreeSet<String>> {
    let mounts = gateway.mounts().context("no mounts")?;
    let names = mounts.run(|| -> std::io::Result<_> {
        std::fs::read_dir(PINS)?
            .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
            .collect()
    })?;
    Ok(names?)
}

#[test]
fn what_is_ours_goes_and_each_thing_of_others_stays_and_is_named() -> Result<()> {
    let world = World::build(Lab::builder())?;
    let gateway = world.lab.gateway();
    let mut agent = Agent::start(&world.lab)?;
    agent.terminate()?;
    let (namespace, port) = (gateway.namespace(), &gateway.port().interface);
    add_macvlan(namespace, port, "172.16.0.9".parse()?)?;
    let index = index_of(namespace, "mac0")?;
    let link = namespace.run(|| foreign::link(index))??;
    let mounts = namespace.mounts().context("no mounts")?;
    mounts.run(|| -> std::io::Result<()> {
        foreign::pin(&foreign::map()?, "/sys/fs/bpf/isthmus/map")?;
        foreign::pin(&foreign::program()?, "/sys/fs/bpf/isthmus/link-x")?;
        foreign::pin(&link, "/sys/fs/bpf/isthmus/link-mac0")?;
        // Named as ours are, and with a map inside that is not.
        std::fs::create_dir("/sys/fs/bpf/isthmus/maps-7")?;
        foreign::pin(&foreign::map()?, "/sys/fs/bpf/isthmus/maps-7/META")
    })??;
    drop(link);

    let output = agent.command(&["detach"]).output()?;
    let (said, errors) = (
        String::from_utf8(output.stdout)?,
        String::from_utf8(output.stderr)?,
    );
    ensure!(output.status.success(), "{errors}");
    ensure!(said.contains("removed program and link of eth0"), "{said}");
    ensure!(said.contains("removed 1 generation(s) of maps"), "{said}");
    let foreign = ["map", "link-x", "link-mac0", "maps-7"];
    ensure!(pinned(namespace)? == foreign.map(str::to_owned).into());
    for name in foreign {
        let path = format!("{PINS}/{name}");
        let is_meant = |word: &str| word.trim_end_matches(':') == path;
        let lines: Vec<_> = said
            .lines()
            .filter(|line| line.split_whitespace().any(is_meant))
            .collect();
        ensure!(
            matches!(lines.as_slice(), [line] if line.contains("not ours")),
            "{name}: {said}"
        );
    }
    ensure!(
        said.matches("not ours").count() == foreign.len() && errors.is_empty(),
        "{said}{errors}"
    );
    // Its program is still there: a second link is refused.
    ensure!(namespace.run(|| foreign::link(index))?.is_err());
    Ok(())
}
