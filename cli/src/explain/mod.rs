//! `kubectl isthmus status`: why a peering is where it is, gateway by gateway.
//!
//! [`collect()`] reads what whoever asks may see, [`explain()`] makes an
//! [`Account`] of it, [`write()`] shows that.

mod account;
mod carried;
mod collect;
mod gateway;
mod notes;
mod write;

pub use account::{Account, ConditionView, Half, Side, explain};
pub use carried::{Carried, Carrier, RouteSlice};
pub use collect::{CollectError, Gathered, collect};
pub use gateway::{GatewayView, Lag};
pub use write::write;
