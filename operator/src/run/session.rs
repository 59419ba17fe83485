//! One term as standby and, it may be, as leader.

use std::time::Instant;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use futures::stream::{FuturesUnordered, StreamExt as _};
use isthmus_compiler::slices::{SliceKey, SliceLimits};
use k8s_openapi::jiff::Timestamp;
use kube::Client;
use tokio::sync::watch;
use tokio::time::sleep_until;

use super::pace::Pace;
use super::queue::{Failed, Queue, Queued, Rests};
use crate::cluster::announce::Announcer;
use crate::cluster::watch as watches;
use crate::cluster::write::{SliceAnswer, StatusAnswer, WriteError, Writer};
use crate::http::Telling;
use crate::intake::{News, Slice, Source};
use crate::metrics::Outcome;
use crate::status::Moment;
use crate::world::{StatusWrite, World};

/// Requests on their way at once.
const REQUESTS: usize = 16;

/// Of these, for statuses: slices never wait for them.
const STATUS_REQUESTS: usize = 12;

/// Slices of one plan: what is rendered and waits to go out.
const PLANNED: usize = 64;

/// News that are taken in at once.
const BATCH: usize = 4_096;

/// How a session ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The operator is to stop.
    Stopped,
    /// It led, and does no more.
    Deposed,
    /// The cluster was restored from a backup.
    Restored,
}

/// What a request came to.
#[derive(Debug)]
enum Answer {
    Slice(SliceKey, Option<Instant>, SliceAnswer),
    Status(Box<StatusWrite>, StatusAnswer),
    Read(SliceKey, Result<Option<Slice>, WriteError>),
}

pub(super) struct Session {
    world: World,
    writer: Writer,
    announcer: Announcer,
    telling: Telling,
    pace: Pace,
    queue: Queue,
    rests: Rests,
    requests: FuturesUnordered<BoxFuture<'static, Answer>>,
    statuses_on_their_way: usize,
    leads: bool,
    is_deposed: bool,
    is_ready: bool,
}

impl Session {
    pub(super) fn new(
        limits: SliceLimits,
        writer: Writer,
        announcer: Announcer,
        telling: Telling,
    ) -> Self {
        Self {
            world: World::new(limits),
            writer,
            announcer,
            telling,
            pace: Pace::new(),
            queue: Queue::default(),
            rests: Rests::default(),
            requests: FuturesUnordered::new(),
            statuses_on_their_way: 0,
            leads: false,
            is_deposed: false,
            is_ready: false,
        }
    }

