//! `kubectl isthmus` as users call it: by kubectl, on a real API server.

mod check;
mod check_cluster;
mod documentation;
mod get;
mod options;
mod status;
mod tenant;
mod world;
