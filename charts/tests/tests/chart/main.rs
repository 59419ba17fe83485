//! The chart: what it renders, what it refuses, and what becomes of a cluster.

mod access;
mod denied;
mod files;
mod gateways;
mod installed;
mod lifecycle;
mod pods;
mod refused;
mod releases;
mod rendered;
mod slices;
