//! The saddle point of a function, by a descent through the result of an ascent.
//!
//! The outer derivative is taken in forward or in reverse mode, as asked for; the inner one is
//! `height::grad` in all four functions, so in reverse mode.

use cotangent::prelude::*;
use serde_json::Value;

use super::descent::argmin;
use super::input::numbers;
use super::task::{Task, task, unknown};

#[differentiable(wrt(y))]
fn height(x: [f64; 2], y: [f64; 2]) -> f64 {
    (x[0] * x[0] + x[1] * x[1]) - (y[0] * y[0] + y[1] * y[1])
}

/// The greatest height over `y`, by the prescribed optimiser.
#[differentiable(wrt(x))]
pub(crate) fn ridge(x: [f64; 2], start: [f64; 2]) -> f64 {
    let mut y = start;
    let mut value = height(x, y);
    let mut slope = height::grad(x, y);
    let mut rate = 1e-5;
    let mut steps = 0;
    loop {
        if (slope[0] * slope[0] + slope[1] * slope[1]).sqrt() <= 1e-5 {
            break;
        }
        if steps == 10 {
            rate *= 2.0;
            steps = 0;
            continue;
        }
        let next = [y[0] + rate * slope[0], y[1] + rate * slope[1]];
        let (dx, dy) = (next[0] - y[0], next[1] - y[1]);
        if (dx * dx + dy * dy).sqrt() <= 1e-5 {
            break;
        }
        let next_value = height(x, next);
        if next_value > value {
            y = next;
            value = next_value;
            slope = height::grad(x, y);
            steps += 1;
        } else {
            rate /= 2.0;
            steps = 0;
        }
    }
    height(x, y)
}

struct State {
    start: [f64; 2],
    found: [f64; 4],
}

/// The descent over x, and the ascent over y that ends it.
fn search(s: &mut State, gradient: impl Fn([f64; 2], [f64; 2]) -> [f64; 2]) {
    let start = s.start;
    let x = argmin(start, |x| ridge(x, start), |x| gradient(x, start));
    let y = argmin(
        start,
        |y| -height(x, y),
        |y| height::grad(x, y).map(|slope| -slope),
    );
    s.found = [x[0], x[1], y[0], y[1]];
}

pub(crate) fn eval(function: &str, input: &Value) -> Result<Box<dyn Task>, String> {
    let start = numbers(input, "start")?;
    let start = start.try_into().map_err(|_| "`start` has not two numbers")?;
    let state = State {
        start,
        found: [0.0; 4],
    };
    let reverse = |s: &mut State| search(s, ridge::grad);
    let forward = |s: &mut State| {
        let along = |x, start, direction| ridge::jvp(x, start, direction).1;
        search(s, |x, start| {
            [along(x, start, [1.0, 0.0]), along(x, start, [0.0, 1.0])]
        });
    };
    match function {
        "rr" | "rf" => task(state, reverse, |s| s.found.to_vec().into()),
        "ff" | "fr" => task(state, forward, |s| s.found.to_vec().into()),
        _ => unknown("saddle", function),
    }
}
