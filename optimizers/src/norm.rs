//! The reduction pass: global norm and finiteness of a gradient in one read.
//!
//! Sums are f64 with a fixed number of lanes, hence the same on every machine. When the plain sum
//! of squares overflows although every element is finite, a scaled sum takes its place.

use cotangent_runtime::Floats;

use crate::Real;

const LANES: usize = 8;

/// The norm of leaves added one by one; `None` from `finish` means that a sum isn't finite.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SquareSum {
    sum: f64,
}

impl SquareSum {
    /// Adds the squares of `floats * scale`.
    pub(crate) fn add(&mut self, floats: Floats<'_>, scale: f64) {
        self.sum += match floats {
            Floats::F32(values) => square_sum(values, scale),
            Floats::F64(values) => square_sum(values, scale),
        };
    }

    pub(crate) fn finish(self) -> Option<f64> {
        self.sum.is_finite().then(|| self.sum.sqrt())
    }
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

fn square_sum<T: Real>(values: &[T], scale: f64) -> f64 {
    let mut sums = [0.0; LANES];
    let mut chunks = values.chunks_exact(LANES);
    for chunk in &mut chunks {
        for (sum, value) in sums.iter_mut().zip(chunk) {
            let value = value.to_f64() * scale;
            *sum += value * value;
        }
    }
    for (sum, value) in sums.iter_mut().zip(chunks.remainder()) {
        let value = value.to_f64() * scale;
        *sum += value * value;
    }
    sums.iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_over_awkward_lengths_equals_the_plain_one() {
        for len in [0, 1, 7, 8, 9, 31] {
            let values: Vec<f64> = (0..len).map(|i| f64::from(i) - 3.5).collect();
            let mut plain = 0.0;
            for value in &values {
                plain += value * value;
            }
            let mut sum = SquareSum::default();
            sum.add(Floats::F64(&values), 1.0);
            assert!((sum.finish().unwrap() - plain.sqrt()).abs() < 1e-12);
        }
    }

    #[test]
    fn an_element_that_is_not_finite_has_no_largest() {
        assert_eq!(largest(Floats::F32(&[1.0, -3.0])), Some(3.0));
        assert_eq!(largest(Floats::F32(&[1.0, f32::NAN])), None);
        assert_eq!(largest(Floats::F64(&[f64::NEG_INFINITY])), None);
    }
}
