//! Linear conjugate gradients on the Newton equations, cut short (Steihaug 1983).

use super::vector::{add_scaled, dot, norm};
use crate::Error;

/// An approximate solution of `H p = -g` within a radius.
pub(super) struct Truncated {
    pub(super) step: Vec<f64>,
    /// `-(g.p + p'Hp / 2)`: by how much the quadratic model falls.
    pub(super) decrease: f64,
    /// Whether the step ends on the radius.
    pub(super) on_boundary: bool,
}

/// Solves until the residual is at most `tolerance`, the radius is reached, or a direction of
/// negative curvature is met; with an infinite radius such a direction ends the solution as it is,
/// or as the negative gradient if it is the first one.
pub(super) fn solve(
    gradient: &[f64],
    radius: f64,
    tolerance: f64,
    mut product: impl FnMut(&[f64], &mut Vec<f64>) -> Result<(), Error>,
) -> Result<Truncated, Error> {
    let size = gradient.len();
    let mut step = vec![0.0; size];
    let mut residual = gradient.to_vec();
    let mut direction: Vec<f64> = gradient.iter().map(|g| -g).collect();
    let mut product_of = vec![0.0; size];
    let mut square = dot(&residual, &residual);
    let mut on_boundary = false;
    // Rounding makes more than `size` iterations useful, and none beyond all measure.
    for iteration in 0..10 * size + 10 {
        if square.sqrt() <= tolerance {
            break;
        }
        product(&direction, &mut product_of)?;
        let curvature = dot(&direction, &product_of);
        let length = square / curvature;
        let flat = f64::EPSILON * dot(&direction, &direction);
        let far = || {
            let mut ahead = step.clone();
            add_scaled(&mut ahead, length, &direction);
            norm(&ahead) >= radius
        };
        if curvature <= flat || curvature.is_nan() || far() {
            if radius.is_finite() {
                let length = to_radius(&step, &direction, radius);
                add_scaled(&mut step, length, &direction);
                add_scaled(&mut residual, length, &product_of);
                on_boundary = true;
            } else if iteration == 0 {
                step = direction;
                add_scaled(&mut residual, 1.0, &product_of);
            }
            break;
        }
        add_scaled(&mut step, length, &direction);
        add_scaled(&mut residual, length, &product_of);
        let next = dot(&residual, &residual);
        let keep = next / square;
        direction
            .iter_mut()
            .zip(&residual)
            .for_each(|(d, r)| *d = keep * *d - r);
        square = next;
    }
    // The residual is `g + H p`, hence `g.p + p'Hp / 2 = (g + residual).p / 2`.
    let decrease = -0.5 * (dot(gradient, &step) + dot(&residual, &step));
    Ok(Truncated {
        step,
        decrease,
        on_boundary,
    })
}

/// The positive `t` at which `|p + t d|` is the radius.
pub(super) fn to_radius(p: &[f64], d: &[f64], radius: f64) -> f64 {
    let (a, b, c) = (dot(d, d), dot(p, d), dot(p, p) - radius * radius);
    let root = (b * b - a * c).max(0.0).sqrt();
    // The form without cancellation for either sign of `b`.
    if b > 0.0 {
        -c / (b + root)
    } else {
        (root - b) / a
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn diagonal<'d>(
        entries: &'d [f64],
    ) -> impl FnMut(&[f64], &mut Vec<f64>) -> Result<(), Error> + 'd {
        move |v, product| {
            *product = v.iter().zip(entries).map(|(v, d)| v * d).collect();
            Ok(())
        }
    }

    #[test]
    fn inside_the_radius_it_solves_the_newton_equations() {
        let (g, h) = ([1.0, -2.0, 3.0], [2.0, 5.0, 0.5]);
        let found = solve(&g, 100.0, 1e-14, diagonal(&h)).unwrap();
        assert!(!found.on_boundary);
        let mut decrease = 0.0;
        for ((step, g), h) in found.step.iter().zip(&g).zip(&h) {
            assert!((step + g / h).abs() < 1e-13);
            decrease += 0.5 * g * g / h;
        }
        assert!((found.decrease - decrease).abs() < 1e-12);
    }

    #[test]
    fn outside_and_with_negative_curvature_it_stops_on_the_radius() {
        for h in [[2.0, 5.0, 0.5], [2.0, -5.0, 0.5]] {
            let found = solve(&[1.0, -2.0, 3.0], 0.7, 1e-14, diagonal(&h)).unwrap();
            assert!(found.on_boundary && (norm(&found.step) - 0.7).abs() < 1e-14);
            assert!(found.decrease > 0.0);
        }
    }

    /// scipy's runs of `scipy.sparse.linalg.cg` from zero, plain and preconditioned by the diagonal.
    #[test]
    fn residuals_are_those_of_scipy() {
        let file = include_str!("../../tests/reference/second_order.json");
        let reference: serde_json::Value = serde_json::from_str(file).unwrap();
        let numbers = |value: &serde_json::Value| -> Vec<f64> {
            let list = value.as_array().unwrap();
            list.iter().map(|x| x.as_f64().unwrap()).collect()
        };
        let data = &reference["problems"]["quad10"]["data"];
        let (a, b) = (numbers(&data["A"]), numbers(&data["b"]));
        let size = b.len();
        let runs = reference["linear_cg"].as_array().unwrap();
        assert_eq!(runs.len(), 2);
        for run in runs {
            // A preconditioner is a change of variables, x = scale z.
            let diagonal = (0..size).map(|i| a[i * size + i].sqrt().recip());
            let scale: Vec<f64> = match run["preconditioner"].as_str() {
                Some("Jacobi") => diagonal.collect(),
                other => vec![if other.is_none() { 1.0 } else { f64::NAN }; size],
            };
            let scaled =
                |v: &[f64]| -> Vec<f64> { v.iter().zip(&scale).map(|(v, s)| v * s).collect() };
            let gradient: Vec<f64> = scaled(&b).iter().map(|b| -b).collect();
            // The residuals that exact steps along our directions leave.
            let (mut residual, mut norms) = (gradient.clone(), Vec::new());
            let solved = solve(&gradient, f64::INFINITY, 1e-13, |along, product| {
                let x = scaled(along);
                let ax: Vec<f64> = a.chunks(size).map(|row| dot(row, &x)).collect();
                *product = scaled(&ax);
                let step = -dot(&residual, along) / dot(along, product);
                add_scaled(&mut residual, step, product);
                let unscaled: Vec<f64> = residual.iter().zip(&scale).map(|(r, s)| r / s).collect();
                norms.push(norm(&unscaled));
                Ok(())
            });
            // Later ones are more and more rounding: the condition number is 1e5.
            let want = numbers(&run["residual_norms"]);
            for (got, want) in norms.iter().zip(&want).take(7) {
                assert!((got - want).abs() < 1e-9 * want, "{norms:?} and {want:?}");
            }
            assert!(norms.len() <= want.len() + 2, "{}", norms.len());
            let x = scaled(&solved.unwrap().step);
            for (got, want) in x.iter().zip(numbers(&run["x"])) {
                assert!((got - want).abs() < 1e-8 * want.abs(), "{got} and {want}");
            }
        }
    }
}
