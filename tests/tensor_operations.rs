//! Gradients of tensor operations through the graph against central differences of the eager
//! function, over shapes that the reference does not have: single elements, sizes around the width
//! of a vector, strides, dilations, repeated labels, zeros in products.

#[path = "common/mod.rs"]
mod common;

use common::{check_gradient, noise};
use cotangent::prelude::*;

/// Binds `$f` over its tensor and compares its gradient with differences.
macro_rules! check {
    ($f:ident, $x:expr $(, $rest:expr)*) => {{
        let x = $x;
        let mut program = $f::bind(&x $(, $rest)*).unwrap();
        let (value, gradient) = program.value_and_grad(&x $(, $rest)*).unwrap();
        let eager = $f(&x $(, $rest)*);
        assert!((value - eager).abs() <= 1e-12 * eager.abs().max(1.0), "{value}, eagerly {eager}");
        let gradient = gradient.clone();
        check_gradient(&x, &gradient, |x| $f(x $(, $rest)*));
    }};
}

/// A weight for every element, so that no derivative hides behind a sum.
#[differentiable]
fn weighted(y: &Tensor<f64>) -> f64 {
    let flat = y.flatten();
    let weights = (flat.detach() * 0.0 + 0.7).cumsum(0).sin();
    (flat * weights).sum()
}

#[differentiable(wrt(x))]
fn convolved(
    x: &Tensor<f64>,
    w: &Tensor<f64>,
    stride: usize,
    dilation: usize,
    groups: usize,
) -> f64 {
    weighted(&x.conv(w, &[stride], &[(2, 1)], &[dilation], groups))
}

#[differentiable(wrt(w))]
fn convolved_by(
    w: &Tensor<f64>,
    x: &Tensor<f64>,
    stride: usize,
    dilation: usize,
    groups: usize,
) -> f64 {
    weighted(&x.conv(w, &[stride], &[(2, 1)], &[dilation], groups))
}

#[test]
fn convolutions() {
    for (length, kernel, stride, dilation, groups) in [
        (1, 1, 1, 1, 1),
        (9, 3, 2, 1, 1),
        (16, 3, 3, 2, 2),
        (65, 2, 1, 5, 2),
    ] {
        let (x, w) = (
            noise(&[2, 4, length], 1),
            noise(&[2, 4 / groups, kernel], 2),
        );
        check!(convolved, x.clone(), &w, stride, dilation, groups);
        check!(convolved_by, w, &x, stride, dilation, groups);
    }
}

#[differentiable]
fn windowed(x: &Tensor<f64>) -> f64 {
    let smooth = x.avg_pool(&[3, 2], &[2, 1]);
    let largest = x.max_pool(&[2, 2], &[1, 2]);
    weighted(&smooth) + weighted(&largest)
}

#[test]
fn overlapping_windows() {
    check!(windowed, noise(&[1, 2, 3, 2], 3));
    check!(windowed, noise(&[2, 1, 7, 6], 4));
}

#[differentiable]
fn moved(x: &Tensor<f64>) -> f64 {
    let margins = [(2, 1), (0, 3)];
    let turned = x.pad(&margins, Pad::Reflect).t().flip(0).roll(1, 2);
    let wrapped = x.pad(&margins, Pad::Wrap).slice_step(0, .., -2);
    let edge = x.pad(&margins, Pad::Edge).tile(&[2, 1]);
    let parts = x.split(0, &[1, 2]);
    let joined = concat(&[parts[1].clone(), parts[0].clone(), x.clone()], 0);
    weighted(&turned)
        + weighted(&wrapped)
        + weighted(&edge)
        + weighted(&joined)
        + weighted(&x.broadcast_to(&[2, 3, 65]).tril(1))
}

#[test]
fn movements() {
    check!(moved, noise(&[3, 65], 5));
}

#[differentiable]
fn scanned(x: &Tensor<f64>) -> f64 {
    let sums = x.cumsum(1) + x.cumprod(1) + x.cummax(0) + x.cumlogsumexp(1);
    weighted(&sums)
        + weighted(&x.sort(1))
        + weighted(&x.top_k(0, 2))
        + weighted(&x.quantile_axis(1, 0.4))
}

#[differentiable]
fn reduced(x: &Tensor<f64>) -> f64 {
    weighted(&x.prod_axis(1))
        + weighted(&x.std_axis(0, 1))
        + weighted(&x.norm_axis([0, 1]))
        + weighted(&x.logsumexp_axis(0))
        + weighted(&x.max_axis(1))
        + weighted(&x.var_axis(.., 0))
}

