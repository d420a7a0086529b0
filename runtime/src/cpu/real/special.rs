//! Special functions in double precision: by series where they converge without cancellation, by
//! asymptotic expansions elsewhere.

use std::f64::consts::PI;

/// From here on the asymptotic series of the gamma functions is exact to rounding.
const FAR: f64 = 14.0;

/// `B_2k` for k from 1.
const BERNOULLI: [f64; 10] = [
    1.0 / 6.0,
    -1.0 / 30.0,
    1.0 / 42.0,
    -1.0 / 30.0,
    5.0 / 66.0,
    -691.0 / 2730.0,
    7.0 / 6.0,
    -3617.0 / 510.0,
    43867.0 / 798.0,
    -174_611.0 / 330.0,
];

/// `1 - erf(x)`: from the continued fraction where the difference would cancel.
pub(super) fn erfc(x: f64) -> f64 {
    if x < 2.0 {
        return 1.0 - super::erf::erf(x);
    }
    if x.is_nan() {
        return x;
    }
    if x > 27.5 {
        return 0.0;
    }
    // sqrt(pi) e^(x^2) erfc(x) = 1 / (x + (1/2) / (x + 1 / (x + (3/2) / (x + ..)))), from the end.
    let mut tail = x;
    for k in (1..=80).rev() {
        tail = x + 0.5 * f64::from(k) / tail;
    }
    (-x * x).exp() / (tail * PI.sqrt())
}

/// The inverse of `erf`: a rational start, and Newton's steps on the function that does not cancel.
pub(super) fn erfinv(y: f64) -> f64 {
    let size = y.abs();
    if size >= 1.0 || y.is_nan() {
        return if size == 1.0 {
            f64::INFINITY.copysign(y)
        } else {
            f64::NAN
        };
    }
    // Winitzki's approximation, within 2e-3.
    let a = 0.147;
    let log = (-size * size).ln_1p();
    let middle = 2.0 / (PI * a) + 0.5 * log;
    let mut x = ((middle * middle - log / a).sqrt() - middle)
        .max(0.0)
        .sqrt();
    for _ in 0..4 {
        let error = if size < 0.5 {
            super::erf::erf(x) - size
        } else {
            (1.0 - size) - erfc(x)
        };
        let step = error / (std::f64::consts::FRAC_2_SQRT_PI * (-x * x).exp());
        // Halley's correction.
        x -= step / (1.0 + x * step);
    }
    x.copysign(y)
}

/// `ln |Gamma(x)|`
pub(super) fn lgamma(x: f64) -> f64 {
    if x.is_nan() {
        return x;
    }
    if x.is_infinite() {
        return f64::INFINITY;
    }
    if x < 0.5 {
        // Gamma(x) Gamma(1 - x) = pi / sin(pi x); an integer is a pole.
        if x <= 0.0 && x == x.floor() {
            return f64::INFINITY;
        }
        return (PI / sin_pi(x).abs()).ln() - lgamma(1.0 - x);
    }
    // Gamma(x + 1) = x Gamma(x): the factors up to FAR.
    let (mut factor, mut far) = (1.0, x);
    while far < FAR {
        factor *= far;
        far += 1.0;
    }
    let (inverse, mut power, mut sum) = (1.0 / (far * far), 1.0 / far, 0.0);
    for (k, b) in (1..).zip(BERNOULLI) {
        let n = f64::from(2 * k);
        sum += b / (n * (n - 1.0)) * power;
        power *= inverse;
    }
    (far - 0.5) * far.ln() - far + 0.5 * (2.0 * PI).ln() + sum - factor.ln()
}

/// `sin(pi x)`, exact at integers.
fn sin_pi(x: f64) -> f64 {
    let rest = x - 2.0 * (x / 2.0).round();
    (PI * rest).sin()
}

/// The derivative of `ln Gamma(x)`
pub(super) fn digamma(x: f64) -> f64 {
    if x < -FAR {
        // digamma(1 - x) - digamma(x) = pi / tan(pi x)
        let rest = x - x.round();
        return if rest == 0.0 {
            f64::NAN
        } else {
            digamma(1.0 - x) - PI / (PI * rest).tan()
        };
    }
    if x <= 0.0 && x == x.floor() {
        return f64::NAN;
    }
    let (mut sum, mut far) = (0.0, x);
    while far < FAR {
        sum -= 1.0 / far;
        far += 1.0;
    }
    let inverse = 1.0 / (far * far);
    let mut power = inverse;
    let mut series = 0.0;
    for (k, b) in (1..).zip(BERNOULLI) {
        series += b / f64::from(2 * k) * power;
        power *= inverse;
    }
    sum + far.ln() - 0.5 / far - series
}

