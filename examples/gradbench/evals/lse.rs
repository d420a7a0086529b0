//! The logarithm of a sum of exponentials.

use cotangent::prelude::*;
use serde_json::Value;

use super::input::numbers;
use super::task::{Task, task, unknown};

/// `ln sum_i e^x_i`, without overflow.
#[differentiable]
pub(crate) fn log_sum_exp(x: &[f64]) -> f64 {
    let mut largest = x[0];
    for i in 1..x.len() {
        if x[i] > largest {
            largest = x[i];
        }
    }
    let mut sum = 0.0;
    for i in 0..x.len() {
        sum += (x[i] - largest).exp();
    }
    largest + sum.ln()
}

struct State {
    x: Vec<f64>,
    value: f64,
    gradient: Vec<f64>,
}

pub(crate) fn eval(function: &str, input: &Value) -> Result<Box<dyn Task>, String> {
    let state = State {
        x: numbers(input, "x")?,
        value: 0.0,
        gradient: Vec::new(),
    };
    if state.x.is_empty() {
        return Err("`x` is empty".to_string());
    }
    match function {
        "primal" => task(state, |s| s.value = log_sum_exp(&s.x), |s| s.value.into()),
        "gradient" => task(
            state,
            |s| s.value = log_sum_exp::value_and_grad_into(&s.x, &mut s.gradient),
            |s| s.gradient.clone().into(),
        ),
        _ => unknown("lse", function),
    }
}
