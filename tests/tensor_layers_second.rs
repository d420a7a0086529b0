//! Second derivatives of layers: as differences of the gradient say, or an error that names the layer,
//! and never a part left out.

mod common;

use common::noise;
use cotangent::prelude::*;
use cotangent::{Floats, FloatsMut, Leaves, Path};

/// What the layers are made of.
#[derive(Differentiable, Clone)]
struct Operands {
    /// `[3, 2, 4]`
    x: Tensor<f64>,
    /// `[2, 4]`
    h: Tensor<f64>,
    /// `[2, 4]`
    c: Tensor<f64>,
    /// `[4, 16]`
    wide: Tensor<f64>,
    /// `[4, 16]`
    own: Tensor<f64>,
    /// `[16]`
    bias: Tensor<f64>,
    /// `[4]`
    gain: Tensor<f64>,
    /// `[2, 3, 5, 4]`
    image: Tensor<f64>,
    /// `[2, 3, 3, 2]`
    kernel: Tensor<f64>,
    /// `[3, 3]`
    matrix: Tensor<f64>,
}

fn operands(seed: usize) -> Operands {
    let part = |shape: &[usize], k: usize| noise(shape, seed * 100 + k);
    Operands {
        x: part(&[3, 2, 4], 1),
        h: part(&[2, 4], 2),
        c: part(&[2, 4], 3),
        wide: part(&[4, 16], 4) * 0.5,
        own: part(&[4, 16], 5) * 0.5,
        bias: part(&[16], 6),
        gain: part(&[4], 7),
        image: part(&[2, 3, 5, 4], 8),
        kernel: part(&[2, 3, 3, 2], 9),
        matrix: part(&[3, 3], 10),
    }
}

/// The elements of all leaves.
fn elements(of: &Operands) -> Vec<f64> {
    let mut all = Vec::new();
    of.leaves(&Path::Root, &mut |_, leaf| {
        if let Floats::F64(data) = leaf.data {
            all.extend_from_slice(data);
        }
    });
    all
}

/// `of + step * direction`
fn moved(of: &Operands, direction: &Operands, step: f64) -> Operands {
    let mut steps = elements(direction).into_iter();
    let mut moved = of.clone();
    moved.leaves_mut(&Path::Root, &mut |_, leaf| {
        if let FloatsMut::F64(data) = leaf.data {
            data.iter_mut()
                .zip(&mut steps)
                .for_each(|(x, d)| *x += step * d);
        }
    });
    moved
}

/// A Hessian-vector product, or what the error says, and the gradient at two places beside.
type Outcome = (Result<Operands, String>, [Operands; 2]);

const STEP: f64 = 1e-4;

macro_rules! layers {
    ($($name:ident |$o:ident| $body:expr;)*) => {
        $(
            #[differentiable(wrt($o), order = 2)]
            fn $name($o: &Operands) -> f64 {
                let y = $body;
                let y = y.flatten();
                let weights = (y.detach() * 0.0 + 0.7).cumsum(0).sin();
                (y.sin() * &y * weights).sum()
            }
        )*

        /// What becomes of every layer.
        fn outcomes() -> Vec<(&'static str, Outcome)> {
            let (at, direction) = (operands(1), operands(2));
            vec![$((stringify!($name), {
                let product = $name::hvp(&at, &direction).map_err(|error| error.to_string());
                let beside = [STEP, -STEP].map(|step| {
                    $name::grad(&moved(&at, &direction, step)).unwrap()
                });
                (product, beside)
            }),)*]
        }
    };
}

layers! {
    rnn |o| o.x.rnn(&o.h, &o.wide.slice(1, 0..4), &o.own.slice(1, 0..4), &o.gain);
    lstm |o| o.x.lstm(&o.h, &o.c, &o.wide, &o.own, &o.bias);
    gru |o| o.x.gru(&o.h, &o.wide.slice(1, 0..12), &o.own.slice(1, 0..12), &o.bias.slice(0, 0..12), &o.bias.slice(0, 4..16));
    layer_norm |o| o.x.layer_norm(&o.gain, &o.gain, 1e-3);
    rms_norm |o| o.x.rms_norm(&o.gain, 1e-3);
    batch_norm |o| o.image.batch_norm(&o.matrix.slice(0, 0..1).flatten(), &o.matrix.slice(0, 1..2).flatten(), 1e-3);
    instance_norm |o| o.image.instance_norm(1e-3);
    attention |o| o.x.attention(&(&o.x * 0.5), &(&o.x + 1.0));
    attention_causal |o| o.x.attention_causal(&(&o.x * 0.5), &(&o.x + 1.0));
    conv2d |o| o.image.conv2d(&o.kernel, 1, 1);
    avg_pool |o| o.image.avg_pool(&[2, 2], &[1, 2]);
    max_pool |o| o.image.max_pool(&[2, 2], &[1, 2]);
    softmax |o| o.x.softmax();
    log_softmax |o| o.x.log_softmax();
    logsumexp |o| o.x.logsumexp_axis(1);
    cumprod |o| o.x.cumprod(2);
    cummax |o| o.x.cummax(2);
    cumlogsumexp |o| o.x.cumlogsumexp(1);
    sort |o| o.x.cumsum(2).sort(2);
    prod |o| o.x.prod_axis(0);
    norm |o| o.x.norm_axis(2);
    std |o| o.x.std_axis(2, 1);
    max_axis |o| o.x.max_axis(0);
    inverse |o| o.matrix.inverse();
    det |o| o.matrix.det().unsqueeze(0);
    solve |o| o.matrix.solve(&o.matrix.t());
    cholesky |o| (o.matrix.matmul(&o.matrix.t()) + 1.0).cholesky();
    qr |o| o.matrix.qr().1;
}

/// The layers that have a gradient and no second derivative.
const FIRST_ONLY: &[&str] = &["lstm", "gru"];

#[test]
fn the_second_derivative_of_a_layer_is_right_or_an_error() {
    let mut first_only = Vec::new();
    for (name, (product, [after, before])) in outcomes() {
        let product = match product {
            Ok(product) => elements(&product),
            Err(error) => {
                assert!(
                    error.contains("derivative number 2 of `"),
                    "{name}: {error}"
                );
                first_only.push(name);
                continue;
            }
        };
        let differences = elements(&after).into_iter().zip(elements(&before));
        let expected: Vec<f64> = differences.map(|(a, b)| (a - b) / (2.0 * STEP)).collect();
        let scale = expected.iter().fold(0.0_f64, |most, x| most.max(x.abs()));
        assert!(scale > 1e-3, "{name}: the test has no second derivative");
        for (index, (found, expected)) in product.iter().zip(&expected).enumerate() {
            assert!(
                (found - expected).abs() < 1e-5 * scale.max(1.0),
                "{name}, element {index}: {found}, by differences {expected}"
            );
        }
    }
    assert_eq!(first_only, FIRST_ONLY);
}
