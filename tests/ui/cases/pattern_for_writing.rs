//! A part of an option that is bound for writing.

use cotangent::prelude::*;

#[differentiable]
fn f(x: f64) -> f64 {
    let mut held = Some(x);
    if let Some(v) = &mut held {
        *v *= 2.0;
    }
    held.unwrap()
}

fn main() {}
