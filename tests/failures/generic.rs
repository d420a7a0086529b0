//! Generic functions and closures: what the attribute emits keeps every parameter and bound.

use cotangent::prelude::*;

#[differentiable]
fn weighted<const N: usize, const M: usize>(x: [f64; N], y: [f64; M]) -> f64
where
    [(); N]: Sized,
{
    let mut total = 0.0;
    for i in 0..N {
        total += x[i] * y[i % M] * N as f64;
    }
    total
}

#[differentiable]
fn calls_generic(x: [f64; 3], scale: f64) -> f64 {
    weighted(x, [scale, scale * scale]) + weighted([scale], x)
}

#[differentiable]
fn closures(x: &[f64], k: f64) -> f64 {
    let offset = k * k;
    let sum: f64 = x.iter().map(|v| (v * k + offset).sin()).sum();
    let product = x.iter().fold(1.0, |p, v| p * (v + k));
    x.iter()
        .zip(x.iter().rev())
        .map(|(a, b)| a * b * sum)
        .sum::<f64>()
        + product * offset
}

#[test]
fn constants_and_bounds_are_carried() {
    assert_eq!(weighted::grad([1.0, 2.0], [3.0]), ([6.0, 6.0], [6.0]));
    gradcheck!(weighted, [0.4, -0.2, 0.9], [1.5, 0.3]);
    gradcheck!(calls_generic, [0.4, -0.2, 0.9], 0.7);
}

#[test]
fn closures_capture() {
    gradcheck!(closures, &[0.4, -0.2, 0.9], 0.7);
    gradcheck!(closures, &[0.6], -0.4);
    assert_eq!(closures::grad(&[], 0.5), (vec![], 1.0));
}
