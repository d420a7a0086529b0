//! Known optima are reached: plain, within bounds, over models.

use cotangent_optimizers::minimise::{
    Backtracking, Bfgs, Bounds, Dogleg, HagerZhang, Lbfgs, Lbfgsb, LineSearch, Newton, NewtonCg,
    NonlinearCg, Stopping, TrustRegion, model_objective, objective, objective_into,
};
use cotangent_optimizers::{Error, ErrorKind};

use crate::functions::{beale, chained_rosenbrock, difference_product};

#[test]
fn two_hundred_elements_reach_the_known_minimum() {
    let stopping = Stopping {
        iterations: 20_000,
        ..Stopping::default()
    };
    let lbfgs = Lbfgs {
        stopping,
        ..Lbfgs::default()
    };
    let cg = NonlinearCg {
        stopping,
        ..NonlinearCg::default()
    };
    let bounded = Lbfgsb {
        stopping,
        ..Lbfgsb::default()
    };
    let wide = Bounds::uniform(200, -10.0, 10.0).unwrap();
    for index in 0..3 {
        let mut x: Vec<f64> = (0..200)
            .map(|i| if i % 2 == 0 { -1.2 } else { 1.0 })
            .collect();
        let minimum = match index {
            0 => lbfgs.minimise(objective_into(chained_rosenbrock), &mut x),
            1 => cg.minimise(objective_into(chained_rosenbrock), &mut x),
            _ => bounded.minimise(objective_into(chained_rosenbrock), &wide, &mut x),
        };
        let minimum = minimum.unwrap();
        println!("{minimum}");
        assert!(minimum.converged(), "{minimum}");
        // The function has a second, local minimum near (-1, 1, 1, ..) with a value near 4.
        assert!(
            minimum.value < 1e-10 || (minimum.value - 4.0).abs() < 0.1,
            "{minimum}"
        );
        assert!(x[1..].iter().all(|x| (x - 1.0).abs() < 0.01));
    }
}

#[test]
fn beale_is_solved_from_first_and_second_order() {
    let gradient = |x: &[f64]| beale(x).1;
    let product = |x: &[f64], d: &[f64]| difference_product(gradient, x, d);
    let hessian = |x: &[f64]| [product(x, &[1.0, 0.0]), product(x, &[0.0, 1.0])].concat();
    for index in 0..7 {
        let mut x: Vec<f64> = vec![1.0, 1.0];
        let first = objective(beale);
        let minimum = match index {
            0 => Bfgs::default().minimise(first, &mut x),
            1 => Lbfgs::default().minimise(first, &mut x),
            2 => NonlinearCg::default().minimise(first, &mut x),
            3 => Newton::default().minimise(first.with_hessian(hessian), &mut x),
            4 => NewtonCg::default().minimise(first.with_products(product), &mut x),
            5 => TrustRegion::default().minimise(first.with_products(product), &mut x),
            _ => Dogleg::default().minimise(first.with_hessian(hessian), &mut x),
        };
        let minimum = minimum.unwrap();
        assert!(minimum.converged(), "{index}: {minimum}");
        assert!(
            (x[0] - 3.0).abs() < 1e-6 && (x[1] - 0.5).abs() < 1e-6,
            "{index}: {x:?}"
        );
    }
}

#[test]
fn saddles_are_left_along_negative_curvature() {
    // (x^2 - 1)^2 + y^2: the start is close to the saddle at the origin.
    let f = |x: &[f64]| {
        let well = x[0] * x[0] - 1.0;
        (
            well * well + x[1] * x[1],
            vec![4.0 * x[0] * well, 2.0 * x[1]],
        )
    };
    let hessian = |x: &[f64]| vec![12.0 * x[0] * x[0] - 4.0, 0.0, 0.0, 2.0];
    let product = |x: &[f64], d: &[f64]| {
        let h = hessian(x);
        vec![h[0] * d[0], h[3] * d[1]]
    };
    for index in 0..4 {
        let mut x: Vec<f64> = vec![1e-3, 0.5];
        let minimum = match index {
            0 => Newton::default().minimise(objective(f).with_hessian(hessian), &mut x),
            1 => NewtonCg::default().minimise(objective(f).with_products(product), &mut x),
            2 => TrustRegion::default().minimise(objective(f).with_products(product), &mut x),
            _ => Dogleg::default().minimise(objective(f).with_hessian(hessian), &mut x),
        };
        let minimum = minimum.unwrap();
        assert!(
            minimum.value < 1e-12 && (x[0].abs() - 1.0).abs() < 1e-6,
            "{index}: {minimum}"
        );
    }
}

