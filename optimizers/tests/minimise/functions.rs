//! Functions with known minima.

/// `sum_i 100 (x_{i+1} - x_i^2)^2 + (1 - x_i)^2`, whose minimum is at ones.
pub(crate) fn chained_rosenbrock(x: &[f64], gradient: &mut Vec<f64>) -> f64 {
    gradient.clear();
    gradient.resize(x.len(), 0.0);
    let mut value = 0.0;
    for i in 0..x.len() - 1 {
        let (valley, ridge) = (x[i + 1] - x[i] * x[i], 1.0 - x[i]);
        value += 100.0 * valley * valley + ridge * ridge;
        gradient[i] += -400.0 * x[i] * valley - 2.0 * ridge;
        gradient[i + 1] += 200.0 * valley;
    }
    value
}

/// Beale's function, whose minimum 0 is at (3, 1/2).
pub(crate) fn beale(x: &[f64]) -> (f64, Vec<f64>) {
    let (mut value, mut gradient) = (0.0, vec![0.0; 2]);
    for (power, c) in [(1, 1.5), (2, 2.25), (3, 2.625)] {
        let y = x[1].powi(power);
        let r = c - x[0] * (1.0 - y);
        value += r * r;
        gradient[0] -= 2.0 * r * (1.0 - y);
        gradient[1] += 2.0 * r * x[0] * f64::from(power) * x[1].powi(power - 1);
    }
    (value, gradient)
}

/// Second derivatives along a direction from differences of the gradient, good to 1e-8.
pub(crate) fn difference_product(
    f: impl Fn(&[f64]) -> Vec<f64>,
    x: &[f64],
    along: &[f64],
) -> Vec<f64> {
    let h = 1e-6;
    let at = |h: f64| {
        f(&x.iter()
            .zip(along)
            .map(|(x, d)| x + h * d)
            .collect::<Vec<_>>())
    };
    let (up, down) = (at(h), at(-h));
    up.iter()
        .zip(&down)
        .map(|(u, d)| (u - d) / (2.0 * h))
        .collect()
}

/// The sum of squares.
pub(crate) fn bowl(x: &[f64]) -> (f64, Vec<f64>) {
    (
        x.iter().map(|x| x * x).sum(),
        x.iter().map(|x| 2.0 * x).collect(),
    )
}
