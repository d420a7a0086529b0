//! Leaves without elements, as a layer of width 0 has: they change nothing, whatever the rule.

#[macro_use]
mod common;
#[path = "common/compositions.rs"]
mod compositions;

use common::complete;
use compositions::{CLIPS, CONSTRAINTS, TRANSFORMS};
use cotangent_optimizers::*;
use cotangent_runtime::{Leaves, Path, Tensor};

/// Leaves with elements between leaves without.
type Model = (
    Vec<f64>,
    Tensor<f32>,
    Vec<f64>,
    Tensor<f64>,
    (Tensor<f64>, Vec<f32>),
);

fn model() -> Model {
    (
        Vec::new(),
        Tensor::from_fn(&[3, 4], |i| (i as f32 * 0.7).sin()),
        vec![1.0, -2.0, 0.5],
        Tensor::zeros(&[0, 3]),
        (Tensor::zeros(&[3, 0]), Vec::new()),
    )
}

/// The leaves of `model` that have elements.
type Filled = (Tensor<f32>, Vec<f64>);

fn gradient<M: Leaves + Clone>(model: &M) -> M {
    let mut gradient = model.clone();
    gradient.leaves_mut(&Path::Root, &mut |_, mut leaf| {
        leaf.data.update(|x| (3.0 * x).sin() + 0.1);
    });
    gradient
}

fn walk<R: TensorRule, M: Leaves + Clone>(builder: OptimizerBuilder<R>, mut model: M) -> M {
    let mut optimizer = builder.build(&model).unwrap();
    for _ in 0..5 {
        let grads = gradient(&model);
        let input = StepInput::default().loss(1.0);
        let report = optimizer.step_with(&mut model, &grads, input).unwrap();
        assert!(report.applied() && report.update_norm.is_finite());
    }
    optimizer.eval_params(&model).unwrap()
}

/// A rule moves the other leaves as if those without elements weren't there.
fn check<R: TensorRule>(builder: impl Fn() -> OptimizerBuilder<R>) -> &'static str {
    let whole = walk(builder(), model());
    let (_, matrix, vector, ..) = model();
    let filled: Filled = walk(builder(), (matrix, vector));
    assert_eq!((&whole.1, &whole.2), (&filled.0, &filled.1), "{}", R::NAME);
    assert_eq!(whole.3.shape(), [0, 3]);
    // A model of nothing else has no norm, and nothing to update.
    let nothing: (Vec<f64>, Tensor<f32>) = (Vec::new(), Tensor::zeros(&[0, 2]));
    let mut after = nothing.clone();
    let mut optimizer = builder().build(&nothing).unwrap();
    let input = StepInput::default().loss(1.0);
    let report = optimizer.step_with(&mut after, &nothing, input).unwrap();
    assert_eq!((report.grad_norm, report.update_norm), (0.0, 0.0));
    R::NAME
}

#[test]
fn no_rule_minds_them() {
    macro_rules! visit {
        ($($name:ident: $builder:expr;)*) => {
            complete([$(check(|| $builder)),*])
        };
    }
    every_rule!(visit);
}

#[test]
fn nothing_that_is_composed_with_a_rule_minds_them() {
    for clip in CLIPS {
        check(|| Sgd::new(0.1).momentum(0.9).clip(clip));
    }
    for transform in TRANSFORMS {
        check(|| Adam::new(0.1).transform(transform));
    }
    for constraint in CONSTRAINTS {
        check(|| Adam::new(0.1).constraint(constraint));
    }
}
