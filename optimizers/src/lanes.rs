//! Sums over slices with a fixed number of lanes: they vectorise, and their digits depend on the
//! length alone, never on the instruction set.

use crate::Real;

const LANES: usize = 16;

/// What lengths of short loops are rounded up to, so that vector code has no rest: a vector of the
/// longest kind holds as many numbers of double precision.
pub(crate) const VECTOR: usize = 8;

/// The sum of the elements, or of their squares, in double precision.
#[inline(always)]
pub(crate) fn lane_sum<T: Real, const SQUARE: bool>(values: &[T]) -> f64 {
    if values.len() < LANES {
        // Fewer elements than lanes: one after another.
        let mut sum = 0.0;
        for &value in values {
            sum += term::<T, SQUARE>(value);
        }
        return sum;
    }
    let mut sums = [0.0; LANES];
    let (blocks, rest) = values.as_chunks::<LANES>();
    for block in blocks {
        for lane in 0..LANES {
            sums[lane] += term::<T, SQUARE>(block[lane]);
        }
    }
    for (sum, &value) in sums.iter_mut().zip(rest) {
        *sum += term::<T, SQUARE>(value);
    }
    let mut width = LANES / 2;
    while width > 0 {
        for lane in 0..width {
            sums[lane] += sums[lane + width];
        }
        width /= 2;
    }
    sums[0]
}

/// The sum of a term for each of few elements, which fill their vectors.
#[inline(always)]
pub(crate) fn vector_sum<T: Real>(vectors: &[[T; VECTOR]], term: impl Fn(T) -> f64) -> f64 {
    let mut sums = [0.0; VECTOR];
    for vector in vectors {
        for lane in 0..VECTOR {
            sums[lane] += term(vector[lane]);
        }
    }
    let [a, b, c, d, e, f, g, h] = sums;
    ((a + e) + (c + g)) + ((b + f) + (d + h))
}

/// The largest element; 0 if none is above.
#[inline(always)]
pub(crate) fn lane_max<T: Real>(values: &[T]) -> T {
    let mut lanes = [T::default(); LANES];
    let (blocks, rest) = values.as_chunks::<LANES>();
    for block in blocks {
        for lane in 0..LANES {
            if block[lane] > lanes[lane] {
                lanes[lane] = block[lane];
            }
        }
    }
    let all = lanes.iter().chain(rest).copied();
    all.fold(
        T::default(),
        |largest, value| {
            if value > largest { value } else { largest }
        },
    )
}

#[inline(always)]
fn term<T: Real, const SQUARE: bool>(value: T) -> f64 {
    let value = value.to_f64();
    if SQUARE { value * value } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_over_awkward_lengths_equal_the_plain_ones() {
        for len in [0, 1, 15, 16, 17, 63, 100] {
            let values: Vec<f64> = (0..len).map(|i| f64::from(i) - 3.5).collect();
            let (mut plain, mut squares) = (0.0, 0.0);
            for value in &values {
                plain += value;
                squares += value * value;
            }
            assert!((lane_sum::<_, false>(&values) - plain).abs() < 1e-9);
            assert!((lane_sum::<_, true>(&values) - squares).abs() < 1e-9);
            let (vectors, rest) = values.as_chunks();
            let rest: f64 = rest.iter().map(|x| x * x).sum();
            assert!((vector_sum(vectors, |x| x * x) + rest - squares).abs() < 1e-9);
        }
    }
}
