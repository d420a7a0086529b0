//! Where a charge must stand for a particle that it repels to land at the origin.
//!
//! The first letter of a function is the mode of the outer derivative, the second that of the
//! slope of the potential, which the outer one differentiates.

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

#[differentiable]
fn slope_in_reverse(x: [f64; 2], w: f64) -> [f64; 2] {
    potential::grad(x, w)
}

/// The same slope, a direction at a time.
#[differentiable]
fn slope_forwards(x: [f64; 2], w: f64) -> [f64; 2] {
    let (_, across) = potential::jvp(x, w, [1.0, 0.0]);
    let (_, down) = potential::jvp(x, w, [0.0, 1.0]);
    [across, down]
}

/// Where the particle lands, by one or the other slope.
macro_rules! landing {
    ($name:ident, $slope:ident) => {
        /// The square of where the particle crosses the axis.
        #[differentiable]
        pub(crate) fn $name(w: f64) -> f64 {
            let step = 0.1;
            let mut x = [0.0, 8.0];
            let mut v = [0.75, 0.0];
            loop {
                let slope = $slope(x, w);
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
    };
}

landing!(landing, slope_in_reverse);
landing!(landing_forwards, slope_forwards);

/// The descent over the place of the charge, from and into the two numbers of the state.
fn search(s: &mut (f64, f64), value: fn(f64) -> f64, slope: fn(f64) -> f64) {
    let [found] = argmin([s.0], |[w]| value(w), |[w]| [slope(w)]);
    s.1 = found;
}

pub(crate) fn eval(function: &str, input: &Value) -> Result<Box<dyn Task>, String> {
    let w = input["w"].as_f64().ok_or("`w` is not a number")?;
    let found = |s: &(f64, f64)| s.1.into();
    let s = (w, 0.0);
    match function {
        "rr" => task(s, |s| search(s, landing, landing::grad), found),
        "rf" => task(s, |s| search(s, landing_forwards, landing_forwards::grad), found),
        "fr" => task(s, |s| search(s, landing, |w| landing::jvp(w, 1.0).1), found),
        "ff" => task(
            s,
            |s| search(s, landing_forwards, |w| landing_forwards::jvp(w, 1.0).1),
            found,
        ),
        _ => unknown("particle", function),
    }
}
