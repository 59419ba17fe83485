//! Every rule and every reason, one test each; and what a change costs.

mod cost;
mod documentation;
mod handover;
mod members;
mod peerings;
mod prefixes;
mod siblings;
mod telling;
mod vpcs;
mod world;
