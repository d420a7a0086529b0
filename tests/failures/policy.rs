//! The table of `src/language.md`: the derivative at every kink, tie, jump and pole, a test a line.

use cotangent::prelude::*;

const INF: f64 = f64::INFINITY;

/// Functions of one and of two numbers, as modules of their own names.
macro_rules! functions {
    ($($name:ident($($x:ident),+) $body:expr;)*) => {
        $(#[differentiable]
        fn $name($($x: f64),+) -> f64 {
            $body
        })*
    };
}

functions! {
    absolute(x) x.abs();
    copied(x) x.copysign(-2.0);
    largest(x, y) x.max(y);
    smallest(x, y) x.min(y);
    rectified(x) relu(x);
    rectified_to_six(x) relu6(x);
    leaky(x) leaky_relu(x, 0.25);
    clamped(x) x.clamp(-1.0, 1.0);
    stairs(x) x.floor() + x.ceil() + x.round() + x.trunc() + x.signum();
    remainder(x, y) x % y;
    root(x) x.sqrt();
    root_of_square(x) (x * x).sqrt();
    safe_root(x) safe_sqrt(x);
    safe_root_of_square(x) safe_sqrt(x * x);
    cubic_root(x) x.cbrt();
    logarithm(x) x.ln();
    arcs(x) x.asin() - x.acos();
    power(x, y) x.powf(y);
    zeroth(x) x.powi(0);
    first(x) x.powi(1);
    angle(x, y) y.atan2(x);
    distance(x, y) x.hypot(y);
    quotient(x, y) x / y;
    entropy(x) -x * x.ln();
    safe_entropy(x) entr(x);
    cross_entropy(x, y) xlogy(x, y);
    log_of_sum(x, y) logaddexp(x, y);
    through_infinity(x) x * (1.0 / x);
}

#[test]
fn absolute_value() {
    assert_eq!(absolute::grad(0.0), 0.0);
    assert_eq!((absolute::grad(-3.0), absolute::grad(3.0)), (-1.0, 1.0));
    assert_eq!(copied::grad(0.0), 0.0);
    assert_eq!(copied::grad(3.0), -1.0);
}

#[test]
fn maxima() {
    assert_eq!(largest::grad(2.0, 2.0), (1.0, 0.0));
    assert_eq!(smallest::grad(2.0, 2.0), (1.0, 0.0));
    assert_eq!(largest::grad(0.0, -0.0), (1.0, 0.0));
    assert_eq!(largest::grad(f64::NAN, 2.0), (0.0, 1.0));
    assert_eq!(smallest::grad(2.0, f64::NAN), (1.0, 0.0));
    assert_eq!(largest::grad(INF, INF), (1.0, 0.0));
}

#[test]
fn rectifiers() {
    assert_eq!(rectified::grad(0.0), 0.0);
    assert_eq!(leaky::grad(0.0), 0.25);
    assert_eq!(
        (rectified_to_six::grad(0.0), rectified_to_six::grad(6.0)),
        (1.0, 1.0)
    );
    assert_eq!((clamped::grad(-1.0), clamped::grad(1.0)), (1.0, 1.0));
    assert_eq!((clamped::grad(-1.5), clamped::grad(1.5)), (0.0, 0.0));
}

#[test]
fn steps() {
    for x in [-1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 2.5] {
        assert_eq!(stairs::grad(x), 0.0);
    }
    assert_eq!(remainder::grad(7.5, 2.5), (1.0, -3.0));
    assert_eq!(remainder::grad(-7.0, 2.0), (1.0, 3.0));
}

#[test]
fn roots() {
    assert_eq!(root::grad(0.0), INF);
    assert_eq!(cubic_root::grad(0.0), INF);
    assert!(root_of_square::grad(0.0).is_nan(), "0 times infinity");
    assert_eq!(
        (safe_root::grad(0.0), safe_root_of_square::grad(0.0)),
        (0.0, 0.0)
    );
    assert_eq!(safe_root_of_square::grad(-3.0), -1.0);
    assert_eq!(distance::grad(0.0, 0.0), (0.0, 0.0));
}

#[test]
fn powers() {
    for x in [-2.0, 0.0, 3.0, INF, f64::NAN] {
        assert_eq!(zeroth::grad(x), 0.0);
        assert_eq!(power::grad(x, 0.0).0, 0.0);
        assert_eq!(first::grad(x), 1.0);
    }
    for (y, slope) in [(0.5, INF), (1.0, 1.0), (2.0, 0.0)] {
        assert_eq!(power::grad(0.0, y), (slope, 0.0));
    }
}

#[test]
fn poles() {
    assert_eq!(logarithm::grad(0.0), INF);
    assert_eq!(arcs::grad(1.0), INF);
    assert_eq!(quotient::grad(1.0, 0.0), (INF, -INF));
    let (dx, dy) = angle::grad(0.0, 0.0);
    assert!(dx.is_nan() && dy.is_nan());
}

#[test]
fn zero_times_infinity() {
    assert!(
        through_infinity::grad(0.0).is_nan(),
        "the value itself is NaN"
    );
    assert!(entropy::grad(0.0).is_nan(), "the value itself is NaN");
    assert_eq!(safe_entropy::value_and_grad(0.0), (0.0, 0.0));
    assert_eq!(cross_entropy::value_and_grad(0.0, 0.0), (0.0, (0.0, 0.0)));
    assert_eq!(cross_entropy::grad(0.0, 2.0), (2.0_f64.ln(), 0.0));
    assert_eq!(log_of_sum::grad(1000.0, -1000.0), (1.0, 0.0));
}

#[differentiable]
fn written_over_late(x: f64) -> f64 {
    let mut log = x.ln();
    if x <= 0.0 {
        log = 0.0;
    }
    log + x
}

#[differentiable]
fn chosen_at_once(x: f64) -> f64 {
    let log = if x <= 0.0 { 0.0 } else { x.ln() };
    log + x
}

/// A value that ran and was written over has a cotangent of 0, times an infinite slope.
#[test]
fn written_over() {
    assert!(written_over_late::grad(0.0).is_nan());
    assert_eq!(chosen_at_once::grad(0.0), 1.0);
    assert_eq!(written_over_late::grad(2.0), 1.5);
}

#[differentiable]
fn bordered(x: f64) -> f64 {
    if x < 1.0 { 2.0 * x } else { 5.0 * x - 3.0 }
}

#[test]
fn borders() {
    assert_eq!(bordered::grad(1.0), 5.0);
    assert_eq!(bordered::grad(1.0 - f64::EPSILON), 2.0);
}
