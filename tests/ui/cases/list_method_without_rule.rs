//! A method of a vector that the reverse pass could not undo.

use cotangent::prelude::*;

#[differentiable]
fn f(x: &[f64]) -> f64 {
    let mut v = x.to_vec();
    v.insert(0, x[1]);
    v[0]
}

fn main() {}
