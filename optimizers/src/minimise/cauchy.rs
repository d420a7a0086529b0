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
