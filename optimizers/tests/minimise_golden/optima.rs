//! Runs of scipy's minimisers: their optima, the values on their way, and their evaluations.

use cotangent_optimizers::minimise::{
    Bfgs, Bounds, Dogleg, Fixed, Lbfgs, Lbfgsb, LineSearch, Minimum, Newton, NewtonCg, NonlinearCg,
    Stopping, TrustRegion, objective,
};

use crate::functions::Function;
use crate::reference::reference;

/// Runs ours for a method of scipy's.
fn run(method: &str, f: &Function<'_>, x: &mut Vec<f64>, gradient: f64) -> Minimum {
    let stopping = Stopping {
        gradient,
        ..Stopping::default()
    };
    let first = || objective(|x| f.value_and_gradient(x));
    let products = || first().with_products(|x, d| f.product(x, d));
    let dense = || first().with_hessian(|x| f.hessian(x));
    let minimum = match method {
        "CG" => NonlinearCg {
            stopping,
            ..NonlinearCg::default()
        }
        .minimise(first(), x),
        "BFGS" => Bfgs {
            stopping,
            ..Bfgs::default()
        }
        .minimise(first(), x),
        "L-BFGS-B" => {
            let free = Bounds::uniform(x.len(), f64::NEG_INFINITY, f64::INFINITY).unwrap();
            Lbfgsb {
                stopping,
                ..Lbfgsb::default()
            }
            .minimise(first(), &free, x)
        }
        "L-BFGS" => Lbfgs {
            stopping,
            ..Lbfgs::default()
        }
        .minimise(first(), x),
        "Newton-CG" => NewtonCg {
            stopping,
            ..NewtonCg::default()
        }
        .minimise(products(), x),
        "trust-ncg" | "trust-krylov" => TrustRegion {
            stopping,
            ..TrustRegion::default()
        }
        .minimise(products(), x),
        "dogleg" | "trust-exact" => Dogleg {
            stopping,
            ..Dogleg::default()
        }
        .minimise(dense(), x),
        other => panic!("no minimiser for {other}"),
    };
    minimum.unwrap()
}

/// Where the values on the way are those of scipy: method, problem, the last iteration for which
/// they are, and why no further. What is missing differs from the first step on: CG on the valley
/// has another second search there, BFGS scales its first matrix, trust-krylov and trust-exact solve
/// their models exactly, ours by Steihaug's method and by the dogleg. Those are compared by optimum and
/// by the number of evaluations.
const FOLLOWED: [(&str, &str, usize, &str); 19] = [
    ("CG", "quad10", 5, "rounding grows in its many steps"),
    ("CG", "logreg_iris", 10, "the reference ends"),
    ("CG", "softmax_iris", 20, "the reference ends"),
    ("Newton-CG", "rosen", 20, "rounding grows along the valley"),
    (
        "Newton-CG",
        "quad10",
        3,
        "ours solves the last equations further",
    ),
    (
        "Newton-CG",
        "logreg_iris",
        3,
        "ours solves the last equations further",
    ),
    (
        "Newton-CG",
        "softmax_iris",
        2,
        "ours solves the last equations further",
    ),
    ("trust-ncg", "rosen", 2, "scipy counts refused steps"),
    ("trust-ncg", "quad10", 5, "the reference ends"),
    ("trust-ncg", "logreg_iris", 5, "the reference ends"),
    ("trust-ncg", "softmax_iris", 5, "the reference ends"),
    ("dogleg", "rosen", 1, "scipy counts refused steps"),
    ("dogleg", "quad10", 5, "the reference ends"),
    ("dogleg", "logreg_iris", 5, "the reference ends"),
    ("dogleg", "softmax_iris", 5, "the reference ends"),
    ("L-BFGS-B", "rosen", 10, "rounding grows along the valley"),
    ("L-BFGS-B", "quad10", 20, "rounding grows in its many steps"),
    ("L-BFGS-B", "logreg_iris", 10, "the reference ends"),
    ("L-BFGS-B", "softmax_iris", 10, "the reference ends"),
];

/// Ours for a method of scipy's.
fn methods(scipy: &str) -> Vec<&str> {
    match scipy {
        "L-BFGS-B" => vec!["L-BFGS-B", "L-BFGS"],
        method => vec![method],
    }
}

