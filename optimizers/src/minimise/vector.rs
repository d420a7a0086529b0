//! Sums over vectors, in a fixed order.

/// `a . b`, in four running sums.
pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    let (a_blocks, a_rest) = a.as_chunks::<4>();
    let (b_blocks, b_rest) = b.as_chunks::<4>();
    let mut sums = [0.0; 4];
    for (a, b) in a_blocks.iter().zip(b_blocks) {
        for lane in 0..4 {
            sums[lane] += a[lane] * b[lane];
        }
    }
    let rest: f64 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    (sums[0] + sums[1]) + (sums[2] + sums[3]) + rest
}

/// `y += scale x`.
pub(super) fn add_scaled(y: &mut [f64], scale: f64, x: &[f64]) {
    y.iter_mut().zip(x).for_each(|(y, x)| *y += scale * x);
}

/// The largest absolute value; not a number if an element isn't one.
pub(super) fn largest(x: &[f64]) -> f64 {
    x.iter().fold(0.0, |largest, x| {
        if x.is_nan() || x.abs() > largest {
            x.abs()
        } else {
            largest
        }
    })
}

/// The Euclidean norm.
pub(super) fn norm(x: &[f64]) -> f64 {
    dot(x, x).sqrt()
}

/// `a - b`.
pub(super) fn difference(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a - b).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_over_awkward_lengths_are_the_plain_ones() {
        for length in [0, 1, 3, 4, 5, 11] {
            let a: Vec<f64> = (0..length).map(|i| f64::from(i) - 2.5).collect();
            let plain: f64 = a.iter().map(|x| x * x).sum();
            assert!((dot(&a, &a) - plain).abs() < 1e-13);
        }
        assert_eq!(largest(&[1.0, -3.0, 2.0]), 3.0);
        assert!(largest(&[f64::NAN, 2.0]).is_nan() && largest(&[2.0, f64::NAN]).is_nan());
    }
}
