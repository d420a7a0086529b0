//! Host control flow around tensor code, form by form: values against the eager function, gradients
//! against central differences.

#![allow(
    clippy::assign_op_pattern,
    clippy::manual_is_multiple_of,
    reason = "the forms under test are written out"
)]

mod common;

use common::{check_gradient, noise};
use cotangent::prelude::*;

#[derive(Differentiable, Clone)]
struct Net {
    layers: Vec<Tensor<f64>>,
    pairs: [Tensor<f64>; 2],
    extra: Option<Tensor<f64>>,
}

fn net() -> Net {
    Net {
        layers: (0..3).map(|k| noise(&[3, 3], k + 1)).collect(),
        pairs: [noise(&[3], 11), noise(&[3], 12)],
        extra: Some(noise(&[3], 13)),
    }
}

/// Checks one function at every host argument, rebinding as needed.
macro_rules! check {
    ($name:ident, $($argument:expr),*) => {{
        let x = noise(&[2, 3], 20);
        for without in [false, true] {
            let mut net = net();
            if without {
                net.extra = None;
            }
            $({
                let argument = $argument;
                let mut program = $name::bind(&net, &x, argument).unwrap();
                let (value, gradient) = program.value_and_grad(&net, &x, argument).unwrap();
                let expected = $name(&net, &x, argument);
                assert!((value - expected).abs() < 1e-12 * (1.0 + expected.abs()));
                check_gradient(&net, gradient, |net| $name(net, &x, argument));
            })*
        }
    }};
}

#[differentiable(wrt(net))]
fn every_for(net: &Net, x: &Tensor<f64>, n: usize) -> f64 {
    let mut h = x.clone();
    for (index, w) in net.layers.iter().enumerate() {
        h = h.matmul(w) * (index as f64 + 0.5);
    }
    for w in net.layers.iter().rev().take(n) {
        h = h.matmul(w).tanh();
    }
    for (w, b) in net.layers.iter().zip(&net.pairs) {
        h = h.matmul(w) + b;
    }
    for k in (0..n).step_by(2) {
        h = h * 0.9 + k as f64;
    }
    for k in 0..=n {
        if k == 1 {
            continue;
        }
        h = h + &net.pairs[k % 2];
    }
    for pair in net.layers.windows(2) {
        h = h.matmul(&pair[0]).tanh() + x.matmul(&pair[1]);
    }
    h.square().mean()
}

#[test]
fn for_in_all_its_forms() {
    check!(every_for, 0, 1, 2, 3, 7);
}

#[differentiable(wrt(net))]
fn every_while(net: &Net, x: &Tensor<f64>, n: usize) -> f64 {
    let mut h = x.clone();
    let mut k = 0;
    while k < n {
        h = h.matmul(&net.layers[k % 3]).tanh();
        k += 1;
    }
    let mut left = n;
    loop {
        if left == 0 {
            break;
        }
        h += &net.pairs[left % 2];
        left -= 1;
    }
    let mut skips = Vec::new();
    for w in &net.layers {
        skips.push(h.clone());
        h = h.matmul(w).sin();
    }
    while let Some(skip) = skips.pop() {
        h = h * 0.5 + skip;
    }
    'outer: for a in 0..n {
        for b in 0..n {
            if a * b > 2 {
                break 'outer;
            }
            h = h * 1.01 + &net.pairs[(a + b) % 2];
        }
    }
    h.square().sum()
}

#[test]
fn while_and_loop_with_carried_tensors() {
    check!(every_while, 0, 1, 2, 3, 7);
}

#[differentiable(wrt(net))]
fn every_branch(net: &Net, x: &Tensor<f64>, n: usize) -> f64 {
    let Some(extra) = &net.extra else {
        return x.matmul(&net.layers[0]).square().sum();
    };
    let h = match n {
        0 => x.matmul(&net.layers[0]),
        k if k < 3 => x.matmul(&net.layers[1]) * (k as f64),
        _ => {
            let y = x.matmul(&net.layers[2]);
            y.tanh() + extra
        }
    };
    if h.shape()[1] == 3 && n > 5 {
        return (h * extra).sum();
    }
    let scale = 1.0 / (n as f64 + 1.0).sqrt();
    let (a, b) = (h.exp() * scale, h + extra);
    let c = if n % 2 == 0 { &a * 2.0 } else { a.tanh() };
    (c * b).mean()
}

#[test]
fn branches_matches_and_early_returns() {
    check!(every_branch, 0, 1, 2, 3, 7);
}

#[differentiable]
fn descend(layers: &[Tensor<f64>], x: &Tensor<f64>) -> Tensor<f64> {
    match layers {
        [] => x.clone(),
        [first, rest @ ..] => {
            let y = x.matmul(first).tanh();
            descend(rest, &y) + y
        }
    }
}

#[differentiable]
fn shift(h: &mut Tensor<f64>, by: &Tensor<f64>) -> f64 {
    *h = &*h + by;
    h.mean()
}

#[differentiable(wrt(net))]
fn every_call(net: &Net, x: &Tensor<f64>, n: usize) -> f64 {
    let mut h = descend(&net.layers, x);
    let before = if n > 0 {
        shift(&mut h, &net.pairs[0])
    } else {
        0.0
    };
    let folded = net.layers.iter().fold(h, |h, w| h.matmul(w).sin());
    let mapped: Vec<_> = net.pairs.iter().map(|b| b * 2.0).collect();
    folded.square().mean() + before + (&mapped[0] * &mapped[1]).sum()
}

#[test]
fn recursion_mutable_arguments_and_closures() {
    check!(every_call, 0, 1);
}

/// A loop, an early return and a branch, element by element.
#[differentiable]
fn settled(x: f64) -> f64 {
    if x < -0.5 {
        return 0.25 * x;
    }
    let mut y = x;
    for _ in 0..3 {
        y = 0.5 * y.cos();
        if y > 0.45 {
            break;
        }
    }
    y
}

#[differentiable(wrt(net))]
fn mapped(net: &Net, x: &Tensor<f64>, n: usize) -> f64 {
    let h = x.matmul(&net.layers[n]).map(settled);
    h.square().mean()
}

#[test]
fn maps_of_functions_with_loops_and_early_returns() {
    check!(mapped, 0, 1);
}
