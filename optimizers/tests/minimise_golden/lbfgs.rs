//! L-BFGS against the runs of torch and optax.

use cotangent_optimizers::minimise::{Fixed, Lbfgs, LineSearch, Stopping, StrongWolfe, objective};

use crate::functions::Function;
use crate::reference::reference;

/// Where torch's points are not ours: problem, iterations per call, and the first step of which that
/// is so. Torch's search gives a step of 0 at its first trial on Rosenbrock's valley and never leaves
/// the start; on the other problem torch has stopped by its own tolerances (1e-7 of the gradient, 1e-9
/// of the change), and ours goes on. These are compared by value.
const TORCH_STOPS: [(&str, u64, u64); 3] = [
    ("rosen", 1, 1),
    ("logreg_iris", 1, 50),
    ("logreg_iris", 20, 2),
];

/// The runs of optax take steps of their own search, or none: they are compared by value, as are
/// those of descent along the gradient, which ours is not.
#[test]
fn lbfgs_follows_torch_and_needs_no_more_steps_than_the_peers() {
    let reference = reference();
    assert_eq!(reference.lbfgs.len(), 25);
    let mut followed = 0;
    for run in &reference.lbfgs {
        let f = Function::of(&reference, &run.problem, 0.0);
        let start = &reference.problems[&run.problem].start;
        for (index, &step) in run.steps.iter().enumerate() {
            let mut x = start.clone();
            let stopping = Stopping {
                gradient: 0.0,
                iterations: step * run.inner,
                ..Stopping::default()
            };
            let stopped = |(problem, inner, first): &(&str, u64, u64)| {
                run.rate.is_none()
                    && (*problem, *inner) == (run.problem.as_str(), run.inner)
                    && step >= *first
            };
            let exact = run.peer == "torch" && !TORCH_STOPS.iter().any(stopped);
            let line_search = match run.rate {
                Some(part) if run.peer == "torch" => LineSearch::Fixed(Fixed { part }),
                // Of the kind of torch's.
                _ => LineSearch::StrongWolfe(StrongWolfe::default()),
            };
            let settings = Lbfgs {
                memory: run.memory.unwrap_or(10),
                stopping,
                line_search,
            };
            let minimum = settings
                .minimise(objective(|x| f.value_and_gradient(x)), &mut x)
                .unwrap();
            let context = format!("{} {} on {} step {step}", run.peer, run.rule, run.problem);
            if exact {
                let amp = run.amp[..=index].iter().fold(0.0_f64, |m, a| m.max(*a));
                for (got, want) in x.iter().zip(&run.x[index]) {
                    let tolerance = 1e-11 * want.abs().max(1.0) + 3e-14 * amp;
                    assert!(
                        (got - want).abs() <= tolerance,
                        "{context}: {got} and {want}"
                    );
                }
                followed += 1;
            } else if index + 1 == run.steps.len() && step >= 10 {
                // Iterates depend on the search; what it reaches does not. Half the way to the
                // peer's value from the start is ours at least.
                let want = run.loss[index];
                println!("{context}: {:.6e}, peer {want:.6e}", minimum.value);
                assert!(
                    minimum.value
                        <= want + 0.05 * (reference.problems[&run.problem].loss - want).abs(),
                    "{context}"
                );
            }
        }
    }
    assert_eq!(
        followed, 38,
        "the points of torch's runs with a fixed rate (20) and with its search (18)"
    );
}
