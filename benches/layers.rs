//! Layers of networks: value and gradient of every operand, through a bound program, beside the
//! same layer written out in other operations.

use cotangent::prelude::*;
use cotangent_benches::{nanoseconds_each, peer, rate, threads};

fn features(shape: &[usize]) -> Tensor<f32> {
    Tensor::from_fn(shape, |i| (i as f32 * 0.618).fract() - 0.5)
}

#[differentiable]
fn conv(x: &Tensor<f32>, w: &Tensor<f32>) -> f32 {
    x.conv2d(w, 1, 0).square().sum()
}

#[differentiable]
fn conv_by_windows(x: &Tensor<f32>, w: &Tensor<f32>) -> f32 {
    let window = [w.shape()[2], w.shape()[3]];
    let windows = x.windows_of(&window, &[1, 1], &[1, 1]);
    windows.einsum("ncpqij,ocij->nopq", &[w]).square().sum()
}

#[differentiable]
fn max_pool(x: &Tensor<f32>) -> f32 {
    x.max_pool(&[2, 2], &[2, 2]).square().sum()
}

#[differentiable]
fn max_pool_by_windows(x: &Tensor<f32>) -> f32 {
    x.windows_of(&[2, 2], &[2, 2], &[1, 1])
        .max_axis([-2, -1])
        .square()
        .sum()
}

#[differentiable]
fn layer_norm(x: &Tensor<f32>, gain: &Tensor<f32>, bias: &Tensor<f32>) -> f32 {
    x.layer_norm(gain, bias, 1e-5).square().sum()
}

#[differentiable]
fn layer_norm_by_means(x: &Tensor<f32>, gain: &Tensor<f32>, bias: &Tensor<f32>) -> f32 {
    let centred = x - x.mean_axis_keep(-1);
    let spread = ((&centred * &centred).mean_axis_keep(-1) + 1e-5).sqrt();
    (centred / spread * gain + bias).square().sum()
}

#[differentiable]
fn attention(q: &Tensor<f32>, k: &Tensor<f32>, v: &Tensor<f32>) -> f32 {
    q.attention(k, v).square().sum()
}

#[differentiable]
fn attention_by_scores(q: &Tensor<f32>, k: &Tensor<f32>, v: &Tensor<f32>) -> f32 {
    let width = q.shape()[2] as f32;
    (q.matmul(&k.t()) / width.sqrt())
        .softmax()
        .matmul(v)
        .square()
        .sum()
}

#[differentiable(wrt(x, wx, wh, b))]
fn lstm(
    x: &Tensor<f32>,
    start: &Tensor<f32>,
    wx: &Tensor<f32>,
    wh: &Tensor<f32>,
    b: &Tensor<f32>,
) -> f32 {
    x.lstm(start, start, wx, wh, b).square().sum()
}

#[differentiable(wrt(x, wx, wh, b))]
fn lstm_by_steps(
    x: &Tensor<f32>,
    start: &Tensor<f32>,
    wx: &Tensor<f32>,
    wh: &Tensor<f32>,
    b: &Tensor<f32>,
) -> f32 {
    let width = start.shape()[1];
    let mut h = start.clone();
    let mut c = start.clone();
    let mut all = Vec::new();
    for t in 0..x.shape()[0] {
        let z = x.index_axis(0, t as isize).matmul(wx) + h.matmul(wh) + b;
        let i = z.slice(1, ..width).sigmoid();
        let f = z.slice(1, width..2 * width).sigmoid();
        let g = z.slice(1, 2 * width..3 * width).tanh();
        let o = z.slice(1, 3 * width..).sigmoid();
        c = f * &c + i * g;
        h = o * c.tanh();
        all.push(h.clone());
    }
    stack(&all, 0).square().sum()
}

/// A peer that computes value and gradient of a bound loss.
macro_rules! gradient {
    ($name:literal $loss:ident($($x:expr),*)) => {{
        let mut program = $loss::bind($($x),*).expect("the shapes fit");
        peer($name, move || program.value_and_grad($($x),*).expect("bound").0)
    }};
}

/// Measures the layers whose case is wanted.
pub(crate) fn layers(wanted: &dyn Fn(&str) -> bool) {
    let threads = threads();
    for (image, kernel) in [
        ([64, 1, 28, 28], [8, 1, 5, 5]),
        ([64, 8, 12, 12], [16, 8, 5, 5]),
        ([16, 64, 16, 16], [64, 64, 3, 3]),
    ] {
        let [n, c, h, w] = image;
        let [o, _, k, _] = kernel;
        let case = format!("conv_{n}x{c}x{h}x{w}_{o}x{k}x{k}");
        if wanted(&case) {
            let (x, w_) = (&features(&image), &features(&kernel));
            let products = n * o * c * k * k * (h - k + 1) * (w - k + 1);
            let peers = vec![
                gradient!("cotangent" conv(x, w_)),
                gradient!("windows" conv_by_windows(x, w_)),
            ];
            // Forward, and the gradients of image and kernel.
            rate(&case, threads, (3 * 2 * products) as f64, None, peers);
        }
    }
    if wanted("max_pool_64x8x24x24") {
        let x = &features(&[64, 8, 24, 24]);
        let peers = vec![
            gradient!("cotangent" max_pool(x)),
            gradient!("windows" max_pool_by_windows(x)),
        ];
        nanoseconds_each("max_pool_64x8x24x24", threads, x.len(), peers);
    }
    if wanted("layer_norm_1024x1024") {
        let (x, row) = (&features(&[1024, 1024]), &features(&[1024]));
        let peers = vec![
            gradient!("cotangent" layer_norm(x, row, row)),
            gradient!("written_out" layer_norm_by_means(x, row, row)),
        ];
        nanoseconds_each("layer_norm_1024x1024", threads, x.len(), peers);
    }
    for [heads, length, width] in [[64, 64, 16], [8, 1024, 64]] {
        let case = format!("attention_{heads}x{length}x{width}");
        if wanted(&case) {
            let x = &features(&[heads, length, width]);
            let peers = vec![
                gradient!("cotangent" attention(x, x, x)),
                gradient!("written_out" attention_by_scores(x, x, x)),
            ];
            nanoseconds_each(&case, threads, heads * length * length, peers);
        }
    }
    if wanted("lstm_32x32x128") {
        let (x, start) = (&features(&[32, 32, 128]), &Tensor::zeros(&[32, 128]));
        let (wx, b) = (&features(&[128, 512]), &features(&[512]));
        let peers = vec![
            gradient!("cotangent" lstm(x, start, wx, wx, b)),
            gradient!("written_out" lstm_by_steps(x, start, wx, wx, b)),
        ];
        nanoseconds_each("lstm_32x32x128", threads, x.len(), peers);
    }
}
