//! Minimisers on functions with known optima, within bounds, over models, and in every way of
//! failing.

use cotangent_optimizers::minimise::{
    Backtracking, Bfgs, Bounds, Dogleg, GaussNewton, HagerZhang, Lbfgs, Lbfgsb, LevenbergMarquardt,
    LineSearch, LineSearchError, Newton, NewtonCg, NonlinearCg, Reason, Region, Stopping,
    StrongWolfe, Trial, TrustRegion, model_objective, objective, objective_into, residuals,
};
use cotangent_optimizers::{Error, ErrorKind};

/// `sum_i 100 (x_{i+1} - x_i^2)^2 + (1 - x_i)^2`, whose minimum is at ones.
fn chained_rosenbrock(x: &[f64], gradient: &mut Vec<f64>) -> f64 {
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
fn beale(x: &[f64]) -> (f64, Vec<f64>) {
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
fn difference_product(f: impl Fn(&[f64]) -> Vec<f64>, x: &[f64], along: &[f64]) -> Vec<f64> {
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

fn bowl(x: &[f64]) -> (f64, Vec<f64>) {
    (
        x.iter().map(|x| x * x).sum(),
        x.iter().map(|x| 2.0 * x).collect(),
    )
}

#[test]
fn bad_input_is_an_error_and_changes_nothing() {
    let lbfgs = |x: &mut Vec<f64>| Lbfgs::default().minimise(objective(bowl), x);
    let error = lbfgs(&mut vec![]).unwrap_err();
    assert!(error.to_string().contains("no elements"), "{error}");
    let error = lbfgs(&mut vec![1.0, f64::NAN]).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("element 1 of the starting point is NaN"),
        "{error}"
    );
    let mut nested = vec![vec![1.0], vec![f64::INFINITY]];
    let error = Lbfgs::default()
        .minimise(objective(bowl), &mut nested)
        .unwrap_err();
    assert!(error.to_string().contains("leaf `1`"), "{error}");

    let short = objective(|x| (x[0], vec![1.0]));
    let mut x = vec![1.0, 2.0];
    let error = Bfgs::default().minimise(short, &mut x).unwrap_err();
    assert!(
        error.to_string().contains("gradient has 1 elements"),
        "{error}"
    );
    let short = objective(bowl).with_products(|_, _| vec![]);
    let error = NewtonCg::default().minimise(short, &mut x).unwrap_err();
    assert!(
        error.to_string().contains("product has 0 elements"),
        "{error}"
    );
    let short = objective(bowl).with_hessian(|_| vec![1.0; 3]);
    let error = Dogleg::default().minimise(short, &mut x).unwrap_err();
    assert!(
        error.to_string().contains("Hessian has 3 elements"),
        "{error}"
    );
    let short = residuals(|x: &[f64]| x.to_vec(), |_: &[f64]| vec![1.0]);
    let error = LevenbergMarquardt::default()
        .minimise(short, &mut x)
        .unwrap_err();
    assert!(
        error.to_string().contains("Jacobian has 1 elements"),
        "{error}"
    );
    let none = residuals(|_: &[f64]| vec![], |_: &[f64]| vec![]);
    assert!(GaussNewton::default().minimise(none, &mut x).is_err());

    let settings = [
        Stopping {
            gradient: -1.0,
            ..Stopping::default()
        },
        Stopping {
            value: f64::NAN,
            ..Stopping::default()
        },
        Stopping {
            step: f64::INFINITY,
            ..Stopping::default()
        },
    ];
    for stopping in settings {
        let settings = Lbfgs {
            stopping,
            ..Lbfgs::default()
        };
        assert!(settings.minimise(objective(bowl), &mut x).is_err());
        let newton = GaussNewton { stopping };
        let problem = residuals(|x: &[f64]| x.to_vec(), |_: &[f64]| vec![1.0, 0.0, 0.0, 1.0]);
        assert!(newton.minimise(problem, &mut x).is_err());
    }
    let forgetful = Lbfgs {
        memory: 0,
        ..Lbfgs::default()
    };
    assert!(forgetful.minimise(objective(bowl), &mut x).is_err());
    for (decrease, curvature) in [(0.0, 0.9), (0.5, 0.9), (0.2, 0.1), (0.1, f64::NAN)] {
        let search = StrongWolfe {
            decrease,
            curvature,
            trials: 10,
        };
        let line_search = LineSearch::StrongWolfe(search);
        let settings = Bfgs {
            line_search,
            ..Bfgs::default()
        };
        assert!(settings.minimise(objective(bowl), &mut x).is_err());
    }
    for (first, largest) in [(0.0, 1.0), (2.0, 1.0), (f64::NAN, 1.0)] {
        let settings = TrustRegion {
            region: Region { first, largest },
            ..TrustRegion::default()
        };
        let problem = objective(bowl).with_products(|_, d| d.to_vec());
        assert!(settings.minimise(problem, &mut x).is_err());
    }
    let bounds = Bounds::uniform(3, 0.0, 1.0).unwrap();
    let error = Lbfgsb::default()
        .minimise(objective(bowl), &bounds, &mut x)
        .unwrap_err();
    assert!(error.to_string().contains("list of bounds"), "{error}");
    for (low, high) in [(1.0, 0.0), (f64::NAN, 1.0)] {
        assert!(Bounds::uniform(1, low, high).is_err());
    }
    assert!(Bounds::new(vec![0.0], vec![]).is_err());
    assert_eq!(x, [1.0, 2.0]);
}

#[test]
fn every_way_to_end_is_told_from_the_others() {
    let end = |stopping: Stopping| {
        let mut x = vec![-1.2, 1.0];
        let settings = Lbfgs {
            stopping,
            ..Lbfgs::default()
        };
        let minimum = settings
            .minimise(objective_into(chained_rosenbrock), &mut x)
            .unwrap();
        (
            minimum.reason,
            minimum.iterations,
            minimum.evaluations.values,
        )
    };
    let default = Stopping::default();
    assert_eq!(end(default).0, Reason::Gradient);
    assert_eq!(
        end(Stopping {
            iterations: 3,
            ..default
        }),
        (
            Reason::Iterations,
            3,
            end(Stopping {
                iterations: 3,
                ..default
            })
            .2
        )
    );
    let (reason, _, spent) = end(Stopping {
        evaluations: 7,
        ..default
    });
    assert!(reason == Reason::Evaluations && (7..20).contains(&spent));
    assert_eq!(
        end(Stopping {
            value: 0.5,
            ..default
        })
        .0,
        Reason::Value
    );
    assert_eq!(
        end(Stopping {
            step: 0.5,
            ..default
        })
        .0,
        Reason::Step
    );
    assert_eq!(
        end(Stopping {
            iterations: 0,
            ..default
        }),
        (Reason::Iterations, 0, 1)
    );

    // A constant far above the square makes the value blind before the gradient is small.
    let raised = |x: &[f64]| {
        let (value, gradient) = bowl(x);
        (1e18 + value, gradient)
    };
    let mut x = vec![3.0, 4.0];
    let settings = Bfgs {
        stopping: Stopping {
            gradient: 0.0,
            ..default
        },
        ..Bfgs::default()
    };
    let minimum = settings.minimise(objective(raised), &mut x).unwrap();
    assert!(minimum.converged() && minimum.iterations < 100, "{minimum}");

    // A gradient with the wrong sign promises a decrease that no step has.
    let wrong = |x: &[f64]| {
        let (value, gradient) = bowl(x);
        (value, gradient.iter().map(|g| -g).collect())
    };
    let mut x = vec![3.0, 4.0];
    let minimum = Bfgs::default().minimise(objective(wrong), &mut x).unwrap();
    assert_eq!(
        (minimum.reason, minimum.converged()),
        (Reason::NoStep, false)
    );
    assert!(minimum.reason.to_string().contains("check the gradient"));
    assert_eq!(x, [3.0, 4.0]);
    let problem = objective(wrong).with_products(|_, d| d.to_vec());
    let minimum = TrustRegion::default().minimise(problem, &mut x).unwrap();
    assert_eq!(minimum.reason, Reason::NoStep);

    // Not finite at the start, and not finite anywhere else.
    for start_finite in [false, true] {
        let mut calls = 0;
        let hole = |x: &[f64]| {
            calls += 1;
            let (value, gradient) = bowl(x);
            (
                if start_finite && calls == 1 {
                    value
                } else {
                    f64::NAN
                },
                gradient,
            )
        };
        let mut x = vec![3.0, 4.0];
        let minimum = Lbfgs::default().minimise(objective(hole), &mut x).unwrap();
        assert_eq!(minimum.reason, Reason::NotFinite);
        assert_eq!(x, [3.0, 4.0]);
    }
    let infinite = residuals(|_: &[f64]| vec![f64::INFINITY], |_: &[f64]| vec![1.0]);
    let minimum = LevenbergMarquardt::default()
        .minimise(infinite, &mut vec![1.0])
        .unwrap();
    assert_eq!(minimum.reason, Reason::NotFinite);
}

#[test]
fn a_search_backs_out_of_a_region_without_values() {
    // ln is not defined left of 0; the first step of Newton from far right jumps there.
    let f = |x: &[f64]| (x[0] - x[0].ln(), vec![1.0 - 1.0 / x[0]]);
    let hessian = |x: &[f64]| vec![1.0 / (x[0] * x[0])];
    for line_search in [
        LineSearch::default(),
        LineSearch::Backtracking(Backtracking::default()),
        LineSearch::HagerZhang(HagerZhang::default()),
    ] {
        let mut x: Vec<f64> = vec![5.0];
        let settings = Newton {
            line_search,
            ..Newton::default()
        };
        let minimum = settings
            .minimise(objective(f).with_hessian(hessian), &mut x)
            .unwrap();
        assert!(
            minimum.converged() && (x[0] - 1.0).abs() < 1e-8,
            "{minimum}"
        );
    }
    let mut x: Vec<f64> = vec![5.0];
    let problem = objective(f).with_hessian(hessian);
    let minimum = Dogleg::default().minimise(problem, &mut x).unwrap();
    assert!(
        minimum.converged() && (x[0] - 1.0).abs() < 1e-8,
        "{minimum}"
    );
}

#[test]
fn line_searches_say_why_they_fail() {
    for search in [
        LineSearch::default(),
        LineSearch::Backtracking(Backtracking::default()),
        LineSearch::HagerZhang(HagerZhang::default()),
    ] {
        let start = |slope| Trial {
            step: 0.0,
            value: 1.0,
            slope,
        };
        let infinite = f64::INFINITY;
        for slope in [0.0, 1.0, f64::NAN] {
            let mut never = |_: f64| -> (f64, f64) { unreachable!("no trial is needed") };
            let found = search.search(start(slope), 1.0, infinite, &mut never);
            assert_eq!(found, Err(LineSearchError::NotDescent));
        }
        let found = search.search(start(-1.0), 1.0, infinite, &mut |_| (f64::NAN, 0.0));
        assert_eq!(found, Err(LineSearchError::NotFinite), "{search:?}");
        let found = search.search(start(-1.0), 1.0, infinite, &mut |t| (1.0 + t, -1.0));
        assert_eq!(found, Err(LineSearchError::NoStep), "{search:?}");
        // A line without a minimum ends at the furthest step.
        let found = search
            .search(start(-1.0), 1.0, 8.0, &mut |t| (1.0 - t, -1.0))
            .unwrap();
        assert!(found.step <= 8.0 && found.value < 1.0);
    }
}

#[test]
fn least_squares_hold_parameters_still_that_nothing_tells_of() {
    // The third parameter has no influence, the first two only through their sum.
    let problem = || {
        residuals(
            |x: &[f64]| vec![x[0] + x[1] - 2.0, 2.0 * (x[0] + x[1]) - 4.0, 0.0],
            |_: &[f64]| vec![1.0, 1.0, 0.0, 2.0, 2.0, 0.0, 0.0, 0.0, 0.0],
        )
    };
    let mut x: Vec<f64> = vec![5.0, 1.0, 7.0];
    let minimum = LevenbergMarquardt::default()
        .minimise(problem(), &mut x)
        .unwrap();
    assert!(
        minimum.converged() && (x[0] + x[1] - 2.0).abs() < 1e-6 && x[2] == 7.0,
        "{x:?}"
    );
    let mut x: Vec<f64> = vec![5.0, 1.0, 7.0];
    let minimum = GaussNewton::default().minimise(problem(), &mut x).unwrap();
    assert!(
        minimum.converged() && (x[0] + x[1] - 2.0).abs() < 1e-6 && x[2] == 7.0,
        "{x:?}"
    );
    // Fewer residuals than parameters.
    let under = residuals(
        |x: &[f64]| vec![x[0] * x[1] - 6.0],
        |x: &[f64]| vec![x[1], x[0]],
    );
    let mut x: Vec<f64> = vec![1.0, 1.0];
    let minimum = LevenbergMarquardt::default()
        .minimise(under, &mut x)
        .unwrap();
    assert!(minimum.converged() && (x[0] * x[1] - 6.0).abs() < 1e-6);
}
