//! Clipping: what is done with a gradient that is too long.
//!
//! A clip is a factor (global or per leaf) or a limit that the pass over memory applies; nothing
//! is written back to the gradient.

use crate::Error;

/// The norm that [`Clip::Global`] measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Norm {
    /// The sum of absolute values.
    One,
    /// The Euclidean norm.
    Two,
    /// The largest absolute value.
    Max,
}

/// What is done with a gradient that is too long.
///
/// Peers differ in what they call clipping by norm: here the name says whether the norm is that of
/// the whole gradient or of one leaf.
///
/// ```
/// use cotangent_optimizers::{Clip, Sgd};
/// let mut x = vec![vec![0.0_f64, 0.0], vec![0.0]];
/// let g = vec![vec![3.0, 4.0], vec![0.5]];
/// let mut optimizer = Sgd::new(1.0).clip(Clip::PerTensor { limit: 1.0 }).build(&x)?;
/// optimizer.step(&mut x, &g)?;
/// assert!((x[0][0] + 0.6).abs() < 1e-15 && (x[0][1] + 0.8).abs() < 1e-15);
/// assert_eq!(x[1], [-0.5]);
/// # Ok::<(), cotangent_optimizers::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Clip {
    /// The whole gradient is scaled by `limit / (|g| + eps)` if that is below 1. With `eps` 0 its
    /// norm is then exactly `limit`; torch has 1e-6.
    Global {
        /// The largest norm.
        limit: f64,
        /// What is added to the norm before the division.
        eps: f64,
        /// Which norm.
        norm: Norm,
    },
    /// Each leaf is scaled to this Euclidean norm if it is longer.
    PerTensor {
        /// The largest norm.
        limit: f64,
    },
    /// Each leaf is scaled to this root mean square if it has a larger one.
    PerTensorRms {
        /// The largest root mean square.
        limit: f64,
    },
    /// Each element is moved into `[-limit, limit]`.
    Value {
        /// The largest absolute value.
        limit: f64,
    },
    /// The whole gradient is scaled by `norm / (|g| + eps)`, be it longer or shorter.
    Normalize {
        /// The norm afterwards.
        norm: f64,
        /// What is added to the norm before the division.
        eps: f64,
    },
}

impl Clip {
    pub(crate) fn validate(&self) -> Result<(), Error> {
        let (limit, eps) = match *self {
            Clip::Global { limit, eps, .. } | Clip::Normalize { norm: limit, eps } => (limit, eps),
            Clip::PerTensor { limit } | Clip::PerTensorRms { limit } | Clip::Value { limit } => {
                (limit, 0.0)
            }
        };
        if limit > 0.0 && eps >= 0.0 {
            return Ok(());
        }
        Err(Error::configuration(format!(
            "{self:?} can't be used: the norm must be above 0, and eps at least 0"
        )))
    }

    /// The factor of the whole gradient.
    pub(crate) fn global_factor(&self, measured: f64) -> f64 {
        match *self {
            Clip::Global { limit, eps, .. } if measured + eps > limit => limit / (measured + eps),
            Clip::Normalize { norm, eps } if measured + eps > 0.0 => norm / (measured + eps),
            _ => 1.0,
        }
    }

    /// The factor of one leaf of `len` elements with this Euclidean norm.
    pub(crate) fn leaf_factor(&self, norm: f64, len: usize) -> f64 {
        let measured = match self {
            Clip::PerTensor { .. } => norm,
            Clip::PerTensorRms { .. } => norm / (len.max(1) as f64).sqrt(),
            _ => return 1.0,
        };
        match *self {
            Clip::PerTensor { limit } | Clip::PerTensorRms { limit } if measured > limit => {
                limit / measured
            }
            _ => 1.0,
        }
    }

    /// Whether leaves have factors of their own.
    pub(crate) fn is_per_leaf(&self) -> bool {
        matches!(self, Clip::PerTensor { .. } | Clip::PerTensorRms { .. })
    }

    /// The limit of one element.
    pub(crate) fn value_limit(&self) -> f64 {
        match *self {
            Clip::Value { limit } => limit,
            _ => f64::INFINITY,
        }
    }
}
