//! A system of differential equations, solved by the classical method of Runge and Kutta.

use cotangent::prelude::*;
use serde_json::Value;

use super::input::{numbers, size};
use super::task::{Task, task, unknown};

/// The derivatives `y_0' = x_0`, `y_i' = x_i y_(i-1)`.
#[differentiable]
pub(crate) fn slope(x: &[f64], y: &[f64], dy: &mut [f64]) {
    dy[0] = x[0];
    for i in 1..x.len() {
        dy[i] = x[i] * y[i - 1];
    }
}

/// `y` at time 2, after `steps` steps from `y = 0` at time 0.
#[differentiable]
pub(crate) fn solve(x: &[f64], steps: usize, y: &mut [f64]) {
    let n = x.len();
    let h = 2.0 / steps as f64;
    let mut k1 = vec![0.0; n];
    let mut k2 = vec![0.0; n];
    let mut k3 = vec![0.0; n];
    let mut k4 = vec![0.0; n];
    let mut between = vec![0.0; n];
    for i in 0..n {
        y[i] = 0.0;
    }
    for _ in 0..steps {
        slope(x, y, &mut k1);
        for i in 0..n {
            between[i] = y[i] + 0.5 * h * k1[i];
        }
        slope(x, &between, &mut k2);
        for i in 0..n {
            between[i] = y[i] + 0.5 * h * k2[i];
        }
        slope(x, &between, &mut k3);
        for i in 0..n {
            between[i] = y[i] + h * k3[i];
        }
        slope(x, &between, &mut k4);
        for i in 0..n {
            y[i] += h * (k1[i] + 2.0 * k2[i] + 2.0 * k3[i] + k4[i]) / 6.0;
        }
    }
}

/// The last component of the solution.
#[differentiable(wrt(x))]
pub(crate) fn last_component(x: &[f64], steps: usize, y: &mut [f64]) -> f64 {
    solve(x, steps, y);
    y[x.len() - 1]
}

struct State {
    x: Vec<f64>,
    steps: usize,
    y: Vec<f64>,
    gradient: Vec<f64>,
}

pub(crate) fn eval(function: &str, input: &Value) -> Result<Box<dyn Task>, String> {
    let x = numbers(input, "x")?;
    let y = vec![0.0; x.len()];
    let state = State {
        x,
        steps: size(input, "s")?,
        y,
        gradient: Vec::new(),
    };
    if state.x.is_empty() {
        return Err("`x` is empty".to_string());
    }
    match function {
        "primal" => task(
            state,
            |s| solve(&s.x, s.steps, &mut s.y),
            |s| s.y.clone().into(),
        ),
        "gradient" => task(
            state,
            |s| {
                last_component::value_and_grad_into(&s.x, s.steps, &mut s.y, &mut s.gradient);
            },
            |s| s.gradient.clone().into(),
        ),
        _ => unknown("ode", function),
    }
}
