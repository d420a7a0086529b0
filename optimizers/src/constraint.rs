//! Constraints: projections of a whole leaf after an update.
//!
//! Norm constraints act on the slices along one axis, the way Keras and torch do. All sums are in
//! double precision.

use crate::error::check_range;
use crate::projection;
use crate::{Error, Real};

/// A projection of a leaf after every update.
///
/// ```
/// use cotangent_optimizers::{Constraint, Sgd};
/// let mut x = vec![0.5_f64, 0.1];
/// let mut optimizer = Sgd::new(1.0).constraint(Constraint::Simplex { scale: 1.0 }).build(&x)?;
/// optimizer.step(&mut x, &vec![0.0, 0.0])?;
/// assert!((x[0] - 0.7).abs() < 1e-15 && (x[1] - 0.3).abs() < 1e-15);
/// # Ok::<(), cotangent_optimizers::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Constraint {
    /// Slices along `axis` with a Euclidean norm above `limit` are scaled to it.
    MaxNorm {
        /// The largest norm.
        limit: f64,
        /// The axis that the norm runs along.
        axis: usize,
    },
    /// Slices along `axis` are scaled to a Euclidean norm of 1; zero slices stay.
    UnitNorm {
        /// The axis that the norm runs along.
        axis: usize,
    },
    /// Slices along `axis` move by the part `pull` of the way to a Euclidean norm within
    /// `[least, most]`; zero slices stay.
    MinMaxNorm {
        /// The smallest norm.
        least: f64,
        /// The largest norm.
        most: f64,
        /// The part of the way, in [0, 1].
        pull: f64,
        /// The axis that the norm runs along.
        axis: usize,
    },
    /// The nearest point with non-negative elements that sum to `scale` (Duchi et al. 2008).
    Simplex {
        /// The sum of the elements.
        scale: f64,
    },
    /// The nearest point with a sum of absolute values of at most `radius`.
    L1Ball {
        /// The largest sum of absolute values.
        radius: f64,
    },
    /// The nearest point with a Euclidean norm of at most `radius`.
    L2Ball {
        /// The largest norm.
        radius: f64,
    },
    /// The proximal step of the group lasso, the leaf being one group:
    /// `x *= max(0, 1 - rate penalty / |x|)` (Yuan and Lin 2006).
    GroupLasso {
        /// The weight of the norm in the objective.
        penalty: f64,
    },
    /// A matrix (all axes but the last are rows) with a largest singular value above `limit` is
    /// scaled to it; the value is found by power iteration to full precision (Miyato et al. 2018).
    SpectralNorm {
        /// The largest singular value.
        limit: f64,
    },
}

impl Constraint {
    pub(crate) fn validate(&self) -> Result<(), Error> {
        let (name, value) = match *self {
            Constraint::MaxNorm { limit, .. } => ("the limit of a norm", limit),
            Constraint::UnitNorm { .. } => return Ok(()),
            Constraint::MinMaxNorm {
                least, most, pull, ..
            } => {
                check_range("the pull of a norm", pull, 0.0, 1.0 + f64::EPSILON)?;
                check_range("the least norm", least, 0.0, most)?;
                ("the largest norm", most)
            }
            Constraint::Simplex { scale } => ("the scale of a simplex", scale),
            Constraint::L1Ball { radius } | Constraint::L2Ball { radius } => {
                ("the radius of a ball", radius)
            }
            Constraint::GroupLasso { penalty } => {
                return check_range("the group lasso penalty", penalty, 0.0, f64::INFINITY);
            }
            Constraint::SpectralNorm { limit } => ("the limit of the spectral norm", limit),
        };
        check_range(name, value, f64::MIN_POSITIVE, f64::INFINITY)
    }

    /// Whether each row (entry of the first axis) is projected by itself.
    pub(crate) fn is_by_row(&self) -> bool {
        match *self {
            Constraint::MaxNorm { axis, .. }
            | Constraint::UnitNorm { axis }
            | Constraint::MinMaxNorm { axis, .. } => axis > 0,
            Constraint::Simplex { .. }
            | Constraint::L1Ball { .. }
            | Constraint::L2Ball { .. }
            | Constraint::GroupLasso { .. }
            | Constraint::SpectralNorm { .. } => false,
        }
    }

    /// Projects the elements `x` of a leaf; `rate` scales the penalty of a proximal step.
    pub fn project<T: Real>(&self, shape: &[usize], x: &mut [T], rate: f64) {
        self.project_with(shape, x, rate, &mut Vec::new());
    }

    /// As `project`, in room that keeps its capacity.
    pub(crate) fn project_with<T: Real>(
        &self,
        shape: &[usize],
        x: &mut [T],
        rate: f64,
        room: &mut Vec<f64>,
    ) {
        match *self {
            Constraint::MaxNorm { limit, axis } => along(shape, axis, x, |norm| {
                if norm > limit { limit / norm } else { 1.0 }
            }),
            Constraint::UnitNorm { axis } => {
                along(
                    shape,
                    axis,
                    x,
                    |norm| {
                        if norm > 0.0 { norm.recip() } else { 1.0 }
                    },
                )
            }
            Constraint::MinMaxNorm {
                least,
                most,
                pull,
                axis,
            } => along(shape, axis, x, |norm| {
                if norm > 0.0 {
                    pull * norm.clamp(least, most) / norm + 1.0 - pull
                } else {
                    1.0
                }
            }),
            Constraint::Simplex { scale } => projection::simplex_with(x, scale, room),
            Constraint::L1Ball { radius } => projection::l1_ball_with(x, radius, room),
            Constraint::L2Ball { radius } => projection::l2_ball(x, radius),
            Constraint::GroupLasso { penalty } => projection::group_lasso(x, rate * penalty),
            Constraint::SpectralNorm { limit } => {
                let norm = projection::spectral_norm_with(shape, x, room);
                if norm > limit {
                    scale(x, limit / norm);
                }
            }
        }
    }
}

fn scale<T: Real>(x: &mut [T], factor: f64) {
    x.iter_mut()
        .for_each(|x| *x = T::from_f64(x.to_f64() * factor));
}

/// Multiplies every slice along `axis` by a factor of its Euclidean norm.
fn along<T: Real>(shape: &[usize], axis: usize, x: &mut [T], factor: impl Fn(f64) -> f64) {
    let size = shape.get(axis).copied().unwrap_or(1);
    let inner: usize = shape.iter().skip(axis + 1).product();
    if size == 0 || inner == 0 {
        return;
    }
    for block in x.chunks_exact_mut(size * inner) {
        for offset in 0..inner {
            let slice = || block.iter().skip(offset).step_by(inner);
            let norm = slice().map(|x| x.to_f64() * x.to_f64()).sum::<f64>().sqrt();
            let factor = factor(norm);
            if factor != 1.0 {
                let slice = block.iter_mut().skip(offset).step_by(inner);
                slice.for_each(|x| *x = T::from_f64(x.to_f64() * factor));
            }
        }
    }
}
