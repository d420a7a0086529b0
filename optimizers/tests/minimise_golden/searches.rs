//! Line searches along the reference's lines, and in every minimiser that has one.

use cotangent_optimizers::minimise::{
    Backtracking, Bfgs, Conjugacy, HagerZhang, Lbfgs, LineSearch, MoreThuente, Newton, NewtonCg,
    NonlinearCg, Stopping, StrongWolfe, Trial, objective,
};

use crate::functions::Function;
use crate::reference::reference;

#[test]
fn line_searches_meet_their_conditions() {
    let reference = reference();
    assert_eq!(reference.line_search.len(), 2);
    for case in &reference.line_search {
        let f = Function::of(&reference, &case.problem, 0.0);
        let mut line = |step: f64| {
            let x: Vec<f64> = (case.x.iter().zip(&case.direction))
                .map(|(x, d)| x + step * d)
                .collect();
            let (value, gradient) = f.value_and_gradient(&x);
            let slope = gradient
                .iter()
                .zip(&case.direction)
                .map(|(g, d)| g * d)
                .sum();
            (value, slope)
        };
        let (value, slope) = line(0.0);
        let start = Trial {
            step: 0.0,
            value,
            slope,
        };
        for first in [1e-6, 1.0, 50.0] {
            for strong in [
                LineSearch::MoreThuente(MoreThuente {
                    decrease: case.c1,
                    curvature: case.c2,
                    ..MoreThuente::default()
                }),
                LineSearch::StrongWolfe(StrongWolfe {
                    decrease: case.c1,
                    curvature: case.c2,
                    ..StrongWolfe::default()
                }),
            ] {
                let found = strong
                    .search(start, first, f64::INFINITY, &mut line)
                    .unwrap();
                assert!(found.value <= value + case.c1 * found.step * slope);
                assert!(found.slope.abs() <= case.c2 * slope.abs());
            }
            let settings = HagerZhang::default();
            let found = LineSearch::HagerZhang(settings)
                .search(start, first, f64::INFINITY, &mut line)
                .unwrap();
            assert!(found.value <= value + 1e-6 * value.abs());
            assert!(found.slope >= settings.curvature * slope);
            let found = LineSearch::Backtracking(Backtracking::default())
                .search(start, first, f64::INFINITY, &mut line)
                .unwrap();
            assert!(found.step <= first && found.value <= value + 1e-4 * found.step * slope);
        }
    }
}

#[test]
fn every_search_and_formula_minimises() {
    let reference = reference();
    for conjugacy in [
        Conjugacy::FletcherReeves,
        Conjugacy::PolakRibierePlus,
        Conjugacy::HestenesStiefel,
    ] {
        for line_search in [
            NonlinearCg::default().line_search,
            LineSearch::StrongWolfe(StrongWolfe {
                curvature: 0.1,
                ..StrongWolfe::default()
            }),
            LineSearch::HagerZhang(HagerZhang::default()),
        ] {
            let settings = NonlinearCg {
                conjugacy,
                line_search,
                ..NonlinearCg::default()
            };
            for name in ["rosen", "softmax_iris"] {
                let f = Function::of(&reference, name, 0.01);
                let mut x = reference.problems[name].start.clone();
                let minimum = settings
                    .minimise(objective(|x| f.value_and_gradient(x)), &mut x)
                    .unwrap();
                println!("{conjugacy:?} on {name}: {minimum}");
                assert!(minimum.converged(), "{conjugacy:?} on {name}: {minimum}");
            }
        }
    }
    for line_search in [
        LineSearch::Backtracking(Backtracking::default()),
        LineSearch::StrongWolfe(StrongWolfe::default()),
        LineSearch::HagerZhang(HagerZhang::default()),
    ] {
        let f = Function::of(&reference, "rosen", 0.0);
        let first = || objective(|x| f.value_and_gradient(x));
        let stopping = Stopping::default();
        for index in 0..4 {
            let mut x: Vec<f64> = vec![-1.2, 1.0];
            let minimum = match index {
                0 => Lbfgs {
                    line_search,
                    ..Lbfgs::default()
                }
                .minimise(first(), &mut x),
                1 => Bfgs {
                    line_search,
                    stopping,
                }
                .minimise(first(), &mut x),
                2 => Newton {
                    line_search,
                    stopping,
                }
                .minimise(first().with_hessian(|x| f.hessian(x)), &mut x),
                _ => NewtonCg {
                    line_search,
                    stopping,
                }
                .minimise(first().with_products(|x, d| f.product(x, d)), &mut x),
            };
            let minimum = minimum.unwrap();
            assert!(
                minimum.converged() && (x[0] - 1.0).abs() < 1e-6,
                "{index}: {minimum}"
            );
        }
    }
}