/// Derivative number n of `digamma`, n from 1: `(-1)^(n+1) n! sum_k 1 / (x + k)^(n+1)`. It is not
/// computed below -1000, where the result is NaN.
pub(super) fn polygamma(x: f64, n: i32) -> f64 {
    if !(1..=20).contains(&n) || x < -1000.0 || x.is_nan() || (x <= 0.0 && x == x.floor()) {
        return f64::NAN;
    }
    let sign = if n % 2 == 1 { 1.0 } else { -1.0 };
    let factorial: f64 = (1..=n).map(f64::from).product();
    let (mut sum, mut near) = (0.0, x);
    while near < FAR + f64::from(n) {
        sum += factorial / near.powi(n + 1);
        near += 1.0;
    }
    // (n-1)!/x^n + n!/(2 x^(n+1)) + sum_k B_2k (2k+n-1)!/((2k)! x^(2k+n))
    let mut series = factorial / f64::from(n) / near.powi(n) + factorial / 2.0 / near.powi(n + 1);
    let mut ratio = factorial / f64::from(n) / near.powi(n);
    for (k, b) in (1..).zip(BERNOULLI) {
        let (m, n) = (f64::from(2 * k), f64::from(n));
        ratio *= (m + n - 2.0) * (m + n - 1.0) / ((m - 1.0) * m) / (near * near);
        series += b * ratio;
    }
    sign * (sum + series)
}

/// `e^-|x| I0(x)`
pub(super) fn bessel_i0e(x: f64) -> f64 {
    bessel(x.abs(), 0)
}

/// `e^-|x| I1(x)`
pub(super) fn bessel_i1e(x: f64) -> f64 {
    bessel(x.abs(), 1).copysign(x)
}

/// `e^-x I_n(x)` for x at least 0 and n of 0 or 1.
fn bessel(x: f64, n: i32) -> f64 {
    if x < 25.0 {
        // (x/2)^n sum (x/2)^2k / (k! (k+n)!): all terms positive.
        let square = x * x / 4.0;
        let mut term = (x / 2.0).powi(n);
        let mut sum = 0.0;
        for k in 1..100 {
            sum += term;
            term *= square / (f64::from(k) * f64::from(k + n));
        }
        return sum * (-x).exp();
    }
    let mu = f64::from(4 * n * n);
    let (mut term, mut sum) = (1.0, 0.0);
    for k in 1..30 {
        sum += term;
        let odd = f64::from(2 * k - 1);
        term *= -(mu - odd * odd) / (f64::from(k) * 8.0 * x);
    }
    sum / (2.0 * PI * x).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: f64, right: f64) {
        assert!(
            (found - right).abs() <= 2e-14 * right.abs().max(1e-3),
            "{found}, not {right}"
        );
    }

    #[test]
    fn gamma_functions_satisfy_their_recurrences() {
        near(lgamma(0.5), PI.sqrt().ln());
        near(lgamma(10.0), 362_880_f64.ln());
        near(digamma(1.0), -0.577_215_664_901_532_9);
        near(polygamma(1.0, 1), PI * PI / 6.0);
        near(polygamma(0.5, 1), PI * PI / 2.0);
        for i in -60..80 {
            let x = f64::from(i) * 0.37 + 0.01;
            // Differences of numbers up to 70 keep 14 decimals.
            assert!((lgamma(x + 1.0) - lgamma(x) - x.abs().ln()).abs() < 1e-13);
            let step = digamma(x + 1.0) - digamma(x);
            assert!((step - 1.0 / x).abs() < 1e-13 * digamma(x).abs().max(1.0));
            for (n, factor) in [(1, -1.0), (2, 2.0), (3, -6.0)] {
                let step = polygamma(x + 1.0, n) - polygamma(x, n);
                let right = factor / x.powi(n + 1);
                assert!((step - right).abs() <= 1e-12 * polygamma(x, n).abs().max(1.0));
            }
        }
    }

    #[test]
    fn error_functions_invert_each_other() {
        near(erfc(5.0), 1.537_459_794_428_034_8e-12);
        for i in -99..100 {
            let y = f64::from(i) / 100.0;
            near(super::super::erf::erf(erfinv(y)), y);
        }
        near(erfc(erfinv(1.0 - 1e-12)) / (1.0 - (1.0 - 1e-12)), 1.0);
        // The two ways meet, but for the slope between the points.
        assert!((erfc(2.0 - 1e-12) - erfc(2.0)).abs() < 1e-13);
    }

    #[test]
    fn bessel_functions_meet_where_their_expansions_do() {
        // I0(1) and I1(1), from their series.
        near(bessel_i0e(1.0), 1.266_065_877_752_008_4 * (-1.0_f64).exp());
        near(bessel_i1e(-1.0), -0.565_159_103_992_485 * (-1.0_f64).exp());
        for n in [0, 1] {
            let step = 1e-9;
            let (below, above) = (bessel(25.0 - step, n), bessel(25.0 + step, n));
            assert!((below - above).abs() < 1e-11);
        }
    }
}
