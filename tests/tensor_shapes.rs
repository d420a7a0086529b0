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

#[derive(Differentiable, Clone)]
struct Gates {
    #[shape(3, 2 * H + 1)]
    w: Tensor<f64>,
    #[shape(H)]
    b: Tensor<f64>,
}

#[differentiable(wrt(gates))]
fn arithmetic(
    gates: &Gates,
    #[shape(.., 3)] x: &Tensor<f64>,
    #[shape(B, .., D)] y: &Tensor<f64>,
) -> f64 {
    x.matmul(&gates.w).sum() + gates.b.sum() + y.sum()
}

fn bind_arithmetic(w: &[usize], b: &[usize], x: &[usize], y: &[usize]) -> Option<String> {
    let gates = Gates {
        w: noise(w, 1),
        b: noise(b, 2),
    };
    arithmetic::bind(&gates, &noise(x, 3), &noise(y, 4))
        .err()
        .map(|error| error.to_string())
}

#[test]
fn dimensions_have_arithmetic_and_a_rest() {
    assert_eq!(bind_arithmetic(&[3, 9], &[4], &[5, 3], &[2, 7]), None);
    assert_eq!(
        bind_arithmetic(&[3, 1], &[0], &[2, 5, 3], &[2, 6, 5, 7]),
        None
    );
    for (error, part) in [
        (
            bind_arithmetic(&[3, 8], &[4], &[5, 3], &[2, 7]),
            "`w` of [3, 8]: axis 1 is `2 * H + 1`, which no size of `H` makes 8",
        ),
        (
            bind_arithmetic(&[3, 9], &[5], &[5, 3], &[2, 7]),
            "`b` of [5]: axis 0 is `H`, which `w` makes 4",
        ),
        (
            bind_arithmetic(&[3, 9], &[4], &[5, 4], &[2, 7]),
            "`x` of [5, 4]: axis 1 is declared as 3",
        ),
        (
            bind_arithmetic(&[3, 9], &[4], &[5, 3], &[2]),
            "`y` of [2]: it is declared with 2 or more axes",
        ),
    ] {
        let error = error.unwrap();
        assert!(error.contains(part), "{error}");
    }
}

#[derive(Differentiable, Clone)]
struct Stack {
    layers: Vec<(Tensor<f64>, Option<Tensor<f64>>)>,
}

#[differentiable(wrt(stack))]
fn undeclared(stack: &Stack, x: &Tensor<f64>) -> f64 {
    let mut h = x.clone();
    for (w, b) in &stack.layers {
        h = h.matmul(w).relu();
        if let Some(b) = b {
            h = h * 2.0 + b;
        }
    }
    h.mean()
}

#[test]
fn an_error_says_where_each_operand_comes_from() {
    let stack = |last: &[usize], bias: &[usize]| Stack {
        layers: vec![
            (noise(&[3, 4], 1), Some(noise(bias, 2))),
            (noise(last, 3), None),
        ],
    };
    let bind = |stack: &Stack| {
        let error = undeclared::bind(stack, &noise(&[5, 3], 4)).err();
        error.map(|error| error.to_string())
    };
    assert_eq!(bind(&stack(&[4, 2], &[4])), None);
    let error = bind(&stack(&[5, 2], &[4])).unwrap();
    for part in [
        "`matmul` of [5, 4] and [5, 2]: the inner sizes differ",
        "[5, 4] is the result of `+` at tests/tensor_shapes.rs:",
        "[5, 2] is `stack.layers.1.0`",
        "(at tests/tensor_shapes.rs:",
    ] {
        assert!(error.contains(part), "{part} in {error}");
    }
    let error = bind(&stack(&[4, 2], &[3])).unwrap();
    for part in [
        "`+` of [5, 4] and [3]: they do not broadcast",
        "[5, 4] is the result of `*` at tests/tensor_shapes.rs:",
        "[3] is `stack.layers.0.1`",
    ] {
        assert!(error.contains(part), "{part} in {error}");
    }
}

mod declared_all_over {
    //! Everything is declared and everything fits: the constants that are checked when this crate
    //! is compiled must not refuse it, and what they leave open is checked at bind.

    use cotangent::prelude::*;

    #[derive(Differentiable, Clone)]
    pub(super) struct Head {
        #[shape(H, C)]
        pub(super) w: Tensor<f64>,
        #[shape(1, C)]
        pub(super) b: Tensor<f64>,
    }

    #[derive(Differentiable, Clone)]
    pub(super) struct Model {
        #[shape(6, H)]
        pub(super) w: Tensor<f64>,
        #[shape(H)]
        pub(super) b: Option<Tensor<f64>>,
        pub(super) head: Head,
    }

    #[differentiable]
    pub(super) fn dense(
        #[shape(B, K)] x: &Tensor<f64>,
        #[shape(K, M)] w: &Tensor<f64>,
    ) -> Tensor<f64> {
        x.matmul(w).relu()
    }

    #[differentiable]
    pub(super) fn power(#[shape(N, N)] a: &Tensor<f64>, n: usize) -> Tensor<f64> {
        if n < 2 {
            a.clone()
        } else {
            power(&a.matmul(a), n / 2)
        }
    }

    #[differentiable(wrt(model))]
    pub(super) fn loss(
        model: &Model,
        #[shape(B, 2 * 3)] x: &Tensor<f64>,
        #[shape(B)] labels: &Tensor<u32>,
        #[shape(10, 1)] column: &Tensor<f64>,
    ) -> f64 {
        let mut hidden = dense(x, &model.w);
        if let Some(b) = &model.b {
            hidden += b;
        }
        let logits = dense(&hidden, &model.head.w) + &model.head.b;
        let gram = logits.t().matmul(&logits);
        let model_norm = model.w.t().square().sum_axis(1).mean();
        logits.cross_entropy(labels).mean()
            + (&logits - logits.mean_axis_keep(1)).square().mean()
            + power(&gram, 2).mean()
            + model_norm
            + (column + model.w.sum_axis_keep(0)).mean()
    }
}

#[test]
fn a_program_with_declarations_everywhere_compiles_and_is_right() {
    use declared_all_over::{Head, Model, loss};
    let model = Model {
        w: noise(&[6, 4], 1),
        b: Some(noise(&[4], 2)),
        head: Head {
            w: noise(&[4, 3], 3),
            b: noise(&[1, 3], 4),
        },
    };
    let x = noise(&[5, 6], 5);
    let labels = Tensor::from_vec(&[5], vec![0, 1, 2, 0, 1]).unwrap();
    let column = noise(&[10, 1], 6);
    let mut program = loss::bind(&model, &x, &labels, &column).unwrap();
    let (value, gradient) = program
        .value_and_grad(&model, &x, &labels, &column)
        .unwrap();
    assert!((value - loss(&model, &x, &labels, &column)).abs() < 1e-12);
    common::check_gradient(&model, gradient, |model| loss(model, &x, &labels, &column));
}
