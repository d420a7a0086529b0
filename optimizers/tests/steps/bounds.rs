//! The directions of L-BFGS-B, whose model's minimum within the bounds is known.

use cotangent_optimizers::minimise::{Bounds, Lbfgsb, Stopping, objective};

use crate::assert_close;

/// The points that are tried from the origin on `((x - 3)^2 + 4 (y - 1)^2) / 2` with this upper bound of
/// x, in two iterations.
fn tried(bound: f64) -> Vec<Vec<f64>> {
    let mut points = Vec::new();
    let bowl = objective(|x| {
        points.push(x.to_vec());
        let (a, b) = (x[0] - 3.0, x[1] - 1.0);
        (0.5 * (a * a + 4.0 * b * b), vec![a, 4.0 * b])
    });
    let settings = Lbfgsb {
        stopping: Stopping {
            iterations: 2,
            ..Stopping::default()
        },
        ..Lbfgsb::default()
    };
    let free = f64::INFINITY;
    let bounds = Bounds::new(vec![-free, -free], vec![bound, free]).unwrap();
    let mut x: Vec<f64> = vec![0.0, 0.0];
    settings.minimise(bowl, &bounds, &mut x).unwrap();
    points
}

#[test]
fn directions_lead_to_the_minimum_of_the_model_within_the_bounds() {
    for bound in [0.8, 5.0] {
        let points = tried(bound);
        // The first model is that of the unit matrix: its minimum is (3, 4), along a path that turns
        // where x meets its bound. The first step has the length 1.
        let first = [bound.min(3.0), 4.0];
        let length = first[0].hypot(first[1]);
        let p = [first[0] / length, first[1] / length];
        assert_close(&points[1], &p);
        // The second model: the BFGS matrix of that step, from the textbook.
        let y = [p[0], 4.0 * p[1]];
        let (curvature, square) = (p[0] * y[0] + p[1] * y[1], y[0] * y[0] + y[1] * y[1]);
        let theta = square / curvature;
        let entry = |i: usize, j: usize| {
            let unit = if i == j { theta } else { 0.0 };
            unit - theta * p[i] * p[j] + y[i] * y[j] / curvature
        };
        let g = [p[0] - 3.0, 4.0 * (p[1] - 1.0)];
        let (a, b, c) = (entry(0, 0), entry(0, 1), entry(1, 1));
        let target = if bound < 3.0 {
            // Steepest descent meets the bound before the model rises; y is free.
            let across = bound - p[0];
            [bound, p[1] - (g[1] + b * across) / c]
        } else {
            let determinant = a * c - b * b;
            [
                p[0] - (c * g[0] - b * g[1]) / determinant,
                p[1] - (a * g[1] - b * g[0]) / determinant,
            ]
        };
        assert_close(&points[2], &target);
    }
}
