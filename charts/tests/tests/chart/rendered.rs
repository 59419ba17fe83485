//! What the chart renders is what an API server takes.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, ensure};
use isthmus_chart_tests::{Cluster, Helm, Manifest};
use isthmus_lab_apiserver::{ApiServer, Binaries};

/// A title, values, and how many objects of a kind they make.
type Case = (&'static str, &'static str, &'static [(&'static str, usize)]);

const CASES: &[Case] = &[
    (
        "nothing given",
        "",
        &[("Deployment", 1), ("DaemonSet", 0), ("CustomResourceDefinition", 6), ("PodDisruptionBudget", 1)],
    ),
    (
        "one pool",
        "gatewayPools: [{name: default, interfaces: [eth1]}]",
        &[("Deployment", 1), ("DaemonSet", 1), ("ValidatingAdmissionPolicy", 2), ("ServiceAccount", 2)],
    ),
    (
        "everything of a pool, and a second one",
        "
        gatewayPools:
        - name: edge
          interfaces: [bond0, bond0.100]
          pools: [edge, shared.v1]
          nodeSelector: {role: gateway, zone: a}
          tolerations: [{key: gateway, operator: Exists, effect: NoExecute}]
          affinity:
            nodeAffinity:
              requiredDuringSchedulingIgnoredDuringExecution:
                nodeSelectorTerms: [{matchExpressions: [{key: cpu, operator: In, values: [big]}]}]
            podAntiAffinity:
              requiredDuringSchedulingIgnoredDuringExecution:
              - {topologyKey: rack, labelSelector: {matchLabels: {app: other}}}
          vteps: [192.0.2.1, '2001:db8::1']
          xdpMode: driver
          sizes: {members: 2000000, membersV6: 4294967295}
          resources: {requests: {memory: 1Gi}, limits: {memory: 2Gi}}
        - {name: core, interfaces: [eth1]}
        agent: {sizes: {members: 10, vpcs: 20, peerings: 30, prefixes: 40, routeLines: 50, membersV6: 60}}",
        &[("DaemonSet", 2), ("ServiceAccount", 2)],
    ),
    (
        "gateways alone",
        "
        operator: {enabled: false}
        crds: {install: false}
        gatewayPools: [{name: edge, interfaces: [eth1]}]",
        &[("Deployment", 0), ("DaemonSet", 1), ("CustomResourceDefinition", 0), ("ServiceAccount", 1), ("ValidatingAdmissionPolicy", 1)],
    ),
    (
        "all that is optional",
        "
        gatewayPools: [{name: default, interfaces: [eth1]}]
        serviceMonitor: {enabled: true, interval: 10s, labels: {release: prometheus}}
        prometheusRule: {enabled: true, labels: {release: prometheus}, tablePercent: 70}
        networkPolicy:
          enabled: true
          apiServerPorts: [6443]
          metricsFrom: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: monitoring}}}]",
        &[("ServiceMonitor", 2), ("PrometheusRule", 1), ("NetworkPolicy", 1)],
    ),
    (
        "as little as there can be",
        "
        crds: {install: false}
        rbac: {userRoles: false}
        admission: {policies: false}
        operator: {replicas: 1, priorityClassName: '', resources: {}}
        agent: {priorityClassName: '', resources: {}, mountBpffs: false, metrics: {host: 127.0.0.1}}
        gatewayPools: [{name: default, interfaces: [eth1]}]",
        &[("PodDisruptionBudget", 0), ("ValidatingAdmissionPolicy", 0), ("ClusterRole", 2), ("DaemonSet", 1)],
    ),
    (
        "names, labels and images of one's own",
        "
        fullnameOverride: network
        commonLabels: {team: network, cost-center: '17'}
        image:
          registry: registry.example:5000/isthmus
          tag: v1.2.3
          pullPolicy: Always
          pullSecrets: [{name: pull}]
        operator:
          image: {digest: 'sha256:0000000000000000000000000000000000000000000000000000000000000000'}
          serviceAccount: {name: compiler, annotations: {note: 'yes'}}
          podLabels: {mesh: 'no'}
          podAnnotations: {note: '1'}
          nodeSelector: {disk: ssd}
          tolerations: [{operator: Exists}]
          affinity: {podAntiAffinity: {preferredDuringSchedulingIgnoredDuringExecution: []}}
          logFormat: text
          logLevel: isthmus_operator=debug,info
        agent:
          serviceAccount: {name: gateway}
          podLabels: {mesh: 'no'}
          podAnnotations: {note: '1'}
          gatewayMac: '02:00:5e:00:53:02'
          vxlanPort: 8472
        gatewayPools: [{name: default, interfaces: [eth1]}]",
        &[("Deployment", 1), ("DaemonSet", 1)],
    ),
    (
        "a cluster of IPv6",
        "
        agent: {metrics: {host: '::', port: 19464}}
        operator: {metricsPort: 19465, replicas: 3}
        gatewayPools: [{name: default, interfaces: [eth1], vteps: ['2001:db8::7']}]",
        &[("DaemonSet", 1), ("PodDisruptionBudget", 1)],
    ),
    (
        "agents whose tokens name no node",
        "
        admission: {requireNodeName: false}
        gatewayPools: [{name: default, interfaces: [eth1]}]",
        &[("ValidatingAdmissionPolicy", 2), ("ValidatingAdmissionPolicyBinding", 2)],
    ),
];

