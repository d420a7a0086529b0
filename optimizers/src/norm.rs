//! The reduction pass: square sums and finiteness of one leaf of a gradient.
//!
//! When a plain sum of squares overflows although every element is finite, the caller takes a
//! scaled sum in its place.

use cotangent_runtime::cpu::{Vectorized, vectorized, widen};
use cotangent_runtime::{Floats, Half};

use crate::Real;
use crate::lanes::{lane_sum, vector_sum};

/// Leaves shorter than this aren't worth a call into vector code.
const SHORT: usize = 64;

/// The sum of the squares of `floats * scale`; not finite if an element isn't, or on overflow.
#[inline]
pub(crate) fn square_sum(floats: Floats<'_>, scale: f64) -> f64 {
    match floats {
        Floats::F16(values) => summed(values, |piece| squares(piece, scale)),
        Floats::Bf16(values) => summed(values, |piece| squares(piece, scale)),
        Floats::F32(values) => squares(values, scale),
        Floats::F64(values) => squares(values, scale),
    }
}

/// Calls `visit` with the elements, in pieces, in single precision.
fn pieces<H: Half>(values: &[H], mut visit: impl FnMut(&[f32])) {
    let mut wide = [0.0; 512];
    for piece in values.chunks(wide.len()) {
        let wide = &mut wide[..piece.len()];
        widen(piece, wide);
        visit(wide);
    }
}

/// The sum of what `measure` finds in each piece.
fn summed<H: Half>(values: &[H], measure: impl Fn(&[f32]) -> f64) -> f64 {
    let mut sum = 0.0;
    pieces(values, |piece| sum += measure(piece));
    sum
}

/// As `square_sum`, of a slice.
#[inline]
pub(crate) fn squares<T: Real>(values: &[T], scale: f64) -> f64 {
    struct Squares<'a, T>(&'a [T]);
    impl<T: Real> Vectorized for Squares<'_, T> {
        type Output = f64;
        #[inline(always)]
        fn run(self) -> f64 {
            lane_sum::<T, true>(self.0)
        }
    }
    if values.len() < SHORT {
        let square = |value: T| {
            let value = value.to_f64() * scale;
            value * value
        };
        let (vectors, rest) = values.as_chunks();
        let whole = vector_sum(vectors, square);
        return rest.iter().fold(whole, |sum, &value| sum + square(value));
    }
    // One factor after another: their product may be too small or too large for a number.
    vectorized(Squares(values)) * scale * scale
}

/// The largest absolute value of the finite elements, and whether all are finite.
pub(crate) fn largest_finite(floats: Floats<'_>) -> (f64, bool) {
    fn over<T: Real>(values: &[T]) -> (f64, bool) {
        values.iter().fold((0.0, true), |(largest, finite), value| {
            let value = value.to_f64().abs();
            if value.is_finite() {
                (f64::max(largest, value), finite)
            } else {
                (largest, false)
            }
        })
    }
    fn pairs<H: Half>(values: &[H]) -> (f64, bool) {
        let mut found = (0.0, true);
        pieces(values, |piece| {
            let (largest, finite) = over(piece);
            found = (f64::max(found.0, largest), found.1 && finite);
        });
        found
    }
    match floats {
        Floats::F16(values) => pairs(values),
        Floats::Bf16(values) => pairs(values),
        Floats::F32(values) => over(values),
        Floats::F64(values) => over(values),
    }
}

/// The sum of the squares of the finite elements over the square of `unit`.
pub(crate) fn finite_square_sum(floats: Floats<'_>, unit: f64) -> f64 {
    fn over<T: Real>(values: &[T], unit: f64) -> f64 {
        let finite = values.iter().map(|x| x.to_f64()).filter(|x| x.is_finite());
        finite.map(|x| (x / unit).powi(2)).sum()
    }
    if unit == 0.0 {
        return 0.0;
    }
    match floats {
        Floats::F16(values) => summed(values, |piece| over(piece, unit)),
        Floats::Bf16(values) => summed(values, |piece| over(piece, unit)),
        Floats::F32(values) => over(values, unit),
        Floats::F64(values) => over(values, unit),
    }
}

/// The sum of absolute values.
pub(crate) fn one_norm(floats: Floats<'_>) -> f64 {
    let mut sum = 0.0;
    floats.each(|x| sum += x.abs());
    sum
}

/// The sum of squares of `floats * scale` clipped to `[-limit, limit]`.
pub(crate) fn clipped_square_sum(floats: Floats<'_>, scale: f64, limit: f64) -> f64 {
    fn over<T: Real>(values: &[T], scale: f64, limit: f64) -> f64 {
        let clipped = values.iter().map(|x| (x.to_f64() * scale).abs().min(limit));
        clipped.map(|x| x * x).sum()
    }
    match floats {
        Floats::F16(values) => summed(values, |piece| over(piece, scale, limit)),
        Floats::Bf16(values) => summed(values, |piece| over(piece, scale, limit)),
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
    fn elements_that_are_not_finite_are_noticed_and_left_out() {
        assert_eq!(largest_finite(Floats::F32(&[1.0, -3.0])), (3.0, true));
        assert_eq!(largest_finite(Floats::F32(&[1.0, f32::NAN])), (1.0, false));
        assert_eq!(
            largest_finite(Floats::F64(&[f64::NEG_INFINITY])),
            (0.0, false)
        );
        let sum = finite_square_sum(Floats::F64(&[6e200, f64::NAN, 8e200]), 1e200);
        assert!((sum - 100.0).abs() < 1e-12);
        assert_eq!(finite_square_sum(Floats::F64(&[0.0]), 0.0), 0.0);
    }
}