/// The minimum of a separable quadratic within bounds is the projection of its free minimum, and
/// for a convex function the projected gradient vanishes there.
#[test]
fn bounded_minima_are_those_of_the_projection() {
    let target: Vec<f64> = (0..60).map(|i| 3.0 * (f64::from(i) * 0.7).sin()).collect();
    let weight: Vec<f64> = (0..60).map(|i| 1.0 + f64::from(i % 7)).collect();
    let f = |x: &[f64]| {
        let gradient: Vec<f64> = (0..60).map(|i| weight[i] * (x[i] - target[i])).collect();
        let value = (0..60)
            .map(|i| 0.5 * gradient[i] * (x[i] - target[i]))
            .sum();
        (value, gradient)
    };
    let bounds = Bounds::new(
        (0..60)
            .map(|i| if i % 3 == 0 { f64::NEG_INFINITY } else { -1.0 })
            .collect(),
        (0..60)
            .map(|i| if i % 4 == 0 { f64::INFINITY } else { 0.5 })
            .collect(),
    )
    .unwrap();
    let mut outside = 0;
    let inside =
        |x: &[f64]| (0..60).all(|i| (i % 3 == 0 || x[i] >= -1.0) && (i % 4 == 0 || x[i] <= 0.5));
    let watched = objective(|x| {
        outside += usize::from(!inside(x));
        f(x)
    });
    let mut x = vec![10.0; 60];
    let minimum = Lbfgsb::default()
        .minimise(watched, &bounds, &mut x)
        .unwrap();
    assert!(minimum.converged() && outside == 0, "{minimum}");
    for i in 0..60 {
        let low = if i % 3 == 0 { f64::NEG_INFINITY } else { -1.0 };
        let high = if i % 4 == 0 { f64::INFINITY } else { 0.5 };
        assert!((x[i] - target[i].clamp(low, high)).abs() < 1e-7, "{i}");
    }
}

#[test]
fn a_bound_across_a_curved_valley_is_respected() {
    // Rosenbrock with x0 <= 0.5: on that line the minimum is at (0.5, 0.25), value 0.25.
    let bounds = Bounds::new(
        vec![f64::NEG_INFINITY, f64::NEG_INFINITY],
        vec![0.5, f64::INFINITY],
    )
    .unwrap();
    for line_search in [
        LineSearch::default(),
        LineSearch::Backtracking(Backtracking::default()),
        LineSearch::HagerZhang(HagerZhang::default()),
    ] {
        let mut x: Vec<f64> = vec![-1.2, 1.0];
        let settings = Lbfgsb {
            line_search,
            ..Lbfgsb::default()
        };
        let minimum = settings
            .minimise(objective_into(chained_rosenbrock), &bounds, &mut x)
            .unwrap();
        assert!(minimum.converged(), "{minimum}");
        assert!(
            (minimum.value - 0.25).abs() < 1e-12 && x[0] == 0.5,
            "{minimum} at {x:?}"
        );
    }
    // Fixed elements: both bounds equal.
    let fixed = Bounds::new(vec![0.3, -5.0], vec![0.3, 5.0]).unwrap();
    let mut x: Vec<f64> = vec![7.0, 7.0];
    let minimum = Lbfgsb::default()
        .minimise(objective_into(chained_rosenbrock), &fixed, &mut x)
        .unwrap();
    assert!(
        minimum.converged() && x[0] == 0.3 && (x[1] - 0.09).abs() < 1e-8,
        "{x:?}"
    );
}

#[test]
fn a_model_is_minimised_by_its_leaves_and_errors_come_through() {
    type Model = Vec<Vec<f32>>;
    let mut model: Model = vec![vec![2.0, -1.0], vec![0.5]];
    let problem = model_objective(&model, |model: &Model, gradient| {
        let mut grads = model.clone();
        grads
            .iter_mut()
            .flatten()
            .for_each(|x| *x = 2.0 * (*x - 3.0));
        gradient.set(&grads);
        let value: f32 = model.iter().flatten().map(|x| (x - 3.0).powi(2)).sum();
        Ok::<f64, String>(value.into())
    });
    let minimum = Lbfgs::default().minimise(problem, &mut model).unwrap();
    assert!(minimum.converged(), "{minimum}");
    assert!(model.iter().flatten().all(|x| (x - 3.0).abs() < 1e-6));

    let before = model.clone();
    let failing = model_objective(&model, |_: &Model, _| Err::<f64, _>("out of cheese"));
    let error = Lbfgs::default().minimise(failing, &mut model).unwrap_err();
    assert_eq!(error.to_string(), "the objective failed: out of cheese");
    assert_eq!(error.kind(), ErrorKind::Evaluation);
    let forgetful = model_objective(&model, |_: &Model, _| Ok::<_, Error>(1.0));
    let error = Lbfgs::default()
        .minimise(forgetful, &mut model)
        .unwrap_err();
    assert!(
        error.to_string().contains("gradient has 0 elements"),
        "{error}"
    );
    assert_eq!(model, before);
}

#[test]
fn an_error_in_the_middle_of_a_search_is_reported() {
    let mut calls = 0;
    let mut model = vec![2.0_f64];
    let problem = model_objective(&model, |x: &Vec<f64>, gradient| {
        calls += 1;
        if calls == 3 {
            return Err("the third call");
        }
        gradient.set(&vec![4.0 * x[0].powi(3)]);
        Ok(x[0].powi(4))
    });
    let error = Bfgs::default().minimise(problem, &mut model).unwrap_err();
    assert!(error.to_string().contains("the third call"));
    assert_eq!(model, [2.0]);
}
