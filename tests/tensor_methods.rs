//! The siblings of differentiable methods over tensors, and parameters that are tuples and options:
//! each against numbers that were derived by hand.

#![allow(clippy::float_cmp, reason = "small integers are exact")]
#![allow(
    clippy::assign_op_pattern,
    reason = "the form that users of other libraries write is tested"
)]

use cotangent::prelude::*;

fn tensor(elements: &[f64]) -> Tensor<f64> {
    Tensor::from_vec(&[elements.len()], elements.to_vec()).unwrap()
}

#[derive(Differentiable, Clone)]
struct Cubic {
    w: Tensor<f64>,
}

impl Cubic {
    /// `sum w^3 x + b w`: its Hessian in (w, x) is `[[6 w x, 3 w^2], [3 w^2, 0]]` for each element.
    #[differentiable(order = 2)]
    fn loss(&self, x: &Tensor<f64>, b: f64) -> f64 {
        (self.w.powi(3) * x + &self.w * b).sum()
    }

    #[differentiable(order = 2)]
    fn square(&self) -> Tensor<f64> {
        self.w.square()
    }

    /// The loss, and beside it what a log wants.
    #[differentiable]
    fn with_more(&self, x: &Tensor<f64>) -> (f64, Tensor<f64>) {
        let y = &self.w * x;
        (y.sum(), y)
    }

    #[differentiable]
    fn both(&self) -> (Tensor<f64>, Tensor<f64>) {
        (self.w.square(), &self.w * 3.0)
    }
}

#[test]
fn methods_have_hessian_products_and_directional_derivatives() {
    let (model, x) = (
        Cubic {
            w: tensor(&[1.0, -2.0]),
        },
        tensor(&[2.0, 3.0]),
    );
    let along = (
        Cubic {
            w: tensor(&[1.0, 0.5]),
        },
        tensor(&[1.0, -1.0]),
    );
    let mut program = model.loss_bind(&x, 4.0).unwrap();
    for _ in 0..2 {
        let (of_w, of_x, of_b) = model
            .loss_hvp(&mut program, &x, 4.0, &along.0, &along.1, 2.0)
            .unwrap();
        // 6 w x dw + 3 w^2 dx + db; 3 w^2 dw; sum dw.
        assert_eq!(of_w.w.data(), [12.0 + 3.0 + 2.0, -18.0 - 12.0 + 2.0]);
        assert_eq!((of_x.data(), *of_b), (&[3.0, 6.0][..], 1.5));
        let (value, tangent) = model
            .loss_jvp(&mut program, &x, 4.0, &along.0, &along.1, 2.0)
            .unwrap();
        assert_eq!(value, 2.0 - 24.0 + 4.0 - 8.0);
        // 3 w^2 x dw + w^3 dx + b dw + w db
        assert_eq!(tangent, 6.0 + 18.0 + 1.0 + 8.0 + 4.0 + 2.0 + 2.0 - 4.0);
    }
    let mut program = model.square_bind().unwrap();
    let (value, tangent) = model.square_jvp(&mut program, &along.0).unwrap();
    assert_eq!(
        (value.data(), tangent.data()),
        (&[1.0, 4.0][..], &[2.0, -2.0][..])
    );
}

#[test]
fn methods_have_a_gradient_at_once() {
    let (model, x) = (
        Cubic {
            w: tensor(&[1.0, -2.0]),
        },
        tensor(&[2.0, 3.0]),
    );
    let (of_model, of_x, of_b) = model.loss_grad(&x, 4.0).unwrap();
    assert_eq!(of_model.w.data(), [6.0 + 4.0, 36.0 + 4.0]);
    assert_eq!((of_x.data(), of_b), (&[1.0, -8.0][..], -1.0));
}

#[test]
fn methods_have_auxiliary_results_and_cotangents_of_several() {
    let (model, x) = (
        Cubic {
            w: tensor(&[1.0, -2.0]),
        },
        tensor(&[2.0, 3.0]),
    );
    let mut program = model.with_more_bind(&x).unwrap();
    let ((value, y), (of_model, of_x)) = model.with_more_value_and_grad(&mut program, &x).unwrap();
    assert_eq!((*value, y.data()), (-4.0, &[2.0, -6.0][..]));
    assert_eq!((of_model.w.data(), of_x.data()), (x.data(), model.w.data()));
    let mut program = model.both_bind().unwrap();
    let cotangent = (tensor(&[1.0, 10.0]), tensor(&[100.0, 1000.0]));
    let ((square, triple), gradient) = model.both_vjp(&mut program, &cotangent).unwrap();
    assert_eq!(
        (square.data(), triple.data()),
        (&[1.0, 4.0][..], &[3.0, -6.0][..])
    );
    assert_eq!(gradient.w.data(), [2.0 + 300.0, -40.0 + 3000.0]);
}

/// A tuple of tensors, one that may be missing, and a list.
#[differentiable]
fn of_containers(
    pair: &(Tensor<f64>, Tensor<f64>),
    more: &Option<Tensor<f64>>,
    list: &Vec<Tensor<f64>>,
) -> f64 {
    let mut y = &pair.0 * &pair.1;
    if let Some(more) = more {
        y = y * more;
    }
    for x in list {
        y = y + x.square();
    }
    let half = &y * 0.5;
    added(&(half.clone(), half)).sum() * 0.5
}

/// Its caller makes the tuple of what it has computed.
#[differentiable]
fn added(of: &(Tensor<f64>, Tensor<f64>)) -> Tensor<f64> {
    &of.0 + &of.1
}

#[test]
fn parameters_may_be_tuples_options_and_lists() {
    let pair = (tensor(&[1.0, 2.0]), tensor(&[3.0, 4.0]));
    let list = vec![tensor(&[1.0, 1.0]), tensor(&[2.0, 0.0])];
    let more = Some(tensor(&[10.0, 100.0]));
    let (value, (of_pair, of_more, of_list)) =
        of_containers::value_and_grad(&pair, &more, &list).unwrap();
    assert_eq!(value, (30.0 + 800.0 + 1.0 + 1.0 + 4.0) / 2.0);
    assert_eq!(
        (of_pair.0.data(), of_pair.1.data()),
        (&[15.0, 200.0][..], &[5.0, 100.0][..])
    );
    assert_eq!(of_more.unwrap().data(), [1.5, 4.0]);
    assert_eq!(of_list[1].data(), [2.0, 0.0]);
    let (value, (_, of_more, _)) = of_containers::value_and_grad(&pair, &None, &vec![]).unwrap();
    assert_eq!((value, of_more), (5.5, None));
}
