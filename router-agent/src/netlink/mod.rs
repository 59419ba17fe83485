//! What the kernel says of links, addresses, neighbours and routes
//! (rtnetlink(7)). [`model`] is the plain values, [`dump`] and [`events`] the
//! sockets, [`decode`] what lies between.

pub mod decode;
pub mod dump;
pub mod events;
pub mod model;
