//! What the tests of tensor operations share: data without a pattern, tensors from loops over
//! indices, and how near two tensors have to be.

#![allow(dead_code, reason = "each test binary uses its part")]

use cotangent_runtime::Tensor;

/// Values without a pattern, in -1..1, so that matrices of them are far from singular.
pub(crate) fn noise(shape: &[usize], seed: u64) -> Tensor<f64> {
    Tensor::from_fn(shape, |i| {
        // Steele, Lea and Flood's mix of a counter.
        let mut z = (i as u64 + (seed << 32)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    })
}

/// The tensor whose element at each index is `f(index)`.
pub(crate) fn by_index(shape: &[usize], f: impl Fn(&[usize]) -> f64) -> Tensor<f64> {
    Tensor::from_fn(shape, |mut at| {
        let mut index = vec![0; shape.len()];
        for axis in (0..shape.len()).rev() {
            index[axis] = at % shape[axis];
            at /= shape[axis];
        }
        f(&index)
    })
}

/// An element by its index.
pub(crate) fn at(x: &Tensor<f64>, index: &[usize]) -> f64 {
    let flat = index.iter().zip(x.shape()).fold(0, |flat, (&i, &size)| {
        assert!(i < size);
        flat * size + i
    });
    x.data()[flat]
}

pub(crate) fn with(index: &[usize], axis: usize, k: usize) -> Vec<usize> {
    let mut index = index.to_vec();
    index[axis] = k;
    index
}

#[track_caller]
pub(crate) fn near(found: &Tensor<f64>, expected: &Tensor<f64>) {
    assert_eq!(found.shape(), expected.shape());
    for (found, expected) in found.data().iter().zip(expected.data()) {
        let close = (found - expected).abs() <= 1e-12 * expected.abs().max(1.0);
        assert!(
            close || found == expected,
            "{found}, by the loop {expected}"
        );
    }
}
