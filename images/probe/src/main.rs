//! `isthmus-probe URL..`: whether every address behind each URL answers 200.
//!
//! A headless Service's name stands for all its pods, so this asks every
//! replica. What is not ready yet is asked again for a while; with `--once` not,
//! which is what a readiness probe wants: unlike one of the kubelet's own, its
//! reason is in the pod's events.

mod ask;
mod url;

use std::process::ExitCode;
use std::thread::sleep;
use std::time::{Duration, Instant};

use ask::ask_all;
use url::Url;

/// How long what is not ready may take.
const BOUND: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_secs(1);

fn main() -> ExitCode {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let once = arguments.first().is_some_and(|first| first == "--once");
    if once {
        arguments.remove(0);
    }
    let bound = if once { Duration::ZERO } else { BOUND };
    let urls: Result<Vec<Url>, _> = arguments.iter().map(|url| url.parse()).collect();
    match urls {
        Ok(urls) if !urls.is_empty() => {
            let bad = urls.iter().filter(|url| !wait(url, bound)).count();
            if bad == 0 {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            }
        }
        Ok(_) => {
            eprintln!("usage: isthmus-probe [--once] http://HOST:PORT/PATH ..");
            ExitCode::from(2)
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

/// Asks until every address answers 200 or the time is up, and prints what each
/// said at last.
fn wait(url: &Url, bound: Duration) -> bool {
    let deadline = Instant::now() + bound;
    loop {
        let answers = ask_all(url);
        let well = answers
            .as_ref()
            .is_ok_and(|all| !all.is_empty() && all.iter().all(|(_, answer)| answer.is_ok()));
        if well || Instant::now() >= deadline {
            match answers {
                Err(error) => println!("{}: {error}", url.authority),
                Ok(all) => {
                    for (address, answer) in all {
                        let said = answer.err().unwrap_or_else(|| "ready".to_owned());
                        println!("{} {address}{}: {said}", url.authority, url.path);
                    }
                }
            }
            return well;
        }
        sleep(PAUSE);
    }
}