#[test]
fn evaluations_are_within_the_budget_of_scipy() {
    let reference = reference();
    let mut report = String::new();
    let mut over = Vec::new();
    for want in &reference.minimise {
        for method in methods(&want.method) {
            let f = Function::of(&reference, &want.problem, want.l2);
            let mut x = reference.problems[&want.problem].start.clone();
            // Where no entry is larger than this, the norm is at most scipy's; a last step of a quadratic
            // method overshoots what is of use.
            let tolerance = (want.grad_norm / (x.len() as f64).sqrt()).max(1e-12);
            let minimum = run(method, &f, &mut x, tolerance);
            let line = format!(
                "{method} on {}: {} evaluations, {} of scipy's {}, to {tolerance:.1e}\n",
                want.problem, minimum.evaluations.values, want.method, want.nfev
            );
            report += &line;
            assert!(minimum.converged(), "{line}{minimum}");
            if 10 * minimum.evaluations.values > 13 * want.nfev {
                over.push(line);
            }
        }
    }
    println!("{report}");
    assert!(over.is_empty(), "over 1.3 times scipy's: {over:#?}");
}

#[test]
fn optima_are_those_of_scipy() {
    let reference = reference();
    assert_eq!(reference.minimise.len(), 32);
    let (mut report, mut followed) = (String::new(), 0);
    for want in &reference.minimise {
        for method in methods(&want.method) {
            let f = Function::of(&reference, &want.problem, want.l2);
            let mut x = reference.problems[&want.problem].start.clone();
            let minimum = run(method, &f, &mut x, 1e-9);
            let context = format!("{method} on {}: {minimum}", want.problem);
            report += &format!("{context}; scipy's evaluations {}\n", want.nfev);
            assert!(minimum.converged(), "{context}");
            let last = FOLLOWED
                .iter()
                .find(|row| (row.0, row.1) == (method, want.problem.as_str()));
            let last = last.map_or(0, |row| row.2);
            for (at, value) in want.iterates.iter().filter(|(at, _)| *at <= last) {
                let got = minimum.trace[*at];
                assert!(
                    (got - value).abs() <= 1e-11 * value.abs().max(1.0),
                    "{context}, iteration {at}: {got} and {value}"
                );
                followed += 1;
            }
            // scipy stops at a gradient of 1e-5, hence at a value that may be above the optimum.
            let slack = 1e-6 * want.fun.abs().max(1.0);
            assert!(
                minimum.value <= want.fun + 1e-14 * want.fun.abs().max(1.0),
                "{context}, scipy {}",
                want.fun
            );
            assert!(minimum.value >= want.fun - slack, "{context}");
            assert_eq!(minimum.trace.last(), Some(&minimum.value));
            if want.fun < -1.0 && want.method != "trust-exact" {
                continue; // the quadratic's valley is too flat for scipy's points to be compared
            }
            for (got, want) in x.iter().zip(&want.x) {
                assert!(
                    (got - want).abs() <= 1e-3 * want.abs().max(1.0),
                    "{context}"
                );
            }
        }
    }
    println!("{report}");
    assert_eq!(
        followed, 77,
        "the values on the way of the runs that are followed"
    );
}

#[test]
fn undamped_newton_steps_are_exact() {
    let reference = reference();
    assert_eq!(reference.newton.len(), 4);
    for run in &reference.newton {
        let f = Function::of(&reference, &run.problem, run.l2);
        for want in &run.trajectory {
            let mut x = reference.problems[&run.problem].start.clone();
            let settings = Newton {
                stopping: Stopping {
                    gradient: 0.0,
                    iterations: want.step,
                    ..Stopping::default()
                },
                line_search: LineSearch::Fixed(Fixed::default()),
            };
            let problem = objective(|x| f.value_and_gradient(x)).with_hessian(|x| f.hessian(x));
            let minimum = settings.minimise(problem, &mut x).unwrap();
            assert!(
                (minimum.value - want.fun).abs() <= 1e-10 * want.fun.abs().max(1.0),
                "{} step {}: {} and {}",
                run.problem,
                want.step,
                minimum.value,
                want.fun
            );
            for (got, want) in x.iter().zip(&want.x) {
                assert!(
                    (got - want).abs() <= 1e-9 * want.abs().max(1.0),
                    "{}",
                    run.problem
                );
            }
        }
    }
}
