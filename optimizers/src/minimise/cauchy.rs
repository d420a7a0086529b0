//! The generalised Cauchy point: the first minimum of the quadratic model along the projected
//! gradient path (Byrd, Lu, Nocedal and Zhu 1995, algorithm CP).

use super::Bounds;
use super::compact::Compact;
use super::vector::{add_scaled, dot};

pub(super) struct CauchyPoint {
    pub(super) x: Vec<f64>,
    /// `W' (point - x)`.
    pub(super) image: Vec<f64>,
}

/// Follows the path of steepest descent, bent at the bounds, to the model's first minimum.
pub(super) fn cauchy_point(
    x: &[f64],
    gradient: &[f64],
    bounds: &Bounds,
    model: &Compact,
) -> CauchyPoint {
    // The step at which each element meets its bound.
    let meets = |index: usize| {
        let (low, high) = bounds.of(index);
        let g = gradient[index];
        if g < 0.0 {
            (x[index] - high) / g
        } else if g > 0.0 {
            (x[index] - low) / g
        } else {
            f64::INFINITY
        }
    };
    let times: Vec<f64> = (0..x.len()).map(meets).collect();
    let mut direction: Vec<f64> = gradient
        .iter()
        .zip(&times)
        .map(|(g, &time)| if time > 0.0 { -g } else { 0.0 })
        .collect();
    let mut order: Vec<usize> = (0..x.len()).filter(|&i| times[i] > 0.0).collect();
    order.sort_by(|&i, &j| times[i].total_cmp(&times[j]));

    let mut point = x.to_vec();
    let mut p = model.transposed_times(&direction);
    let mut image = vec![0.0; p.len()];
    let mut slope = -dot(&direction, &direction);
    let mut curvature = -model.theta * slope - dot(&p, &model.middle_times(&p));
    let floor = f64::EPSILON * curvature.abs();
    let mut now = 0.0;
    let mut best = -slope / curvature;
    for &index in &order {
        let stretch = times[index] - now;
        if slope >= 0.0 || best < stretch {
            break;
        }
        // The element stops at its bound; the rest of the path goes on without it.
        let g = gradient[index];
        let (low, high) = bounds.of(index);
        point[index] = if direction[index] > 0.0 { high } else { low };
        let moved = point[index] - x[index];
        add_scaled(&mut image, stretch, &p);
        let row = model.row(index);
        let inner = model.middle_times(&row);
        slope += stretch * curvature + g * g + model.theta * g * moved - g * dot(&inner, &image);
        curvature -= model.theta * g * g + 2.0 * g * dot(&inner, &p) + g * g * dot(&inner, &row);
        curvature = curvature.max(floor);
        add_scaled(&mut p, g, &row);
        direction[index] = 0.0;
        now = times[index];
        best = if slope < 0.0 { -slope / curvature } else { 0.0 };
    }
    if best.is_finite() && best > 0.0 {
        now += best;
        add_scaled(&mut image, best, &p);
    }
    for index in 0..x.len() {
        if direction[index] != 0.0 {
            point[index] = x[index] + now * direction[index];
        }
    }
    bounds.project(&mut point);
    CauchyPoint { x: point, image }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The BFGS matrix of some pairs, by its textbook update from `theta I`.
    fn textbook(theta: f64, pairs: &[(Vec<f64>, Vec<f64>)]) -> Vec<Vec<f64>> {
        let size = pairs[0].0.len();
        let mut b = vec![vec![0.0; size]; size];
        for (i, row) in b.iter_mut().enumerate() {
            row[i] = theta;
        }
        for (s, y) in pairs {
            let bs: Vec<f64> = b.iter().map(|row| dot(row, s)).collect();
            let (sbs, ys) = (dot(s, &bs), dot(y, s));
            for (i, row) in b.iter_mut().enumerate() {
                for (j, x) in row.iter_mut().enumerate() {
                    *x += y[i] * y[j] / ys - bs[i] * bs[j] / sbs;
                }
            }
        }
        b
    }

    #[test]
    fn the_point_is_the_first_minimum_along_the_projected_path() {
        let pairs = [
            (vec![1.0, 0.5, -0.2, 0.1], vec![2.0, 0.3, 0.1, 0.4]),
            (vec![-0.3, 1.0, 0.4, 0.2], vec![-0.1, 3.0, 0.9, -0.2]),
        ];
        let mut model = Compact::new(5);
        for (s, y) in &pairs {
            model.learn(s.clone(), y.clone());
        }
        let hessian = textbook(model.theta, &pairs);
        let x = vec![0.1, -0.2, 0.3, 0.0];
        let bounds = Bounds::new(
            vec![-0.1, -0.5, f64::NEG_INFINITY, -0.05],
            vec![1.0, f64::INFINITY, 0.35, 2.0],
        )
        .unwrap();
        for gradient in [
            vec![1.0, 2.0, -0.5, 0.7],
            vec![-3.0, 0.1, 0.2, 4.0],
            vec![0.3, -0.2, -6.0, 0.0],
            vec![0.0, 9.0, 0.0, -0.01],
        ] {
            let path = |time: f64| {
                let mut point: Vec<f64> =
                    x.iter().zip(&gradient).map(|(x, g)| x - time * g).collect();
                bounds.project(&mut point);
                point
            };
            let value = |time: f64| {
                let step: Vec<f64> = path(time).iter().zip(&x).map(|(p, x)| p - x).collect();
                let curved: Vec<f64> = hessian.iter().map(|row| dot(row, &step)).collect();
                dot(&gradient, &step) + 0.5 * dot(&step, &curved)
            };
            // The first rise of the model on a fine grid, then the minimum between the neighbours.
            let grid = 1e-4;
            let first = (1..200_000)
                .find(|&i| value(f64::from(i) * grid) >= value(f64::from(i - 1) * grid));
            let around = f64::from(first.unwrap()) * grid;
            let (mut low, mut high) = ((around - 2.0 * grid).max(0.0), around);
            for _ in 0..200 {
                let (a, b) = (low + (high - low) / 3.0, high - (high - low) / 3.0);
                (low, high) = if value(a) < value(b) {
                    (low, b)
                } else {
                    (a, high)
                };
            }
            let want = path(low);
            let found = cauchy_point(&x, &gradient, &bounds, &model);
            for (got, want) in found.x.iter().zip(&want) {
                // Minima are found to the root of rounding.
                assert!(
                    (got - want).abs() < 1e-6,
                    "{gradient:?}: {:?} and {want:?}",
                    found.x
                );
            }
            let step: Vec<f64> = found.x.iter().zip(&x).map(|(p, x)| p - x).collect();
            for (got, want) in found.image.iter().zip(model.transposed_times(&step)) {
                assert!((got - want).abs() < 1e-12, "{gradient:?}");
            }
        }
    }
}
