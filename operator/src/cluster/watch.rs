//! Watches of all kinds.

use isthmus_compiler::Kind;
use isthmus_compiler::slices::SliceKind;
use isthmus_crds::{ForwardingSlice, PeeringSlice, TransitGateway, Vpc, VpcMember, VpcPeering};
use isthmus_watch::{Told, Watch};
use kube::api::{ApiResource, DynamicObject};
use kube::runtime::watcher;
use kube::{Api, Client};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::intake::{News, Source, read};

/// News that may wait for the operator's loop: a full list comes as fast as it
/// is worked off.
const WAITING: usize = 4_096;

/// Watches that go on until they are dropped, over whatever the API server does.
#[derive(Debug)]
pub struct Watches {
    /// What they tell.
    pub news: mpsc::Receiver<News>,
    /// One ends where the cluster was restored from a backup: what was told before
    /// is of no time that the cluster knows.
    pub tasks: JoinSet<()>,
}

/// Starts a watch of each kind. Objects are read one at a time, so that one that
/// cannot be read stops no other.
#[must_use]
pub fn start(client: &Client) -> Watches {
    let (sender, news) = mpsc::channel(WAITING);
    let mut tasks = JoinSet::new();
    for source in Source::ALL {
        tasks.spawn(follow(client.clone(), source, sender.clone()));
    }
    Watches { news, tasks }
}

async fn follow(client: Client, source: Source, sender: mpsc::Sender<News>) {
    let api: Api<DynamicObject> = Api::all_with(client, &resource(source));
    let config = watcher::Config::default().any_semantic().streaming_lists();
    let mut watch = Watch::new(api, config);
    let mut is_failing = false;
    loop {
        let told = match watch.next().await {
            Ok(told) => told,
            Err(error) => {
                if !std::mem::replace(&mut is_failing, true) {
                    tracing::warn!(
                        kind = source.as_str(),
                        "cannot watch ({error}); what is known stays, and it is tried again"
                    );
                }
                continue;
            }
        };
        if std::mem::take(&mut is_failing) {
            tracing::info!(kind = source.as_str(), "the watch goes on");
        }
        let Told::Event(event) = told else {
            tracing::warn!(
                kind = source.as_str(),
                "the cluster was restored from a backup"
            );
            return;
        };
        if sender.send(tell(source, event)).await.is_err() {
            return;
        }
    }
}

fn tell(source: Source, event: watcher::Event<DynamicObject>) -> News {
    match event {
        watcher::Event::Init => News::ListBegins(source),
        watcher::Event::InitDone => News::ListEnds(source),
        watcher::Event::InitApply(object) | watcher::Event::Apply(object) => {
            // What is being deleted has ended, whatever holds it back.
            if object.metadata.deletion_timestamp.is_some() {
                News::Gone(read(source, object))
            } else {
                News::Applied(read(source, object))
            }
        }
        watcher::Event::Delete(object) => News::Gone(read(source, object)),
    }
}

/// The API resource of a kind.
#[must_use]
pub fn resource(source: Source) -> ApiResource {
    match source {
        Source::Objects(Kind::Vpc) => ApiResource::erase::<Vpc>(&()),
        Source::Objects(Kind::VpcMember) => ApiResource::erase::<VpcMember>(&()),
        Source::Objects(Kind::VpcPeering) => ApiResource::erase::<VpcPeering>(&()),
        Source::Objects(Kind::TransitGateway) => ApiResource::erase::<TransitGateway>(&()),
        Source::Slices(SliceKind::Peering) => ApiResource::erase::<PeeringSlice>(&()),
        Source::Slices(SliceKind::Forwarding) => ApiResource::erase::<ForwardingSlice>(&()),
    }
}
