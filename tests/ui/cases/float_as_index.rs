//! A float that becomes an index.

use cotangent::prelude::*;

#[differentiable]
fn f(x: &[f64], at: f64) -> f64 {
    x[at as usize] + at
}

fn main() {}
