//! The optimiser that the evals `particle` and `saddle` prescribe.

/// The distance between two points.
fn distance<const N: usize>(a: &[f64; N], b: &[f64; N]) -> f64 {
    let square = |(a, b): (&f64, &f64)| (a - b) * (a - b);
    a.iter().zip(b).map(square).sum::<f64>().sqrt()
}

/// Where `f` is least, by gradient descent with a step that adapts.
pub(crate) fn argmin<const N: usize>(
    start: [f64; N],
    f: impl Fn([f64; N]) -> f64,
    gradient: impl Fn([f64; N]) -> [f64; N],
) -> [f64; N] {
    let (mut x, mut value, mut slope) = (start, f(start), gradient(start));
    let (mut rate, mut steps) = (1e-5, 0);
    loop {
        if distance(&slope, &[0.0; N]) <= 1e-5 {
            return x;
        }
        if steps == 10 {
            rate *= 2.0;
            steps = 0;
            continue;
        }
        let next = std::array::from_fn(|k| x[k] - rate * slope[k]);
        if distance(&x, &next) <= 1e-5 {
            return x;
        }
        let next_value = f(next);
        if next_value < value {
            (x, value, slope) = (next, next_value, gradient(next));
            steps += 1;
        } else {
            rate /= 2.0;
            steps = 0;
        }
    }
}
