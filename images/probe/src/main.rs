//! `isthmus-probe URL..`: whether every address behind each URL answers 200.
//!
//! A headless Service's name stands for all its pods, so this asks every
//! replica. What is not ready yet is asked again for a while.

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
    let urls: Result<Vec<Url>, _> = std::env::args().skip(1).map(|url| url.parse()).collect();
    match urls {
        Ok(urls) if !urls.is_empty() => {
            let bad = urls.iter().filter(|url| !wait(url)).count();
            if bad == 0 {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            }
        }
        Ok(_) => {
            eprintln!("usage: isthmus-probe http://HOST:PORT/PATH ..");
            ExitCode::from(2)
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

/// Asks until every address answers 200, and prints what each said at last.
fn wait(url: &Url) -> bool {
    let deadline = Instant::now() + BOUND;
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
