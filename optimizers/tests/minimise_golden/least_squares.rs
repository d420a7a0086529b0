//! Fits of sums of squares against MINPACK's.

use cotangent_optimizers::minimise::{GaussNewton, LevenbergMarquardt, Stopping, residuals};

use crate::functions::{over, powell};
use crate::reference::reference;

#[test]
fn fits_are_those_of_minpack() {
    let reference = reference();
    assert_eq!(reference.least_squares.len(), 12);
    for want in &reference.least_squares {
        let points = reference.fits.get(&want.problem);
        let model = |x: &[f64]| -> (Vec<f64>, Vec<f64>) {
            match want.problem.as_str() {
                "rosenbrock_residuals" => (
                    vec![10.0 * (x[1] - x[0] * x[0]), 1.0 - x[0]],
                    vec![-20.0 * x[0], 10.0, -1.0, 0.0],
                ),
                "powell_singular" => powell(x),
                "exp_fit" => over(points.unwrap(), |t| {
                    let e = (-x[1] * t).exp();
                    (x[0] * e + x[2], [e, -x[0] * t * e, 1.0])
                }),
                _ => over(points.unwrap(), |t| {
                    let u = (t - x[1]) / x[2];
                    let e = (-0.5 * u * u).exp();
                    let slope = x[0] * e * u / x[2];
                    (x[0] * e, [e, slope, slope * u])
                }),
            }
        };
        let stopping = Stopping {
            gradient: 1e-13,
            iterations: 200,
            ..Stopping::default()
        };
        let problem = || residuals(|x: &[f64]| model(x).0, |x: &[f64]| model(x).1);
        let mut x = want.start.clone();
        let marquardt = LevenbergMarquardt {
            stopping,
            ..LevenbergMarquardt::default()
        };
        let minimum = marquardt.minimise(problem(), &mut x).unwrap();
        let context = format!("{} ({}): {minimum}", want.problem, want.method);
        println!("{context}; scipy's evaluations {}", want.nfev);
        assert!(minimum.converged(), "{context}");
        assert!((minimum.value - want.cost).abs() <= 1e-12, "{context}");
        // The singular problem's value is of the fourth order in its point.
        let tolerance = if want.problem == "powell_singular" {
            1e-3
        } else {
            1e-6
        };
        for (got, want) in x.iter().zip(&want.x) {
            assert!(
                (got - want).abs() <= tolerance * want.abs().max(1.0),
                "{context}"
            );
        }
        let mut x = want.start.clone();
        let newton = GaussNewton { stopping }
            .minimise(problem(), &mut x)
            .unwrap();
        println!("  Gauss-Newton: {newton}");
        assert!(
            newton.converged() && (newton.value - want.cost).abs() <= 1e-12,
            "{newton}"
        );
    }
}
