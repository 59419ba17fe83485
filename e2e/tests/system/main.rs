//! What users see of operator, agents and traffic together.

mod outage;
mod peering;
mod plugin;
mod world;
