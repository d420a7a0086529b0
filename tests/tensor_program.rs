//! What a bound program can do: one call at once, cotangents of tensors, auxiliary results, methods,
//! training steps, profiles, other batch sizes; and that it never reads what an earlier call left.

mod common;

use common::{check_gradient, noise};
use cotangent::prelude::*;

#[derive(Differentiable, Clone)]
struct Model {
    w: Tensor<f64>,
    b: Tensor<f64>,
}

fn model() -> Model {
    Model {
        w: noise(&[3, 2], 1),
        b: noise(&[2], 2),
    }
}

impl Model {
    #[differentiable]
    fn forward(&self, x: &Tensor<f64>) -> Tensor<f64> {
        (x.matmul(&self.w) + &self.b).tanh()
    }

    #[differentiable(wrt(self))]
    fn loss(&self, x: &Tensor<f64>, target: &Tensor<f64>) -> f64 {
        (self.forward(x) - target).square().mean()
    }
}

#[differentiable(wrt(model, x))]
fn predict(model: &Model, x: &Tensor<f64>) -> Tensor<f64> {
    (x.matmul(&model.w) + &model.b).tanh()
}

#[differentiable(wrt(model))]
fn loss(model: &Model, x: &Tensor<f64>, target: &Tensor<f64>) -> f64 {
    (predict(model, x) - target).square().mean()
}

#[test]
fn one_call_at_once() {
    let (model, x, target) = (model(), noise(&[4, 3], 3), noise(&[4, 2], 4));
    let (value, gradient) = loss::value_and_grad(&model, &x, &target).unwrap();
    assert!((value - loss(&model, &x, &target)).abs() < 1e-14);
    check_gradient(&model, &gradient, |model| loss(model, &x, &target));
    let again = loss::grad(&model, &x, &target).unwrap();
    assert_eq!(again.w.data(), gradient.w.data());
    assert!(loss::grad(&model, &target, &x).is_err());
}

#[test]
fn a_tensor_has_a_gradient_for_its_cotangent() {
    let (model, x, cotangent) = (model(), noise(&[4, 3], 3), noise(&[4, 2], 4));
    let weighted = |model: &Model, x: &Tensor<f64>| (predict(model, x) * &cotangent).sum();
    let (result, (to_model, to_x)) = predict::vjp(&model, &x, &cotangent).unwrap();
    assert_eq!(result.shape(), [4, 2]);
    let expected = predict(&model, &x);
    let far = |(a, b): (&f64, &f64)| (a - b).abs() > 1e-14;
    assert!(!result.data().iter().zip(expected.data()).any(far));
    check_gradient(&model, &to_model, |model| weighted(model, &x));
    check_gradient(&x, &to_x, |x| weighted(&model, x));
    let mut program = predict::bind(&model, &x).unwrap();
    assert_eq!(program.value(&model, &x).unwrap().data(), result.data());
    let (_, (again, _)) = program.vjp(&model, &x, &cotangent).unwrap();
    assert_eq!(again.w.data(), to_model.w.data());
    let error = program.vjp(&model, &x, &noise(&[2, 4], 5)).err().unwrap();
    let text = "the cotangent has shape [2, 4], and the result has shape [4, 2]";
    assert_eq!(error.to_string(), text);
}

#[differentiable(wrt(model))]
fn with_auxiliary(model: &Model, x: &Tensor<f64>) -> (f64, Tensor<f64>, (Tensor<f64>, f64)) {
    let hidden = x.matmul(&model.w);
    let value = hidden.exp().mean();
    let twice = value * 2.0;
    (value, hidden, (x.clone(), twice))
}

