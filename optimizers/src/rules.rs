//! The update rules, one per file, each with its formula and source.

mod adam;
mod sgd;

pub use adam::{Adam, AdamW};
pub use sgd::Sgd;
