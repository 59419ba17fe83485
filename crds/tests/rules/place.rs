//! Where the tests on the API server create their objects, and its answers.

use std::sync::Arc;

use anyhow::{Context, Result};
use isthmus_lab_apiserver::ApiServer;
use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{DynamicObject, PostParams};
use kube::core::{ApiResource, GroupVersionKind, Status};
use kube::{Api, Client, Error, ResourceExt};
use serde_json::{Value, json};

/// A namespace of one test on the shared API server.
pub(crate) struct Place {
    pub(crate) client: Client,
    pub(crate) namespace: String,
    _server: Arc<ApiServer>,
}

impl Place {
    pub(crate) async fn make() -> Result<Self> {
        let server = ApiServer::shared().await?;
        let client = server.client()?;
        let namespace: Namespace = serde_json::from_value(json!({
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {"generateName": "rules-"},
        }))?;
        let namespace = Api::all(client.clone())
            .create(&PostParams::default(), &namespace)
            .await?
            .name_any();
        Ok(Self {
            client,
            namespace,
            _server: server,
        })
    }

    /// The objects of a kind: those of the place's namespace where the kind
    /// has namespaces.
    pub(crate) fn objects(&self, kind: &str) -> Api<DynamicObject> {
        let crd = definition(kind);
        let group_kind = GroupVersionKind::gvk(&crd.spec.group, isthmus_crds::VERSION, kind);
        let resource = ApiResource::from_gvk_with_plural(&group_kind, &crd.spec.names.plural);
        if crd.spec.scope == "Namespaced" {
            Api::namespaced_with(self.client.clone(), &self.namespace, &resource)
        } else {
            Api::all_with(self.client.clone(), &resource)
        }
    }

    /// Creates an object, or only asks whether it could be: under a name of the
    /// place's own, which no other test's object has.
    pub(crate) async fn create(&self, kind: &str, object: &Value, dry: bool) -> Result<Answer> {
        let params = PostParams {
            dry_run: dry,
            ..PostParams::default()
        };
        let mut object = parse(object)?;
        if dry {
            object.metadata.name = Some(self.namespace.clone());
        }
        answer(self.objects(kind).create(&params, &object).await)
    }
}

pub(crate) fn parse(object: &Value) -> Result<DynamicObject> {
    serde_json::from_value(object.clone()).with_context(|| object.to_string())
}

pub(crate) fn definition(kind: &str) -> CustomResourceDefinition {
    isthmus_crds::definitions()
        .into_iter()
        .map(|definition| definition.crd)
        .find(|crd| crd.spec.names.kind == kind)
        .expect("a definition of the kind")
}

/// The object, or every complaint as `path: message`.
pub(crate) type Answer = std::result::Result<DynamicObject, Vec<String>>;

pub(crate) fn answer(from: kube::Result<DynamicObject>) -> Result<Answer> {
    match from {
        Ok(object) => Ok(Ok(object)),
        Err(Error::Api(status)) if status.code == 422 => Ok(Err(complaints(&status))),
        Err(other) => Err(other.into()),
    }
}

/// The answer's causes, without the values that it repeats.
fn complaints(status: &Status) -> Vec<String> {
    let causes = status.details.iter().flat_map(|details| &details.causes);
    causes
        .filter(|cause| {
            !cause
                .message
                .contains("some validation rules were not checked")
        })
        .map(|cause| format!("{}: {}", cause.field, cause.message))
        .collect()
}

/// Asserts one complaint: at the place, and with the sentence at its end.
pub(crate) fn assert_refused(found: &Answer, complaint: &str, what: &Value) {
    let (place, sentence) = complaint.split_once(": ").expect("a place and a sentence");
    let found = found.as_ref().expect_err(&format!("accepted: {what}"));
    assert!(
        found.len() == 1
            && found[0].starts_with(&format!("{place}: "))
            && found[0].ends_with(sentence),
        "{what}\nexpected {complaint}\nfound {found:#?}"
    );
}

pub(crate) fn assert_accepted(found: &Answer, what: &Value) {
    assert!(found.is_ok(), "{what}\n{found:#?}");
}

/// A condition of a status.
pub(crate) fn condition(kind: &str, status: &str) -> Value {
    json!({
        "type": kind,
        "status": status,
        "reason": "Tested",
        "message": "as the test wishes",
        "lastTransitionTime": "2026-01-01T00:00:00Z",
    })
}
