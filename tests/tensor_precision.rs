//! Products whose operands are rounded to `bf16`: a program is what it was bound as, and its gradient is
//! within the documented bound of the full one.

mod common;

use cotangent::prelude::*;
use cotangent::{Precision, with_precision};

#[differentiable]
fn loss(w: &Tensor<f32>, x: &Tensor<f32>) -> f32 {
    x.matmul(w).relu().sum()
}

fn noise(shape: &[usize], seed: usize) -> Tensor<f32> {
    let noise = common::noise(shape, seed);
    Tensor::from_fn(shape, |i| noise.data()[i] as f32)
}

#[test]
fn a_program_keeps_the_precision_it_was_bound_with() {
    let (w, x, more) = (
        noise(&[96, 64], 1),
        noise(&[40, 96], 2),
        noise(&[41, 96], 3),
    );
    let mut full = loss::bind(&w, &x).unwrap();
    let mut rounded = with_precision(Precision::Bf16, || loss::bind(&w, &x)).unwrap();
    let pairs = rounded.report().to_string().contains("rounded to bf16");
    assert!(!full.report().to_string().contains("rounded"));
    // The second set of shapes is planned outside the scope.
    for x in [&x, &more] {
        let (value, gradient) = full.value_and_grad(&w, x).unwrap();
        let (rounded_value, rounded_gradient) = rounded.value_and_grad(&w, x).unwrap();
        assert_eq!(pairs, value != rounded_value);
        // What relu passes may differ where a product is nearly 0; 41 rows of magnitude 1 at most.
        let scale: f32 = x.data().iter().map(|x| x.abs()).sum::<f32>() / 96.0;
        for (a, b) in gradient.0.data().iter().zip(rounded_gradient.0.data()) {
            assert!((a - b).abs() <= scale * 0.2, "{a} and {b}");
        }
    }
}
