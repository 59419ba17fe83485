//! Writes of slices and statuses: one request each, never after the lease ran
//! out.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use isthmus_compiler::slices::{SliceKey, SliceWrite};
use isthmus_crds::labels::{OPERATOR, POOL_LABEL_PREFIX};
use isthmus_crds::{API_VERSION, ForwardingSlice, PeeringSlice};
use isthmus_watch::is_misfit;
use kube::api::{DeleteParams, DynamicObject, Patch, PatchParams, Preconditions};
use kube::core::Status;
use kube::{Api, Client, ResourceExt as _};
use serde_json::json;
use tokio::time::timeout;

use super::lease::Tenure;
use super::watch::resource;
use crate::intake::{Slice, Source, Thing, read};
use crate::world::StatusWrite;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// The resourceVersion of what must not be there yet: the API server creates
/// from it, and refuses it where there is something.
const NOT_THERE: &str = "0";

/// Why a write has no answer that counts.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The API server refused it for its contents.
    #[error("the API server refused it: {0}")]
    Refused(Box<Status>),
    /// No answer, or one that says to come again.
    #[error("the API server is not there: {0}")]
    Unavailable(Box<kube::Error>),
    /// No answer in time.
    #[error("no answer in {PATIENCE:?}")]
    TimedOut,
    /// The lease may be somebody else's by now.
    #[error("not leading any more")]
    NotLeading,
}

/// What became of the write of a slice.
#[derive(Debug)]
pub enum SliceAnswer {
    /// Applied.
    Written {
        /// The new resourceVersion.
        version: String,
        /// The slice's UID.
        uid: String,
    },
    /// Deleted, or not there.
    Deleted,
    /// It was based on another version than there is. What there is.
    Conflict(Option<Slice>),
    /// It failed, or nobody knows.
    Failed(WriteError),
}

/// What became of the write of a status.
#[derive(Debug)]
pub enum StatusAnswer {
    /// Written; the object's new resourceVersion.
    Written(u64),
    /// The object is gone, or is another one.
    Gone,
    /// It failed, or nobody knows.
    Failed(WriteError),
}

/// Writes while the lease holds.
#[derive(Clone)]
pub struct Writer {
    client: Client,
    tenure: Tenure,
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut writer = f.debug_struct("Writer");
        writer.field("tenure", &self.tenure).finish_non_exhaustive()
    }
}

impl Writer {
    /// Writes with a client, as long as the tenure lasts.
    #[must_use]
    pub const fn new(client: Client, tenure: Tenure) -> Self {
        Self { client, tenure }
    }

    /// Carries out the write of a slice; on conflict reads what there is.
    pub async fn slice(&self, write: &SliceWrite) -> SliceAnswer {
        let answer = match write {
            SliceWrite::ApplyForwarding(slice) => {
                let mut slice = (**slice).clone();
                let version = &mut slice.metadata.resource_version;
                version.get_or_insert_with(|| NOT_THERE.to_owned());
                self.apply::<ForwardingSlice>(&slice.name_any(), &slice)
                    .await
            }
            SliceWrite::ApplyPeering(slice) => {
                let mut slice = (**slice).clone();
                let version = &mut slice.metadata.resource_version;
                version.get_or_insert_with(|| NOT_THERE.to_owned());
                self.apply::<PeeringSlice>(&slice.name_any(), &slice).await
            }
            SliceWrite::Delete {
                key,
                resource_version,
            } => self.delete(key, resource_version).await,
        };
        match answer {
            Ok(answer) => answer,
            // Of what must not be there and is, the one version is invalid.
            Err(WriteError::Refused(status))
                if status.is_conflict() || status.is_already_exists() || is_there(&status) =>
            {
                match self.read_slice(&write.key()).await {
                    Ok(found) => SliceAnswer::Conflict(found),
                    Err(error) => SliceAnswer::Failed(error),
                }
            }
            Err(error) => SliceAnswer::Failed(error),
        }
    }

    async fn apply<K>(&self, name: &str, slice: &K) -> Result<SliceAnswer, WriteError>
    where
        K: kube::Resource<DynamicType = ()>
            + Clone
            + fmt::Debug
            + serde::Serialize
            + serde::de::DeserializeOwned,
    {
        let api: Api<K> = Api::all(self.client.clone());
        let params = PatchParams::apply(OPERATOR).force();
        let patch = Patch::Apply(slice);
        let applied = self
            .request(api.patch_metadata(name, &params, &patch))
            .await;
        let mut written = match applied {
            Err(WriteError::Refused(status)) if is_misfit(&status) => {
                tracing::warn!(slice = name, "does not fit its definition; it is put right");
                let patch = Patch::Merge(slice);
                self.request(api.patch_metadata(name, &merge(), &patch))
                    .await?
            }
            applied => applied?,
        };
        // What somebody else put there is not taken away by not being applied.
        let foreign = foreign_pools(slice.labels(), written.labels());
        if !foreign.is_empty() {
            tracing::info!(
                slice = name,
                "has labels of somebody else's; they are removed"
            );
            let patch = json!({"metadata": {
                "resourceVersion": written.resource_version(),
                "labels": foreign,
            }});
            let patch = Patch::Merge(&patch);
            written = self
                .request(api.patch_metadata(name, &merge(), &patch))
                .await?;
        }
        Ok(SliceAnswer::Written {
            version: written.resource_version().unwrap_or_default(),
            uid: written.uid().unwrap_or_default(),
        })
    }

