//! What is simplified when a function is compiled, before any tensor exists, and when it is bound:
//! counted in the static graph and in the plan. That the results stay right, other tests say.

mod common;

use common::noise;
use cotangent::prelude::*;

/// How often a text stands in the static graph of a function, forwards and backwards.
macro_rules! count {
    ($f:ident, $text:expr) => {{
        let text = $f::graph().to_string();
        let (forward, backward) = text.split_once("  backward\n").unwrap();
        (
            forward.matches($text).count(),
            backward.matches($text).count(),
        )
    }};
}

#[differentiable(wrt(x))]
fn repeated(x: &Tensor<f64>) -> f64 {
    let a = x.exp() * 2.0;
    let b = x.exp() * 2.0;
    let p = x.matmul(&x.t());
    let q = x.matmul(&x.t());
    (a * b).sum() + (p * q).sum()
}

#[test]
fn what_is_written_twice_is_computed_once() {
    // The exponential again in the kernel of the cotangent, the product never.
    assert_eq!(count!(repeated, "exp(").0, 1, "{}", repeated::graph());
    assert_eq!(count!(repeated, "= matmul(").0, 1, "{}", repeated::graph());
}

#[differentiable(wrt(x))]
fn superfluous(x: &Tensor<f64>, y: &Tensor<f64>) -> f64 {
    let unused = (x * y).sinh().matmul(y);
    let _more = unused.cosh();
    let kept = x * 1.0 / 1.0;
    let kept = -(-kept);
    (kept.t().t() - 0.0).square().sum()
}

#[test]
fn what_nobody_reads_and_what_changes_nothing_vanishes() {
    let text = superfluous::graph().to_string();
    for gone in ["sinh", "cosh", "matmul", "transpose", "/", "v1 = -", "- 0"] {
        assert!(!text.contains(gone), "{gone} in {text}");
    }
}

#[differentiable(wrt(x))]
fn chain(x: &Tensor<f64>, bias: &Tensor<f64>) -> f64 {
    ((x + bias).tanh().square() - 0.5).exp().sum()
}

#[test]
fn a_chain_with_its_broadcasts_and_its_sum_is_one_kernel_each_way() {
    assert_eq!(count!(chain, "= fused("), (1, 1), "{}", chain::graph());
}

#[differentiable(wrt(b))]
fn two_sums(b: &Tensor<f64>, x: &Tensor<f64>) -> f64 {
    ((x + b).tanh() * (x - b).exp()).sum()
}

#[test]
fn two_sums_to_one_leaf_are_one_sum() {
    assert_eq!(
        count!(two_sums, "= fused("),
        (1, 1),
        "{}",
        two_sums::graph()
    );
    let (b, x) = (noise(&[5], 1), noise(&[3, 5], 2));
    let (_, gradient) = two_sums::value_and_grad(&b, &x).unwrap();
    common::check_gradient(&b, &gradient, |b| two_sums(b, &x));
}

/// One value under two names, one of which only tells a size.
#[differentiable(wrt(w, x))]
fn named_twice(w: &Tensor<f64>, x: &Tensor<f64>) -> f64 {
    let h = x.matmul(w).tanh();
    let rows = h.shape()[0];
    let mut again = h.clone();
    for _ in 3..rows {
        again += w.sum();
    }
    again.square().mean()
}

#[test]
fn a_value_of_two_names_has_one_cotangent() {
    let text = named_twice::graph().to_string();
    assert!(!text.contains("seed1"), "{text}");
    let (w, x) = (noise(&[4, 2], 1), noise(&[3, 4], 2));
    let program = named_twice::bind(&w, &x).unwrap();
    assert!(!program.report().to_string().contains("zero "));
}

/// A residual: the cotangent of the sum is that of both terms, and is handed on without a copy.
#[differentiable(wrt(w, x, b))]
fn residual(w: &Tensor<f64>, x: &Tensor<f64>, b: &Tensor<f64>) -> f64 {
    let h = x.sin();
    let mut y = h.matmul(w) + &h + b;
    for _ in 0..1 {
        y = y.tanh();
    }
    y.square().sum()
}

#[test]
fn a_cotangent_that_is_another_one_is_no_copy() {
    let (w, x, b) = (noise(&[4, 4], 1), noise(&[3, 4], 2), noise(&[4], 3));
    let program = residual::bind(&w, &x, &b).unwrap();
    let report = program.report();
    assert_eq!(report.moved(), 0, "{report}");
    // The sum to the bias is all that its kernel writes: the rest is there already.
    assert_eq!(report.to_string().matches("Nowhere").count(), 2, "{report}");
    let (_, (dw, ..)) = residual::value_and_grad(&w, &x, &b).unwrap();
    common::check_gradient(&w, &dw, |w| residual(w, &x, &b));
}

#[differentiable(wrt(w))]
fn of_data(w: &Tensor<f64>, x: &Tensor<f64>, y: &Tensor<f64>) -> f64 {
    let data = x.matmul(y).exp();
    (data.matmul(w)).tanh().sum()
}

#[differentiable(wrt(w, x, y))]
fn of_all(w: &Tensor<f64>, x: &Tensor<f64>, y: &Tensor<f64>) -> f64 {
    let data = x.matmul(y).exp();
    (data.matmul(w)).tanh().sum()
}

#[test]
fn no_gradient_of_data_is_computed() {
    let (w, x, y) = (noise(&[4, 2], 1), noise(&[3, 5], 2), noise(&[5, 4], 3));
    let products = |report: String| report.matches(" gemm ").count();
    let data = of_data::bind(&w, &x, &y).unwrap().report().to_string();
    let all = of_all::bind(&w, &x, &y).unwrap().report().to_string();
    // Two forwards; backwards one for w, and one each for what w is multiplied with, x and y.
    assert_eq!(products(data), 3);
    assert_eq!(products(all), 6);
}

#[differentiable(wrt(w))]
fn example(w: &Tensor<f64>, x: &Tensor<f64>, y: f64) -> f64 {
    (x.matmul(w).tanh().sum() - y).powi(2)
}

/// The losses of all examples, each with parameters of its own: `w` is `[N, features, 1]`.
#[differentiable(wrt(w))]
fn examples(w: &Tensor<f64>, x: &Tensor<f64>, y: &Tensor<f64>) -> f64 {
    let outputs = x.unsqueeze(1).matmul(w).tanh();
    (outputs.flatten() - y).square().sum()
}

/// Per-example gradients: one program for all examples, whose parameters are a batch of the same.
#[test]
fn a_batch_of_parameters_has_the_gradient_of_every_example() {
    let (w, x, y) = (noise(&[4, 1], 1), noise(&[6, 4], 2), noise(&[6], 3));
    let batch = w.unsqueeze(0).broadcast_to(&[6, 4, 1]);
    let all = examples::grad(&batch, &x, &y).unwrap();
    let mut program = example::bind(&w, &x.slice(0, 0..1), 0.0).unwrap();
    for row in 0..6 {
        let of_row = x.slice(0, row..row + 1);
        let (_, one) = program
            .value_and_grad(&w, &of_row, y.data()[row as usize])
            .unwrap();
        let found = all.slice(0, row..row + 1);
        for (a, b) in found.data().iter().zip(one.data()) {
            assert!((a - b).abs() < 1e-13, "row {row}: {a} and alone {b}");
        }
    }
}
