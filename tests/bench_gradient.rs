//! What the benchmark of a user's function reports (feature `bench`).

use std::time::Duration;

use cotangent::bench::{Allocations, Criterion, gradient};
use cotangent::prelude::*;

#[global_allocator]
static ALLOCATOR: Allocations = Allocations;

#[differentiable(wrt(w))]
fn loss(w: &[f64], x: &[f64]) -> f64 {
    w.iter().zip(x).map(|(w, x)| (w * x).tanh()).sum()
}

#[test]
fn times_ratio_and_allocations_are_reported() {
    let mut criterion = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(5))
        .measurement_time(Duration::from_millis(20))
        .without_plots();
    let (w, x) = ([0.3; 50], [0.7; 50]);
    let run = || loss(&w, &x);
    let cost = gradient(&mut criterion, "loss", run, || loss::value_and_grad(&w, &x));
    let cost = cost.expect("both ran");
    // The gradient is a vector of its own.
    assert_eq!(cost.allocations, Some((0, 1)));
    assert!(cost.primal > Duration::ZERO && cost.gradient > Duration::ZERO);
    let text = cost.to_string();
    let expected = format!("ratio {:.2}, allocations 0 and 1", cost.ratio());
    assert!(
        text.starts_with("loss: primal ") && text.ends_with(&expected),
        "{text}"
    );

    let mut grads = vec![0.0; 50];
    let mut into = || loss::value_and_grad_into(&w, &x, &mut grads);
    into();
    let cost = gradient(&mut criterion, "into", run, into).expect("both ran");
    assert_eq!(cost.allocations, Some((0, 0)));
}
