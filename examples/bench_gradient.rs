//! What the gradient of a function of your own costs:
//! `cargo run --release --features bench --example bench_gradient -- --bench`. In your crate this is a
//! bench target with `harness = false`.

use cotangent::bench::{Allocations, Criterion, criterion_group, criterion_main, gradient};
use cotangent::prelude::*;

// Without this line allocations are not counted.
#[global_allocator]
static ALLOCATOR: Allocations = Allocations;

#[differentiable(wrt(w))]
fn logistic(w: &[f64], x: &[f64], y: &[f64]) -> f64 {
    let d = w.len();
    let mut total = 0.0;
    for i in 0..y.len() {
        let mut z = 0.0;
        for k in 0..d {
            z += w[k] * x[i * d + k];
        }
        total += softplus(z) - y[i] * z;
    }
    total
}

fn losses(c: &mut Criterion) {
    let (n, d) = (500, 30);
    let w = vec![0.1; d];
    let x: Vec<f64> = (0..n * d).map(|i| (i as f64 * 0.7).sin()).collect();
    let y: Vec<f64> = (0..n).map(|i| f64::from(i as u8 % 2)).collect();
    let mut grads = vec![0.0; d];
    gradient(
        c,
        "logistic",
        || logistic(&w, &x, &y),
        || logistic::value_and_grad_into(&w, &x, &y, &mut grads),
    );
}

criterion_group!(benches, losses);
criterion_main!(benches);
