//! Plans carried out on the kernel's own tables. Needs root; what the tests
//! make is gone with them.

mod audit;
mod convergence;
mod damage;
mod full;
mod setting;
