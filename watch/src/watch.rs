//! One watch.

use std::fmt;
use std::fmt::Debug;
use std::time::Duration;

use futures::future::BoxFuture;
use futures::stream::{BoxStream, StreamExt as _};
use kube::api::ListParams;
use kube::runtime::{WatchStreamExt as _, watcher};
use kube::{Api, Resource};
use serde::de::DeserializeOwned;
use tokio::time::{Instant, sleep_until, timeout};

use crate::asking::Asking;
use crate::known::Known;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a watch tells.
#[derive(Debug)]
pub enum Told<K> {
    /// What the API server told.
    Event(watcher::Event<K>),
    /// The cluster is at a version from before what was told: it was restored. A
    /// full list follows.
    Restored,
}

/// Objects of one kind as they come, change and go; never ends.
pub struct Watch<K> {
    api: Api<K>,
    config: watcher::Config,
    events: BoxStream<'static, watcher::Result<watcher::Event<K>>>,
    known: Known,
    asking: Asking,
    /// A question for the cluster's version, and what was known when it was asked.
    question: Option<(BoxFuture<'static, Option<u64>>, Known)>,
}

impl<K> Debug for Watch<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut watch = f.debug_struct("Watch");
        watch.field("known", &self.known).finish_non_exhaustive()
    }
}

impl<K> Watch<K>
where
    K: Resource + Clone + Debug + DeserializeOwned + Send + 'static,
{
    /// Starts to watch; lists first.
    #[must_use]
    pub fn new(api: Api<K>, config: watcher::Config) -> Self {
        Self {
            events: follow(&api, &config),
            api,
            config,
            known: Known::default(),
            asking: Asking::new(Instant::now()),
            question: None,
        }
    }

    /// Waits for what comes next. Losing the future loses nothing.
    ///
    /// # Errors
    ///
    /// The watch broke, and is taken up again by the next call.
    pub async fn next(&mut self) -> watcher::Result<Told<K>> {
        loop {
            let at = self.asking.at();
            tokio::select! {
                Some(event) = self.events.next() => match event {
                    Ok(event) => {
                        self.note(&event);
                        return Ok(Told::Event(event));
                    }
                    Err(error) => {
                        self.asking.broke(Instant::now());
                        return Err(error);
                    }
                },
                answer = answer(&mut self.question), if self.question.is_some() => {
                    if self.is_restored(answer) {
                        self.events = follow(&self.api, &self.config);
                        return Ok(Told::Restored);
                    }
                }
                () = sleep_until(at), if self.question.is_none() => self.ask(),
            }
        }
    }

    fn note(&mut self, event: &watcher::Event<K>) {
        match event {
            watcher::Event::Apply(object)
            | watcher::Event::Delete(object)
            | watcher::Event::InitApply(object) => {
                let version = object.meta().resource_version.as_deref();
                let version = version.and_then(|text| text.parse().ok());
                self.known.saw(version.unwrap_or(0));
            }
            watcher::Event::Init | watcher::Event::InitDone => {}
        }
    }

    /// Asks for the version that the cluster is at now, which a list without a
    /// version is of.
    fn ask(&mut self) {
        let api = self.api.clone();
        let params = ListParams {
            label_selector: self.config.label_selector.clone(),
            field_selector: self.config.field_selector.clone(),
            ..ListParams::default().limit(1)
        };
        let request = async move {
            let list = timeout(PATIENCE, api.list_metadata(&params)).await;
            let version = list.ok()?.ok()?.metadata.resource_version?;
            version.parse().ok()
        };
        self.question = Some((Box::pin(request), self.known));
    }

    fn is_restored(&mut self, (answer, known): (Option<u64>, Known)) -> bool {
        let now = Instant::now();
        match answer {
            Some(version) => {
                self.asking.answered(now);
                self.known.is_restored(version, known)
            }
            None => {
                self.asking.failed(now);
                false
            }
        }
    }
}

/// What a question came to, and what was known when it was asked.
async fn answer(
    question: &mut Option<(BoxFuture<'static, Option<u64>>, Known)>,
) -> (Option<u64>, Known) {
    let Some((request, known)) = question else {
        return std::future::pending().await;
    };
    let answer = (request.await, *known);
    *question = None;
    answer
}

fn follow<K>(
    api: &Api<K>,
    config: &watcher::Config,
) -> BoxStream<'static, watcher::Result<watcher::Event<K>>>
where
    K: Resource + Clone + Debug + DeserializeOwned + Send + 'static,
{
    let events = watcher(api.clone(), config.clone());
    events.default_backoff().boxed()
}