#[test]
fn scans_and_reductions() {
    for shape in [[2, 1], [3, 5], [2, 33]] {
        check!(scanned, noise(&shape, 6));
        check!(reduced, noise(&shape, 7));
    }
}

#[differentiable]
fn products(x: &Tensor<f64>) -> f64 {
    weighted(&x.prod_axis(1)) + weighted(&x.cumprod(1))
}

#[test]
fn products_with_zeros() {
    let rows = vec![1.5, 0.0, -2.0, 0.0, 0.0, 3.0, 0.5, 1.0, -1.0];
    check!(products, Tensor::from_vec(&[3, 3], rows).unwrap());
}

#[differentiable(wrt(x))]
fn gathered(x: &Tensor<f64>, rows: &Tensor<u32>, each: &Tensor<u32>) -> f64 {
    let added = x.scatter_add(1, each, &x.gather(1, each));
    weighted(&x.index_select(0, rows)) + weighted(&added.square())
}

#[test]
fn labels_that_repeat() {
    let rows = Tensor::from_vec(&[2, 3], vec![2, 0, 2, 2, 1, 0]).unwrap();
    let each = Tensor::from_vec(&[3, 2], vec![0, 0, 3, 1, 2, 2]).unwrap();
    check!(gathered, noise(&[3, 4], 8), &rows, &each);
}

#[differentiable]
fn factored(x: &Tensor<f64>) -> f64 {
    let unit = (x.index_axis(-1, 0).detach() * 0.0 + 1.0).diag();
    let positive = x.matmul(&x.t()) + &unit;
    let (values, vectors) = positive.eigh();
    let shared = vectors.matmul(&values.sqrt().diag()).matmul(&vectors.t());
    let (q, r) = (x + unit * 3.0).qr();
    let (_, s, _) = x.svd();
    weighted(&positive.cholesky())
        + weighted(&positive.solve(x))
        + weighted(&positive.inverse())
        + weighted(&positive.log_abs_det())
        + weighted(&x.slogdet().1) * 0.5
        + weighted(&x.det())
        + weighted(&shared)
        + weighted(&q)
        + weighted(&r)
        + weighted(&s)
        + weighted(&x.einsum("bij,bkj->ik", &[x]))
}

#[test]
fn factorizations_in_batches() {
    for n in [1, 2, 4] {
        // Sines of growing numbers: matrices of full rank.
        let x = Tensor::from_fn(&[2, n, n], |i| ((i * i + 3 * i + 1) as f64).sin());
        check!(factored, x);
    }
}

#[differentiable]
fn layered(x: &Tensor<f64>) -> f64 {
    let gain = x.mean_axis([0, 2]);
    let normal = x.batch_norm(&gain, &gain, 1e-3) + x.group_norm(2, &gain, &gain, 1e-3);
    let seen = x.attention_causal(x, &normal);
    weighted(&seen) + weighted(&x.instance_norm(1e-2)) + weighted(&x.softmax_axis(1))
}

#[test]
fn layers() {
    check!(layered, noise(&[2, 4, 3], 9));
    check!(layered, noise(&[1, 2, 17], 10));
}

#[differentiable(wrt(x))]
fn dropped(x: &Tensor<f64>, key: &Tensor<u32>) -> f64 {
    weighted(&x.dropout(0.3, key).square())
}

#[test]
fn dropout_follows_its_key() {
    let key = |word| Tensor::from_vec(&[2], vec![word, 1]).unwrap();
    let x = noise(&[65], 11);
    check!(dropped, x.clone(), &key(5));
    let mut program = dropped::bind(&x, &key(5)).unwrap();
    let values = [5, 6, 5].map(|word| program.value(&x, &key(word)).unwrap());
    assert!(
        values[0] == values[2] && values[0] != values[1],
        "a key is data of the call"
    );
}

#[test]
fn a_wrong_argument_is_an_error_at_the_users_operator() {
    let x = noise(&[2, 3], 12);
    let labels = |k| Tensor::from_vec(&[1, 1], vec![k]).unwrap();
    let error = gathered::bind(&x, &labels(0), &labels(0))
        .err()
        .unwrap()
        .to_string();
    assert!(
        error.contains("`gather` of [2, 3]") && error.contains("tensor_operations.rs"),
        "{error}"
    );
    let x = noise(&[1, 3], 13);
    let mut program = gathered::bind(&x, &labels(0), &labels(0)).unwrap();
    let error = program
        .value(&x, &labels(1), &labels(0))
        .err()
        .unwrap()
        .to_string();
    assert!(error.contains("`index_select`: the label 1"), "{error}");
    let error = convolved::bind(&noise(&[1, 4, 2], 1), &noise(&[1, 4, 9], 2), 1, 1, 1);
    let error = error.err().unwrap().to_string();
    assert!(
        error.contains("`conv`") && error.contains("does not fit"),
        "{error}"
    );
}

