//! Least squares: a polynomial fitted to the sign function at points between -1 and 1.

use cotangent::prelude::*;
use serde_json::Value;

use super::input::{numbers, size};
use super::task::{Task, task, unknown};

/// `1/2 sum_i (sign(t_i) - sum_j x_j t_i^j)^2` over `n` points `t_i`.
#[differentiable(wrt(x))]
pub(crate) fn least_squares(x: &[f64], n: usize) -> f64 {
    let mut total = 0.0;
    for i in 0..n {
        let t = -1.0 + i as f64 * 2.0 / (n as f64 - 1.0);
        let mut residual = if t > 0.0 {
            1.0
        } else if t < 0.0 {
            -1.0
        } else {
            0.0
        };
        let mut power = 1.0;
        for j in 0..x.len() {
            residual -= x[j] * power;
            power *= t;
        }
        total += residual * residual;
    }
    total * 0.5
}

struct State {
    x: Vec<f64>,
    n: usize,
    value: f64,
    gradient: Vec<f64>,
}

pub(crate) fn eval(function: &str, input: &Value) -> Result<Box<dyn Task>, String> {
    let state = State {
        x: numbers(input, "x")?,
        n: size(input, "n")?,
        value: 0.0,
        gradient: Vec::new(),
    };
    match function {
        "primal" => task(
            state,
            |s| s.value = least_squares(&s.x, s.n),
            |s| s.value.into(),
        ),
        "gradient" => task(
            state,
            |s| s.value = least_squares::value_and_grad_into(&s.x, s.n, &mut s.gradient),
            |s| s.gradient.clone().into(),
        ),
        _ => unknown("llsq", function),
    }
}
