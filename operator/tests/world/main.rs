//! The operator's world against an API server that is a few maps.

mod api;
mod desk;
mod histories;
mod objects;
mod restored;
mod statuses;
