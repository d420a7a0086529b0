//! Losses that contain derivatives: residuals of differential equations, penalties on gradients.

use super::*;
use std::f64::consts::PI;

/// A network of one layer over one number.
#[differentiable]
fn network(x: f64, w: &[f64], b: &[f64], out: &[f64]) -> f64 {
    w.iter()
        .zip(b)
        .zip(out)
        .map(|((w, b), out)| out * (w * x + b).tanh())
        .sum()
}

/// Its derivative by `x`, written out: a third derivative cannot be nested.
#[differentiable]
fn network_slope(x: f64, w: &[f64], b: &[f64], out: &[f64]) -> f64 {
    w.iter()
        .zip(b)
        .zip(out)
        .map(|((w, b), out)| out * w * (1.0 - (w * x + b).tanh().powi(2)))
        .sum()
}

#[differentiable(wrt(w, b, out))]
pub(crate) fn poisson_residual(w: &[f64], b: &[f64], out: &[f64], points: &[f64]) -> f64 {
    let mut total = 0.0;
    for &x in points {
        let slope = network_slope::grad(x, w, b, out);
        let residual = slope.0 + PI * PI * (PI * x).sin();
        total += residual * residual;
    }
    total / points.len() as f64 + network(0.0, w, b, out).powi(2) + network(1.0, w, b, out).powi(2)
}

#[differentiable(wrt(x, t))]
fn heat(x: f64, t: f64, w: &[[f64; 2]], b: &[f64], out: &[f64]) -> f64 {
    let mut u = 0.0;
    for i in 0..b.len() {
        u += out[i] * (w[i][0] * x + w[i][1] * t + b[i]).tanh();
    }
    u
}

/// Its derivative by `x`, written out.
#[differentiable(wrt(x))]
fn heat_slope(x: f64, t: f64, w: &[[f64; 2]], b: &[f64], out: &[f64]) -> f64 {
    let mut slope = 0.0;
    for i in 0..b.len() {
        let y = (w[i][0] * x + w[i][1] * t + b[i]).tanh();
        slope += out[i] * w[i][0] * (1.0 - y * y);
    }
    slope
}

#[differentiable(wrt(w, b, out))]
pub(crate) fn heat_residual(w: &[[f64; 2]], b: &[f64], out: &[f64], points: &[[f64; 2]]) -> f64 {
    let mut total = 0.0;
    for i in 0..points.len() {
        let first = heat::grad(points[i][0], points[i][1], w, b, out);
        let second = heat_slope::grad(points[i][0], points[i][1], w, b, out);
        total += (first.1 - 0.1 * second).powi(2);
    }
    total / points.len() as f64
}

#[differentiable(wrt(x))]
fn critic(x: &[f64], w: &[[f64; 3]], out: &[f64]) -> f64 {
    let mut value = 0.0;
    for i in 0..w.len() {
        let mut z = 0.0;
        for k in 0..3 {
            z += w[i][k] * x[k];
        }
        value += out[i] * z.tanh();
    }
    value
}

#[differentiable(wrt(w, out))]
pub(crate) fn gradient_penalty(w: &[[f64; 3]], out: &[f64], points: &[[f64; 3]]) -> f64 {
    let mut total = 0.0;
    for point in points {
        let slope = critic::grad(point, w, out);
        let norm = slope.iter().map(|s| s * s).sum::<f64>().sqrt();
        total += (norm - 1.0).powi(2);
    }
    total / points.len() as f64
}

#[differentiable]
fn energy(q: f64, p: f64, k: f64) -> f64 {
    0.5 * p * p + k * (1.0 - q.cos()) + 0.1 * q.powi(4)
}

/// The step is not in the reference's formula; this one gives its value to the last bit.
const STEP: f64 = 0.1;

#[differentiable]
pub(crate) fn hamiltonian_flow(q: f64, p: f64, k: f64) -> f64 {
    let force = energy::grad(q, p, k);
    let p = p - STEP * force.0;
    let speed = energy::grad(q, p, k);
    energy(q + STEP * speed.1, p, k)
}
