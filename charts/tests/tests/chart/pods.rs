//! Pods against Kubernetes' Pod Security Standards.

use anyhow::{Context, Result};
use isthmus_chart_tests::{Cluster, Helm, Manifest};
use isthmus_lab_apiserver::ApiServer;
use serde_json::{Value, json};

/// A pod of the workload of this kind, in a namespace.
fn pod_of(manifests: &[Manifest], kind: &str, namespace: &str) -> Result<Manifest> {
    let workload = manifests
        .iter()
        .find(|manifest| manifest.kind() == kind)
        .with_context(|| format!("no {kind}"))?;
    let mut spec = workload.0["spec"]["template"]["spec"].clone();
    // A pod of a DaemonSet or Deployment has a name from its workload alone.
    spec["serviceAccountName"] = Value::Null;
    Ok(Manifest(json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "one", "namespace": namespace},
        "spec": spec,
    })))
}

#[tokio::test]
async fn the_operators_pod_is_restricted_and_the_agents_wants_a_privileged_namespace() -> Result<()>
{
    let server = ApiServer::shared().await?;
    let cluster = Cluster::new(server.client()?);
    for level in ["restricted", "baseline", "privileged"] {
        let label = ("pod-security.kubernetes.io/enforce", level);
        cluster.namespace(level, &[label]).await?;
    }
    let manifests =
        Helm::alone()?.template("gatewayPools: [{name: default, interfaces: [eth1]}]")?;

    let operator = pod_of(&manifests, "Deployment", "restricted")?;
    cluster.validate(&operator).await?;

    let mut test = manifests
        .iter()
        .find(|manifest| manifest.kind() == "Pod")
        .cloned()
        .context("a test")?;
    test.0["metadata"]["namespace"] = "restricted".into();
    cluster.validate(&test).await?;

    let agent = pod_of(&manifests, "DaemonSet", "baseline")?;
    let refused = format!("{:?}", cluster.validate(&agent).await.unwrap_err());
    assert!(
        refused.contains("violates PodSecurity \"baseline"),
        "{refused}"
    );
    let agent = pod_of(&manifests, "DaemonSet", "privileged")?;
    cluster.validate(&agent).await?;
    Ok(())
}

#[test]
fn the_agent_itself_is_not_privileged_and_has_two_capabilities() -> Result<()> {
    let manifests = Helm::alone()?.template(
        "{agent: {mountBpffs: false}, gatewayPools: [{name: default, interfaces: [eth1]}]}",
    )?;
    let pod = pod_of(&manifests, "DaemonSet", "any")?;
    let containers = pod.0.pointer("/spec/containers").and_then(Value::as_array);
    let containers = containers.context("containers")?;
    assert_eq!(containers.len(), 1);
    assert_eq!(pod.0.pointer("/spec/initContainers"), None);
    let security = &containers[0]["securityContext"];
    assert_eq!(security["privileged"], Value::Null);
    assert_eq!(
        security["capabilities"],
        json!({"drop": ["ALL"], "add": ["NET_ADMIN", "SYS_ADMIN"]})
    );
    assert_eq!(security["readOnlyRootFilesystem"], true);
    Ok(())
}

#[test]
fn helm_test_asks_every_replica_that_it_can_reach() -> Result<()> {
    let asked = |values: &str| -> Result<Vec<String>> {
        let manifests = Helm::alone()?.template(values)?;
        let Some(pod) = manifests.iter().find(|manifest| manifest.kind() == "Pod") else {
            return Ok(Vec::new());
        };
        assert_eq!(pod.text("/metadata/annotations/helm.sh~1hook"), "test");
        let args = pod.0.pointer("/spec/containers/0/args").context("args")?;
        Ok(serde_json::from_value(args.clone())?)
    };
    let pools = "gatewayPools: [{name: default, interfaces: [eth1]}]";
    let operator = "http://isthmus-operator:9465/readyz";
    let agents = "http://isthmus-agent:9464/readyz";
    assert_eq!(asked("")?, [operator]);
    assert_eq!(asked(&format!("{{{pools}}}"))?, [operator, agents]);
    assert_eq!(
        asked(&format!("{{{pools}, operator: {{enabled: false}}}}"))?,
        [agents]
    );
    assert_eq!(
        asked(&format!(
            "{{{pools}, agent: {{metrics: {{host: 127.0.0.1}}}}}}"
        ))?,
        [operator]
    );
    assert!(asked("operator: {replicas: 0}")?.is_empty());
    Ok(())
}

#[test]
fn an_agent_that_is_not_ready_says_why_in_its_pods_events() -> Result<()> {
    let asked = |host: &str| -> Result<String> {
        let values = format!(
            "{{agent: {{metrics: {{host: '{host}', port: 99}}}}, gatewayPools: [{{name: a, interfaces: [eth1]}}]}}"
        );
        let pod = pod_of(&Helm::alone()?.template(&values)?, "DaemonSet", "any")?;
        let place = "/spec/containers/0/readinessProbe/exec/command";
        let command = pod.0.pointer(place).context("a command")?;
        let command: Vec<String> = serde_json::from_value(command.clone())?;
        assert_eq!(command[..2], ["/usr/local/bin/isthmus-probe", "--once"]);
        Ok(command[2..].join(" "))
    };
    assert_eq!(asked("0.0.0.0")?, "http://127.0.0.1:99/readyz");
    assert_eq!(asked("::")?, "http://[::1]:99/readyz");
    assert_eq!(asked("192.0.2.1")?, "http://192.0.2.1:99/readyz");
    assert_eq!(asked("2001:db8::1")?, "http://[2001:db8::1]:99/readyz");
    Ok(())
}
