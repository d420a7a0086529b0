//! Test functions of optimisation.

use super::*;

#[differentiable]
pub(crate) fn test_ackley(x: &[f64]) -> f64 {
    let n = x.len() as f64;
    let squares: f64 = x.iter().map(|x| x * x).sum();
    let waves: f64 = x.iter().map(|x| (std::f64::consts::TAU * x).cos()).sum();
    -20.0 * (-0.2 * (squares / n).sqrt()).exp() - (waves / n).exp() + 20.0 + std::f64::consts::E
}

#[differentiable]
pub(crate) fn test_rastrigin(x: &[f64]) -> f64 {
    10.0 * x.len() as f64
        + x.iter()
            .map(|x| x * x - 10.0 * (std::f64::consts::TAU * x).cos())
            .sum::<f64>()
}

#[differentiable]
pub(crate) fn test_styblinski_tang(x: &[f64]) -> f64 {
    0.5 * x
        .iter()
        .map(|x| x.powi(4) - 16.0 * x * x + 5.0 * x)
        .sum::<f64>()
}

#[differentiable]
pub(crate) fn test_sphere(x: &[f64]) -> f64 {
    x.iter().fold(0.0, |sum, x| sum + x * x)
}

#[differentiable]
pub(crate) fn test_schwefel(x: &[f64]) -> f64 {
    let mut total = 418.9829 * x.len() as f64;
    for x in x {
        total -= x * x.abs().sqrt().sin();
    }
    total
}

#[differentiable]
pub(crate) fn test_levy(x: &[f64]) -> f64 {
    let pi = std::f64::consts::PI;
    let w: Vec<f64> = x.iter().map(|x| 1.0 + (x - 1.0) / 4.0).collect();
    let (first, last) = (w[0], w[w.len() - 1]);
    let mut total = (pi * first).sin().powi(2);
    for w in &w[..w.len() - 1] {
        total += (w - 1.0).powi(2) * (1.0 + 10.0 * (pi * w + 1.0).sin().powi(2));
    }
    total + (last - 1.0).powi(2) * (1.0 + (2.0 * pi * last).sin().powi(2))
}

#[differentiable]
pub(crate) fn test_zakharov(x: &[f64]) -> f64 {
    let mut squares = 0.0;
    let mut s = 0.0_f64;
    for (i, x) in (1..).zip(x) {
        squares += x * x;
        s += 0.5 * i as f64 * x;
    }
    squares + s.powi(2) + s.powi(4)
}

#[differentiable]
pub(crate) fn test_dixon_price(x: &[f64]) -> f64 {
    let mut total = (x[0] - 1.0).powi(2);
    for i in 1..x.len() {
        total += (i + 1) as f64 * (2.0 * x[i] * x[i] - x[i - 1]).powi(2);
    }
    total
}

#[differentiable]
pub(crate) fn test_himmelblau(x: f64, y: f64) -> f64 {
    (x * x + y - 11.0).powi(2) + (x + y * y - 7.0).powi(2)
}

#[differentiable]
pub(crate) fn test_booth(x: f64, y: f64) -> f64 {
    (x + 2.0 * y - 7.0).powi(2) + (2.0 * x + y - 5.0).powi(2)
}

#[differentiable]
pub(crate) fn test_goldstein_price(x: f64, y: f64) -> f64 {
    let a = 1.0
        + (x + y + 1.0).powi(2)
            * (19.0 - 14.0 * x + 3.0 * x * x - 14.0 * y + 6.0 * x * y + 3.0 * y * y);
    let b = 30.0
        + (2.0 * x - 3.0 * y).powi(2)
            * (18.0 - 32.0 * x + 12.0 * x * x + 48.0 * y - 36.0 * x * y + 27.0 * y * y);
    a * b
}

#[differentiable]
pub(crate) fn test_mccormick(x: f64, y: f64) -> f64 {
    (x + y).sin() + (x - y).powi(2) - 1.5 * x + 2.5 * y + 1.0
}

#[differentiable]
pub(crate) fn test_three_hump_camel(x: f64, y: f64) -> f64 {
    2.0 * x * x - 1.05 * x.powi(4) + x.powi(6) / 6.0 + x * y + y * y
}

#[differentiable]
pub(crate) fn test_matyas(x: f64, y: f64) -> f64 {
    0.26 * (x * x + y * y) - 0.48 * x * y
}
