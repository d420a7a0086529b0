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

/// The operands of a norm.
#[derive(Differentiable, Clone)]
struct Norm {
    x: Tensor<f64>,
    gain: Tensor<f64>,
    bias: Tensor<f64>,
}

impl Norm {
    /// For a tensor of a shape, with a gain and a bias along an axis.
    fn new(shape: &[usize], axis: usize) -> Norm {
        Norm {
            x: noise(shape, 1),
            gain: noise(&[shape[axis]], 2),
            bias: noise(&[shape[axis]], 3),
        }
    }
}

#[differentiable]
fn layer_norm(m: &Norm) -> f64 {
    weighted(&m.x.layer_norm(&m.gain, &m.bias, 1e-3)) + weighted(&m.x.rms_norm(&m.gain, 1e-2))
}

#[differentiable]
fn layer_norm_written_out(m: &Norm) -> f64 {
    let centred = &m.x - m.x.mean_axis_keep(-1);
    let spread = (centred.square().mean_axis_keep(-1) + 1e-3).sqrt();
    let size = (m.x.square().mean_axis_keep(-1) + 1e-2).sqrt();
    weighted(&(centred / spread * &m.gain + &m.bias)) + weighted(&(&m.x / size * &m.gain))
}

#[differentiable]
fn batch_norm(m: &Norm) -> f64 {
    weighted(&m.x.batch_norm(&m.gain, &m.bias, 1e-3))
}

#[differentiable]
fn batch_norm_written_out(m: &Norm) -> f64 {
    let (batch, channels) = (m.x.shape()[0] as i64, m.x.shape()[1] as i64);
    let flat = m.x.flatten();
    let x = flat.reshape(&[batch, channels, -1]);
    let centred = &x - x.mean_axis_keep([0, 2]);
    let spread = (centred.square().mean_axis_keep([0, 2]) + 1e-3).sqrt();
    weighted(&(centred / spread * m.gain.unsqueeze(1) + m.bias.unsqueeze(1)))
}

#[differentiable]
fn group_norm(m: &Norm) -> f64 {
    weighted(&m.x.group_norm(2, &m.gain, &m.bias, 1e-3)) + weighted(&m.x.instance_norm(1e-3))
}

#[differentiable]
fn group_norm_written_out(m: &Norm) -> f64 {
    let (batch, channels) = (m.x.shape()[0] as i64, m.x.shape()[1] as i64);
    let flat = m.x.flatten();
    let groups = flat.reshape(&[batch, 2, -1]);
    let centred = &groups - groups.mean_axis_keep(-1);
    let normal = &centred / (centred.square().mean_axis_keep(-1) + 1e-3).sqrt();
    let single = flat.reshape(&[batch, channels, -1]);
    let scaled = normal.reshape(&[batch, channels, -1]) * m.gain.unsqueeze(1);
    let single = &single - single.mean_axis_keep(-1);
    let single = &single / (single.square().mean_axis_keep(-1) + 1e-3).sqrt();
    weighted(&(scaled + m.bias.unsqueeze(1))) + weighted(&single)
}

#[test]
fn norms() {
    for shape in [&[1, 1][..], &[3, 17], &[2, 3, 16], &[5, 33], &[7]] {
        let axis = shape.len() - 1;
        same!(layer_norm, layer_norm_written_out, Norm::new(shape, axis));
    }
    for shape in [
        &[3, 2, 1][..],
        &[5, 3, 3],
        &[2, 4, 7, 3],
        &[1, 2, 40],
        &[9, 17, 1],
    ] {
        same!(batch_norm, batch_norm_written_out, Norm::new(shape, 1));
    }
    for shape in [&[3, 2, 1][..], &[2, 4, 3, 3], &[1, 6, 40]] {
        same!(group_norm, group_norm_written_out, Norm::new(shape, 1));
    }
    // Without an axis behind the channels.
    let flat = Norm::new(&[6, 5], 1);
    let mut deep = flat.clone();
    deep.x = flat.x.reshape(&[6, 5, 1]);
    assert_eq!(batch_norm(&flat), batch_norm(&deep));
}

/// Queries, keys and values.
#[derive(Differentiable, Clone)]
struct Heads {
    q: Tensor<f64>,
    k: Tensor<f64>,
    v: Tensor<f64>,
}

#[differentiable]
fn attention(m: &Heads) -> f64 {
    weighted(&m.q.attention(&m.k, &m.v)) + weighted(&m.q.attention_causal(&m.k, &m.v))
}

#[differentiable]
fn attention_written_out(m: &Heads) -> f64 {
    let (queries, keys) = (m.q.shape()[1], m.k.shape()[1]);
    let width = m.q.shape()[2] as f64;
    let scores = m.q.matmul(&m.k.t()) / width.sqrt();
    let ones = (m.q.index_axis(2, 0).index_axis(0, 0).detach() * 0.0 + 1.0).unsqueeze(1);
    let mask = ones.broadcast_to(&[queries, keys]).tril(0);
    let seen = mask.choose(&scores, &(&scores * 0.0 - 1e300));
    weighted(&scores.softmax().matmul(&m.v)) + weighted(&seen.softmax().matmul(&m.v))
}

#[test]
fn attention_of_all_and_of_earlier_keys() {
    for (batch, queries, keys, width, values) in
        [(1, 1, 1, 1, 1), (2, 5, 7, 3, 4), (3, 26, 17, 8, 5)]
    {
        let heads = Heads {
            q: noise(&[batch, queries, width], 1),
            k: noise(&[batch, keys, width], 2),
            v: noise(&[batch, keys, values], 3),
        };
        same!(attention, attention_written_out, heads);
    }
}
