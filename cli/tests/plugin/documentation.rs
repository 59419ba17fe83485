//! The examples of `docs/cli.md`, on a cluster as they describe it.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use isthmus_lab_apiserver::Binaries;

use crate::world::{World, condition, folder, gateway, in_force, peering, slices, vpc};

const PAGE: &str = include_str!("../../../docs/cli.md");

/// Two teams with a VPC each, peered; a gateway that has it and one that is
/// behind; a member that is rejected.
async fn cluster() -> Result<World> {
    let world = World::alone().await?;
    world.namespace("team-a").await?;
    world.namespace("team-b").await?;
    let outside = "spec.addresses[0] 10.108.0.2 is not inside the CIDRs of Vpc team-a/blue";
    let rejected = condition("Accepted", "False", "AddressOutsideVpc", outside);
    let programmed = condition(
        "Programmed",
        "True",
        "Programmed",
        "on every gateway of its pool",
    );
    let accepted = condition("Accepted", "True", "Accepted", "in force");
    let [blue, green] = ["10.104.0.0/20", "10.105.0.0/20"];
    let documents = [
        vpc("team-a", "blue", 100, blue, "default"),
        vpc("team-b", "green", 200, green, "default"),
        member("web-1", "10.104.0.2", &[&accepted, &programmed]),
        member("web-2", "10.108.0.2", &[&rejected]),
        peering(
            "team-a",
            "blue-green",
            "blue",
            "team-b/green",
            &in_force(blue, green, "1/2", false),
        ),
        peering(
            "team-b",
            "green-blue",
            "green",
            "team-a/blue",
            &in_force(green, blue, "1/2", false),
        ),
    ];
    world.put(&documents.join("\n---\n")).await?;
    let versions = world
        .put(&slices("team-a", "default", 100, "3f2a9c1b"))
        .await?;
    let [routes, members] = versions.as_slice() else {
        anyhow::bail!("{versions:?}")
    };
    let old = (routes.parse::<u64>()? - 1).to_string();
    world
        .put(&gateway("gw-1", "default", routes, members))
        .await?;
    world
        .put(&gateway("gw-2", "default", &old, members))
        .await?;
    Ok(world)
}

fn member(name: &str, address: &str, conditions: &[&str]) -> String {
    format!(
        "apiVersion: isthmus.dev/v1alpha1
kind: VpcMember
metadata: {{name: {name}, namespace: team-a}}
spec: {{vpc: blue, addresses: [{address}], mac: '02:00:00:00:00:02', hypervisor: 172.16.0.11}}
status: {{observedGeneration: 1, conditions: [{}]}}",
        conditions.join(", ")
    )
}

fn manifests(place: &Path) -> Result<()> {
    let folder = place.join("network");
    fs::create_dir(&folder)?;
    let object = |kind: &str, name: &str, spec: &str| {
        format!(
            "apiVersion: isthmus.dev/v1alpha1\nkind: {kind}\n\
             metadata: {{name: {name}, namespace: team-a}}\nspec: {spec}\n"
        )
    };
    let yellow = object("Vpc", "yellow", "{vni: 300, cidrs: [10.107.0.0/20]}");
    let member = object(
        "VpcMember",
        "db-1",
        "{vpc: yellow, addresses: [10.108.0.2], mac: '02:00:00:00:00:03', hypervisor: 172.16.0.12}",
    );
    fs::write(folder.join("yellow.yaml"), format!("{yellow}---\n{member}"))?;
    let wider = place.join("wider");
    fs::create_dir(&wider)?;
    let blue = object("Vpc", "blue", "{vni: 100, cidrs: [10.104.0.0/15]}");
    fs::write(wider.join("blue.yaml"), blue)?;
    Ok(())
}

/// A text word by word, without what differs from run to run: ages, times and
/// versions.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut follows_number = false;
    for word in text.split_whitespace() {
        let is_age = word.ends_with(|unit: char| "smhdy".contains(unit))
            && word.starts_with(|digit: char| digit.is_ascii_digit())
            && word.chars().all(char::is_alphanumeric);
        words.push(match word {
            _ if is_age => "AGE".to_owned(),
            _ if word.starts_with("20") && word.ends_with('Z') => "TIME".to_owned(),
            _ if follows_number => "VERSION".to_owned(),
            _ => word.to_owned(),
        });
        follows_number = word == "has" || word == "needs";
    }
    words
}

#[tokio::test]
async fn every_example_of_the_page_is_what_the_plugin_says() -> Result<()> {
    let world = cluster().await?;
    let place = tempfile::tempdir()?;
    manifests(place.path())?;
    let kubectl = Binaries::find()?.kubectl()?;
    let kubectl = kubectl.parent().context("a folder")?;
    let path =
        std::env::join_paths([&folder(), kubectl, Path::new("/usr/bin"), Path::new("/bin")])?;
    let blocks = PAGE.split("```console\n").skip(1);
    let examples = blocks.filter_map(|rest| rest.split("```").next());
    let (mut checked, mut wrong) = (0, String::new());
    for example in examples {
        let (command, shown) = example.split_once('\n').context("a command")?;
        let command = command.strip_prefix("$ ").context("a prompt")?;
        let output = Command::new("sh")
            .args(["-c", &format!("{command} 2>&1")])
            .current_dir(place.path())
            .env("PATH", &path)
            .env("KUBECONFIG", world.kubeconfig())
            .output()?;
        let said = String::from_utf8(output.stdout)?;
        if words(&said) != words(shown) {
            wrong.push_str(&format!("$ {command}\n{said}\n"));
        }
        checked += 1;
    }
    ensure!(
        wrong.is_empty(),
        "docs/cli.md shows something else; these say now:\n{wrong}"
    );
    ensure!(checked >= 7, "{checked} examples");
    Ok(())
}
