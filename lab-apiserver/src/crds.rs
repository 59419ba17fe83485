//! Installs CustomResourceDefinitions, Isthmus's above all.

use std::time::Duration;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{DynamicObject, ListParams, Patch, PatchParams};
use kube::core::{ApiResource, GroupVersionKind};
use kube::runtime::wait::{await_condition, conditions};
use kube::{Api, Client, ResourceExt};
use tokio::time::{Instant, sleep, timeout};

use crate::Error;

const BOUND: Duration = Duration::from_secs(30);

/// Isthmus's definitions.
pub(crate) fn ours() -> Vec<CustomResourceDefinition> {
    let definitions = isthmus_crds::definitions().into_iter();
    definitions.map(|definition| definition.crd).collect()
}

/// Applies every definition, and returns once each is served.
pub(crate) async fn install(
    client: &Client,
    definitions: &[CustomResourceDefinition],
) -> Result<(), Error> {
    let api: Api<CustomResourceDefinition> = Api::all(client.clone());
    for crd in definitions {
        let name = crd.name_any();
        api.patch(
            &name,
            &PatchParams::apply("isthmus-lab").force(),
            &Patch::Apply(crd),
        )
        .await
        .map_err(Error::api(format!("take {name}")))?;
    }
    for crd in definitions {
        let name = crd.name_any();
        let established = await_condition(api.clone(), &name, conditions::is_crd_established());
        if !matches!(timeout(BOUND, established).await, Ok(Ok(_))) {
            return Err(Error::NotEstablished { name, bound: BOUND });
        }
        wait_until_served(client, crd).await?;
    }
    Ok(())
}

/// An established definition is not served at once: the API server's handler
/// follows the condition.
async fn wait_until_served(client: &Client, crd: &CustomResourceDefinition) -> Result<(), Error> {
    let names = &crd.spec.names;
    let version = crd.spec.versions.iter().find(|version| version.served);
    let version = version.map_or("", |version| version.name.as_str());
    let kind = GroupVersionKind::gvk(&crd.spec.group, version, &names.kind);
    let resource = ApiResource::from_gvk_with_plural(&kind, &names.plural);
    let objects: Api<DynamicObject> = Api::all_with(client.clone(), &resource);
    let deadline = Instant::now() + BOUND;
    loop {
        match objects.list(&ListParams::default().limit(1)).await {
            Ok(_) => return Ok(()),
            Err(source) if Instant::now() >= deadline => {
                return Err(Error::api(format!("serve {}", names.plural))(source));
            }
            Err(_) => sleep(Duration::from_millis(20)).await,
        }
    }
}
