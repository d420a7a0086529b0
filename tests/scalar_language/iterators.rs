//! Iterator chains and closures.

use super::lists::agree;
use super::*;

#[differentiable]
fn sums(x: &[f64]) -> f64 {
    let a: f64 = x.iter().sum();
    let b = x.iter().map(|v| v * v).sum::<f64>();
    let c: f64 = x
        .iter()
        .zip(x.iter().skip(1))
        .map(|(a, b)| a * b.sin())
        .sum();
    let d = x.iter().product::<f64>();
    let e = x.iter().fold(0.5, |acc, &v| acc * v + 1.0);
    let f = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let g = (0..x.len()).map(|i| x[i] * i as f64).sum::<f64>();
    let h = x.iter().cloned().map(f64::sin).sum::<f64>();
    let most = if x.is_empty() { 0.0 } else { f };
    a * b + c - d * e + most * g + h
}

#[differentiable]
fn loops(x: &[f64]) -> f64 {
    let mut s = 1.0_f64;
    for v in x {
        s += v * s.cos();
    }
    for &v in x.iter().rev() {
        s = s * v + 0.5;
    }
    for (i, v) in x.iter().enumerate().skip(1).step_by(2) {
        s += i as f64 * *v * s;
    }
    for (a, &b) in x.iter().zip(x.iter().rev()).take(3) {
        s += a * b;
    }
    for w in x.windows(2) {
        s += w[0] * w[1].sin();
    }
    for c in x.chunks(2) {
        s += c.iter().sum::<f64>() * c[0];
    }
    for c in x.chunks_exact(3) {
        s -= c[2] * c[0];
    }
    for v in x.iter().filter(|v| **v > 1.0) {
        s += v * v;
    }
    for v in x.iter().take_while(|&&v| v < 1.5) {
        s *= v;
    }
    s
}

#[differentiable]
fn in_place(x: &[f64]) -> f64 {
    let mut v = x.to_vec();
    for a in v.iter_mut() {
        *a = *a * 2.0 + 1.0;
    }
    for (i, a) in v.iter_mut().enumerate() {
        *a *= i as f64 + x[0];
    }
    for pair in v.chunks_mut(2) {
        pair[0] *= pair[pair.len() - 1];
    }
    v.iter_mut().for_each(|a| *a += 1.0);
    let w: Vec<f64> = v.iter().zip(x).map(|(a, b)| a / b).collect();
    let mut s = 0.0;
    for (a, b) in w.iter().zip(&v) {
        s += a * b;
    }
    s
}

#[differentiable]
fn nested(x: &[f64]) -> f64 {
    (0..x.len())
        .map(|i| {
            let row: f64 = (0..=i).map(|j| x[j] * x[i]).sum();
            row.sin()
                + x.iter()
                    .filter(|&&v| v > x[i])
                    .map(|&v| v * x[i])
                    .sum::<f64>()
        })
        .sum()
}

#[differentiable]
fn call_in_a_chain(x: &[f64]) -> f64 {
    let scale = 1.5;
    x.iter().map(|&v| bend(v, scale)).sum::<f64>() + x.iter().copied().map(twice).product::<f64>()
}

#[differentiable]
fn bend(x: f64, by: f64) -> f64 {
    if x > 1.0 { x * by } else { (x * by).sin() }
}

#[differentiable]
fn twice(x: f64) -> f64 {
    2.0 * x
}

agree! {
    reductions: sums at SIZES;
    loops_over_iterators: loops at SIZES;
    iterators_that_write: in_place at [1, 2, 3, 7];
    chains_in_closures: nested at SIZES;
    calls_in_closures: call_in_a_chain at SIZES;
}
