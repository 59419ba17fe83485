//! Whole labs: members behind the kernel's VXLAN, a gateway, the agent's binary
//! and its XDP program between them.

mod agent;
mod capacity;
mod continuity;
mod folder;
mod isolation;
mod ownership;
mod repair;
mod spoofing;
mod traffic;
mod underlay;
mod world;
