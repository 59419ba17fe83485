//! Ports: the interfaces that the router sits on. [`layout`] says what an
//! interface stands for, [`config`] what its program has to know, [`attach`] puts it
//! there, [`driver`] names who refused.

pub mod attach;
pub mod config;
pub mod driver;
pub mod layout;
