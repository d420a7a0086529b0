use cotangent::prelude::*;

#[differentiable(wrt(x))]
fn once(x: &Tensor<f32>) -> f32 {
    x.square().sum()
}

#[differentiable(wrt(x))]
fn f(x: &Tensor<f32>) -> f32 {
    let slope = once::grad(x).unwrap();
    slope.square().sum()
}

#[differentiable(order = 4)]
fn g(x: &Tensor<f32>) -> f32 {
    x.square().sum()
}

#[differentiable]
fn bent(x: f32) -> f32 {
    x * x
}

#[differentiable(order = 3)]
fn h(x: &Tensor<f32>) -> f32 {
    x.map(bent).sum()
}

fn main() {}
