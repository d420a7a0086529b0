//! Changes of a whole leaf's gradient: centralisation, adaptive clipping, noise, penalties between rows.
//!
//! They need more than one element at a time, so that the gradient of the leaf is copied first;
//! they act after clipping by norm, in the order in which they were given.

use crate::error::check_range;
use crate::random::Random;
use crate::{Error, Real};

/// A change of a whole leaf's gradient.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Transform {
    /// Subtracts from every row (all axes but the first) its mean; leaves of one axis or none stay
    /// as they are (Yong et al. 2020).
    Centralize,
    /// Adaptive clipping (Brock et al. 2021): every unit's gradient is scaled to
    /// `factor max(|x|, eps)` if it is longer. A unit is a column (all axes but the last), as
    /// in `x.matmul(w)`; a leaf with at most one axis longer than 1 is one unit.
    AdaptiveClip {
        /// The largest ratio of gradient and parameter norm.
        factor: f64,
        /// The least parameter norm that counts.
        eps: f64,
    },
    /// Adds independent normal numbers of variance `eta / (1 + t)^gamma` at step t, from 0
    /// (Neelakantan et al. 2015). The stream depends on the seed, the step and the leaf alone.
    Noise {
        /// The variance at the first step.
        eta: f64,
        /// How fast it falls.
        gamma: f64,
        /// The seed.
        seed: u64,
    },
    /// Replaces elements that aren't finite by 0.
    ZeroNonFinite,
    /// Adds the gradient of `penalty` times the mean, over all pairs of rows, of the absolute cosine
    /// between them: it makes rows orthogonal, whatever their lengths. Keras's
    /// `OrthogonalRegularizer` in its mode `rows`. Rows are entries of the first axis; leaves of one
    /// axis or none, and rows of zeros, stay as they are; the penalty has no slope at a right angle.
    OrthogonalRows {
        /// The weight of the mean in the objective.
        penalty: f64,
    },
}

impl Transform {
    pub(crate) fn validate(&self) -> Result<(), Error> {
        match *self {
            Transform::Centralize | Transform::ZeroNonFinite => Ok(()),
            Transform::AdaptiveClip { factor, eps } => {
                check_range(
                    "the factor of adaptive clipping",
                    factor,
                    f64::MIN_POSITIVE,
                    f64::INFINITY,
                )?;
                check_range("the eps of adaptive clipping", eps, 0.0, f64::INFINITY)
            }
            Transform::Noise { eta, gamma, .. } => {
                check_range("the eta of gradient noise", eta, 0.0, f64::INFINITY)?;
                check_range("the gamma of gradient noise", gamma, 0.0, f64::INFINITY)
            }
            Transform::OrthogonalRows { penalty } => {
                check_range("the penalty of rows", penalty, 0.0, f64::INFINITY)
            }
        }
    }

    /// Whether the gradient of each row (entry of the first axis) changes by itself.
    pub(crate) fn is_by_row(&self) -> bool {
        match self {
            Transform::AdaptiveClip { .. } | Transform::OrthogonalRows { .. } => false,
            Transform::Centralize | Transform::Noise { .. } | Transform::ZeroNonFinite => true,
        }
    }

    /// Changes the gradient `g` of a leaf with parameters `x`; `step` counts from 1.
    pub(crate) fn apply<T: Real>(
        &self,
        shape: &[usize],
        x: &[T],
        g: &mut [T],
        step: u64,
        leaf: usize,
    ) {
        match *self {
            Transform::Centralize => centralize(shape, g),
            Transform::AdaptiveClip { factor, eps } => adaptive_clip(shape, x, g, factor, eps),
            Transform::Noise { eta, gamma, seed } => {
                let deviation = (eta / (step as f64).powf(gamma)).sqrt();
                let mut random = Random::named(seed, format_args!("gradient noise {step} {leaf}"));
                for g in g {
                    *g += T::from_f64(deviation * random.normal());
                }
            }
            Transform::ZeroNonFinite => {
                for g in g.iter_mut().filter(|g| !g.to_f64().is_finite()) {
                    *g = T::default();
                }
            }
            Transform::OrthogonalRows { penalty } => orthogonal_rows(shape, x, g, penalty),
        }
    }
}

fn centralize<T: Real>(shape: &[usize], g: &mut [T]) {
    if shape.len() < 2 {
        return;
    }
    let width = shape[1..].iter().product::<usize>().max(1);
    for row in g.chunks_exact_mut(width) {
        let mean = row.iter().map(|g| g.to_f64()).sum::<f64>() / width as f64;
        row.iter_mut()
            .for_each(|g| *g = T::from_f64(g.to_f64() - mean));
    }
}

fn orthogonal_rows<T: Real>(shape: &[usize], x: &[T], g: &mut [T], penalty: f64) {
    let [rows, rest @ ..] = shape else { return };
    let width = rest.iter().product::<usize>();
    if rest.is_empty() || width == 0 || *rows < 2 {
        return;
    }
    let row = |index: usize| &x[index * width..][..width];
    let dot = |a: &[T], b: &[T]| -> f64 {
        let products = a.iter().zip(b).map(|(a, b)| a.to_f64() * b.to_f64());
        products.sum()
    };
    let weight = 2.0 * penalty / (*rows * (*rows - 1)) as f64;
    for (a, b) in (0..*rows).flat_map(|a| (0..*rows).map(move |b| (a, b))) {
        let square = dot(row(a), row(a));
        let lengths = (square * dot(row(b), row(b))).sqrt();
        if a == b || lengths == 0.0 {
            continue;
        }
        // The gradient of |cos| with respect to row a: sign(cos) (b / |b| - cos a / |a|) / |a|.
        let cosine = dot(row(a), row(b)) / lengths;
        let weight = weight * cosine.sign();
        let own = &mut g[a * width..][..width];
        for ((g, a), b) in own.iter_mut().zip(row(a)).zip(row(b)) {
            let slope = b.to_f64() / lengths - cosine * a.to_f64() / square;
            *g = T::from_f64(g.to_f64() + weight * slope);
        }
    }
}

fn adaptive_clip<T: Real>(shape: &[usize], x: &[T], g: &mut [T], factor: f64, eps: f64) {
    // Units lie side by side: unit u has the elements u, u + units, u + 2 units, ..
    let units = match shape {
        [.., last] if shape.iter().filter(|&&size| size > 1).count() > 1 => *last,
        _ => 1,
    };
    let norm = |values: &[T], unit: usize| {
        let column = values.iter().skip(unit).step_by(units);
        column.map(|v| v.to_f64() * v.to_f64()).sum::<f64>().sqrt()
    };
    for unit in 0..units {
        let largest = factor * norm(x, unit).max(eps);
        let length = norm(g, unit);
        if length > largest {
            let scale = largest / length;
            for g in g.iter_mut().skip(unit).step_by(units) {
                *g = T::from_f64(g.to_f64() * scale);
            }
        }
    }
}