#[differentiable(wrt(x))]
fn resampled(x: &Tensor<f64>, size: usize, mode: usize) -> f64 {
    let how = if mode == 0 {
        Resize::Nearest
    } else if mode == 1 {
        Resize::Linear
    } else {
        Resize::LinearAligned
    };
    let image = x.resize(&[size, 5], how);
    weighted(&image) + weighted(&x.adaptive_avg_pool(&[size, 2])) * 0.5
}

#[differentiable(wrt(x))]
fn largest_of_windows(x: &Tensor<f64>, rows: usize, columns: usize) -> f64 {
    let waves = x.positional_encoding(100.0);
    weighted(
        &((x + &waves).adaptive_max_pool(&[rows, columns])
            * x.pad(&[(0, 0), (2, 1), (0, 3)], Pad::Symmetric).mean()),
    )
}

#[differentiable]
fn wide_factors(x: &Tensor<f64>) -> f64 {
    let (q, r) = x.qr();
    weighted(&q) + weighted(&r)
}

#[differentiable]
fn signed_size(x: &Tensor<f64>) -> f64 {
    let (sign, size) = x.slogdet();
    weighted(&(sign * size))
}

#[test]
fn factors_of_wide_matrices_and_signs_of_determinants() {
    let x = Tensor::from_fn(&[2, 3, 5], |i| ((i * i + 3 * i + 1) as f64).sin());
    let (q, r) = x.qr();
    assert_eq!((q.shape(), r.shape()), (&[2, 3, 3][..], &[2, 3, 5][..]));
    for (product, x) in q.matmul(&r).data().iter().zip(x.data()) {
        assert!((product - x).abs() < 1e-12);
    }
    check!(wide_factors, x);
    // A determinant of -2, one of 2e-400, which is no float, and one of a singular matrix.
    let tiny = |k: f64| Tensor::from_vec(&[2, 2], vec![k, 0.0, 0.0, 2.0 * k]).unwrap();
    let swap = Tensor::from_vec(&[2, 2], vec![0.0, 1.0, 2.0, 0.0]).unwrap();
    let batch = stack(&[swap, tiny(1e-200), tiny(0.0)], 0);
    let (sign, size) = batch.slogdet();
    assert_eq!(sign.data(), [-1.0, 1.0, 0.0]);
    let expected = [
        2.0_f64.ln(),
        2.0_f64.ln() - 400.0 * 10.0_f64.ln(),
        f64::NEG_INFINITY,
    ];
    for (found, expected) in size.data().iter().zip(expected) {
        assert!(found == &expected || (found - expected).abs() < 1e-12 * expected.abs());
    }
    check!(
        signed_size,
        Tensor::from_fn(&[3, 3, 3], |i| ((i * i + 3 * i + 1) as f64).sin())
    );
}

#[differentiable]
fn mean_of_rows(x: &Tensor<f64>, axis: isize) -> f64 {
    let literal = x.mean_axis(0);
    (literal.sum() + x.mean_axis(axis).sum()) * x.mean()
}

#[differentiable]
fn largest_of_rows(x: &Tensor<f64>) -> f64 {
    x.max_axis(1).sum()
}

