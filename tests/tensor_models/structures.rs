//! A residual block with running statistics, and messages along the edges of a graph.

use cotangent::prelude::*;

use crate::check_model;
use crate::common::noise;

#[derive(Differentiable, Clone)]
struct Residual {
    first: Tensor<f64>,
    second: Tensor<f64>,
    gain: Tensor<f64>,
    bias: Tensor<f64>,
    shortcut: Option<Tensor<f64>>,
    head: Tensor<f64>,
}

/// What evaluation uses instead of the statistics of a batch.
#[derive(Differentiable, Clone)]
struct Statistics {
    mean: Tensor<f64>,
    variance: Tensor<f64>,
}

/// The loss, and the statistics of the batch, which are the caller's to keep.
#[differentiable(wrt(net))]
fn residual(
    net: &Residual,
    kept: &Statistics,
    training: bool,
    x: &Tensor<f64>,
    labels: &Tensor<u32>,
) -> (f64, Tensor<f64>, Tensor<f64>) {
    let y = x.conv2d(&net.first, 1, 1);
    let (mean, variance) = (y.mean_axis([0, 2, 3]), y.var_axis([0, 2, 3], 1));
    let y = if training {
        y.batch_norm(&net.gain, &net.bias, 1e-5)
    } else {
        y.batch_norm_with(&kept.mean, &kept.variance, &net.gain, &net.bias, 1e-5)
    };
    let y = y.silu().conv2d(&net.second, 1, 1);
    let across = match &net.shortcut {
        Some(w) => x.conv2d(w, 1, 0),
        None => x.clone(),
    };
    let features = (y + across).gelu().mean_axis([2, 3]);
    let loss = features.matmul(&net.head).cross_entropy(labels).mean();
    (loss, mean, variance)
}

#[test]
fn a_residual_block_with_running_statistics() {
    let labels = Tensor::from_vec(&[2], vec![2, 0]).unwrap();
    let mut kept = Statistics {
        mean: Tensor::zeros(&[3]),
        variance: Tensor::full(&[3], 1.0),
    };
    for shortcut in [Some(noise(&[3, 2, 1, 1], 5)), None] {
        let inputs = if shortcut.is_some() { 2 } else { 3 };
        let net = Residual {
            first: noise(&[3, inputs, 3, 3], 1),
            second: noise(&[3, 3, 3, 3], 2),
            gain: noise(&[3], 3),
            bias: noise(&[3], 4),
            shortcut,
            head: noise(&[3, 4], 6),
        };
        let x = noise(&[2, inputs, 4, 3], 7);
        for training in [true, false] {
            let mut program = residual::bind(&net, &kept, training, &x, &labels).unwrap();
            let before = residual(&net, &kept, training, &x, &labels);
            let ((value, mean, variance), gradient) = program
                .value_and_grad(&net, &kept, training, &x, &labels)
                .unwrap();
            assert!((value - before.0).abs() < 1e-12);
            crate::common::check_gradient(&net, gradient, |net| {
                residual(net, &kept, training, &x, &labels).0
            });
            if training {
                // Only their user averages the statistics.
                kept.mean = &kept.mean * 0.9 + mean * 0.1;
                kept.variance = &kept.variance * 0.9 + variance * 0.1;
                assert!((before.1 - mean).abs().sum() + (before.2 - variance).abs().sum() < 1e-12);
            }
        }
    }
}

#[derive(Differentiable, Clone)]
struct Messages {
    own: Tensor<f64>,
    other: Tensor<f64>,
    rounds: usize,
}

/// Sums of messages from the neighbours, added where edges end; the mean of all nodes is read out.
#[differentiable(wrt(net))]
fn on_edges(
    net: &Messages,
    x: &Tensor<f64>,
    from: &Tensor<u32>,
    to: &Tensor<u32>,
    target: &Tensor<f64>,
) -> f64 {
    let mut h = x.clone();
    for _ in 0..net.rounds {
        let sent = h.index_select(0, from).matmul(&net.other).tanh();
        let received = Tensor::<f64>::zeros(&[x.shape()[0], x.shape()[1]]).index_add(0, to, &sent);
        h = (h.matmul(&net.own) + received).softplus();
    }
    (h.mean_axis(0) - target).abs().sum()
}

#[test]
fn messages_along_edges() {
    let edges = |list: [u32; 5]| Tensor::from_vec(&[5], list.to_vec()).unwrap();
    let net = Messages {
        own: noise(&[3, 3], 1),
        other: noise(&[3, 3], 2),
        rounds: 2,
    };
    let (from, to) = (edges([0, 1, 2, 3, 0]), edges([1, 2, 0, 0, 3]));
    check_model!(
        on_edges,
        net,
        &noise(&[4, 3], 3),
        &from,
        &to,
        &noise(&[3], 4)
    );
}
