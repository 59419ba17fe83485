//! Where desired state comes from: a folder of manifests, or a cluster's slices.

use std::io;
use std::time::Instant;

use tokio::sync::mpsc;

use super::Agent;
use crate::cluster::received::Received;
use crate::cluster::watch::SliceEvent;
use crate::manifests::activity::Hint;
use crate::manifests::feed::{Feed, everything};
use crate::manifests::watch::Watcher;
use crate::shared::SlicesReport;

/// Events that are taken in at one time at the most: what else is to be done is
/// not held up by a long list.
const BATCH: usize = 32;

/// What was received so far.
pub(super) enum Input {
    /// Manifests, and the compiler that they go through.
    Folder(Box<Feed>),
    /// Slices.
    Slices(Box<Received>),
}

/// Where news comes from.
pub(super) enum Source {
    /// The folder.
    Folder(Watcher),
    /// The cluster.
    Slices(mpsc::Receiver<SliceEvent>),
}

/// What came.
pub(super) enum News {
    /// Something happened in the folder.
    Folder(Hint),
    /// Slices, in the order in which they came, and when the first did.
    Slices(Vec<SliceEvent>, Instant),
}

impl Source {
    /// Waits for news. Losing the future loses nothing.
    ///
    /// # Errors
    ///
    /// The folder cannot be followed any more.
    pub(super) async fn next(&mut self) -> io::Result<News> {
        match self {
            Self::Folder(watcher) => Ok(News::Folder(watcher.next().await?)),
            Self::Slices(events) => {
                let Some(first) = events.recv().await else {
                    // The watches go on for as long as somebody listens.
                    return std::future::pending().await;
                };
                let since = Instant::now();
                let mut batch = vec![first];
                while batch.len() < BATCH {
                    let Ok(event) = events.try_recv() else { break };
                    batch.push(event);
                }
                Ok(News::Slices(batch, since))
            }
        }
    }
}

impl Agent {
    /// Takes in what there is at the start.
    pub(super) fn take_first(&mut self) {
        match &self.input {
            Input::Folder(_) => self.look(&everything()),
            Input::Slices(_) => {
                self.shared.lock().slices = Some(SlicesReport::default());
                let tables = self.dataplane.writer().tables();
                let (members, vpcs) = (tables.members().count(), tables.routes().count());
                tracing::info!(
                    members,
                    vpcs,
                    "until every slice is listed, what the tables hold from before is forwarded"
                );
            }
        }
    }

    /// Takes in what came.
    pub(super) fn take(&mut self, news: News) {
        match news {
            News::Folder(hint) => self.look(&hint),
            News::Slices(events, since) => self.take_slices(events, since),
        }
    }

    /// Looks at the folder and brings what changed into the tables.
    fn look(&mut self, hint: &Hint) {
        let Input::Folder(feed) = &mut self.input else {
            return;
        };
        let before = feed.errors();
        let changes = match feed.look(hint) {
            Ok(changes) => changes,
            Err(error) => {
                let mut report = self.shared.lock();
                if report.manifest_errors == 0 {
                    tracing::error!("{error}; what was in force stays");
                }
                report.manifest_errors = report.manifest_errors.max(1);
                return;
            }
        };
        let errors = feed.errors();
        for error in errors.iter().filter(|error| !before.contains(error)) {
            tracing::warn!("{error}");
        }
        let counts = feed.compiler().counts().iter();
        let mut report = self.shared.lock();
        report.manifest_errors = errors.len() as u64;
        report.objects = counts
            .map(|((kind, state), count)| ((kind.as_str(), *state), *count))
            .collect();
        drop(report);
        for change in &changes {
            for (object, verdict) in &change.verdicts {
                match verdict {
                    Some(verdict) => match verdict.explanation() {
                        Some(why) => tracing::info!(
                            %object, verdict = verdict.state(), reason = %why.reason, "{}", why.message
                        ),
                        None => tracing::debug!(%object, verdict = verdict.state()),
                    },
                    None => tracing::debug!(%object, "gone"),
                }
            }
            self.take_changes(&change.entries);
        }
        self.complete();
        if let Some(since) = hint.since.filter(|_| !changes.is_empty()) {
            self.shared.lock().lag = since.elapsed();
        }
    }

    /// Brings slices into the tables; those of a list that is not complete only
    /// add to them.
    fn take_slices(&mut self, events: Vec<SliceEvent>, since: Instant) {
        let Input::Slices(received) = &mut self.input else {
            return;
        };
        let changes: Vec<_> = events
            .into_iter()
            .map(|event| received.take(event))
            .collect();
        let report = received.report();
        for change in changes.iter().filter(|changes| !changes.is_empty()) {
            self.take_changes(change);
        }
        if report.is_complete {
            self.complete();
        }
        let mut shared = self.shared.lock();
        shared.slices = Some(report);
        shared.lag = since.elapsed();
    }
}
