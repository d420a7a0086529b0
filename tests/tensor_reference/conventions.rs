//! Where our conventions differ from those of the reference: what we say instead. The documentation
//! of `Tensor` states the rules; here are the numbers that follow from them.

const NAN: f64 = f64::NAN;
const INF: f64 = f64::INFINITY;

/// Case, what is compared, our numbers.
type Row = (&'static str, &'static str, &'static [f64]);

const ROWS: &[Row] = &[
    // A tie of `max`, `min` and `clamp` goes to the first operand, which is x.
    ("elementwise/relu6/kinks_and_poles", "d/dx", &[1.0, 1.0]),
    ("elementwise/clamp/kinks_and_poles", "d/dx", &[1.0, 1.0]),
    // `x > 0` picks the line, so that 0 belongs to the slope.
    ("elementwise/leaky_relu/kinks_and_poles", "d/dx", &[0.01]),
    // `signum` and `round` are those of Rust: the sign of 0 is 1, ties go away from 0.
    (
        "elementwise/sign/points",
        "value",
        &[-1.0, -1.0, -1.0, -1.0, -1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0],
    ),
    (
        "elementwise/round/points",
        "value",
        &[-3.0, -2.0, -1.0, -1.0, 0.0, 0.0, 0.0, 1.0, 1.0, 2.0, 3.0],
    ),
    // x^0 is the constant 1.
    (
        "elementwise/pow/edge_points",
        "d/dx",
        &[
            -4.0, 12.0, 0.0, 1.0, 0.0, INF, 0.0, 0.0, NAN, 100_000.0, -INF,
        ],
    ),
    // The hypotenuse of nothing has derivative 0.
    ("elementwise/hypot/edge_points", "d/dx", &[0.0, 0.6, 0.0]),
    ("elementwise/hypot/edge_points", "d/dy", &[0.0, 0.8, -1.0]),
    // `max` and `min` pass over a NaN, as Rust's do; ties go to the first operand.
    (
        "elementwise/maximum/edge_points",
        "value",
        &[1.0, 0.0, -2.0, 1.0, INF],
    ),
    (
        "elementwise/maximum/edge_points",
        "d/dx",
        &[1.0, 1.0, 1.0, 0.0, 1.0],
    ),
    (
        "elementwise/maximum/edge_points",
        "d/dy",
        &[0.0, 0.0, 0.0, 1.0, 0.0],
    ),
    (
        "elementwise/minimum/edge_points",
        "value",
        &[1.0, 0.0, -2.0, 1.0, -INF],
    ),
    (
        "elementwise/minimum/edge_points",
        "d/dx",
        &[1.0, 1.0, 1.0, 1.0, 1.0],
    ),
    (
        "elementwise/minimum/edge_points",
        "d/dy",
        &[0.0, 0.0, 0.0, 0.0, 0.0],
    ),
    // Where x = 0 hides a logarithm that is not finite, nothing flows to it.
    (
        "elementwise/xlogy/edge_points",
        "d/dx",
        &[0.0, std::f64::consts::LN_2, -INF, 0.0],
    ),
    (
        "elementwise/xlogy/edge_points",
        "d/dy",
        &[0.0, 0.0, INF, 0.0],
    ),
    // The side that is not taken gets 0 before it is multiplied; its own pole still shows.
    // A NaN equals no element, so that none of them gets the cotangent.
    ("reductions/max/nan_inside", "d/dx", &[0.0, 0.0, 0.0]),
    // Norms and standard deviations have derivative 0 where they are 0.
    ("reductions/norm_l2/zero_vector", "d/dx", &[0.0; 4]),
    (
        "reductions/norm_l2/zero_vector_linalg_norm",
        "d/dx",
        &[0.0; 4],
    ),
    ("reductions/norm_inf/zero_vector", "d/dx", &[0.0; 4]),
    ("reductions/std/zero_vector", "d/dx", &[0.0; 4]),
    // The norm does not overflow.
    ("reductions/norm_l2/large_3_4_e200", "d/dx", &[0.6, 0.8]),
    // At infinity the infinite elements get the cotangent.
    ("reductions/logsumexp/all_minus_inf", "d/dx", &[1.0, 1.0]),
    ("reductions/logsumexp/one_plus_inf", "d/dx", &[1.0, 0.0]),
    ("reductions/logsumexp/both_inf", "d/dx", &[1.0, 0.0]),
    // Ties of a window share evenly.
    (
        "nn_ops/max_pool/ties",
        "d/dx",
        &[0.5, 0.5, 0.5, 0.5, 1.0, 0.0],
    ),
    // The absolute value and `relu` have derivative 0 at 0.
    (
        "losses/mae/at_zero_residual",
        "d/dp",
        &[0.0, 0.0, -1.0 / 3.0],
    ),
    (
        "losses/mae/at_zero_residual",
        "d/dt",
        &[0.0, 0.0, 1.0 / 3.0],
    ),
    ("losses/hinge/at_margin", "d/ds", &[0.0, 0.0, -1.0 / 3.0]),
    // The tie of `max(q r, (q - 1) r)` goes to the first.
    (
        "losses/pinball/at_zero_residual",
        "d/dp",
        &[-0.3, -0.3, -0.3],
    ),
];

/// Our numbers, where they differ from the reference's.
pub(crate) fn ours(id: &str, what: &str) -> Option<&'static [f64]> {
    let row = ROWS.iter().find(|row| row.0 == id && row.1 == what);
    row.map(|row| row.2)
}

/// Every case that has a row.
pub(crate) fn ids() -> impl Iterator<Item = &'static str> {
    ROWS.iter().map(|row| row.0)
}
