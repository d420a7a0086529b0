//! The normal distribution.

use std::f64::consts::{FRAC_1_SQRT_2, PI, SQRT_2};

/// The density.
pub(super) fn density(z: f64) -> f64 {
    (-0.5 * z * z).exp() / (2.0 * PI).sqrt()
}

/// The probability of a value below `z`, with all its digits in both tails.
pub(super) fn below(z: f64) -> f64 {
    0.5 * libm::erfc(-z * FRAC_1_SQRT_2)
}

/// The logarithm of `density(z) + z below(z)`, the expected positive part of a standard normal
/// variable plus `z`; it does not underflow.
pub(super) fn log_expected_excess(z: f64) -> f64 {
    if z > -1.0 {
        return (density(z) + z * below(z)).ln();
    }
    let x = -z;
    // The density is taken out: what is left is `1 - x R(x)` with Mills' ratio R.
    let rest = if x < 25.0 {
        1.0 - x * (PI / 2.0).sqrt() * libm::erfc(x / SQRT_2) * (0.5 * x * x).exp()
    } else {
        let inverse = 1.0 / (x * x);
        inverse * (1.0 - inverse * (3.0 - inverse * (15.0 - inverse * 105.0)))
    };
    -0.5 * x * x - 0.5 * (2.0 * PI).ln() + rest.ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_excess_has_no_seam() {
        for at in [-1.0_f64, -25.0] {
            let (left, right) = (
                log_expected_excess(at - 1e-9),
                log_expected_excess(at + 1e-9),
            );
            // The derivative of the logarithm is near -z.
            assert!(
                (right - left).abs() < 2.5e-9 * at.abs().max(2.0) + 1e-10,
                "{left} {right}"
            );
        }
        assert!((below(0.0) - 0.5).abs() < 1e-16);
        // scipy 1.17.1: norm.cdf(-8), to which 1 - cdf(8) has no digit.
        assert!((below(-8.0) / 6.220_960_574_271_785e-16 - 1.0).abs() < 1e-13);
    }
}
