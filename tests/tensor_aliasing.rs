//! One value in several places: a tensor passed as two arguments, a helper whose operands are the
//! same value, a value that is an argument itself, a leaf that nobody uses. Gradients against
//! central differences of the eager function, or written out.

mod common;

use common::{check_gradient, noise};
use cotangent::prelude::*;

#[derive(Differentiable, Clone)]
struct Layer {
    w: Tensor<f64>,
}

impl Layer {
    #[differentiable]
    fn forward(&self, x: &Tensor<f64>) -> Tensor<f64> {
        x * &self.w
    }
}

#[differentiable(wrt(a))]
fn two(a: &Tensor<f64>, b: &Tensor<f64>) -> f64 {
    (a * b.exp()).sum()
}

#[test]
fn a_tensor_passed_twice_is_two_arguments() {
    let (x, other) = (noise(&[3], 1), noise(&[3], 2));
    let mut program = two::bind(&x, &x).unwrap();
    let (_, gradient) = program.value_and_grad(&x, &x).unwrap();
    // Only `a` varies: d(a e^b)/da = e^b.
    for (gradient, x) in gradient.data().iter().zip(x.data()) {
        assert!((gradient - x.exp()).abs() < 1e-14);
    }
    // The plan that was made then serves two different tensors too.
    let (value, _) = program.value_and_grad(&x, &other).unwrap();
    assert!((value - two(&x, &other)).abs() < 1e-14);
    assert!((program.value(&other, &x).unwrap() - two(&other, &x)).abs() < 1e-14);
}

#[differentiable(wrt(student))]
fn distil(student: &Layer, teacher: &Layer, x: &Tensor<f64>) -> f64 {
    (student.forward(x) - teacher.forward(x)).square().sum()
}

#[test]
fn a_method_of_a_structure_passed_twice_is_refused() {
    let (layer, x) = (Layer { w: noise(&[3], 1) }, noise(&[3], 2));
    let error = distil::bind(&layer, &layer, &x).unwrap_err().to_string();
    assert!(error.contains("passed as two arguments"), "{error}");
    // A clone shares the elements and is another structure.
    let teacher = layer.clone();
    let mut program = distil::bind(&layer, &teacher, &x).unwrap();
    assert_eq!(program.value(&layer, &teacher, &x).unwrap(), 0.0);
}

/// Helpers of two operands, each called with one leaf twice, with one intermediate value twice,
/// and with two values in both orders.
macro_rules! same_operand {
    ($($test:ident $helper:ident $leaf:ident $inner:ident $swapped:ident |$a:ident, $b:ident| $body:expr;)*) => {$(
        #[differentiable]
        fn $helper($a: &Tensor<f64>, $b: &Tensor<f64>) -> Tensor<f64> {
            $body
        }

        #[differentiable(wrt(m))]
        fn $leaf(m: &Layer) -> f64 {
            $helper(&m.w, &m.w).square().sum()
        }

        #[differentiable(wrt(m))]
        fn $inner(m: &Layer) -> f64 {
            let h = m.w.sin();
            $helper(&h, &h).square().sum()
        }

        #[differentiable(wrt(m))]
        fn $swapped(m: &Layer) -> f64 {
            let h = m.w.sin();
            let k = h.exp() * 0.2;
            ($helper(&k, &h) * $helper(&h, &k)).sum() + h.sum()
        }

        #[test]
        fn $test() {
            for n in [1, 2, 3, 5] {
                let m = Layer { w: noise(&[n, n], n) * 0.3 };
                let mut program = $leaf::bind(&m).unwrap();
                check_gradient(&m, program.value_and_grad(&m).unwrap().1, $leaf);
                let mut program = $inner::bind(&m).unwrap();
                check_gradient(&m, program.value_and_grad(&m).unwrap().1, $inner);
                let mut program = $swapped::bind(&m).unwrap();
                check_gradient(&m, program.value_and_grad(&m).unwrap().1, $swapped);
            }
        }
    )*};
}

same_operand! {
    the_same_factor_twice product product_leaf product_inner product_swapped |a, b| a * b;
    the_same_matrix_twice matrices matrices_leaf matrices_inner matrices_swapped |a, b| a.matmul(b);
    the_same_operand_of_many mixed mixed_leaf mixed_inner mixed_swapped
        |a, b| (a * b.exp()).matmul(b) + a.matmul(&b.t());
    the_same_operand_in_a_chain chain chain_leaf chain_inner chain_swapped
        |a, b| a.matmul(b).tanh().matmul(a) * b;
    the_same_operand_broadcast broad broad_leaf broad_inner broad_swapped
        |a, b| (a.mean_axis(0) * b + a).softmax() * b;
    the_same_operand_late_and_early late late_leaf late_inner late_swapped
        |a, b| a.matmul(&b.exp()).matmul(b).tanh() + b;
}

#[differentiable(wrt(m))]
fn perhaps(m: &Layer, c: f64, constant: bool) -> f64 {
    if constant { c } else { m.w.sum() * c }
}

#[test]
fn a_value_that_is_an_argument_without_gradient() {
    let m = Layer { w: noise(&[3], 1) };
    let mut program = perhaps::bind(&m, 2.0, true).unwrap();
    for (constant, expected) in [(true, 0.0), (false, 2.0), (true, 0.0)] {
        let (_, gradient) = program.value_and_grad(&m, 2.0, constant).unwrap();
        assert_eq!(gradient.w.data(), [expected; 3]);
    }
}

/// In this order `guard` follows `unused` at once: a gradient written too wide would show there.
#[derive(Differentiable, Clone)]
#[repr(C)]
struct Mixed {
    unused: f32,
    #[no_diff]
    guard: u32,
    w: Tensor<f64>,
}

#[differentiable(wrt(m))]
fn double(m: &Mixed) -> f64 {
    m.w.square().sum()
}

#[test]
fn an_unused_leaf_of_another_type_gets_zeros_of_its_own_size() {
    let m = Mixed {
        unused: 1.0,
        guard: 7,
        w: noise(&[3], 1),
    };
    let mut program = double::bind(&m).unwrap();
    let (_, gradient) = program.value_and_grad(&m).unwrap();
    assert_eq!((gradient.unused, gradient.guard), (0.0, 7));
    assert_eq!(gradient.w, &m.w * 2.0);
}
