//! When objects came and when they were programmed, as a watch tells.

use std::collections::BTreeMap;
use std::io::{BufReader, Read};
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use isthmus_lab::wait_until;
use serde_json::Value;

use crate::{Kubectl, has_condition, named};

/// When an object was seen for the first time, and programmed for the first time.
type Times = BTreeMap<String, (Instant, Option<Instant>)>;

/// A watch of one kind of objects in one namespace. It ends when dropped.
#[derive(Debug)]
pub struct ProgrammedWatch {
    child: Child,
    times: Arc<Mutex<Times>>,
}

impl ProgrammedWatch {
    /// Begins.
    ///
    /// # Errors
    ///
    /// kubectl does not start.
    pub fn start(kubectl: &Kubectl, kind: &str, namespace: &str) -> Result<Self> {
        let watch = format!("get {kind} --namespace={namespace} --watch --output=json");
        let mut child = kubectl
            .command(&watch)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let output = child.stdout.take().context("kubectl's output")?;
        let times = Arc::new(Mutex::new(Times::new()));
        let seen = Arc::clone(&times);
        thread::spawn(move || note(BufReader::new(output), &seen));
        Ok(Self { child, times })
    }

    /// Waits until `count` objects were programmed; how long each took since the
    /// watch told of it, in milliseconds.
    ///
    /// # Errors
    ///
    /// They were not within `patience`.
    pub fn finish(self, count: usize, patience: Duration) -> Result<Vec<f64>> {
        let mut taken = Vec::new();
        wait_until(&format!("{count} programmed objects"), patience, || {
            let times = self.times.lock().unwrap_or_else(PoisonError::into_inner);
            let done = times
                .values()
                .filter_map(|(seen, done)| Some((*seen, (*done)?)));
            taken = done
                .map(|(seen, done)| (done - seen).as_secs_f64() * 1e3)
                .collect();
            anyhow::Ok(taken.len() >= count)
        })?;
        Ok(taken)
    }
}

impl Drop for ProgrammedWatch {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _killed = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// Notes what a stream of JSON objects says, until it ends.
fn note(input: impl Read, seen: &Mutex<Times>) {
    let objects = serde_json::Deserializer::from_reader(input).into_iter::<Value>();
    for object in objects.map_while(Result::ok) {
        let Ok((name, namespace)) = named(&object) else {
            continue;
        };
        let now = Instant::now();
        let mut times = seen.lock().unwrap_or_else(PoisonError::into_inner);
        let times = times
            .entry(format!("{namespace}/{name}"))
            .or_insert((now, None));
        if times.1.is_none() && has_condition(&object, "Programmed", "True") {
            times.1 = Some(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_sight_and_the_first_that_is_programmed_are_noted() {
        let stream = r#"
            {"metadata": {"name": "a", "namespace": "t"}}
            {"metadata": {"name": "b", "namespace": "t"}}
            {"metadata": {"name": "a", "namespace": "t"},
             "status": {"conditions": [{"type": "Programmed", "status": "True"}]}}
        "#;
        let seen = Mutex::default();
        note(stream.as_bytes(), &seen);
        let seen = seen.into_inner().unwrap();
        assert!(seen["t/a"].1.is_some_and(|done| done >= seen["t/a"].0));
        assert_eq!(seen["t/b"].1, None);
    }
}
