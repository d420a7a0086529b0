//! The saddle point of a function, by a descent through the result of an ascent.
//!
//! The first letter of a function is the mode of the outer derivative, the second that of the
//! slope over `y`, which the outer one differentiates.

use cotangent::prelude::*;
use serde_json::Value;

use super::descent::argmin;
use super::input::numbers;
use super::task::{Task, task, unknown};

#[differentiable(wrt(y))]
fn height(x: [f64; 2], y: [f64; 2]) -> f64 {
    (x[0] * x[0] + x[1] * x[1]) - (y[0] * y[0] + y[1] * y[1])
}

#[differentiable]
fn slope_in_reverse(x: [f64; 2], y: [f64; 2]) -> [f64; 2] {
    height::grad(x, y)
}

/// The same slope, a direction at a time.
#[differentiable]
fn slope_forwards(x: [f64; 2], y: [f64; 2]) -> [f64; 2] {
    let (_, first) = height::jvp(x, y, [1.0, 0.0]);
    let (_, second) = height::jvp(x, y, [0.0, 1.0]);
    [first, second]
}

/// The ascent, by one or the other slope.
macro_rules! ridge {
    ($name:ident, $slope:ident) => {
        /// The greatest height over `y`, by the prescribed optimiser.
        #[differentiable(wrt(x))]
        pub(crate) fn $name(x: [f64; 2], start: [f64; 2]) -> f64 {
            let mut y = start;
            let mut value = height(x, y);
            let mut slope = $slope(x, y);
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
                    slope = $slope(x, y);
                    steps += 1;
                } else {
                    rate /= 2.0;
                    steps = 0;
                }
            }
            height(x, y)
        }
    };
}

ridge!(ridge, slope_in_reverse);
ridge!(ridge_forwards, slope_forwards);

type Point = [f64; 2];

struct State {
    start: [f64; 2],
    found: [f64; 4],
}

/// The descent over x, and the ascent over y that ends it.
fn search(
    s: &mut State,
    value: fn(Point, Point) -> f64,
    gradient: impl Fn(Point, Point) -> Point,
    slope: fn(Point, Point) -> Point,
) {
    let start = s.start;
    let x = argmin(start, |x| value(x, start), |x| gradient(x, start));
    let y = argmin(
        start,
        |y| -height(x, y),
        |y| slope(x, y).map(|slope| -slope),
    );
    s.found = [x[0], x[1], y[0], y[1]];
}

/// A gradient out of derivatives along the axes.
fn by_axes(along: fn(Point, Point, Point) -> (f64, f64)) -> impl Fn(Point, Point) -> Point {
    move |x, start| [[1.0, 0.0], [0.0, 1.0]].map(|axis| along(x, start, axis).1)
}

pub(crate) fn eval(function: &str, input: &Value) -> Result<Box<dyn Task>, String> {
    let start = numbers(input, "start")?;
    let start = start.try_into().map_err(|_| "`start` has not two numbers")?;
    let state = State {
        start,
        found: [0.0; 4],
    };
    let found = |s: &State| s.found.to_vec().into();
    match function {
        "rr" => task(
            state,
            |s| search(s, ridge, ridge::grad, slope_in_reverse),
            found,
        ),
        "rf" => task(
            state,
            |s| search(s, ridge_forwards, ridge_forwards::grad, slope_forwards),
            found,
        ),
        "fr" => task(
            state,
            |s| search(s, ridge, by_axes(ridge::jvp), slope_in_reverse),
            found,
        ),
        "ff" => task(
            state,
            |s| {
                let along = by_axes(ridge_forwards::jvp);
                search(s, ridge_forwards, along, slope_forwards);
            },
            found,
        ),
        _ => unknown("saddle", function),
    }
}
