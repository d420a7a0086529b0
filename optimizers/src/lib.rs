//! Update rules, schedules, regularizers and training support of Cotangent.
//!
//! The crate knows named slices of parameters and gradients ([`cotangent_runtime::Leaves`]) and
//! nothing of graphs, kernels or syntax. An update rule is an elementwise function ([`Rule`]);
//! [`Optimizer`] composes it statically with clipping, decay and a schedule into one pass over
//! memory after one reduction pass, allocates nothing per step, and reports what happened.
//!
//! # Conventions
//!
//! Defaults are torch's unless a rule says otherwise, and where peers differ a rule has presets:
//! `keras()`, `optax()`, `paper()`. All of the following is followed to rounding by the tests.
//! - Decoupled decay ([`OptimizerBuilder::weight_decay`]) is multiplied by the current rate, as in
//!   every peer; coupled decay is [`OptimizerBuilder::l2`].
//! - [`OptimizerBuilder::clip_global_norm`] scales by exactly `limit / norm`; torch's 1e-6 beside the
//!   norm is the `eps` of [`Clip::Global`].
//! - A schedule is a factor of the rate and a function of the number of updates done before; its
//!   compositions have no state, and resume exactly.
//! - Gradients that aren't finite are refused as a whole and reported, never applied.

#![forbid(unsafe_code)]

mod blend;
mod block;
mod builder;
mod cbrt;
mod clip;
mod constraint;
mod construction;
mod context;
mod error;
mod filter;
mod lane;
mod lanes;
mod leaf_path;
mod linear;
mod masters;
mod mean;
pub mod minimise;
mod norm;
mod optimizer;
mod options;
mod pass;
pub mod projection;
mod random;
mod real;
mod reduction;
mod report;
mod row_room;
mod rule;
mod rules;
mod schedule;
pub mod search;
mod slots;
mod state;
mod storage;
mod tensor_rule;
pub mod train;
mod transform;
mod update;
mod wrappers;

pub use blend::Blend;
pub use builder::OptimizerBuilder;
pub use clip::{Clip, Norm};
pub use constraint::Constraint;
pub use context::{Initial, Scope, StepContext, Sums};
pub use error::{Error, ErrorKind};
pub use filter::LeafInfo;
pub use optimizer::Optimizer;
pub use options::LeafOptions;
pub use real::Real;
pub use report::{Outcome, StepInput, StepReport};
pub use rule::Rule;
pub use rules::*;
pub use schedule::{
    Anneal, AtLeast, Constant, Cosine, CosineWave, Delayed, Exponential, Interpolated, InverseSqrt,
    InverseTime, Linear, MultiStep, OneCycle, Polynomial, Product, Raised, Scaling, Schedule,
    Sequence, StepDecay, Triangular, WarmRestarts, Warmup, WarmupCosine,
};
pub use slots::Slots;
pub use tensor_rule::{LeafStep, Slot, TensorRule};
pub use train::{Batches, Decision, EarlyStopping, Init, Standardizer, Table, accuracy, init};
pub use transform::Transform;
pub use wrappers::{Accumulation, Average, Lookahead, LossScale, Sam, hutchinson};
