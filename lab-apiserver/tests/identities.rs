//! Service accounts on the control plane, and policies that know their node.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use isthmus_lab_apiserver::ApiServer;
use k8s_openapi::api::admissionregistration::v1::{
    ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding,
};
use k8s_openapi::api::authentication::v1::{
    BoundObjectReference, SelfSubjectReview, TokenRequest, TokenRequestSpec,
};
use k8s_openapi::api::core::v1::{ConfigMap, Node, ServiceAccount};
use k8s_openapi::api::rbac::v1::ClusterRoleBinding;
use kube::api::{ObjectMeta, PostParams};
use kube::{Api, Client, ResourceExt};
use serde_json::{from_value, json};
use tokio::time::{Instant, sleep};

fn named(name: &str) -> ObjectMeta {
    ObjectMeta {
        name: Some(name.into()),
        ..ObjectMeta::default()
    }
}

/// A token of the service account `default/agent`, bound to a node that is made
/// with it.
async fn token_on(node: &str, admin: Client) -> Result<String> {
    let object = Node {
        metadata: named(node),
        ..Node::default()
    };
    let object = Api::all(admin.clone())
        .create(&PostParams::default(), &object)
        .await?;
    let accounts: Api<ServiceAccount> = Api::namespaced(admin, "default");
    if accounts.get_opt("agent").await?.is_none() {
        let account = ServiceAccount {
            metadata: named("agent"),
            ..ServiceAccount::default()
        };
        accounts.create(&PostParams::default(), &account).await?;
    }
    let request = TokenRequest {
        spec: TokenRequestSpec {
            bound_object_ref: Some(BoundObjectReference {
                api_version: Some("v1".into()),
                kind: Some("Node".into()),
                name: Some(node.into()),
                uid: object.uid(),
            }),
            ..TokenRequestSpec::default()
        },
        ..TokenRequest::default()
    };
    let issued = accounts
        .create_token_request("agent", &PostParams::default(), &request)
        .await?;
    Ok(issued.status.context("a token")?.token)
}

#[tokio::test]
async fn a_service_accounts_token_can_name_its_node() -> Result<()> {
    let server = ApiServer::start().await?;
    let token = token_on("gateway-a", server.client()?).await?;
    let agent = server.client_with_token(&token)?;
    let review = Api::<SelfSubjectReview>::all(agent)
        .create(&PostParams::default(), &SelfSubjectReview::default())
        .await?;
    let user = review
        .status
        .and_then(|status| status.user_info)
        .context("a user")?;
    assert_eq!(
        user.username.as_deref(),
        Some("system:serviceaccount:default:agent")
    );
    let extra: BTreeMap<_, _> = user.extra.unwrap_or_default();
    assert_eq!(
        extra["authentication.kubernetes.io/node-name"],
        ["gateway-a"]
    );

    let kubeconfig = server.kubeconfig_with_token("agent", &token)?;
    assert!(fs::read_to_string(kubeconfig)?.contains(&token));
    Ok(())
}

#[tokio::test]
async fn a_policy_can_hold_an_object_against_the_node_of_a_token() -> Result<()> {
    let server = ApiServer::start().await?;
    let admin = server.client()?;
    let everything: ClusterRoleBinding = from_value(json!({
        "metadata": {"name": "agents"},
        "roleRef": {
            "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin",
        },
        "subjects": [{"kind": "ServiceAccount", "name": "agent", "namespace": "default"}],
    }))?;
    let policy: ValidatingAdmissionPolicy = from_value(json!({
        "metadata": {"name": "own-node"},
        "spec": {
            "matchConstraints": {"resourceRules": [{
                "apiGroups": [""], "apiVersions": ["v1"], "resources": ["configmaps"],
                "operations": ["CREATE", "UPDATE"],
            }]},
            "matchConditions": [{
                "name": "agents",
                "expression": "request.userInfo.username == 'system:serviceaccount:default:agent'",
            }],
            "validations": [{
                "expression": "request.userInfo.extra['authentication.kubernetes.io/node-name'] \
                               == [object.metadata.name]",
                "message": "of another node",
            }],
        },
    }))?;
    let binding: ValidatingAdmissionPolicyBinding = from_value(json!({
        "metadata": {"name": "own-node"},
        "spec": {"policyName": "own-node", "validationActions": ["Deny"]},
    }))?;
    let create = PostParams::default();
    Api::all(admin.clone()).create(&create, &everything).await?;
    Api::all(admin.clone()).create(&create, &policy).await?;
    Api::all(admin.clone()).create(&create, &binding).await?;

    let token = token_on("gateway-a", admin).await?;
    let maps: Api<ConfigMap> = Api::namespaced(server.client_with_token(&token)?, "default");
    let map = |name| ConfigMap {
        metadata: named(name),
        ..ConfigMap::default()
    };
    let dry_run = PostParams {
        dry_run: true,
        ..PostParams::default()
    };
    // A policy is in force some time after it is stored.
    let deadline = Instant::now() + Duration::from_secs(30);
    let refused = loop {
        match maps.create(&dry_run, &map("gateway-b")).await {
            Err(refused) => break refused,
            Ok(_) => ensure!(Instant::now() < deadline, "the policy is not in force"),
        }
        sleep(Duration::from_millis(50)).await;
    };
    assert!(refused.to_string().contains("of another node"), "{refused}");
    maps.create(&create, &map("gateway-a")).await?;
    Ok(())
}
