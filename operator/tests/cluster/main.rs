//! The operator against a real API server.

mod broken;
mod clocks;
mod consent;
mod contract;
mod histories;
mod idle;
mod kubectl;
mod leaders;
mod mended;
mod operator;
mod outages;
mod rejections;
mod repairs;
mod restored;
mod reuse;
mod scene;
mod slices;
mod told;