#[test]
fn nothing_has_no_mean_and_no_largest_element() {
    let empty = Tensor::zeros(&[2, 0]);
    check!(mean_of_rows, noise(&[2, 3], 1), 1);
    let texts = [
        mean_of_rows::bind(&Tensor::zeros(&[0, 2]), 1)
            .err()
            .unwrap()
            .to_string(),
        mean_of_rows::bind(&empty, 0).err().unwrap().to_string(),
        largest_of_rows::bind(&empty).err().unwrap().to_string(),
    ];
    for (text, parts) in texts.iter().zip([
        ["`mean` of [0, 2]", "[0, 2] is `x`", "no elements"],
        ["`mean` of [2, 0]", "[2, 0] is `x`", "no elements"],
        ["`max_axis` of [2, 0]", "[2, 0] is `x`", "axis 1 is empty"],
    ]) {
        for part in parts.iter().chain(&["tensor_operations.rs:"]) {
            assert!(text.contains(part), "{part} in {text}");
        }
    }
    let panics = |f: fn(&Tensor<f64>) -> f64| {
        let error = std::panic::catch_unwind(|| f(&Tensor::zeros(&[2, 0]))).unwrap_err();
        error.downcast_ref::<String>().cloned().unwrap_or_default()
    };
    assert!(panics(|x| x.mean()).contains("`mean` of [2, 0]: a mean over no elements"));
    assert!(panics(|x| x.var_axis(1, 0).sum()).contains("`var_axis` of [2, 0]: axis 1 is empty"));
    assert!(panics(|x| x.min_axis(..).sum()).contains("`min_axis` of [2, 0]: axis 1 is empty"));
    // What nothing has.
    let norm = empty.norm_axis(1);
    assert_eq!((norm.data(), empty.sum()), (&[0.0, 0.0][..], 0.0));
}

/// The share of rows whose largest entry is the label, which has no slope, beside the loss.
#[differentiable(wrt(x))]
fn right_answers(x: &Tensor<f64>, labels: &Tensor<u32>) -> f64 {
    let right = x.argmax_axis(-1).equal(labels.to_float());
    let wrong = x.argmin_axis(1).equal(labels.to_float());
    (x.cross_entropy(labels) * (right + 1.0) + wrong).mean()
}

#[test]
fn resampling_and_positions() {
    for (height, width, size) in [(1, 1, 1), (3, 4, 5), (7, 5, 3), (2, 65, 4)] {
        for mode in 0..3 {
            check!(resampled, noise(&[2, height, width], 1), size, mode);
        }
        if height > 1 {
            check!(largest_of_windows, noise(&[2, height, width], 2), size, 2);
        }
    }
    let labels = Tensor::from_vec(&[3], vec![1, 0, 3]).unwrap();
    check!(right_answers, noise(&[3, 4], 3), &labels);
}

/// The macro and the method, with references, temporaries and computed operands.
#[differentiable(wrt(x))]
fn contracted(x: &Tensor<f64>, w: &Tensor<f64>) -> f64 {
    let products = einsum!("bij, jk -> bik", x.sin(), w);
    let scores = einsum!("bik,bjk->ij", products, &products);
    weighted(&scores) + einsum!("iji->j", x.slice(1, 1..2).broadcast_to(&[2, 2, 2])).sum()
}

#[test]
fn equations() {
    check!(contracted, noise(&[2, 3, 2], 1), &noise(&[2, 4], 2));
    let (x, w) = (noise(&[2, 3], 1), noise(&[3, 2], 2));
    assert_eq!(einsum!("ij,jk->ik", x, &w), x.matmul(&w));
}

/// The layer over the whole sequence, and the same written step by step.
#[differentiable(wrt(x))]
fn recurrent(x: &Tensor<f64>, w: &Tensor<f64>, u: &Tensor<f64>, whole: bool) -> f64 {
    let b = u.index_axis(0, 0);
    let start = x.sum_axis(0).matmul(w);
    if whole {
        return weighted(&x.rnn(&start, w, u, &b));
    }
    let mut h = start;
    let mut states = Vec::new();
    for t in 0..x.shape()[0] {
        h = (x.index_axis(0, t).matmul(w) + h.matmul(u) + &b).tanh();
        states.push(h.clone());
    }
    weighted(&stack(&states, 0))
}

#[test]
fn plain_recurrent_layers() {
    for (steps, rows) in [(1, 1), (3, 2), (7, 1)] {
        let (x, w, u) = (
            noise(&[steps, rows, 2], 1),
            noise(&[2, 3], 2),
            noise(&[3, 3], 3),
        );
        check!(recurrent, x.clone(), &w, &u, true);
        let [layer, loops] = [true, false].map(|whole| recurrent(&x, &w, &u, whole));
        assert!(
            (layer - loops).abs() < 1e-12 * loops.abs().max(1.0),
            "{layer}, step by step {loops}"
        );
    }
    let (w, u) = (noise(&[2, 3], 2), noise(&[3, 3], 3));
    let nothing =
        Tensor::<f64>::zeros(&[0, 2, 2]).rnn(&Tensor::zeros(&[2, 3]), &w, &u, &noise(&[3], 1));
    assert_eq!(nothing.shape(), [0, 2, 3]);
}