#[tokio::test]
async fn every_object_passes_a_dry_run_with_no_field_unknown() -> Result<()> {
    let server = ApiServer::shared().await?;
    let cluster = Cluster::new(server.client()?);
    let mut monitoring = Vec::new();
    for path in Binaries::monitoring()? {
        monitoring.push(serde_yaml::from_str(&std::fs::read_to_string(path)?)?);
    }
    let client = cluster.client();
    server.install_definitions(&client, &monitoring).await?;
    cluster.namespace("isthmus-system", &[]).await?;
    let helm = Helm::alone()?;
    for (title, values, counts) in CASES {
        let manifests = helm.template(values)?;
        for (kind, count) in *counts {
            let found = manifests.iter().filter(|manifest| manifest.kind() == *kind);
            assert_eq!(found.count(), *count, "{title}: {kind}");
        }
        for manifest in &manifests {
            let valid = cluster.validate(manifest).await?;
            ensure!(valid.is_some(), "{title}: no kind of {}", manifest.title());
        }
        eprintln!("{title}: {} objects", manifests.len());
    }
    Ok(())
}

#[test]
fn no_object_is_rendered_twice_and_each_says_whose_it_is() -> Result<()> {
    let helm = Helm::alone()?;
    for (title, values, _) in CASES {
        let mut seen = BTreeMap::new();
        for manifest in helm.template(values)? {
            let labels = "/metadata/labels/app.kubernetes.io~1";
            for (label, value) in [
                ("instance", "isthmus"),
                ("part-of", "isthmus"),
                ("managed-by", "Helm"),
            ] {
                let found = manifest.text(&format!("{labels}{label}"));
                assert_eq!(found, value, "{title}: {}: {label}", manifest.title());
            }
            let namespace = manifest.text("/metadata/namespace").to_owned();
            let before = seen.insert((manifest.title(), namespace), ());
            assert!(before.is_none(), "{title}: {} twice", manifest.title());
        }
    }
    Ok(())
}

fn only(manifests: &[Manifest], kind: &str) -> Result<Manifest> {
    let mut found = manifests.iter().filter(|manifest| manifest.kind() == kind);
    let (first, second) = (found.next(), found.next());
    ensure!(second.is_none(), "several of {kind}");
    first.cloned().ok_or_else(|| anyhow::anyhow!("no {kind}"))
}

