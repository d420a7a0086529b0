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
