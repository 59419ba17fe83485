//! Whole labs: members behind the kernel's VXLAN, a gateway, the agent's binary
//! and its XDP program between them.

mod agent;
mod bfd;
mod capacity;
mod cluster;
mod continuity;
mod control_plane;
mod detach;
mod folder;
mod foreign;
mod isolation;
mod modes;
mod next_hops;
mod ownership;
mod privileges;
mod repair;
mod spoofing;
mod stderr;
mod traffic;
mod underlay;
mod world;
