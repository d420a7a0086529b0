//! What the gradient code of scalar functions stands on: the tape, the values that it holds, and
//! the traits that link a function to its companion. It knows no rule of differentiation.

mod gradient;
mod link;
mod tape;
mod value;

pub use crate::check::CheckReport;
pub use gradient::Primal;
pub use link::{DifferentiableFn, unmarked};
pub use tape::Tape;
pub use value::{Cast, Val, multiply};
