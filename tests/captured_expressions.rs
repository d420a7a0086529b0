//! Functions that a `macro_rules!` macro writes: what it captured as an expression is one operand, in the
//! function and in its gradient, in both regimes.

use cotangent::prelude::*;

macro_rules! scaled {
    ($numbers:ident, $tensors:ident, $factor:expr) => {
        #[differentiable]
        fn $numbers(x: f64) -> f64 {
            $factor * x
        }

        #[differentiable]
        fn $tensors(x: &Tensor<f64>) -> f64 {
            ($factor * x).sum() - $factor.sqrt() * x.sum()
        }
    };
}

scaled! { numbers, tensors, 1.0_f64 + 3.0 }

#[test]
fn a_captured_expression_is_one_operand() {
    assert_eq!((numbers(2.0), numbers::grad(2.0)), (8.0, 4.0));
    let x = Tensor::full(&[2], 3.0);
    let mut program = tensors::bind(&x).unwrap();
    let (value, gradient) = program.value_and_grad(&x).unwrap();
    assert_eq!(
        (tensors(&x), value, gradient.data()),
        (12.0, 12.0, &[2.0, 2.0][..])
    );
}
