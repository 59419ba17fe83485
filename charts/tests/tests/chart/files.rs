//! The chart's files.

use std::collections::BTreeSet;
use std::fs;

use anyhow::Result;
use isthmus_chart_tests::{CHART, Helm};

#[test]
fn lint_finds_nothing() -> Result<()> {
    let pools = "--set=gatewayPools[0].name=default,gatewayPools[0].interfaces={eth1}";
    let all =
        "--set=serviceMonitor.enabled=true,prometheusRule.enabled=true,networkPolicy.enabled=true";
    let helm = Helm::alone()?;
    helm.run(["lint", "--strict", CHART])?;
    helm.run(["lint", "--strict", CHART, pools, all])?;
    Ok(())
}

#[test]
fn its_definitions_are_those_that_the_types_generate() -> Result<()> {
    let folder = format!("{CHART}/files/crds");
    let mut expected = BTreeSet::new();
    for definition in isthmus_crds::definitions() {
        let name = definition.file_name();
        let found = fs::read_to_string(format!("{folder}/{name}")).unwrap_or_default();
        assert!(
            found == definition.yaml()?,
            "charts/isthmus/files/crds/{name} is stale; run `make generate`"
        );
        expected.insert(name);
    }
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(folder)? {
        found.insert(entry?.file_name().to_string_lossy().into_owned());
    }
    assert_eq!(found, expected, "other files; run `make generate`");
    Ok(())
}

#[test]
fn its_version_is_the_programs() -> Result<()> {
    let chart: serde_json::Value =
        serde_yaml::from_str(&fs::read_to_string(format!("{CHART}/Chart.yaml"))?)?;
    for field in ["version", "appVersion"] {
        assert_eq!(chart[field], env!("CARGO_PKG_VERSION"), "{field}");
    }
    Ok(())
}