#[test]
fn auxiliary_results_stand_beside_the_value() {
    let (model, x) = (model(), noise(&[4, 3], 3));
    let mut program = with_auxiliary::bind(&model, &x).unwrap();
    let ((value, hidden, (input, twice)), gradient) = program.value_and_grad(&model, &x).unwrap();
    let expected = with_auxiliary(&model, &x);
    assert!((value - expected.0).abs() < 1e-14 && (twice - 2.0 * value).abs() < 1e-14);
    assert_eq!((hidden.shape(), input.data()), (&[4, 2][..], x.data()));
    assert!((hidden.data()[3] - expected.1.data()[3]).abs() < 1e-14);
    check_gradient(&model, gradient, |model| with_auxiliary(model, &x).0);
    // The cotangent of every part at once, one of which is an operand of another.
    let cotangent = (0.3, noise(&[4, 2], 5), (noise(&[4, 3], 6), -0.7));
    let ((..), gradient) = with_auxiliary::vjp(&model, &x, &cotangent).unwrap();
    check_gradient(&model, &gradient, |model| {
        let (value, hidden, (_, twice)) = with_auxiliary(model, &x);
        0.3 * value + (hidden * &cotangent.1).sum() - 0.7 * twice
    });
}

#[differentiable]
fn same_twice(x: &Tensor<f64>) -> (Tensor<f64>, Tensor<f64>, Tensor<f64>) {
    let y = x.sin();
    (y.clone(), x.clone(), y)
}

#[test]
fn one_value_may_be_yielded_several_times() {
    let x = noise(&[5], 1);
    let cotangent = (noise(&[5], 2), noise(&[5], 3), noise(&[5], 4));
    let (_, gradient) = same_twice::vjp(&x, &cotangent).unwrap();
    for k in 0..5 {
        let [a, b, c] = [&cotangent.0, &cotangent.1, &cotangent.2].map(|t| t.data()[k]);
        let expected = (a + c) * x.data()[k].cos() + b;
        assert!((gradient.data()[k] - expected).abs() < 1e-14);
    }
}

#[test]
fn methods_are_bound_by_their_siblings() {
    let (model, x, target) = (model(), noise(&[4, 3], 3), noise(&[4, 2], 4));
    let mut program = model.loss_bind(&x, &target).unwrap();
    let expected = loss::grad(&model, &x, &target).unwrap();
    let (value, gradient) = model
        .loss_value_and_grad(&mut program, &x, &target)
        .unwrap();
    assert!((value - model.loss(&x, &target)).abs() < 1e-14);
    assert_eq!(gradient.w.data(), expected.w.data());
    let alone = model.loss_value(&mut program, &x, &target).unwrap();
    assert!((alone - value).abs() < 1e-15);
    assert!(program.report().to_string().contains("steps"));
    let mut program = model.forward_bind(&x).unwrap();
    let (result, (to_self, to_x)) = model.forward_vjp(&mut program, &x, &target).unwrap();
    assert_eq!(result.shape(), [4, 2]);
    check_gradient(&model, to_self, |model| (model.forward(&x) * &target).sum());
    check_gradient(&x, to_x, |x| (model.forward(x) * &target).sum());
    let result = model.forward_value(&mut program, &x).unwrap();
    assert_eq!(result.shape(), [4, 2]);
}

#[test]
fn a_training_step_is_a_gradient_and_an_update() {
    let (start, x, target) = (model(), noise(&[4, 3], 3), noise(&[4, 2], 4));
    let mut program = loss::bind(&start, &x, &target).unwrap();
    let mut by_hand = start.clone();
    let mut optimizer = AdamW::new(0.1).build(&by_hand).unwrap();
    for _ in 0..3 {
        let (_, gradient) = program.value_and_grad(&by_hand, &x, &target).unwrap();
        optimizer.step(&mut by_hand, gradient).unwrap();
    }
    let mut at_once = start.clone();
    let mut optimizer = AdamW::new(0.1).build(&at_once).unwrap();
    let mut values = Vec::new();
    for step in 1..=3 {
        let (value, report) = program
            .step_with(&mut at_once, &x, &target, &mut optimizer)
            .unwrap();
        assert_eq!(report.step, step);
        values.push(value);
    }
    assert_eq!(at_once.w.data(), by_hand.w.data());
    assert!(values[0] > values[1] && values[1] > values[2], "{values:?}");
}

#[derive(Differentiable, Clone)]
struct Scorer {
    table: Embedding<f64>,
    w: Tensor<f64>,
    unused: Tensor<f64>,
}

#[differentiable(wrt(scorer))]
fn score(scorer: &Scorer, x: &Tensor<u32>, y: &Tensor<f64>) -> f64 {
    (scorer.table.lookup(x).matmul(&scorer.w) - y)
        .square()
        .sum()
}

