//! The reduction pass: square sums and finiteness of one leaf of a gradient.
//!
//! When a plain sum of squares overflows although every element is finite, the caller takes a
//! scaled sum in its place.

use cotangent_runtime::Floats;
use cotangent_runtime::cpu::{Vectorized, vectorized};

use crate::Real;
use crate::lanes::lane_sum;

/// Leaves shorter than this aren't worth a call into vector code.
const SHORT: usize = 64;

/// The sum of the squares of `floats * scale`; not finite if an element isn't, or on overflow.
#[inline]
pub(crate) fn square_sum(floats: Floats<'_>, scale: f64) -> f64 {
    match floats {
        Floats::F32(values) => squares(values, scale),
        Floats::F64(values) => squares(values, scale),
    }
}

#[inline]
fn squares<T: Real>(values: &[T], scale: f64) -> f64 {
    struct Squares<'a, T>(&'a [T], f64);
    impl<T: Real> Vectorized for Squares<'_, T> {
        type Output = f64;
        #[inline(always)]
        fn run(self) -> f64 {
            lane_sum::<T, true>(self.0, self.1)
        }
    }
    if values.len() < SHORT {
        // Few elements: their squares one after another.
        return values.iter().fold(0.0, |sum, value| {
            let value = value.to_f64() * scale;
            sum + value * value
        });
    }
    vectorized(Squares(values, scale))
}

/// The largest absolute value, or `None` if an element isn't finite.
pub(crate) fn largest(floats: Floats<'_>) -> Option<f64> {
    fn over<T: Real>(values: &[T]) -> Option<f64> {
        values.iter().try_fold(0.0, |largest: f64, value| {
            let value = value.to_f64().abs();
            value.is_finite().then(|| largest.max(value))
        })
    }
    match floats {
        Floats::F32(values) => over(values),
        Floats::F64(values) => over(values),
    }
}

/// The sum of absolute values.
pub(crate) fn one_norm(floats: Floats<'_>) -> f64 {
    match floats {
        Floats::F32(values) => values.iter().map(|x| f64::from(x.abs())).sum(),
        Floats::F64(values) => values.iter().map(|x| x.abs()).sum(),
    }
}

/// The sum of squares of `floats * scale` clipped to `[-limit, limit]`.
pub(crate) fn clipped_square_sum(floats: Floats<'_>, scale: f64, limit: f64) -> f64 {
    fn over<T: Real>(values: &[T], scale: f64, limit: f64) -> f64 {
        let clipped = values.iter().map(|x| (x.to_f64() * scale).abs().min(limit));
        clipped.map(|x| x * x).sum()
    }
    match floats {
        Floats::F32(values) => over(values, scale, limit),
        Floats::F64(values) => over(values, scale, limit),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_and_long_leaves_have_the_plain_sum() {
        for len in [0, 1, 63, 64, 65, 1000] {
            let values: Vec<f64> = (0..len).map(|i| f64::from(i) * 0.25 - 3.5).collect();
            let mut plain = 0.0;
            for value in &values {
                plain += 0.25 * value * value;
            }
            let got = square_sum(Floats::F64(&values), 0.5);
            assert!(
                (got - plain).abs() <= 1e-13 * plain,
                "{len}: {got} and {plain}"
            );
        }
    }

    #[test]
    fn an_element_that_is_not_finite_has_no_largest() {
        assert_eq!(largest(Floats::F32(&[1.0, -3.0])), Some(3.0));
        assert_eq!(largest(Floats::F32(&[1.0, f32::NAN])), None);
        assert_eq!(largest(Floats::F64(&[f64::NEG_INFINITY])), None);
    }
}
