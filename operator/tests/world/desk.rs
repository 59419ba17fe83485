//! A world and its errands to the API server.

use std::collections::VecDeque;

use isthmus_compiler::slices::{PlannedWrite, SliceLimits, SliceWrite};
use isthmus_operator::intake::{Slice, Source};
use isthmus_operator::status::Moment;
use isthmus_operator::world::{StatusWrite, World};
use k8s_openapi::jiff::Timestamp;

use crate::api::Api;

/// Four members and three routes a slice.
const LIMITS: SliceLimits = SliceLimits {
    members: 4,
    routes: 3,
};

pub(crate) struct Desk {
    pub(crate) world: World,
    pub(crate) api: Api,
    slices: Vec<PlannedWrite>,
    statuses: Vec<StatusWrite>,
    /// Writes that were carried out, and whose answer is still to come.
    answers: Vec<Answer>,
    clock: i64,
}

enum Answer {
    Slice(PlannedWrite, Option<(String, String)>),
    Conflict(PlannedWrite),
    Status(StatusWrite, Option<u64>),
}

impl Desk {
    pub(crate) fn new() -> Self {
        Self::over(Api::default())
    }

    /// Another operator begins with what there is.
    pub(crate) fn over(mut api: Api) -> Self {
        for source in Source::ALL {
            api.relist(source);
        }
        Self {
            world: World::new(LIMITS),
            api,
            slices: Vec::new(),
            statuses: Vec::new(),
            answers: Vec::new(),
            clock: 0,
        }
    }

    pub(crate) fn now(&self) -> Moment {
        Timestamp::from_second(self.clock).expect("a time").into()
    }

    /// The watch of a kind tells at most so much.
    pub(crate) fn deliver(&mut self, source: Source, count: usize) {
        let feed = self.api.feeds.entry(source).or_default();
        let news: Vec<_> = feed.drain(..count.min(feed.len())).collect();
        self.world.take(news);
        for key in self.world.take_missing_slices() {
            let is_busy = self.slices.iter().any(|planned| planned.write.key() == key)
                || self.answers.iter().any(|answer| match answer {
                    Answer::Slice(planned, _) | Answer::Conflict(planned) => {
                        planned.write.key() == key
                    }
                    Answer::Status(..) => false,
                });
            if !is_busy {
                self.world.slice_read(&key, self.api.slices.get(&key));
            }
        }
    }

    pub(crate) fn plan(&mut self, max: usize, soon: bool) {
        self.clock += 1;
        self.slices.extend(self.world.plan_slices(max));
        let now = self.now();
        self.statuses
            .extend(self.world.plan_statuses(max, soon, now));
    }

    /// The API server carries a write out.
    pub(crate) fn perform(&mut self, choice: usize) {
        let count = self.slices.len() + self.statuses.len();
        if count == 0 {
            return;
        }
        let choice = choice % count;
        if choice < self.slices.len() {
            let planned = self.slices.swap_remove(choice);
            let answer = match self.api.write(&planned.write) {
                Ok(version) => {
                    let slice = self.api.slices.get(&planned.write.key());
                    let uid = slice.and_then(Slice::uid).unwrap_or_default().to_owned();
                    Answer::Slice(planned, version.map(|version| (version, uid)))
                }
                Err(_) => Answer::Conflict(planned),
            };
            self.answers.push(answer);
        } else {
            let write = self.statuses.swap_remove(choice - self.slices.len());
            let version = self.api.write_status(&write);
            self.answers.push(Answer::Status(write, version));
        }
    }

    /// A request never arrives.
    pub(crate) fn refuse(&mut self, choice: usize) {
        if !self.slices.is_empty() {
            let planned = self.slices.swap_remove(choice % self.slices.len());
            self.world.slice_failed(&planned.write.key());
        } else if !self.statuses.is_empty() {
            let write = self.statuses.swap_remove(choice % self.statuses.len());
            self.world.status_failed(&write);
        }
    }

    /// An answer arrives, or is lost.
    pub(crate) fn answer(&mut self, choice: usize, is_lost: bool) {
        if self.answers.is_empty() {
            return;
        }
        let answer = self.answers.swap_remove(choice % self.answers.len());
        match answer {
            Answer::Slice(planned, _) if is_lost => {
                self.world.slice_failed(&planned.write.key());
            }
            Answer::Status(write, _) if is_lost => self.world.status_failed(&write),
            Answer::Slice(planned, version) => {
                let key = planned.write.key();
                match (planned.write, version) {
                    (SliceWrite::Delete { .. }, _) => self.world.slice_deleted(&key),
                    (_, Some((version, uid))) => self.world.slice_written(&key, &version, &uid),
                    (_, None) => panic!("{key} has no version"),
                }
            }
            Answer::Conflict(planned) => {
                let key = planned.write.key();
                self.world.slice_read(&key, self.api.slices.get(&key));
                self.world.slice_failed(&key);
            }
            Answer::Status(write, Some(version)) => self.world.status_written(&write, version),
            Answer::Status(write, None) => self.world.status_refused(&write),
        }
    }

    /// Everything is told, carried out and answered until nothing is left to do;
    /// gives how many writes that took.
    pub(crate) fn settle(&mut self) -> u64 {
        let before = self.api.writes;
        for _ in 0..200 {
            for source in Source::ALL {
                self.deliver(source, usize::MAX);
            }
            self.plan(1_000, true);
            let is_done = self.slices.is_empty()
                && self.statuses.is_empty()
                && self.answers.is_empty()
                && !self.world.has_statuses()
                && self.api.feeds.values().all(VecDeque::is_empty);
            if is_done {
                return self.api.writes - before;
            }
            while !self.slices.is_empty() || !self.statuses.is_empty() {
                self.perform(0);
            }
            while !self.answers.is_empty() {
                self.answer(0, false);
            }
        }
        panic!("never settles");
    }

    /// As [`Self::settle`], and the gateways follow.
    pub(crate) fn settle_gateways(&mut self) {
        self.settle();
        self.api.sync_gateways();
        self.settle();
    }
}
