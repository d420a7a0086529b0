//! Every way to end, and every way to fail, is told from the others and loses nothing.

use cotangent_optimizers::minimise::{
    Backtracking, Bfgs, Bounds, Dogleg, GaussNewton, HagerZhang, Lbfgs, Lbfgsb, LevenbergMarquardt,
    LineSearch, LineSearchError, Newton, NewtonCg, Reason, Region, Stopping, StrongWolfe, Trial,
    TrustRegion, objective, objective_into, residuals,
};

use crate::functions::{bowl, chained_rosenbrock};

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
