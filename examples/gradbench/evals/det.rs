//! The determinant by expansion into minors.

use cotangent::prelude::*;
use serde_json::Value;

use super::input::{numbers, size};
use super::task::{Task, task, unknown};

/// The determinant of the rows of an `l` by `l` matrix from `row` on, without the columns whose
/// bits are set in `used`.
#[differentiable]
pub(crate) fn minor(a: &[f64], l: usize, row: usize, used: usize) -> f64 {
    if row == l {
        1.0
    } else {
        let mut total = 0.0;
        let mut sign = 1.0;
        for column in 0..l {
            if used >> column & 1 == 0 {
                total += sign * a[row * l + column] * minor(a, l, row + 1, used | 1 << column);
                sign = -sign;
            }
        }
        total
    }
}

struct State {
    a: Vec<f64>,
    l: usize,
    value: f64,
    gradient: Vec<f64>,
}

pub(crate) fn eval(function: &str, input: &Value) -> Result<Box<dyn Task>, String> {
    let state = State {
        a: numbers(input, "A")?,
        l: size(input, "ell")?,
        value: 0.0,
        gradient: Vec::new(),
    };
    if state.a.len() != state.l * state.l || state.l > 32 {
        return Err("`A` is not a matrix of `ell` rows, at most 32".to_string());
    }
    match function {
        "primal" => task(
            state,
            |s| s.value = minor(&s.a, s.l, 0, 0),
            |s| s.value.into(),
        ),
        "gradient" => task(
            state,
            |s| s.value = minor::value_and_grad_into(&s.a, s.l, 0, 0, &mut s.gradient),
            |s| s.gradient.clone().into(),
        ),
        _ => unknown("det", function),
    }
}
