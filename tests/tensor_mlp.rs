//! Networks over derived structures: values against the eager function, gradients against central
//! differences.

mod common;

use common::{check_gradient, noise};
use cotangent::prelude::*;

#[derive(Differentiable, Clone)]
struct Mlp {
    w1: Tensor<f64>,
    b1: Tensor<f64>,
    w2: Tensor<f64>,
    b2: Tensor<f64>,
}

#[differentiable(wrt(model))]
fn loss(model: &Mlp, x: &Tensor<f64>, labels: &Tensor<u32>) -> f64 {
    let hidden = (x.matmul(&model.w1) + &model.b1).relu();
    let logits = hidden.matmul(&model.w2) + &model.b2;
    logits.cross_entropy(labels).mean()
}

#[test]
fn a_two_layer_network_has_the_gradient_of_central_differences() {
    let model = Mlp {
        w1: noise(&[3, 4], 1),
        b1: noise(&[4], 2),
        w2: noise(&[4, 2], 3),
        b2: noise(&[2], 4),
    };
    let x = noise(&[5, 3], 5);
    let labels = Tensor::from_vec(&[5], vec![0, 1, 1, 0, 1]).unwrap();
    let mut program = loss::bind(&model, &x, &labels).unwrap();
    let (value, gradient) = program.value_and_grad(&model, &x, &labels).unwrap();
    assert!((value - loss(&model, &x, &labels)).abs() < 1e-14);
    check_gradient(&model, gradient, |model| loss(model, &x, &labels));
}

#[derive(Differentiable, Clone)]
struct Linear {
    w: Tensor<f64>,
    v: Tensor<f64>,
    u: Tensor<f64>,
}

#[differentiable(wrt(m))]
fn vectors(m: &Linear, x: &Tensor<f64>) -> f64 {
    let rows = m.v.matmul(&m.w);
    let columns = m.w.matmul(&m.u);
    let number = rows.matmul(&m.u) * columns.matmul(&m.v).tanh();
    let turned = m.u.matmul(&m.w.t());
    number.sum() + (x.matmul(&columns) * turned.sum()).tanh().sum()
}

#[test]
fn products_with_vectors_have_the_gradient_of_central_differences() {
    for (rows, columns) in [(3, 4), (3, 3), (1, 4), (3, 1), (1, 1), (2, 65)] {
        let model = Linear {
            w: noise(&[rows, columns], 1),
            v: noise(&[rows], 2),
            u: noise(&[columns], 3),
        };
        let x = noise(&[rows], 4);
        let mut program = vectors::bind(&model, &x).unwrap();
        let (value, gradient) = program.value_and_grad(&model, &x).unwrap();
        let expected = vectors(&model, &x);
        assert!((value - expected).abs() < 1e-12 * (1.0 + expected.abs()));
        check_gradient(&model, gradient, |model| vectors(model, &x));
    }
}
