//! Watches the slices of the gateway's pools.

use std::fmt::Debug;
use std::sync::Arc;

use isthmus_compiler::slices::{SliceKey, SliceKind};
use isthmus_crds::labels::pool_label;
use isthmus_crds::{ForwardingSlice, PeeringSlice};
use isthmus_watch::{Told, Watch};
use kube::runtime::watcher;
use kube::{Api, Client, Resource};
use serde::de::DeserializeOwned;
use tokio::sync::mpsc;

/// Events that may wait for the agent's loop: a full list comes as fast as it
/// is worked off.
const WAITING: usize = 1_024;

/// What one watch tells.
#[derive(Debug)]
pub struct SliceEvent {
    /// Position of the pool that is watched.
    pub pool: usize,
    /// Kind of the slices that are watched.
    pub kind: SliceKind,
    /// What happened.
    pub news: SliceNews,
}

/// What happened to the slices that a watch sees.
#[derive(Debug)]
pub enum SliceNews {
    /// The cluster was restored from a backup: versions count from before those
    /// that were told. A full list follows.
    Restored,
    /// A full list begins.
    ListBegins,
    /// Of a full list.
    Listed(Slice),
    /// The list is complete: what it did not have is gone.
    ListEnds,
    /// A slice is new or changed.
    Applied(Slice),
    /// A slice is gone, or of this pool no longer.
    Gone(Slice),
}

/// A slice of either kind.
#[derive(Debug)]
pub enum Slice {
    /// Members.
    Forwarding(Box<ForwardingSlice>),
    /// Routes.
    Peering(Box<PeeringSlice>),
}

impl Slice {
    /// Its name.
    #[must_use]
    pub fn key(&self) -> SliceKey {
        match self {
            Self::Forwarding(slice) => {
                SliceKey::forwarding(slice.metadata.name.as_deref().unwrap_or_default())
            }
            Self::Peering(slice) => {
                SliceKey::peering(slice.metadata.name.as_deref().unwrap_or_default())
            }
        }
    }

    /// Its resourceVersion; 0 of what is no number.
    #[must_use]
    pub fn version(&self) -> u64 {
        let meta = match self {
            Self::Forwarding(slice) => &slice.metadata,
            Self::Peering(slice) => &slice.metadata,
        };
        let version = meta.resource_version.as_deref();
        version.and_then(|text| text.parse().ok()).unwrap_or(0)
    }
}

impl From<ForwardingSlice> for Slice {
    fn from(slice: ForwardingSlice) -> Self {
        Self::Forwarding(Box::new(slice))
    }
}

impl From<PeeringSlice> for Slice {
    fn from(slice: PeeringSlice) -> Self {
        Self::Peering(Box::new(slice))
    }
}

/// Starts a watch for each pool and kind, which go on until the receiver is
/// dropped, over whatever the API server does.
#[must_use]
pub fn start(client: &Client, pools: &[String]) -> mpsc::Receiver<SliceEvent> {
    let (events, receiver) = mpsc::channel(WAITING);
    for (number, pool) in pools.iter().enumerate() {
        let pool: Arc<str> = pool.as_str().into();
        tokio::spawn(follow::<ForwardingSlice>(
            client.clone(),
            (number, Arc::clone(&pool)),
            SliceKind::Forwarding,
            events.clone(),
        ));
        tokio::spawn(follow::<PeeringSlice>(
            client.clone(),
            (number, pool),
            SliceKind::Peering,
            events.clone(),
        ));
    }
    receiver
}

async fn follow<K>(
    client: Client,
    (number, pool): (usize, Arc<str>),
    kind: SliceKind,
    events: mpsc::Sender<SliceEvent>,
) where
    K: Resource<DynamicType = ()> + Into<Slice> + Clone + Debug + DeserializeOwned + Send + 'static,
{
    let config = watcher::Config::default()
        .labels(&pool_label(&pool))
        .any_semantic()
        .streaming_lists();
    let mut watch = Watch::new(Api::<K>::all(client), config);
    let mut is_failing = false;
    loop {
        let news = match watch.next().await {
            Ok(told) => {
                if std::mem::take(&mut is_failing) {
                    tracing::info!(%pool, ?kind, "the API server answers again");
                }
                if matches!(told, Told::Restored) {
                    tracing::warn!(%pool, ?kind, "the cluster was restored; slices are listed anew");
                }
                news(told)
            }
            Err(error) => {
                if !std::mem::replace(&mut is_failing, true) {
                    tracing::warn!(
                        %pool, ?kind,
                        "cannot watch slices ({error}); what is in force stays, and it is tried again"
                    );
                }
                continue;
            }
        };
        let event = SliceEvent {
            pool: number,
            kind,
            news,
        };
        if events.send(event).await.is_err() {
            return;
        }
    }
}

fn news<K: Into<Slice>>(told: Told<K>) -> SliceNews {
    match told {
        Told::Restored => SliceNews::Restored,
        Told::Event(watcher::Event::Init) => SliceNews::ListBegins,
        Told::Event(watcher::Event::InitApply(slice)) => SliceNews::Listed(slice.into()),
        Told::Event(watcher::Event::InitDone) => SliceNews::ListEnds,
        Told::Event(watcher::Event::Apply(slice)) => SliceNews::Applied(slice.into()),
        Told::Event(watcher::Event::Delete(slice)) => SliceNews::Gone(slice.into()),
    }
}