#[test]
fn an_agent_is_started_as_its_pool_says() -> Result<()> {
    let helm = Helm::alone()?;
    let manifests = helm.template(
        "
        agent: {sizes: {members: 10, vpcs: 20}, gatewayMac: '02:00:5e:00:53:02', metrics: {host: '::'}}
        gatewayPools:
        - name: edge
          interfaces: [eth1, eth2]
          pools: [a, b]
          vteps: [192.0.2.1]
          sizes: {members: 123456789}",
    )?;
    let agent = only(&manifests, "DaemonSet")?;
    let pod = "/spec/template/spec";
    let args = agent.0.pointer(&format!("{pod}/containers/0/args"));
    let expected = serde_json::json!([
        "run",
        "--node-name=$(NODE_NAME)",
        "--pool=a",
        "--pool=b",
        "--interface=eth1",
        "--interface=eth2",
        "--vtep=192.0.2.1",
        "--xdp-mode=auto",
        "--vxlan-port=4789",
        "--gateway-mac=02:00:5e:00:53:02",
        "--pin-dir=/sys/fs/bpf/isthmus",
        "--metrics-addr=[::]:9464",
        "--log-format=json",
        "--max-members=123456789",
        "--max-vpcs=20"
    ]);
    assert_eq!(args, Some(&expected));
    let selector = agent.0.pointer(&format!("{pod}/nodeSelector"));
    assert_eq!(
        selector,
        Some(&serde_json::json!({"isthmus.dev/gateway-pool": "edge"}))
    );
    Ok(())
}

#[test]
fn a_pool_that_gives_affinity_keeps_it_beside_ours() -> Result<()> {
    let helm = Helm::alone()?;
    let (_, values, _) = CASES[2];
    let manifests = helm.template(values)?;
    let edge = manifests
        .iter()
        .find(|manifest| manifest.name().ends_with("-edge"))
        .cloned()
        .ok_or_else(|| anyhow::anyhow!("no edge"))?;
    let affinity = "/spec/template/spec/affinity";
    let rules = edge
        .0
        .pointer(&format!(
            "{affinity}/podAntiAffinity/requiredDuringSchedulingIgnoredDuringExecution"
        ))
        .and_then(serde_json::Value::as_array)
        .map(Vec::len);
    assert_eq!(rules, Some(2));
    assert!(
        edge.0
            .pointer(&format!("{affinity}/nodeAffinity"))
            .is_some()
    );
    Ok(())
}

#[test]
fn alerts_ask_for_metrics_that_there_are() -> Result<()> {
    let helm = Helm::alone()?;
    let (_, values, _) = CASES[4];
    let rules = only(&helm.template(values)?, "PrometheusRule")?
        .0
        .to_string();
    let documented = std::fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../docs/operations.md"
    ))?;
    let names: BTreeSet<_> = rules
        .split(|character: char| !character.is_ascii_alphanumeric() && character != '_')
        .filter(|word| word.starts_with("isthmus_"))
        .collect();
    assert!(names.len() >= 8, "{names:?}");
    for name in names {
        assert!(
            documented.contains(&format!("`{name}`")),
            "docs/operations.md knows no metric {name}"
        );
    }
    Ok(())
}

#[test]
fn definitions_are_kept_and_otherwise_as_they_are_generated() -> Result<()> {
    let rendered = Helm::alone()?.template("")?;
    for definition in isthmus_crds::definitions() {
        let mut expected: serde_json::Value = serde_yaml::from_str(&definition.yaml()?)?;
        let name = expected["metadata"]["name"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        let found = rendered
            .iter()
            .find(|manifest| manifest.name() == name)
            .ok_or_else(|| anyhow::anyhow!("no {name}"))?;
        assert_eq!(
            found.text("/metadata/annotations/helm.sh~1resource-policy"),
            "keep"
        );
        expected["metadata"] = found.0["metadata"].clone();
        assert!(found.0 == expected, "{name} is rendered otherwise");
    }
    Ok(())
}