    pub(super) async fn run(
        mut self,
        client: &Client,
        mut leading: watch::Receiver<bool>,
        mut stop: watch::Receiver<bool>,
    ) -> End {
        let mut watches = watches::start(client);
        let mut news = Vec::new();
        loop {
            let leads = *leading.borrow_and_update();
            if self.is_deposed || (self.leads && !leads) {
                self.telling.metrics.lead(false);
                return End::Deposed;
            }
            if leads && !self.leads {
                self.leads = true;
                self.telling.metrics.lead(true);
                self.pace.change(Instant::now());
            }
            if self.leads {
                self.pump();
            }
            let wake = self.wake();
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return End::Stopped,
                changed = leading.changed() => {
                    if changed.is_err() {
                        return End::Stopped;
                    }
                }
                count = watches.news.recv_many(&mut news, BATCH) => {
                    if count == 0 {
                        return End::Stopped;
                    }
                    self.take(&mut news);
                }
                _ = watches.tasks.join_next() => return End::Restored,
                Some(answer) = self.requests.next() => self.answered(answer),
                () = sleep_until(wake.unwrap_or_else(Instant::now).into()), if wake.is_some() => {}
            }
        }
    }

    fn take(&mut self, news: &mut Vec<News>) {
        let begin = Instant::now();
        self.world.take(news.drain(..));
        self.telling.metrics.reconciled(begin.elapsed());
        self.telling.metrics.observe(&self.world, self.queued());
        self.pace.change(begin);
        if !self.is_ready {
            let missing: Vec<_> = self.world.missing_lists().map(Source::as_str).collect();
            self.is_ready = missing.is_empty();
            let why = format!("not listed yet: {}", missing.join(", "));
            self.telling.set_unready((!self.is_ready).then_some(why));
            if self.is_ready {
                tracing::info!("everything was listed");
            }
        }
    }

    fn queued(&self) -> usize {
        self.queue.len() + self.rests.len()
    }

    /// Starts what is due, slices before statuses.
    fn pump(&mut self) {
        let now = Instant::now();
        self.end_rests(now);
        if self.pace.rests(now) || !self.world.is_complete() {
            return;
        }
        self.read_missing();
        loop {
            while self.requests.len() < REQUESTS
                && let Some(queued) = self.queue.next()
            {
                self.send(queued);
            }
            if !self.queue.is_empty() || !self.pace.is_plan_due(now) {
                break;
            }
            let begin = Instant::now();
            let writes = self.world.plan_slices(PLANNED);
            self.telling.metrics.reconciled(begin.elapsed());
            let since = self.pace.since();
            if writes.len() < PLANNED {
                self.pace.planned();
            }
            for planned in writes {
                self.queue.push(planned, since);
            }
        }
        if self.queue.is_empty() {
            self.send_statuses(now);
        }
        self.telling.metrics.observe(&self.world, self.queued());
    }

    fn send(&mut self, queued: Queued) {
        let Queued { planned, since } = queued;
        let writer = self.writer.clone();
        let key = planned.write.key();
        tracing::debug!(slice = %key, phase = ?planned.phase, "writes");
        let request = async move {
            let answer = writer.slice(&planned.write).await;
            Answer::Slice(key, since, answer)
        };
        self.requests.push(request.boxed());
    }

    fn send_statuses(&mut self, now: Instant) {
        let soon = self.pace.is_round_due(self.world.has_statuses_soon(), now);
        let room = REQUESTS
            .saturating_sub(self.requests.len())
            .min(STATUS_REQUESTS.saturating_sub(self.statuses_on_their_way));
        let moment = Moment::from(Timestamp::now());
        for write in self.world.plan_statuses(room, soon, moment) {
            let writer = self.writer.clone();
            self.statuses_on_their_way += 1;
            let request = async move {
                let answer = writer.status(&write).await;
                Answer::Status(Box::new(write), answer)
            };
            self.requests.push(request.boxed());
        }
    }

    /// Reads slices that a list did not have. Of those that a write is on its way
    /// for the answer tells.
    fn read_missing(&mut self) {
        for key in self.world.take_missing_slices() {
            if self.queue.has(&key) || self.rests.has(&key) {
                continue;
            }
            let writer = self.writer.clone();
            let request = async move {
                let found = writer.read_slice(&key).await;
                Answer::Read(key, found)
            };
            self.requests.push(request.boxed());
        }
    }

    fn answered(&mut self, answer: Answer) {
        let now = Instant::now();
        match answer {
            Answer::Slice(key, since, answer) => self.slice_answered(&key, since, answer, now),
            Answer::Status(write, answer) => self.status_answered(*write, answer, now),
            Answer::Read(key, Ok(found)) => {
                // A write that went out since says more.
                if !self.queue.has(&key) && !self.rests.has(&key) {
                    self.world.slice_read(&key, found.as_ref());
                    self.pace.look_again(now);
                }
            }
            Answer::Read(key, Err(error)) => {
                self.note(&error, now);
                self.world.slice_is_missing(key);
                self.pace.look_again(now);
            }
        }
    }

    fn slice_answered(
        &mut self,
        key: &SliceKey,
        since: Option<Instant>,
        answer: SliceAnswer,
        now: Instant,
    ) {
        self.queue.answered(key);
        self.pace.look_again(now);
        let outcome = match answer {
            SliceAnswer::Written { version, uid } => {
                self.world.slice_written(key, &version, &uid);
                Outcome::Written
            }
            SliceAnswer::Deleted => {
                self.world.slice_deleted(key);
                Outcome::Written
            }
            SliceAnswer::Conflict(found) => {
                tracing::info!(slice = %key, "somebody else wrote it; it is looked at again");
                self.world.slice_read(key, found.as_ref());
                self.rests.slice(key.clone(), now);
                Outcome::Conflict
            }
            SliceAnswer::Failed(error) => {
                let rest = self.rests.slice(key.clone(), now);
                if self.note(&error, now) {
                    tracing::warn!(slice = %key, "not written ({error}); again in {rest:?}");
                }
                Outcome::Failed
            }
        };
        if outcome == Outcome::Written {
            self.pace.answered();
            self.rests.slice_worked(key);
            if let Some(since) = since {
                self.telling.metrics.lagged(now.duration_since(since));
            }
        }
        self.telling.metrics.slice_write(key.kind, outcome);
    }

    fn status_answered(&mut self, write: StatusWrite, answer: StatusAnswer, now: Instant) {
        self.statuses_on_their_way -= 1;
        let outcome = match answer {
            StatusAnswer::Written(version) => {
                self.world.status_written(&write, version);
                self.pace.answered();
                self.rests.status_worked(&write);
                self.announcer.announce(write);
                Outcome::Written
            }
            StatusAnswer::Gone => {
                self.world.status_refused(&write);
                self.rests.status_worked(&write);
                Outcome::Conflict
            }
            StatusAnswer::Failed(error) => {
                let object = write.object.clone();
                let rest = self.rests.status(write, now);
                if self.note(&error, now) {
                    tracing::warn!(%object, "status not written ({error}); again in {rest:?}");
                }
                Outcome::Failed
            }
        };
        self.telling.metrics.status_write(outcome);
    }

    /// Notes what an error says of the API server and the lease; whether it is
    /// about the object.
    fn note(&mut self, error: &WriteError, now: Instant) -> bool {
        match error {
            WriteError::Refused(_) => return true,
            WriteError::Unavailable(error) => {
                tracing::debug!("no answer: {error}");
                self.pace.failed(now);
            }
            WriteError::TimedOut => self.pace.failed(now),
            WriteError::NotLeading => {
                tracing::warn!("the lease ran out before it was renewed; nothing is written");
                self.is_deposed = true;
            }
        }
        false
    }

    fn end_rests(&mut self, now: Instant) {
        while let Some(failed) = self.rests.next(now) {
            match failed {
                Failed::Slice(key) => self.world.slice_failed(&key),
                Failed::Status(write) => self.world.status_failed(&write),
            }
            self.pace.look_again(now);
        }
    }

    /// When there is something to do without news or answers.
    fn wake(&self) -> Option<Instant> {
        if !self.leads || !self.world.is_complete() {
            return None;
        }
        let pace = match self.pace.rest_end(Instant::now()) {
            Some(rest) => Some(rest),
            // What waits in the queue waits for answers.
            None if !self.queue.is_empty() || self.requests.len() >= REQUESTS => None,
            None => {
                let has_room = self.statuses_on_their_way < STATUS_REQUESTS;
                self.pace.wake(has_room && self.world.has_statuses())
            }
        };
        [pace, self.rests.wake()].into_iter().flatten().min()
    }
}
