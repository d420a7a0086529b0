//! What goes around an optimizer: averages of parameters, look-ahead, sharpness-aware gradients,
//! accumulation, loss scaling, curvature.
//!
//! All of them work on structures of leaves of the model's own type and allocate only when built.

mod accumulation;
mod average;
mod combine;
mod curvature;
mod lookahead;
mod loss_scale;
mod sam;

pub use accumulation::Accumulation;
pub use average::Average;
pub use curvature::hutchinson;
pub use lookahead::Lookahead;
pub use loss_scale::LossScale;
pub use sam::Sam;
