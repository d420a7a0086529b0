//! The program that the tensor regime was designed around: layers of different sizes, an optional
//! bias, a method, a helper in another module, host control flow, a per-call weight and a user's
//! activation. Gradients of every leaf against central differences of the eager function.

mod common;

use common::{check_gradient, noise};
use cotangent::prelude::*;

#[differentiable]
fn swish(x: f64) -> f64 {
    x / (1.0 + (-x).exp())
}

#[derive(Differentiable, Clone)]
struct Layer {
    w: Tensor<f64>,
    b: Option<Tensor<f64>>,
}

impl Layer {
    #[differentiable]
    fn forward(&self, x: &Tensor<f64>) -> Tensor<f64> {
        let y = x.matmul(&self.w);
        if let Some(b) = &self.b { y + b } else { y }
    }
}

#[derive(Differentiable, Clone)]
struct Net {
    layers: Vec<Layer>,
    scale: Tensor<f64>,
    head: Layer,
}

mod helpers {
    use cotangent::prelude::*;

    #[differentiable]
    pub(crate) fn normalise(h: &Tensor<f64>, scale: &Tensor<f64>) -> Tensor<f64> {
        (h - h.mean_axis(0)) * scale
    }
}

use helpers::normalise;

#[differentiable(wrt(net))]
fn loss(
    net: &Net,
    x: &Tensor<f64>,
    target: &Tensor<f64>,
    training: bool,
    steps: usize,
    weight: f64,
) -> f64 {
    let mut h = x.clone();
    for layer in &net.layers {
        h = layer.forward(&h).map(swish);
    }
    for _ in 0..steps {
        h = normalise(&h, &net.scale);
    }
    if training {
        h = &h * 0.5 + 0.1;
    }
    let y = net.head.forward(&h);
    (y - target).square().sum() * weight
}

fn net(sizes: &[usize], bias: bool) -> Net {
    let layer = |k: usize, input: usize, output: usize| Layer {
        w: noise(&[input, output], k),
        b: bias.then(|| noise(&[output], k + 50)),
    };
    let layers: Vec<Layer> = sizes
        .windows(2)
        .enumerate()
        .map(|(k, pair)| layer(k, pair[0], pair[1]))
        .collect();
    let width = sizes[sizes.len() - 1];
    Net {
        layers,
        scale: noise(&[width], 90),
        head: layer(91, width, 2),
    }
}

#[test]
fn every_structure_has_the_gradient_of_central_differences() {
    for (sizes, bias, training, steps) in [
        (&[3, 5, 4][..], true, true, 1),
        (&[3, 5, 4][..], false, false, 3),
        (&[3, 4][..], true, false, 0),
        (&[3][..], false, true, 2),
        (&[3, 1, 6, 2][..], true, true, 7),
    ] {
        let net = net(sizes, bias);
        let (x, target) = (noise(&[4, 3], 7), noise(&[4, 2], 8));
        let mut program = loss::bind(&net, &x, &target, training, steps, 0.7).unwrap();
        for (weight, seed) in [(0.7, 7), (-1.3, 9)] {
            let x = noise(&[4, 3], seed);
            let (value, gradient) = program
                .value_and_grad(&net, &x, &target, training, steps, weight)
                .unwrap();
            let expected = loss(&net, &x, &target, training, steps, weight);
            assert!((value - expected).abs() < 1e-12 * (1.0 + expected.abs()));
            check_gradient(&net, gradient, |net| {
                loss(net, &x, &target, training, steps, weight)
            });
        }
    }
}

#[test]
fn another_structure_is_bound_anew() {
    let (x, target) = (noise(&[4, 3], 7), noise(&[4, 2], 8));
    let small = net(&[3, 4], true);
    let large = net(&[3, 5, 4], false);
    let mut program = loss::bind(&small, &x, &target, true, 1, 1.0).unwrap();
    for model in [&large, &small, &large] {
        for training in [true, false] {
            let (value, gradient) = program
                .value_and_grad(model, &x, &target, training, 2, 1.0)
                .unwrap();
            assert!((value - loss(model, &x, &target, training, 2, 1.0)).abs() < 1e-12);
            check_gradient(model, gradient, |model| {
                loss(model, &x, &target, training, 2, 1.0)
            });
        }
    }
}

#[test]
fn a_wrong_shape_is_an_error_that_names_the_operator() {
    let (x, target) = (noise(&[4, 2], 7), noise(&[4, 2], 8));
    let error = loss::bind(&net(&[3, 4], true), &x, &target, true, 1, 1.0)
        .err()
        .unwrap();
    let text = error.to_string();
    assert!(text.contains("`matmul` of [4, 2] and [3, 4]"), "{text}");
    assert!(text.contains("tensor_structures.rs:"), "{text}");
}
