//! Declared shapes: checked when a program is bound, named in the error.

mod common;

use common::noise;
use cotangent::prelude::*;

#[derive(Differentiable, Clone)]
struct Layer {
    #[shape(3, H)]
    w: Tensor<f64>,
    #[shape(H)]
    b: Option<Tensor<f64>>,
}

#[differentiable(wrt(layer))]
fn loss(layer: &Layer, #[shape(B, 3)] x: &Tensor<f64>, #[shape(B)] target: &Tensor<f64>) -> f64 {
    let y = x.matmul(&layer.w).sum_axis(1);
    (y - target).square().mean()
}

fn bind(w: &[usize], b: Option<&[usize]>, x: &[usize], target: &[usize]) -> Option<String> {
    let layer = Layer {
        w: noise(w, 1),
        b: b.map(|shape| noise(shape, 2)),
    };
    loss::bind(&layer, &noise(x, 3), &noise(target, 4))
        .err()
        .map(|error| error.to_string())
}

#[test]
fn shapes_that_fit_bind() {
    assert_eq!(bind(&[3, 4], Some(&[4]), &[5, 3], &[5]), None);
    assert_eq!(bind(&[3, 7], None, &[1, 3], &[1]), None);
}

#[test]
fn every_mismatch_names_the_declaration() {
    for (error, part) in [
        (
            bind(&[2, 4], None, &[5, 3], &[5]),
            "`w` of [2, 4]: axis 0 is declared as 3",
        ),
        (
            bind(&[3, 4], Some(&[5]), &[5, 3], &[5]),
            "`b` of [5]: axis 0 is `H`, which `w` makes 4",
        ),
        (
            bind(&[3, 4], None, &[5, 3], &[6]),
            "`target` of [6]: axis 0 is `B`, which `x` makes 5",
        ),
        (
            bind(&[3, 4], None, &[3], &[5]),
            "`x` of [3]: it is declared with 2 axes",
        ),
    ] {
        let error = error.unwrap();
        assert!(
            error.contains(part) && error.contains("tensor_shapes.rs:"),
            "{error}"
        );
    }
}
