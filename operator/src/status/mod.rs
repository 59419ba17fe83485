//! What the objects' statuses say. Pure.

mod accepted;
mod body;
mod condition;
mod held;
mod programmed;
mod reason;

pub use accepted::{accepted, peer_accepted};
pub use body::{Body, Counts};
pub use condition::{Finding, Memory, Moment, Truth, Type};
pub use held::Held;
pub use programmed::{Programmed, Reach};
pub use reason::ConditionReason;
