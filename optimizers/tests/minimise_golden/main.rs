//! Minimisers against scipy, torch and optax: optima, evaluations within scipy's budget, and the
//! trajectories that have no search in them.

mod functions;
mod lbfgs;
mod least_squares;
mod optima;
mod reference;
mod searches;

use functions::Function;
use reference::reference;

#[test]
fn the_problems_are_those_of_the_reference() {
    let reference = reference();
    for (name, problem) in &reference.problems {
        let (value, gradient) =
            Function::of(&reference, name, 0.0).value_and_gradient(&problem.start);
        assert!((value - problem.loss).abs() < 1e-13 * problem.loss.abs().max(1.0));
        assert_eq!(gradient.len(), problem.gradient.len());
        for (got, want) in gradient.iter().zip(&problem.gradient) {
            assert!((got - want).abs() < 1e-12 * want.abs().max(1.0), "{name}");
        }
    }
}
