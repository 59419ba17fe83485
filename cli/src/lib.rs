//! `kubectl isthmus`: how VPCs, peerings, members and gateways stand, why, and
//! what manifests would change before they are applied.
//!
//! [`access`] and [`read`] talk to the API server; [`object`] and [`state`] make
//! sense of what it holds. Each command is a folder: [`overview`] is `get`,
//! [`explain`] is `status`, [`check`] is `check`; what computes in them takes
//! values and returns values that [`output`] writes for people or for scripts.

pub mod access;
pub mod arguments;
pub mod check;
pub mod complete;
pub mod completion;
pub mod explain;
pub mod object;
pub mod output;
pub mod overview;
pub mod read;
pub mod state;
