//! Two tenants, each with rights in its own namespace alone.

use std::fs;

use anyhow::{Result, ensure};
use isthmus_kind_tests::Kubectl;
use serde_json::{Value, json};
use tempfile::TempDir;

use isthmus_kind_tests::manifests::{peering, vpc};
use isthmus_kind_tests::world::World;

const ONE: &str = "traffic-consent-one";
const TWO: &str = "traffic-consent-two";

/// A tenant's kubectl: a service account with the role `edit` in its namespace,
/// as tenancy.md has it.
struct Tenant {
    kubectl: Kubectl,
    _folder: TempDir,
}

impl Tenant {
    fn of(namespace: &str, administrator: &Kubectl) -> Result<Self> {
        administrator.run(&format!("create serviceaccount tenant -n {namespace}"))?;
        administrator.run(&format!(
            "create rolebinding tenant -n {namespace} --clusterrole=edit --serviceaccount={namespace}:tenant"
        ))?;
        let token = administrator.run(&format!("create token tenant -n {namespace}"))?;
        let config = administrator.run("config view --raw --minify --output=json")?;
        let mut config: Value = serde_json::from_str(&config)?;
        let user = config["contexts"][0]["context"]["user"].clone();
        config["users"] = json!([{"name": user, "user": {"token": token.trim()}}]);
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("kubeconfig");
        fs::write(&file, config.to_string())?;
        Ok(Self {
            kubectl: Kubectl::of(&file)?,
            _folder: folder,
        })
    }
}

#[test]
fn packets_follow_the_consent_of_two_tenants() -> Result<()> {
    let mut world = World::peaceful()?;
    let [first, second] = [0, 1].map(|at| world.vtep(at));
    world.apply(&(vpc(41, ONE, first) + &vpc(42, TWO, second)))?;
    let tenants = [ONE, TWO].map(|namespace| Tenant::of(namespace, &world.kubectl));
    let [one, two] = tenants;
    let (one, two) = (one?, two?);
    let (one, two) = (&one.kubectl, &two.kubectl);
    let (here, there) = (format!("{ONE}/member-41"), format!("{TWO}/member-42"));

    // One side's wish is no consent.
    one.apply(&peering((41, ONE), (42, TWO)))?;
    let wish = format!("vpcpeering to-42 -n {ONE}");
    world.condition(&wish, "PeerAccepted", "False")?;
    ensure!(
        !world.pings(&here, &there)?,
        "one side's wish carries packets"
    );

    // Nobody consents, writes members or looks around in the other's place.
    let consent = peering((42, TWO), (41, ONE));
    ensure!(
        one.apply(&consent).is_err(),
        "a tenant consents for the other"
    );
    ensure!(
        one.apply(&vpc(43, ONE, first)).is_err(),
        "a tenant makes a VPC"
    );
    ensure!(
        one.run(&format!("get vpcs,vpcmembers,vpcpeerings -n {TWO}"))
            .is_err()
    );
    ensure!(one.run("get transitgateways").is_err());
    let own = one.run(&format!("get vpcs,vpcmembers,vpcpeerings -n {ONE} -o name"))?;
    ensure!(own.lines().count() == 3, "{own}");

    two.apply(&consent)?;
    world.reaches(&here, &there)?;
    world.reaches(&there, &here)?;
    for half in [wish, format!("vpcpeering to-41 -n {TWO}")] {
        world.condition(&half, "Programmed", "True")?;
    }

    // Either side withdraws.
    two.run(&format!("delete vpcpeering to-41 -n {TWO}"))?;
    world.loses(&here, &there)?;
    world.loses(&there, &here)?;
    world.condition(
        &format!("vpcpeering to-42 -n {ONE}"),
        "PeerAccepted",
        "False",
    )?;
    for namespace in [ONE, TWO] {
        world
            .kubectl
            .run(&format!("delete namespace {namespace} --wait=false"))?;
    }
    Ok(())
}
