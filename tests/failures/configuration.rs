//! Derivatives do not depend on how the crate was built.

use cotangent::prelude::*;

#[differentiable]
fn chain(x: &[f64]) -> f64 {
    let mut s = 0.5;
    for v in x {
        s = (s * v).sin() + s * s * v;
    }
    s
}

/// The same digits in debug and in release: no option of the build decides about a derivative. The
/// numbers are those of 60-digit arithmetic.
#[test]
fn the_same_numbers_in_every_build() {
    let (value, gradient) = chain::value_and_grad(&[0.3, -0.7, 1.1]);
    let exact = [
        -0.168_901_264_517_725_55,
        -0.489_431_080_881_422_12,
        0.177_874_937_936_692_5,
        -0.150_716_863_387_458_64,
    ];
    for (found, exact) in [value].iter().chain(&gradient).zip(exact) {
        assert!((found - exact).abs() < 4e-16, "{found:.17} {exact:.17}");
    }
}
