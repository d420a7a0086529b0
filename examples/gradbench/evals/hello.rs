//! The square of a number.

use cotangent::prelude::*;
use serde_json::Value;

use super::task::{Task, task, unknown};

#[differentiable]
fn square(x: f64) -> f64 {
    x * x
}

pub(crate) fn eval(function: &str, input: &Value) -> Result<Box<dyn Task>, String> {
    let x = input.as_f64().ok_or("the input is not a number")?;
    match function {
        "square" => task((x, 0.0), |s| s.1 = square(s.0), |s| s.1.into()),
        "double" => task((x, 0.0), |s| s.1 = square::grad(s.0), |s| s.1.into()),
        _ => unknown("hello", function),
    }
}
