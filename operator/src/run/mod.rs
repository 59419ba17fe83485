//! The operator's loop: from news to writes and back.

mod pace;
mod queue;
mod session;

use std::time::Duration;

use isthmus_compiler::slices::SliceLimits;
use kube::Client;
use tokio::sync::watch;

use crate::cluster::announce;
use crate::cluster::lease::{Elector, LeaseOptions, Tenure};
use crate::cluster::write::Writer;
use crate::http::Telling;
use session::{End, Session};

/// How an operator runs.
#[derive(Clone, Debug)]
pub struct Options {
    /// The Lease that it has to hold to write.
    pub lease: LeaseOptions,
    /// What slices are filled to.
    pub limits: SliceLimits,
}

/// Runs until told to stop. One that loses the lease begins anew as a standby,
/// with nothing that it knew: what it believed to be its own work may be
/// another's by then. So does one whose cluster was restored from a backup, which
/// knows of none of it; it keeps the lease.
pub async fn run(client: Client, options: Options, telling: Telling, stop: watch::Receiver<bool>) {
    let tenure = Tenure::default();
    let announcer = announce::start(client.clone(), &options.lease.identity, tenure.clone());
    let writer = Writer::new(client.clone(), tenure.clone());
    let (elector, leading) = Elector::new(client.clone(), options.lease, tenure);
    let elector = tokio::spawn(elector.run(stop.clone()));
    loop {
        let session = Session::new(
            options.limits,
            writer.clone(),
            announcer.clone(),
            telling.clone(),
        );
        match session.run(&client, leading.clone(), stop.clone()).await {
            End::Stopped => break,
            end @ (End::Deposed | End::Restored) => {
                let why = match end {
                    End::Restored => "the cluster was restored; listing anew",
                    End::Stopped | End::Deposed => "the lease was lost; listing anew",
                };
                telling.set_unready(Some(why.to_owned()));
                // One that is paused again and again must not list in a circle.
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
    telling.metrics.lead(false);
    if let Err(error) = elector.await {
        tracing::error!("the elector ended: {error}");
    }
}
