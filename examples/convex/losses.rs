//! The five losses, in plain Rust; their gradients and Hessian-vector products are generated.

#![allow(
    clippy::needless_range_loop,
    reason = "losses over several tables at once read best by index"
)]

use cotangent::prelude::*;

/// The mean cross-entropy of a softmax over linear scores, plus `penalty / 2 |W|^2`. `w` holds the
/// weights feature by feature, a number per class each, and then a bias per class, which is not
/// penalised; there are at most ten classes.
#[differentiable(wrt(w))]
pub(crate) fn softmax_regression(
    w: &[f64],
    x: &[f64],
    labels: &[usize],
    classes: usize,
    penalty: f64,
) -> f64 {
    let features = w.len() / classes - 1;
    let mut scores = [0.0; 10];
    let mut total = 0.0;
    for row in 0..labels.len() {
        for class in 0..classes {
            scores[class] = w[features * classes + class];
        }
        for k in 0..features {
            for class in 0..classes {
                scores[class] += x[row * features + k] * w[k * classes + class];
            }
        }
        let mut top = scores[0];
        for class in 1..classes {
            top = top.max(scores[class]);
        }
        let mut sum = 0.0;
        for class in 0..classes {
            sum += (scores[class] - top).exp();
        }
        total += top + sum.ln() - scores[labels[row]];
    }
    let mut squares = 0.0;
    for k in 0..features * classes {
        squares += w[k] * w[k];
    }
    total / labels.len() as f64 + 0.5 * penalty * squares
}

/// Half the mean squared error of a line in many variables, plus `penalty / 2 |w|^2`; the last
/// parameter is the intercept, which is not penalised.
#[differentiable(wrt(w))]
pub(crate) fn ridge(w: &[f64], x: &[f64], y: &[f64], penalty: f64) -> f64 {
    let features = w.len() - 1;
    let mut total = 0.0;
    for row in 0..y.len() {
        let mut error = w[features] - y[row];
        for k in 0..features {
            error += w[k] * x[row * features + k];
        }
        total += error * error;
    }
    let mut squares = 0.0;
    for k in 0..features {
        squares += w[k] * w[k];
    }
    0.5 * total / y.len() as f64 + 0.5 * penalty * squares
}

/// The negative log partial likelihood of Cox's model with Breslow's treatment of ties. Rows are in
/// order of falling time, `ends` has the end of every group of equal times, and `died` is 1 for an
/// event.
#[differentiable(wrt(w))]
pub(crate) fn cox(w: &[f64], x: &[f64], ends: &[usize], died: &[f64]) -> f64 {
    let features = w.len();
    let (mut at_risk, mut total) = (0.0, 0.0);
    let mut start = 0;
    for group in 0..ends.len() {
        let (mut score_of_dead, mut dead) = (0.0, 0.0);
        for row in start..ends[group] {
            let mut score = 0.0;
            for k in 0..features {
                score += w[k] * x[row * features + k];
            }
            at_risk += score.exp();
            score_of_dead += died[row] * score;
            dead += died[row];
        }
        total += dead * at_risk.ln() - score_of_dead;
        start = ends[group];
    }
    total
}

/// The negative log-likelihood of a level that walks at random and is observed with noise, from the
/// second observation on, by Kalman's filter. The parameters are the logarithms of the two
/// variances: of the observations and of the level's steps.
#[differentiable(wrt(logs))]
pub(crate) fn local_level(logs: &[f64], flow: &[f64]) -> f64 {
    let (noise, drift) = (logs[0].exp(), logs[1].exp());
    let (mut level, mut variance) = (flow[0], noise + drift);
    let mut total = 0.0;
    for t in 1..flow.len() {
        let surprise = flow[t] - level;
        let spread = variance + noise;
        total += 0.5 * ((2.0 * std::f64::consts::PI * spread).ln() + surprise * surprise / spread);
        let gain = variance / spread;
        level += gain * surprise;
        variance = variance * (1.0 - gain) + drift;
    }
    total
}
