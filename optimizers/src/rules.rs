//! The update rules, one per file, each with its formula and source.

mod adam;
mod momentum;
mod sgd;

pub use adam::{Adam, AdamW};
pub use momentum::Momentum;
pub use sgd::Sgd;
