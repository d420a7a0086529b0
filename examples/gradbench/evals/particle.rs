//! Where a charge must stand for a particle that it repels to land at the origin.
//!
//! The outer derivative is taken in forward or in reverse mode, as asked for. The inner one is
//! `potential::grad` in all four functions, so in reverse mode: that is what a differentiable
//! function can ask another one for.

use cotangent::prelude::*;
use serde_json::Value;

use super::descent::argmin;
use super::task::{Task, task, unknown};

/// The potential at `x` of charges at (10, 10 - w) and (10, 0).
#[differentiable(wrt(x))]
fn potential(x: [f64; 2], w: f64) -> f64 {
    let across = 10.0 - x[0];
    let (first, second) = (10.0 - w - x[1], -x[1]);
    1.0 / (across * across + first * first).sqrt() + 1.0 / (across * across + second * second).sqrt()
}

/// The square of where the particle crosses the axis.
#[differentiable]
pub(crate) fn landing(w: f64) -> f64 {
    let step = 0.1;
    let mut x = [0.0, 8.0];
    let mut v = [0.75, 0.0];
    loop {
        let slope = potential::grad(x, w);
        x[0] += step * v[0];
        x[1] += step * v[1];
        if x[1] <= 0.0 {
            let rest = -x[1] / v[1];
            let at = x[0] + rest * v[0];
            return at * at;
        }
        v[0] -= step * slope[0];
        v[1] -= step * slope[1];
    }
}

pub(crate) fn eval(function: &str, input: &Value) -> Result<Box<dyn Task>, String> {
    let w = input["w"].as_f64().ok_or("`w` is not a number")?;
    let reverse = |s: &mut (f64, f64)| {
        let [found] = argmin([s.0], |[w]| landing(w), |[w]| [landing::grad(w)]);
        s.1 = found;
    };
    let forward = |s: &mut (f64, f64)| {
        let [found] = argmin([s.0], |[w]| landing(w), |[w]| [landing::jvp(w, 1.0).1]);
        s.1 = found;
    };
    match function {
        "rr" | "rf" => task((w, 0.0), reverse, |s| s.1.into()),
        "ff" | "fr" => task((w, 0.0), forward, |s| s.1.into()),
        _ => unknown("particle", function),
    }
}
