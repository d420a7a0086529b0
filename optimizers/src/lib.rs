//! Update rules, schedules, regularizers and training support of Cotangent.
//!
//! The crate knows named slices of parameters and gradients ([`cotangent_runtime::Leaves`]) and
//! nothing of graphs, kernels or syntax. An update rule is an elementwise function ([`Rule`]);
//! [`Optimizer`] composes it statically with clipping, decay and a schedule into one pass over
//! memory after one reduction pass, allocates nothing per step, and reports what happened.

#![forbid(unsafe_code)]

mod builder;
mod error;
mod filter;
mod norm;
mod optimizer;
mod random;
mod real;
mod report;
mod rule;
mod rules;
mod schedule;
mod storage;
pub mod train;

pub use builder::OptimizerBuilder;
pub use error::{Error, ErrorKind};
pub use filter::LeafInfo;
pub use optimizer::Optimizer;
pub use real::Real;
pub use report::{Outcome, StepReport};
pub use rule::{Rule, Slots, StepContext};
pub use rules::{Adam, AdamW, Sgd};
pub use schedule::{
    Constant, Cosine, Exponential, Polynomial, Schedule, StepDecay, Warmup, WarmupCosine,
};
pub use train::{Batches, Decision, EarlyStopping, Init, Standardizer, Table, accuracy, init};
