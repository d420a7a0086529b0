//! The log-posterior of a mixture of Gaussians with a Wishart prior.

use std::f64::consts::{LN_2, PI};

use cotangent::prelude::*;
use serde_json::{Value, json};

use super::input::{numbers, size};
use super::lse::log_sum_exp;
use super::task::{Task, task, unknown};

/// `k` components in `d` dimensions over the points `x`: weights `alpha`, means `mu`, and lower
/// triangular factors of the precisions with diagonals `e^q` and the rest `l`, column by column.
#[differentiable(wrt(alpha, mu, q, l))]
pub(crate) fn log_posterior(
    alpha: &[f64],
    mu: &[f64],
    q: &[f64],
    l: &[f64],
    x: &[f64],
    d: usize,
    m: f64,
    gamma: f64,
) -> f64 {
    let k = alpha.len();
    let n = x.len() / d;
    let below = d * (d - 1) / 2;
    let mut diagonal = vec![0.0; k * d];
    for i in 0..k * d {
        diagonal[i] = q[i].exp();
    }
    let mut rows = vec![0.0; k * below];
    for j in 0..k {
        let mut at = j * below;
        for c in 0..d {
            for r in c + 1..d {
                rows[j * below + (r * r - r) / 2 + c] = l[at];
                at += 1;
            }
        }
    }
    let mut logs = vec![0.0; k];
    for j in 0..k {
        for r in 0..d {
            logs[j] += q[j * d + r];
        }
    }

    let mut likelihood = 0.0;
    for i in 0..n {
        let mut terms = vec![0.0; k];
        for j in 0..k {
            let mut square = 0.0;
            for r in 0..d {
                let mut z = diagonal[j * d + r] * (x[i * d + r] - mu[j * d + r]);
                let row = j * below + (r * r - r) / 2;
                for c in 0..r {
                    z += rows[row + c] * (x[i * d + c] - mu[j * d + c]);
                }
                square += z * z;
            }
            terms[j] = alpha[j] + logs[j] - 0.5 * square;
        }
        likelihood += log_sum_exp(&terms);
    }

    let mut prior = 0.0;
    for j in 0..k {
        let mut frobenius = 0.0;
        for r in 0..d {
            frobenius += diagonal[j * d + r] * diagonal[j * d + r];
        }
        for at in 0..below {
            frobenius += l[j * below + at] * l[j * below + at];
        }
        prior += 0.5 * gamma * gamma * frobenius - m * logs[j];
    }
    let of_prior = no_diff!(wishart_constant(k, d, m, gamma));
    let constant = of_prior - n as f64 * d as f64 * 0.5 * (2.0 * PI).ln();
    constant + likelihood - n as f64 * log_sum_exp(alpha) - prior
}

/// What the prior has beside the parameters.
fn wishart_constant(k: usize, d: usize, m: f64, gamma: f64) -> f64 {
    let (dimensions, freedom) = (d as f64, d as f64 + m + 1.0);
    let mut gammas = dimensions * (dimensions - 1.0) / 4.0 * PI.ln();
    for j in 1..=d {
        gammas += ln_gamma(0.5 * freedom + 0.5 * (1.0 - j as f64));
    }
    k as f64 * (freedom * dimensions * (gamma.ln() - 0.5 * LN_2) - gammas)
}

/// The logarithm of the gamma function of a multiple of one half.
fn ln_gamma(x: f64) -> f64 {
    if x == 1.0 {
        0.0
    } else if x == 0.5 {
        0.5 * PI.ln()
    } else {
        (x - 1.0).ln() + ln_gamma(x - 1.0)
    }
}

struct State {
    alpha: Vec<f64>,
    mu: Vec<f64>,
    q: Vec<f64>,
    l: Vec<f64>,
    x: Vec<f64>,
    d: usize,
    m: f64,
    gamma: f64,
    value: f64,
    gradient: (Vec<f64>, Vec<f64>, Vec<f64>, Vec<f64>),
}

pub(crate) fn eval(function: &str, input: &Value) -> Result<Box<dyn Task>, String> {
    let state = State {
        alpha: numbers(input, "alpha")?,
        mu: numbers(input, "mu")?,
        q: numbers(input, "q")?,
        l: numbers(input, "l")?,
        x: numbers(input, "x")?,
        d: size(input, "d")?,
        m: size(input, "m")? as f64,
        gamma: input["gamma"].as_f64().ok_or("`gamma` is not a number")?,
        value: 0.0,
        gradient: Default::default(),
    };
    let (d, k) = (state.d, state.alpha.len());
    let fits = d > 0
        && state.mu.len() == k * d
        && state.q.len() == k * d
        && state.l.len() == k * (d * (d - 1) / 2)
        && state.x.len().is_multiple_of(d);
    if !fits || k == 0 {
        return Err("the sizes of `alpha`, `mu`, `q`, `l` and `x` do not fit".to_string());
    }
    match function {
        "objective" => task(
            state,
            |s| {
                s.value =
                    log_posterior(&s.alpha, &s.mu, &s.q, &s.l, &s.x, s.d, s.m, s.gamma);
            },
            |s| s.value.into(),
        ),
        "jacobian" => task(
            state,
            |s| {
                s.value = log_posterior::value_and_grad_into(
                    &s.alpha,
                    &s.mu,
                    &s.q,
                    &s.l,
                    &s.x,
                    s.d,
                    s.m,
                    s.gamma,
                    &mut s.gradient,
                );
            },
            |s| {
                let (alpha, mu, q, l) = &s.gradient;
                let below = s.d * (s.d - 1) / 2;
                let rows = |flat: &Vec<f64>, width: usize| -> Vec<Vec<f64>> {
                    (0..s.alpha.len())
                        .map(|j| flat[j * width..(j + 1) * width].to_vec())
                        .collect()
                };
                json!({ "alpha": alpha, "mu": rows(mu, s.d), "q": rows(q, s.d), "l": rows(l, below) })
            },
        ),
        _ => unknown("gmm", function),
    }
}
