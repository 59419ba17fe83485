//! Faults at random, what they may cost, and what they did. Pure but for the
//! waiting, which is the test's.

mod plot;
mod report;
mod schedule;

pub use report::{Happened, Report, Stream};
pub use schedule::{Fault, Schedule};
