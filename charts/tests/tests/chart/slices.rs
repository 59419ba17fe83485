//! Nobody but the operator writes slices.

use anyhow::{Context, Result};
use isthmus_chart_tests::{Manifest, eventually, unbound_token};
use kube::api::DeleteParams;

use crate::installed::{Installed, NAMESPACE, refusal, slice, vpc};

#[tokio::test]
async fn even_an_administrator_leaves_slices_to_the_operator() -> Result<()> {
    let installed = Installed::start().await?;
    let admin = &installed.cluster;
    let token = unbound_token(&admin.client(), (NAMESPACE, "isthmus-operator")).await?;
    let operator = installed.bearer(&token)?;
    let sentence = "slices are the operator's alone";
    eventually("the policy is in force", async || {
        anyhow::Ok(refusal(admin.apply(slice("PeeringSlice", 1)).await).contains(sentence))
    })
    .await?;

    for kind in ["PeeringSlice", "ForwardingSlice"] {
        let object = Manifest(slice(kind, 100));
        eventually("the operator writes", async || {
            anyhow::Ok(operator.apply(object.0.clone()).await.is_ok())
        })
        .await?;
        let mut changed = object.0.clone();
        changed["metadata"]["labels"] = serde_json::json!({"isthmus.dev/vni": "100"});
        let refused = refusal(admin.apply(changed.clone()).await);
        assert!(
            refused.starts_with("403: ") && refused.contains(sentence),
            "{refused}"
        );
        operator.apply(changed).await?;

        let api = admin.api(&object).await?.context("slices")?;
        let refused = api.delete(object.name(), &DeleteParams::default()).await;
        assert!(refused.unwrap_err().to_string().contains(sentence));
        let api = operator.api(&object).await?.context("slices")?;
        api.delete(object.name(), &DeleteParams::default()).await?;
        operator.apply(object.0).await?;
    }
    // What people write is not the operator's.
    admin.namespace("team-a", &[]).await?;
    let refused = refusal(operator.apply(vpc("team-a", "blue", 100)).await);
    assert!(refused.starts_with("403: "), "{refused}");

    // With the release the policy is gone, and what it guarded can be removed.
    installed.helm.uninstall(("isthmus", NAMESPACE))?;
    let object = Manifest(slice("PeeringSlice", 100));
    let api = admin.api(&object).await?.context("slices")?;
    eventually("an administrator removes a slice", async || {
        anyhow::Ok(
            api.delete(object.name(), &DeleteParams::default())
                .await
                .is_ok(),
        )
    })
    .await
}
