//! Finance: options, bonds, portfolios, paths.

use super::*;

#[differentiable]
pub(crate) fn normal(x: f64) -> f64 {
    0.5 * (1.0 + erf(x * std::f64::consts::FRAC_1_SQRT_2))
}

#[differentiable]
pub(crate) fn black_scholes_call(s: f64, k: f64, r: f64, v: f64, t: f64) -> f64 {
    let d1 = ((s / k).ln() + (r + v * v / 2.0) * t) / (v * t.sqrt());
    let d2 = d1 - v * t.sqrt();
    s * normal(d1) - k * (-r * t).exp() * normal(d2)
}

#[differentiable]
pub(crate) fn black_scholes_put(s: f64, k: f64, r: f64, v: f64, t: f64) -> f64 {
    let d1 = ((s / k).ln() + (r + v * v / 2.0) * t) / (v * t.sqrt());
    let d2 = d1 - v * t.sqrt();
    k * (-r * t).exp() * normal(-d2) - s * normal(-d1)
}

#[differentiable(wrt(v0, k, th, xi, rho))]
pub(crate) fn heston_path(v0: f64, k: f64, th: f64, xi: f64, rho: f64, z: &[f64]) -> f64 {
    let (rate, dt) = (0.02, 0.25);
    let mut total = 0.0;
    for path in z.chunks(12) {
        let (mut price, mut v) = (1.0, v0);
        for step in path.chunks(2) {
            let p = v.max(0.0);
            let s = (p * dt + 1e-8_f64).sqrt();
            let zv = rho * step[0] + (1.0 - rho * rho).sqrt() * step[1];
            price *= ((rate - p / 2.0) * dt + s * step[0]).exp();
            v += k * (th - p) * dt + xi * s * zv;
        }
        total += softplus(20.0 * (price - 1.0)) / 20.0;
    }
    total / 2.0 * (-rate * 6.0 * dt).exp()
}

#[differentiable]
pub(crate) fn binomial_tree(s: f64, k: f64, r: f64, v: f64) -> f64 {
    let dt = 0.2_f64;
    let up = (v * dt.sqrt()).exp();
    let p = ((r * dt).exp() - 1.0 / up) / (up - 1.0 / up);
    let mut values = Vec::with_capacity(6);
    for j in 0..=5_i32 {
        values.push((k - s * up.powi(2 * j - 5)).max(0.0));
    }
    for step in (0..5_i32).rev() {
        for j in 0..=step {
            let i = j as usize;
            let held = (-r * dt).exp() * (p * values[i + 1] + (1.0 - p) * values[i]);
            values[i] = (k - s * up.powi(2 * j - step)).max(held);
        }
        values.pop();
    }
    values[0]
}

#[differentiable]
pub(crate) fn bond_yield(price: f64, c: f64) -> f64 {
    let mut y = c / 100.0;
    for _ in 0..6 {
        let (mut value, mut slope) = (100.0 * (-10.0 * y).exp(), -1000.0 * (-10.0 * y).exp());
        for t in 1..=10 {
            let t = t as f64;
            value += c * (-y * t).exp();
            slope -= t * c * (-y * t).exp();
        }
        y -= (value - price) / slope;
    }
    y
}

#[differentiable(wrt(a, m))]
pub(crate) fn portfolio_sharpe(a: &[f64], m: &[f64], c: &[f64]) -> f64 {
    let w = models::softmax(a);
    let n = w.len();
    let mut variance = 0.0;
    for i in 0..n {
        for j in 0..n {
            variance += w[i] * c[i * n + j] * w[j];
        }
    }
    m.iter().zip(&w).map(|(m, w)| m * w).sum::<f64>() / variance.sqrt()
}
