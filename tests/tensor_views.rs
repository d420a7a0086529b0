//! Views in graphs: kernels and products read them where they are, so that a plan moves no element for
//! them; who needs elements in a row gets one copy. The values are those of the eager functions.

mod common;

use common::{check_gradient, noise};
use cotangent::prelude::*;

/// The views of a bound function, the bytes that it moves, and its value beside the eager one.
macro_rules! check {
    ($f:ident, $x:expr, views $views:literal, moved $moved:expr) => {{
        let x = $x;
        let mut program = $f::bind(&x).unwrap();
        program.__poison(0xff);
        let (value, gradient) = program.value_and_grad(&x).unwrap();
        let eager = $f(&x);
        assert!(
            (value - eager).abs() < 1e-12 * eager.abs().max(1.0),
            "{value} and eagerly {eager}"
        );
        check_gradient(&x, gradient, |x| $f(x));
        let report = program.report();
        assert_eq!(report.views(), $views, "{report}");
        assert_eq!(report.moved(), $moved, "{report}");
        let shown = report.to_string().matches("      view ").count();
        assert!(shown >= report.views(), "{report}");
    }};
}

#[differentiable(wrt(x))]
fn steps(x: &Tensor<f64>) -> f64 {
    let odd = x.slice_step(1, 1.., 2);
    let even = x.slice_step(1, .., 2);
    (odd * even).tanh().sum()
}

#[test]
fn strided_slices_are_read_by_kernels() {
    // The adjoint places the two cotangents into one gradient: the first zeroes it, the second adds.
    check!(steps, noise(&[5, 8], 1), views 2, moved 5 * 8 * 8);
}

#[differentiable(wrt(x))]
fn rows(x: &Tensor<f64>) -> f64 {
    let weights = x.slice(0, ..4).reshape(&[2, 12]);
    let data = x.slice(0, 4..).squeeze(1);
    let both = weights.unsqueeze(1).broadcast_to(&[2, 3, 12]);
    (both.exp() * data.reshape(&[3, 2, 3]).sum()).mean()
}

#[test]
fn rows_and_broadcasts_are_read_by_kernels() {
    check!(rows, noise(&[7, 1, 6], 2), views 7, moved (7 * 6 + 2 * 12) * 8);
}

#[differentiable(wrt(x))]
fn heads(x: &Tensor<f64>) -> f64 {
    let split = x.reshape(&[4, 5, 2, 3, 4]).permute(&[2, 0, 3, 1, 4]);
    let (q, k) = (split.index_axis(0, 0), split.index_axis(0, 1));
    q.matmul(&k.swap_axes(2, 3)).tanh().sum()
}

#[test]
fn products_read_heads_between_others() {
    // Backwards the cotangent of the keys is turned, both are placed into one tensor, and that goes
    // into the order of the operand.
    check!(heads, noise(&[4, 5, 24], 3), views 7, moved (240 + 480 + 480) * 8);
}

#[differentiable(wrt(x))]
fn turned(x: &Tensor<f64>) -> f64 {
    x.flip(1).softmax().square().sum()
}

#[test]
fn who_needs_a_row_gets_one_copy() {
    check!(turned, noise(&[3, 4], 4), views 0, moved 2 * 3 * 4 * 8);
}

#[differentiable(wrt(x))]
fn joined(x: &Tensor<f64>) -> f64 {
    let y = x.concat(&[&x.exp()], 0).square();
    (y + 1.0).ln().sum()
}

#[test]
fn the_parts_of_a_cotangent_are_views() {
    check!(joined, noise(&[3, 4], 5), views 1, moved 3 * 4 * 8);
}

/// A value that is handed on, added to and read in turn must not see what others add.
#[differentiable(wrt(x))]
fn shared(x: &Tensor<f64>) -> f64 {
    let a = x.sin();
    let b = a.t().reshape(&[-1]);
    let c = a.reshape(&[-1]);
    let d = &a + &a.reshape(&[3, 3]);
    let e = d.t() + &a;
    (b * c).sum() + (e.matmul(&d) * &a).sum() + (&d + &e).cos().sum()
}

#[test]
fn cotangents_that_are_handed_on_stay_right() {
    let x = noise(&[3, 3], 6);
    let mut program = shared::bind(&x).unwrap();
    program.__poison(0xff);
    let (value, gradient) = program.value_and_grad(&x).unwrap();
    assert!((value - shared(&x)).abs() < 1e-12);
    check_gradient(&x, gradient, shared);
}