#[test]
fn gradients_of_micro_batches_add_up_to_that_of_the_batch() {
    let of = |shape: &[usize], seed: f64| Tensor::from_fn(shape, |k| (k as f64 * 0.7 + seed).sin());
    let scorer = Scorer {
        table: Embedding::new(of(&[5, 3], 0.1)),
        w: of(&[3], 0.5),
        unused: of(&[2], 0.0),
    };
    let labels = |list: &[u32]| Tensor::from_vec(&[list.len()], list.to_vec()).unwrap();
    let y = of(&[5], 0.9);
    let mut whole = score::bind(&scorer, &labels(&[0, 3, 1, 3, 2]), &y).unwrap();
    let all = labels(&[0, 3, 1, 3, 2]);
    let (value, expected) = whole.value_and_grad(&scorer, &all, &y).unwrap();
    let (first, second, third) = (labels(&[0, 3]), labels(&[1, 3]), labels(&[2]));
    let part = |from: usize, to: usize| y.slice(0, from..to);
    let mut parts = score::bind(&scorer, &first, &part(0, 2)).unwrap();
    let near = |a: &[f64], b: &[f64]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-12);
    for _ in 0..2 {
        let (mut sum, _) = parts.value_and_grad(&scorer, &first, &part(0, 2)).unwrap();
        sum += parts.accumulate(&scorer, &second, &part(2, 4)).unwrap().0;
        // Another size of batch.
        let (last, found) = parts.accumulate(&scorer, &third, &part(4, 5)).unwrap();
        assert!((sum + last - value).abs() < 1e-12);
        assert!(near(found.w.data(), expected.w.data()));
        assert_eq!(found.unused.data(), [0.0, 0.0]);
        let (rows, all) = (found.table.rows().unwrap(), expected.table.rows().unwrap());
        assert!(near(rows.to_dense().data(), all.to_dense().data()));
    }
}

#[test]
fn a_profile_times_every_step() {
    let (model, x, target) = (model(), noise(&[4, 3], 3), noise(&[4, 2], 4));
    let mut program = loss::bind(&model, &x, &target).unwrap();
    let profile = program.profile(&model, &x, &target).unwrap();
    let steps = program.report().steps();
    assert_eq!(profile.len(), steps);
    assert!(
        profile
            .to_string()
            .starts_with(&format!("loss: {steps} steps, "))
    );
    let trace: serde_json::Value = serde_json::from_str(&profile.chrome_trace()).unwrap();
    let events = trace["traceEvents"].as_array().unwrap();
    assert_eq!(events.len(), steps);
    let mut end = 0.0;
    for event in events {
        let (start, time) = (
            event["ts"].as_f64().unwrap(),
            event["dur"].as_f64().unwrap(),
        );
        assert!(event["ph"] == "X" && start + 0.002 >= end && time >= 0.0);
        end = start + time;
    }
}

#[test]
fn other_batch_sizes_need_no_new_program_and_leave_nothing_behind() {
    let model = model();
    let mut program = loss::bind(&model, &noise(&[8, 3], 3), &noise(&[8, 2], 4)).unwrap();
    for round in 0..3 {
        for rows in [8, 3, 1, 16] {
            let (x, target) = (noise(&[rows, 3], rows), noise(&[rows, 2], rows + 1));
            let expected = loss::value_and_grad(&model, &x, &target).unwrap();
            // All ones is a NaN; all zeros is what the memory was made with.
            for byte in [0xff, 0x00, 0x7f] {
                program.__poison(byte);
                let (value, gradient) = program.value_and_grad(&model, &x, &target).unwrap();
                assert_eq!(
                    value.to_bits(),
                    expected.0.to_bits(),
                    "{rows} {round} {byte}"
                );
                assert_eq!(gradient.w.data(), expected.1.w.data());
                assert_eq!(gradient.b.data(), expected.1.b.data());
                program.__poison(byte);
                let value = program.value(&model, &x, &target).unwrap();
                assert_eq!(value.to_bits(), expected.0.to_bits());
            }
        }
    }
}
