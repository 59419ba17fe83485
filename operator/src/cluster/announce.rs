//! Kubernetes Events on peerings.

use std::time::Duration;

use isthmus_crds::{API_VERSION, labels::OPERATOR};
use k8s_openapi::api::core::v1::ObjectReference;
use kube::Client;
use kube::runtime::events::{Event, EventType, Recorder, Reporter};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::lease::Tenure;
use crate::world::StatusWrite;

/// Statuses whose Events may wait; more are not told.
const WAITING: usize = 1_024;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where to hand in statuses that were written.
#[derive(Clone, Debug)]
pub struct Announcer(mpsc::Sender<StatusWrite>);

/// Starts a task that publishes Events, one after the other and without trying
/// twice: what they say is in the statuses.
#[must_use]
pub fn start(client: Client, identity: &str, tenure: Tenure) -> Announcer {
    let (sender, mut receiver) = mpsc::channel::<StatusWrite>(WAITING);
    let reporter = Reporter {
        controller: format!("isthmus.dev/{OPERATOR}"),
        instance: Some(identity.to_owned()),
    };
    let recorder = Recorder::new(client, reporter);
    tokio::spawn(async move {
        while let Some(write) = receiver.recv().await {
            let regarding = reference(&write);
            for event in events(&write) {
                if !tenure.holds() {
                    continue;
                }
                let published = recorder.publish(&event, &regarding);
                match timeout(PATIENCE, published).await {
                    Ok(Ok(())) => {}
                    Ok(Err(error)) => {
                        tracing::debug!(object = %write.object, "cannot publish an Event: {error}");
                    }
                    Err(_) => {
                        tracing::debug!(object = %write.object, "cannot publish an Event: no answer");
                    }
                }
            }
        }
    });
    Announcer(sender)
}

impl Announcer {
    /// Has a status's announcements published, where there is room.
    pub fn announce(&self, write: StatusWrite) {
        if !write.announcements.is_empty() && self.0.try_send(write).is_err() {
            tracing::debug!("too many Events wait; one is not told");
        }
    }
}

fn events(write: &StatusWrite) -> Vec<Event> {
    let announcements = write.announcements.iter();
    announcements
        .map(|announcement| Event {
            type_: if announcement.is_good {
                EventType::Normal
            } else {
                EventType::Warning
            },
            reason: announcement.reason.to_owned(),
            // The API allows 1,024 bytes.
            note: Some(announcement.message.chars().take(250).collect()),
            action: announcement.kind.as_str().to_owned(),
            secondary: None,
        })
        .collect()
}

fn reference(write: &StatusWrite) -> ObjectReference {
    ObjectReference {
        api_version: Some(API_VERSION.to_owned()),
        kind: Some(write.object.kind.as_str().to_owned()),
        namespace: Some(write.object.name.namespace.clone()),
        name: Some(write.object.name.name.clone()),
        uid: Some(write.uid.clone()),
        ..ObjectReference::default()
    }
}
