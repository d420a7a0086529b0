//! What follows `#[checkpoint]` in tensor code must be a stretch of code of its own.

use cotangent::prelude::*;

#[differentiable(wrt(w))]
fn loss(w: &Tensor<f64>, x: &Tensor<f64>) -> f64 {
    let mut h = x.clone();
    #[checkpoint(states = 3)]
    for _ in 0..4 {
        h = h.matmul(w).tanh();
    }
    #[checkpoint]
    h = h.matmul(w);
    #[checkpoint]
    let last;
    last = h.square();
    last.mean()
}

fn main() {}
