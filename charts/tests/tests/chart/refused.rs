//! Values that make no sense are refused in words.

use anyhow::Result;
use isthmus_chart_tests::Helm;

/// Values, and what is said of them.
const CASES: &[(&str, &[&str])] = &[
    (
        "operator: {replicas: two}",
        &["/operator/replicas", "got string, want integer"],
    ),
    (
        "operator: {replicas: -1}",
        &["/operator/replicas", "minimum"],
    ),
    (
        "operator: {sliceMembers: 1001}",
        &["/operator/sliceMembers", "maximum: got 1,001, want 1,000"],
    ),
    (
        "operator: {replica: 3}",
        &["/operator", "additional properties 'replica' not allowed"],
    ),
    (
        "replicas: 3",
        &["additional properties 'replicas' not allowed"],
    ),
    (
        "gatewayPools: [{name: default}]",
        &["/gatewayPools/0", "missing property 'interfaces'"],
    ),
    (
        "gatewayPools: [{name: default, interfaces: []}]",
        &["/gatewayPools/0/interfaces", "minItems: got 0, want 1"],
    ),
    (
        "gatewayPools: [{interfaces: [eth1]}]",
        &["/gatewayPools/0", "missing property 'name'"],
    ),
    (
        "gatewayPools: [{name: Default, interfaces: [eth1]}]",
        &["/gatewayPools/0/name", "'Default' does not match pattern"],
    ),
    (
        "gatewayPools: [{name: a, interfaces: [a-name-longer-than-15]}]",
        &["/gatewayPools/0/interfaces/0", "does not match pattern"],
    ),
    (
        "gatewayPools: [{name: a, interfaces: [eth1, eth1]}]",
        &["/gatewayPools/0/interfaces", "items at 0 and 1 are equal"],
    ),
    (
        "gatewayPools: [{name: a, interfaces: [eth1], vteps: [gateway]}]",
        &["/gatewayPools/0/vteps/0", "does not match pattern"],
    ),
    (
        "gatewayPools: [{name: a, interfaces: [eth1], xdpMode: native}]",
        &[
            "/gatewayPools/0/xdpMode",
            "must be one of 'auto', 'driver', 'generic'",
        ],
    ),
    (
        "agent: {gatewayMac: '03:00:00:00:00:01'}",
        &["/agent/gatewayMac", "does not match pattern"],
    ),
    (
        "agent: {pinDir: /var/lib/isthmus}",
        &["/agent/pinDir", "does not match pattern '^/sys/fs/bpf/"],
    ),
    (
        "agent: {sizes: {members: 0}}",
        &["/agent/sizes/members", "minimum: got 0, want 1"],
    ),
    (
        "agent: {metrics: {port: 70000}}",
        &["/agent/metrics/port", "maximum"],
    ),
    (
        "operator: {image: {digest: latest}}",
        &[
            "/operator/image/digest",
            "does not match pattern '^(sha256:",
        ],
    ),
    (
        "gatewayPools: [{name: a, interfaces: [eth1]}, {name: a, interfaces: [eth2]}]",
        &["gatewayPools: two are called \"a\"; each needs a name of its own"],
    ),
    (
        "{operator: {enabled: false}, crds: {install: false}}",
        &["nothing is left to install: set operator.enabled or crds.install, or give gatewayPools"],
    ),
    (
        "{operator: {serviceAccount: {name: x}}, agent: {serviceAccount: {name: x}}, gatewayPools: [{name: a, interfaces: [eth1]}]}",
        &["an agent could then write slices"],
    ),
];

#[test]
fn values_that_make_no_sense_are_refused_with_their_place_and_why() -> Result<()> {
    let helm = Helm::alone()?;
    for (values, said) in CASES {
        let Err(error) = helm.template(values) else {
            anyhow::bail!("accepted: {values}");
        };
        let error = error.to_string();
        for part in *said {
            assert!(
                error.contains(part),
                "{values}\n{error}\nshould say: {part}"
            );
        }
    }
    Ok(())
}

#[test]
fn every_value_is_in_the_schema_with_its_default() -> Result<()> {
    // The schema allows nothing that it does not name, so that a default which
    // it did not name would be refused here.
    Helm::alone()?.template("")?;
    Ok(())
}
