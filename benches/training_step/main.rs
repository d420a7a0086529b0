//! Training steps on one thread: value, gradient and an Adam update. One line a case and peer:
//! `case peer threads median_us min_us`. The peer `hand` is the same step written by hand over
//! `matrixmultiply`. An argument chooses the cases that contain it.

mod hand;
mod models;

use cotangent::prelude::*;
use cotangent_benches::{microseconds, peer, threads};

use hand::Hand;
use models::{Mlp, classify, linear, regress, tiny};

fn features(rows: usize, columns: usize) -> Tensor<f32> {
    Tensor::from_fn(&[rows, columns], |i| (i as f32 * 0.618).fract() - 0.5)
}

/// A classifier of dense layers, beside the hand-written one.
fn classifier(case: &str, batch: usize, sizes: &[usize]) {
    let classes = sizes[sizes.len() - 1];
    let x = features(batch, sizes[0]);
    let labels = Tensor::from_fn(&[batch], |i| (i * 7 % classes) as u32);
    let mut model = Mlp::new(sizes);
    let mut hand = Hand::new(&model, sizes, batch);
    let mut program = classify::bind(&model, &x, &labels).expect("the shapes fit");
    let mut optimizer = Adam::new(1e-3).build(&model).expect("a valid rate");
    let mut step = || {
        let (value, gradient) = program.value_and_grad(&model, &x, &labels).expect("bound");
        optimizer
            .step(&mut model, gradient)
            .expect("the same model");
        value
    };
    for round in 0..5 {
        let (ours, theirs) = (step(), hand.step(x.data(), labels.data()));
        let close = (ours - theirs).abs() < 1e-3 * theirs.abs();
        assert!(
            close,
            "{case}: the losses of step {round} differ: {ours} and {theirs}"
        );
    }
    let hand = peer("hand", || hand.step(x.data(), labels.data()));
    microseconds(case, threads(), vec![peer("cotangent", step), hand]);
}

/// Tiny models: what a step costs beside its arithmetic.
fn regression() {
    let (x, y) = (features(32, 10), features(32, 1));
    let mut model = linear();
    let mut program = regress::bind(&model, &x, &y).expect("the shapes fit");
    let mut optimizer = Adam::new(1e-3).build(&model).expect("a valid rate");
    let step = || {
        let (value, gradient) = program.value_and_grad(&model, &x, &y).expect("bound");
        optimizer
            .step(&mut model, gradient)
            .expect("the same model");
        value
    };
    microseconds("linreg_b32", threads(), vec![peer("cotangent", step)]);
}

fn tiny_network() {
    let (x, y) = (features(4, 2), features(4, 1));
    let mut model = Mlp::new(&[2, 8, 1]);
    let mut program = tiny::bind(&model, &x, &y).expect("the shapes fit");
    let mut optimizer = Adam::new(1e-3).build(&model).expect("a valid rate");
    let step = || {
        let (value, gradient) = program.value_and_grad(&model, &x, &y).expect("bound");
        optimizer
            .step(&mut model, gradient)
            .expect("the same model");
        value
    };
    microseconds("tiny_mlp_b4", threads(), vec![peer("cotangent", step)]);
}

/// A case and what measures it.
type Case<'c> = (&'c str, &'c dyn Fn(&str));

fn main() {
    let words: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| word != "--bench")
        .collect();
    let cases: [Case<'_>; 6] = [
        ("digits_b32", &|case| classifier(case, 32, &[64, 128, 10])),
        ("logreg_1797", &|case| classifier(case, 1797, &[64, 10])),
        ("mlp_b64", &|case| {
            classifier(case, 64, &[784, 256, 128, 10])
        }),
        ("mlp_b256", &|case| {
            classifier(case, 256, &[784, 256, 128, 10])
        }),
        ("linreg_b32", &|_| regression()),
        ("tiny_mlp_b4", &|_| tiny_network()),
    ];
    for (case, run) in cases {
        if words.is_empty() || words.iter().any(|word| case.contains(word.as_str())) {
            run(case);
        }
    }
}
