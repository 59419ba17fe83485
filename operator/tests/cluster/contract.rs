//! What the operator relies on in the API server.

use anyhow::Result;
use isthmus_crds::ForwardingSlice;
use kube::Api;
use kube::api::{Patch, PatchParams};
use serde_json::{Value, json};

use crate::scene::Scene;

fn slice(version: &str) -> Value {
    json!({
        "apiVersion": isthmus_crds::API_VERSION, "kind": "ForwardingSlice",
        "metadata": {"name": "vni-1-u-0", "resourceVersion": version},
        "spec": {
            "vni": 1, "vpc": {"namespace": "team-a", "name": "blue", "uid": "u"}, "members": [],
        },
    })
}

#[tokio::test]
async fn what_is_applied_at_version_0_is_made_and_never_overwritten() -> Result<()> {
    let scene = Scene::new().await?;
    let api: Api<ForwardingSlice> = Api::all(scene.client.clone());
    let params = PatchParams::apply("isthmus-operator").force();
    let made = api
        .patch("vni-1-u-0", &params, &Patch::Apply(slice("0")))
        .await?;
    let again = api
        .patch("vni-1-u-0", &params, &Patch::Apply(slice("0")))
        .await;
    let Err(kube::Error::Api(status)) = again else {
        panic!("{again:?}");
    };
    assert!(
        status.is_invalid() && status.message.contains("resourceVersion"),
        "{status:?}"
    );

    let version = made.metadata.resource_version.unwrap_or_default();
    api.patch("vni-1-u-0", &params, &Patch::Apply(slice(&version)))
        .await?;
    let stale: u64 = version.parse()?;
    let stale = Patch::Apply(slice(&(stale - 1).to_string()));
    let refused = api.patch("vni-1-u-0", &params, &stale).await;
    let Err(kube::Error::Api(status)) = refused else {
        panic!("a stale version was taken");
    };
    assert!(status.is_conflict(), "{status:?}");

    // Of what is gone the version alone does not keep it from being made anew.
    scene.delete::<ForwardingSlice>("", "vni-1-u-0").await?;
    let mut gone = slice(&version);
    gone["metadata"]["uid"] = json!(made.metadata.uid);
    let refused = api.patch("vni-1-u-0", &params, &Patch::Apply(gone)).await;
    let Err(kube::Error::Api(status)) = refused else {
        panic!("what is gone was written");
    };
    assert!(status.is_conflict() || status.is_not_found(), "{status:?}");
    Ok(())
}
