//! From desired state to the router's tables.
//!
//! [`Desired`] is what the compiler says, [`Observed`] what the tables hold.
//! [`plan()`] and [`plan_touched`] compute from the two, purely, the operations
//! that make the second the first; [`execute()`] carries them out on a
//! [`Dataplane`], the kernel's ([`KernelDataplane`]) or one in memory
//! ([`FakeDataplane`]).
//!
//! ```
//! use router_agent::dataplane::{execute, plan, Dataplane, Desired, FakeDataplane};
//!
//! let mut dataplane = FakeDataplane::default();
//! let desired = Desired::default();
//! let outcome = execute(&plan(&desired, &dataplane.observe()?), &mut dataplane)?;
//! assert!(outcome.failures.is_empty());
//! # Ok::<(), router_agent::dataplane::DataplaneError>(())
//! ```

mod audit;
mod contract;
mod desired;
mod execute;
mod fake;
mod kernel;
mod members;
mod observed;
mod operation;
mod plan;
mod routes;

pub use audit::{Audit, Finding, Reading};
pub use contract::{Dataplane, DataplaneError, Observation};
pub use desired::{Desired, Touched};
pub use execute::{Failure, Outcome, execute};
pub use fake::{FakeCapacities, FakeDataplane};
pub use kernel::KernelDataplane;
pub use observed::Observed;
pub use operation::{Entry, MemberId, MemberPlace, OpKind, Operation};
pub use plan::{Plan, plan, plan_touched};
pub use routes::Routes;

#[cfg(test)]
mod tests;
