//! A view of an array is a reference already.
use cotangent::prelude::*;
use ndarray::ArrayView1;

#[differentiable]
fn sum(x: &ArrayView1<f64>) -> f64 {
    x[0] + x[1]
}

fn main() {}
