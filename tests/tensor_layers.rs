//! Layers that are one kernel against the same layers written out: values and gradients of every
//! operand, over sizes around the width of a vector.

#[path = "common/mod.rs"]
mod common;

use common::noise;
use cotangent::prelude::*;

/// The operands of a layer.
#[derive(Differentiable, Clone)]
struct Layer {
    x: Tensor<f64>,
    start: [Tensor<f64>; 2],
    wx: Tensor<f64>,
    wh: Tensor<f64>,
    bias: [Tensor<f64>; 2],
}

impl Layer {
    fn new(steps: usize, batch: usize, width: usize, gates: usize) -> Layer {
        let state = |seed| noise(&[batch, width], seed);
        let bias = |seed| noise(&[gates * width], seed);
        Layer {
            x: noise(&[steps, batch, 3], 1),
            start: [state(2), state(3)],
            wx: noise(&[3, gates * width], 4),
            wh: noise(&[width, gates * width], 5),
            bias: [bias(6), bias(7)],
        }
    }
}

/// A weight for every element, so that no derivative hides behind a sum.
#[differentiable]
fn weighted(y: &Tensor<f64>) -> f64 {
    let flat = y.flatten();
    let weights = (flat.detach() * 0.0 + 0.7).cumsum(0).sin();
    (flat * weights).sum()
}

/// Binds two losses over the same model and compares their values and gradients.
macro_rules! same {
    ($fused:ident, $written_out:ident, $model:expr $(, $rest:expr)*) => {{
        let model = $model;
        let mut fused = $fused::bind(&model $(, $rest)*).unwrap();
        let mut written_out = $written_out::bind(&model $(, $rest)*).unwrap();
        let (found, gradient) = fused.value_and_grad(&model $(, $rest)*).unwrap();
        let (expected, expected_gradient) = written_out.value_and_grad(&model $(, $rest)*).unwrap();
        near(found, expected, "the value");
        near($fused(&model $(, $rest)*), expected, "the value of the eager function");
        let leaves = |model: &_| {
            let mut all = Vec::new();
            cotangent::Leaves::leaves(model, &cotangent::Path::Root, &mut |path, leaf| {
                if let cotangent::Floats::F64(data) = leaf.data {
                    all.extend(data.iter().map(|&value| (path.to_string(), value)));
                }
            });
            all
        };
        let (found, expected) = (leaves(gradient), leaves(expected_gradient));
        assert_eq!(found.len(), expected.len());
        for ((path, found), (_, expected)) in found.into_iter().zip(expected) {
            near(found, expected, &path);
        }
    }};
}

#[track_caller]
fn near(found: f64, expected: f64, what: &str) {
    let close = (found - expected).abs() <= 1e-11 * expected.abs().max(1.0);
    assert!(close, "{what}: {found}, written out {expected}");
}

#[differentiable]
fn lstm(m: &Layer) -> f64 {
    let b = &m.bias[0] + &m.bias[1];
    weighted(&m.x.lstm(&m.start[0], &m.start[1], &m.wx, &m.wh, &b))
}

#[differentiable]
fn lstm_written_out(m: &Layer) -> f64 {
    let mut h = m.start[0].clone();
    let mut c = m.start[1].clone();
    let width = m.start[0].shape()[1];
    let mut all = Vec::new();
    for t in 0..m.x.shape()[0] {
        let z =
            m.x.index_axis(0, t as isize).matmul(&m.wx) + h.matmul(&m.wh) + &m.bias[0] + &m.bias[1];
        let i = z.slice(1, ..width).sigmoid();
        let f = z.slice(1, width..2 * width).sigmoid();
        let g = z.slice(1, 2 * width..3 * width).tanh();
        let o = z.slice(1, 3 * width..).sigmoid();
        c = f * &c + i * g;
        h = o * c.tanh();
        all.push(h.clone());
    }
    weighted(&stack(&all, 0))
}

#[differentiable]
fn gru(m: &Layer) -> f64 {
    let start = &m.start[0] * &m.start[1];
    weighted(&m.x.gru(&start, &m.wx, &m.wh, &m.bias[0], &m.bias[1]))
}

#[differentiable]
fn gru_written_out(m: &Layer) -> f64 {
    let mut h = &m.start[0] * &m.start[1];
    let width = m.start[0].shape()[1];
    let mut all = Vec::new();
    for t in 0..m.x.shape()[0] {
        let a = m.x.index_axis(0, t as isize).matmul(&m.wx) + &m.bias[0];
        let u = h.matmul(&m.wh) + &m.bias[1];
        let r = (a.slice(1, ..width) + u.slice(1, ..width)).sigmoid();
        let z = (a.slice(1, width..2 * width) + u.slice(1, width..2 * width)).sigmoid();
        let n = (a.slice(1, 2 * width..) + r * u.slice(1, 2 * width..)).tanh();
        h = (1.0 - &z) * n + z * &h;
        all.push(h.clone());
    }
    weighted(&stack(&all, 0))
}

#[test]
fn recurrent_layers() {
    for (steps, batch, width) in [(1, 1, 1), (3, 2, 5), (4, 3, 17), (2, 5, 33)] {
        same!(lstm, lstm_written_out, Layer::new(steps, batch, width, 4));
        same!(gru, gru_written_out, Layer::new(steps, batch, width, 3));
    }
}

#[test]
fn a_recurrent_layer_names_what_does_not_fit() {
    let mut layer = Layer::new(3, 2, 5, 4);
    layer.start[1] = noise(&[2, 4], 1);
    let text = lstm::bind(&layer)
        .err()
        .map(|error| error.to_string())
        .unwrap_or_default();
    assert!(
        text.contains("an initial state is [2, 4], not [2, 5]"),
        "{text}"
    );
    let layer = Layer::new(3, 2, 5, 4);
    let text = gru::bind(&layer)
        .err()
        .map(|error| error.to_string())
        .unwrap_or_default();
    assert!(text.contains("[.., 3 H] and [H, 3 H]"), "{text}");
}