    async fn delete(&self, key: &SliceKey, version: &str) -> Result<SliceAnswer, WriteError> {
        let api: Api<DynamicObject> =
            Api::all_with(self.client.clone(), &resource(Source::Slices(key.kind)));
        let params = DeleteParams::default().preconditions(Preconditions {
            resource_version: Some(version.to_owned()),
            uid: None,
        });
        match self.request(api.delete(&key.name, &params)).await {
            Ok(_) => Ok(SliceAnswer::Deleted),
            Err(WriteError::Refused(status)) if status.is_not_found() => Ok(SliceAnswer::Deleted),
            Err(error) => Err(error),
        }
    }

    /// Reads a slice.
    ///
    /// # Errors
    ///
    /// Where there is no answer that tells.
    pub async fn read_slice(&self, key: &SliceKey) -> Result<Option<Slice>, WriteError> {
        let source = Source::Slices(key.kind);
        let api: Api<DynamicObject> = Api::all_with(self.client.clone(), &resource(source));
        let found = self.request(api.get_opt(&key.name)).await?;
        Ok(found.and_then(|object| match read(source, object) {
            Thing::Slice(slice) => Some(slice),
            Thing::Object(_) => None,
        }))
    }

    /// Writes a status to the object that it is of, and to no other of that name.
    pub async fn status(&self, write: &StatusWrite) -> StatusAnswer {
        let kind = write.object.kind;
        let api: Api<DynamicObject> = Api::namespaced_with(
            self.client.clone(),
            &write.object.name.namespace,
            &resource(Source::Objects(kind)),
        );
        let patch = json!({
            "apiVersion": API_VERSION,
            "kind": kind.as_str(),
            "metadata": { "uid": write.uid },
            "status": write.body,
        });
        let (name, params) = (
            &write.object.name.name,
            PatchParams::apply(OPERATOR).force(),
        );
        let patch = Patch::Apply(&patch);
        let apply = || self.request(api.patch_status(name, &params, &patch));
        let applied = match apply().await {
            Err(WriteError::Refused(status)) if is_misfit(&status) => {
                tracing::warn!(object = %write.object, "its status does not fit its definition; it is made anew");
                let nothing = json!({"metadata": {"uid": write.uid}, "status": null});
                let nothing = Patch::Merge(&nothing);
                match self
                    .request(api.patch_status(name, &merge(), &nothing))
                    .await
                {
                    Ok(_) => apply().await,
                    Err(error) => Err(error),
                }
            }
            applied => applied,
        };
        match applied {
            Ok(object) => {
                let version = object.resource_version();
                StatusAnswer::Written(version.and_then(|text| text.parse().ok()).unwrap_or(0))
            }
            Err(WriteError::Refused(status)) if status.is_not_found() || status.is_conflict() => {
                StatusAnswer::Gone
            }
            Err(error) => StatusAnswer::Failed(error),
        }
    }

    async fn request<T>(
        &self,
        request: impl Future<Output = Result<T, kube::Error>>,
    ) -> Result<T, WriteError> {
        if !self.tenure.holds() {
            return Err(WriteError::NotLeading);
        }
        match timeout(PATIENCE, request).await {
            Err(_) => Err(WriteError::TimedOut),
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(kube::Error::Api(status))) if !is_busy(&status) => {
                Err(WriteError::Refused(status))
            }
            Ok(Err(error)) => Err(WriteError::Unavailable(Box::new(error))),
        }
    }
}

/// Labels for pools that a slice has and is not to have, as a patch that takes
/// them away.
fn foreign_pools(
    wanted: &BTreeMap<String, String>,
    held: &BTreeMap<String, String>,
) -> BTreeMap<String, Option<String>> {
    let pools = held.keys().filter(|key| key.starts_with(POOL_LABEL_PREFIX));
    let foreign = pools.filter(|key| !wanted.contains_key(*key));
    foreign.map(|key| (key.clone(), None)).collect()
}

fn merge() -> PatchParams {
    PatchParams {
        field_manager: Some(OPERATOR.to_owned()),
        ..PatchParams::default()
    }
}

/// Whether an answer says to come again.
fn is_busy(status: &Status) -> bool {
    (status.code == 429 || status.code >= 500) && !is_misfit(status)
}

/// Whether a slice was refused since there is one although [`NOT_THERE`].
fn is_there(status: &Status) -> bool {
    status.is_invalid() && status.message.contains("resourceVersion")
}
