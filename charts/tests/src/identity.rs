//! Who somebody is, and what Kubernetes' own controllers would make of roles.

use anyhow::{Context, Result};
use k8s_openapi::api::authentication::v1::{BoundObjectReference, TokenRequest, TokenRequestSpec};
use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec,
};
use k8s_openapi::api::core::v1::{Node, Pod, ServiceAccount};
use k8s_openapi::api::rbac::v1::ClusterRole;
use kube::api::{ListParams, Patch, PatchParams, PostParams};
use kube::{Api, Client, ResourceExt};
use serde_json::{from_value, json};

/// A token of a service account such as the kubelet asks for: bound to a pod on
/// a node. Makes node and pod, which has the node's name.
///
/// # Errors
///
/// The server's answer.
pub async fn token_of_pod(
    admin: &Client,
    (namespace, account): (&str, &str),
    node: &str,
) -> Result<String> {
    let object: Node = from_value(json!({"metadata": {"name": node}}))?;
    Api::all(admin.clone())
        .create(&PostParams::default(), &object)
        .await?;
    let pod: Pod = from_value(json!({
        "metadata": {"name": node, "namespace": namespace},
        "spec": {
            "nodeName": node,
            "serviceAccountName": account,
            "containers": [{"name": "agent", "image": "none"}],
        },
    }))?;
    let pod = Api::namespaced(admin.clone(), namespace)
        .create(&PostParams::default(), &pod)
        .await?;
    let bound = BoundObjectReference {
        api_version: Some("v1".into()),
        kind: Some("Pod".into()),
        name: Some(pod.name_any()),
        uid: pod.uid(),
    };
    token(admin, (namespace, account), Some(bound)).await
}

/// A token of a service account that names neither pod nor node.
///
/// # Errors
///
/// The server's answer.
pub async fn unbound_token(admin: &Client, account: (&str, &str)) -> Result<String> {
    token(admin, account, None).await
}

async fn token(
    admin: &Client,
    (namespace, account): (&str, &str),
    bound_object_ref: Option<BoundObjectReference>,
) -> Result<String> {
    let accounts: Api<ServiceAccount> = Api::namespaced(admin.clone(), namespace);
    let request = TokenRequest {
        spec: TokenRequestSpec {
            bound_object_ref,
            ..TokenRequestSpec::default()
        },
        ..TokenRequest::default()
    };
    let issued = accounts
        .create_token_request(account, &PostParams::default(), &request)
        .await?;
    Ok(issued.status.context("a token")?.token)
}

/// Whether RBAC lets a client do it: a verb on `RESOURCE` or
/// `RESOURCE/SUBRESOURCE` of our group, in a namespace or, where it is empty, in
/// all.
///
/// # Errors
///
/// No answer of the server.
pub async fn may(client: &Client, verb: &str, resource: &str, namespace: &str) -> Result<bool> {
    let (resource, subresource) = resource.split_once('/').unwrap_or((resource, ""));
    let review = SelfSubjectAccessReview {
        spec: SelfSubjectAccessReviewSpec {
            resource_attributes: Some(ResourceAttributes {
                group: Some("isthmus.dev".into()),
                resource: Some(resource.into()),
                subresource: Some(subresource.into()),
                verb: Some(verb.into()),
                namespace: Some(namespace.into()),
                ..ResourceAttributes::default()
            }),
            ..SelfSubjectAccessReviewSpec::default()
        },
        ..SelfSubjectAccessReview::default()
    };
    let answer = Api::all(client.clone())
        .create(&PostParams::default(), &review)
        .await?;
    Ok(answer.status.context("an answer")?.allowed)
}

/// Gives view, edit and admin the rules of the roles that are labelled for
/// them, as the controller manager would.
///
/// # Errors
///
/// The server's answer.
pub async fn aggregate_roles(admin: &Client) -> Result<()> {
    let roles: Api<ClusterRole> = Api::all(admin.clone());
    for name in ["view", "edit", "admin"] {
        let label = format!("rbac.authorization.k8s.io/aggregate-to-{name}=true");
        let parts = roles.list(&ListParams::default().labels(&label)).await?;
        let rules: Vec<_> = parts
            .items
            .into_iter()
            .filter_map(|role| role.rules)
            .flatten()
            .collect();
        let patch = json!({ "rules": rules });
        roles
            .patch(name, &PatchParams::default(), &Patch::Merge(patch))
            .await?;
    }
    Ok(())
}
