//! Every rule against the trajectories that torch, optax, Keras and pytorch_optimizer produce.
//!
//! The tolerance grows with the measured sensitivity of each run (`amp`), so that it allows for
//! rounding in another order and for nothing else. A run that no walker is written for fails.

mod problem;
mod walker;
mod walkers;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use problem::{Model, Problem};
use serde::Deserialize;
use walker::Walker;
use walkers::walker;

#[derive(Deserialize)]
struct Reference {
    problems: HashMap<String, Problem>,
    runs: Vec<Run>,
}

#[derive(Deserialize)]
pub(crate) struct Run {
    /// `family/number/rule/peer/problem`
    id: String,
    call: String,
    hyper: HashMap<String, serde_json::Value>,
    steps: Vec<usize>,
    amp: Vec<f64>,
    params: Vec<Vec<f64>>,
    loss: Vec<f64>,
    #[serde(default)]
    eval: Option<Vec<Vec<f64>>>,
}

impl Run {
    fn part(&self, index: usize) -> &str {
        self.id.split('/').nth(index).unwrap()
    }

    pub(crate) fn rule(&self) -> &str {
        self.part(2)
    }

    pub(crate) fn peer(&self) -> &str {
        self.part(3)
    }

    pub(crate) fn call(&self) -> &str {
        &self.call
    }

    /// A number among the hyperparameters.
    pub(crate) fn number(&self, name: &str) -> Option<f64> {
        self.hyper.get(name).map(|value| value.as_f64().unwrap())
    }

    pub(crate) fn get(&self, name: &str, default: f64) -> f64 {
        self.number(name).unwrap_or(default)
    }

    pub(crate) fn flag(&self, name: &str) -> bool {
        self.hyper.get(name).is_some_and(|v| v.as_bool().unwrap())
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.hyper.get(name).map(|v| v.as_str().unwrap())
    }

    /// Where the peer computes per-step scalars (a schedule, a decay, a norm) in single precision,
    /// although its parameters are double: its path differs from the formula by that much.
    fn has_single_scalars(&self) -> bool {
        match (self.rule(), self.peer()) {
            ("qhadam", "pytorch_optimizer") | ("madgrad" | "compose_schedule", "optax") => true,
            ("adafactor", "optax" | "keras") | ("sam", "pytorch_optimizer") => true,
            ("schedule_free_sgd" | "schedule_free_adamw", "optax") => {
                self.hyper.contains_key("warmup_steps")
            }
            _ => false,
        }
    }

    /// Rules of signs can flip at a gradient that is zero to rounding: they are followed for the
    /// first steps, and by their loss afterwards.
    fn is_of_signs(&self) -> bool {
        matches!(self.rule(), "lion" | "signum" | "sign_sgd" | "rprop")
    }
}

fn reference() -> Reference {
    serde_json::from_str(include_str!("../reference/trajectories.json")).unwrap()
}

/// The largest excess over the tolerance, in units of the tolerance, and where.
fn worst(got: &Model, want: &[f64], amp: f64, single: bool) -> f64 {
    let got: Vec<f64> = got.iter().flat_map(|t| t.data().to_vec()).collect();
    assert_eq!(got.len(), want.len());
    let ratios = got.iter().zip(want).map(|(got, want)| {
        // 13 printed digits leave a relative 5e-14, far below the 1e-11.
        let mut tolerance = 1e-11 * want.abs().max(1.0) + 3e-14 * amp;
        if single {
            // A few units in the last place of a single, and their growth.
            tolerance += 2e-7 * want.abs().max(1.0) * amp.max(1.0);
        }
        let ratio = (got - want).abs() / tolerance;
        if ratio.is_nan() { f64::INFINITY } else { ratio }
    });
    ratios.fold(0.0, f64::max)
}

/// Walks one run and compares every recorded point; an error says where it left the path.
fn follow(problem: &Problem, run: &Run, mut walker: Box<dyn Walker>) -> Result<(), String> {
    let mut model = problem.start();
    let mut done = 0;
    assert!(!run.steps.is_empty() && run.steps.len() == run.params.len());
    for (index, &step) in run.steps.iter().enumerate() {
        while done < step {
            walker.step(&mut model, problem);
            done += 1;
        }
        let amp = run.amp[index];
        if run.is_of_signs() && step > 5 {
            let (loss, want) = (problem.evaluate(&model).0, run.loss[index]);
            if (loss - want).abs() > 1e-3 * want.abs().max(1.0) {
                return Err(format!("{}: loss {loss} and {want} at step {step}", run.id));
            }
            continue;
        }
        let excess = worst(&model, &run.params[index], amp, run.has_single_scalars());
        if excess > 1.0 {
            return Err(format!(
                "{} {:?}: {excess:.1e} times the tolerance at step {step}: {:?} and {:?}",
                run.id,
                run.hyper,
                model
                    .iter()
                    .flat_map(|t| t.data().to_vec())
                    .collect::<Vec<_>>(),
                run.params[index]
            ));
        }
        if let Some(eval) = &run.eval {
            let excess = worst(
                &walker.view(&model),
                &eval[index],
                amp,
                run.has_single_scalars(),
            );
            if excess > 1.0 {
                return Err(format!(
                    "{}: second view, {excess:.1e} at step {step}",
                    run.id
                ));
            }
        }
    }
    Ok(())
}

#[test]
fn the_problems_have_the_value_and_gradient_of_the_peers() {
    for (name, problem) in &reference().problems {
        let (loss, gradient, diagonal) = problem.evaluate(&problem.start());
        let (loss0, grad0) = problem.expected_at_start();
        assert!(
            (loss - loss0).abs() <= 1e-13 * loss0.abs().max(1.0),
            "{name}"
        );
        assert!(worst(&gradient, grad0, 0.0, false) < 1.0, "{name}");
        assert_eq!(diagonal.len(), gradient.len());
    }
}

#[test]
fn every_trajectory_is_followed() {
    let reference = reference();
    let (mut compared, mut faults) = (0, Vec::new());
    let mut missing: BTreeMap<String, usize> = BTreeMap::new();
    for run in &reference.runs {
        let problem = &reference.problems[run.part(4)];
        let Some(walker) = walker(run, &problem.start()) else {
            *missing
                .entry(format!("{} of {}", run.rule(), run.peer()))
                .or_default() += 1;
            continue;
        };
        match follow(problem, run, walker) {
            Ok(()) => compared += 1,
            Err(fault) => faults.push(fault),
        }
    }
    let listed: Vec<&str> = reference.runs.iter().map(|run| run.id.as_str()).collect();
    println!("{}\ntrajectories: {compared} runs", listed.join("\n"));
    let faults = faults.join("\n");
    assert!(
        faults.is_empty(),
        "left the path:\n{faults}\nnot implemented: {missing:?}"
    );
    assert!(missing.is_empty(), "not implemented: {missing:?}");
    assert_eq!(compared, reference.runs.len());
    // As many as the peers were recorded with: a run that vanishes from the file is noticed.
    let ids: BTreeSet<&str> = listed.into_iter().collect();
    assert_eq!(ids.len(), 522);
}
