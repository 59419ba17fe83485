//! Isthmus without packets: what statuses say, what becomes of pods that go, and
//! what bad input gets.

mod peering;
mod pods;
mod refused;
mod world;
