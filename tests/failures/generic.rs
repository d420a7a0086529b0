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

/// Names that generated code might use as well.
#[differentiable]
fn namesakes(seed: &[f64], tape: f64, cotangent: usize) -> f64 {
    let part = seed[0] * tape;
    let value = vec![part * part; cotangent];
    let (mut next, mut result) = (1.0, 0.0);
    for taken in 0..value.len() {
        let mut whole = vec![value[taken] * next; 2];
        whole[taken % 2] = (whole[0] * tape).sin();
        next = whole[0] + whole[1];
        result += next * seed[taken % seed.len()];
    }
    result
}

#[differentiable]
fn calls_namesakes(d_x: &[f64], t_x: f64) -> f64 {
    let along = namesakes(d_x, t_x, 3);
    along * namesakes(&d_x[1..], along, 2)
}

/// The sizes of the Jacobian are not the parameters of that name.
#[differentiable]
fn scaled(value: &[f64], rows: usize, columns: f64) -> [f64; 2] {
    [value[0] * rows as f64 * columns, value[1] * columns]
}

#[test]
fn names_of_the_user_are_not_those_of_generated_code() {
    let x = [0.4, -0.2, 0.9];
    gradcheck!(second: namesakes, &x, 0.7, 5);
    gradcheck!(second: calls_namesakes, &x, 0.7);
    let jacobian = scaled::jacobian(&[3.0, 5.0], 7, 0.5);
    assert_eq!(jacobian.data(), [3.5, 0.0, 21.0, 0.0, 0.5, 5.0]);
    // More columns than rows at a time: backward.
    let many = [1.0; 20];
    assert_eq!(scaled::jacobian(&many, 7, 0.5)[(0, 20)], 7.0);
}

#[test]
fn closures_capture() {
    gradcheck!(closures, &[0.4, -0.2, 0.9], 0.7);
    gradcheck!(closures, &[0.6], -0.4);
    assert_eq!(closures::grad(&[], 0.5), (vec![], 1.0));
}
