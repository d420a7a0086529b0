//! Every rule against the trajectories that torch and optax really produce.
//!
//! The tolerance grows with the measured sensitivity of each run (`amp`), so that it allows for
//! rounding in another order and for nothing else.

use cotangent_optimizers::{Adam, AdamW, OptimizerBuilder, Rule, Sgd};
use serde::Deserialize;

#[derive(Deserialize)]
struct Reference {
    quad10: Quadratic,
    runs: Vec<Run>,
}

#[derive(Deserialize)]
struct Quadratic {
    #[serde(rename = "A")]
    a: Vec<f64>,
    b: Vec<f64>,
    start: Vec<f64>,
}

#[derive(Deserialize)]
struct Run {
    rule: String,
    hyper: Hyper,
    problem: String,
    steps: Vec<usize>,
    amp: Vec<f64>,
    x: Vec<Vec<f64>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Hyper {
    lr: f64,
    momentum: f64,
    dampening: f64,
    nesterov: bool,
    weight_decay: f64,
    beta1: Option<f64>,
    beta2: Option<f64>,
    eps: Option<f64>,
    clip_norm: Option<f64>,
}

impl Quadratic {
    /// `A x - b`, written out.
    fn gradient(&self, x: &[f64]) -> Vec<f64> {
        let row = |row: &[f64]| row.iter().zip(x).map(|(a, x)| a * x).sum::<f64>();
        let rows = self.a.chunks_exact(x.len());
        rows.zip(&self.b).map(|(a, b)| row(a) - b).collect()
    }
}

fn rosenbrock_gradient(x: &[f64]) -> Vec<f64> {
    let valley = x[1] - x[0] * x[0];
    vec![-2.0 * (1.0 - x[0]) - 400.0 * x[0] * valley, 200.0 * valley]
}

/// Walks one run and compares every recorded point.
fn follow<R: Rule>(reference: &Reference, run: &Run, builder: OptimizerBuilder<R>) {
    let rosen = run.problem == "rosen";
    let mut x = if rosen {
        vec![-1.2, 1.0]
    } else {
        reference.quad10.start.clone()
    };
    let mut optimizer = builder.build(&x).unwrap();
    let (mut done, mut amp) = (0, 0.0_f64);
    assert!(!run.steps.is_empty());
    for ((&step, want), &grown) in run.steps.iter().zip(&run.x).zip(&run.amp) {
        while done < step {
            let g = if rosen {
                rosenbrock_gradient(&x)
            } else {
                reference.quad10.gradient(&x)
            };
            assert!(optimizer.step(&mut x, &g).unwrap().applied());
            done += 1;
        }
        amp = amp.max(grown);
        assert_eq!(x.len(), want.len());
        for (got, want) in x.iter().zip(want) {
            let tolerance = 1e-11 * want.abs().max(1.0) + 3e-14 * amp;
            assert!(
                (got - want).abs() <= tolerance,
                "{} on {} with {:?}, step {step}: {got} and {want}",
                run.rule,
                run.problem,
                run.hyper
            );
        }
    }
}

fn reference() -> Reference {
    serde_json::from_str(include_str!("reference/trajectories.json")).unwrap()
}

/// The runs of some rules; fails when there are none, lest a test compare nothing.
fn runs<'r>(reference: &'r Reference, rules: &[&str]) -> Vec<&'r Run> {
    let chosen = reference.runs.iter();
    let chosen: Vec<_> = chosen.filter(|run| rules.contains(&&*run.rule)).collect();
    assert!(!chosen.is_empty(), "no run of {rules:?}");
    chosen
}

#[test]
fn plain_descent_follows_torch() {
    let reference = reference();
    for run in runs(&reference, &["sgd"]) {
        let builder = Sgd::new(run.hyper.lr).l2(run.hyper.weight_decay);
        follow(&reference, run, builder);
    }
}

#[test]
fn momentum_follows_torch() {
    let reference = reference();
    for run in runs(&reference, &["momentum", "nesterov"]) {
        let hyper = &run.hyper;
        let builder = Sgd::new(hyper.lr)
            .momentum(hyper.momentum)
            .dampening(hyper.dampening)
            .l2(hyper.weight_decay);
        let builder = if hyper.nesterov {
            builder.nesterov()
        } else {
            builder
        };
        follow(&reference, run, builder);
    }
}

#[test]
fn adam_follows_torch_and_clips_as_optax() {
    let reference = reference();
    for run in runs(&reference, &["adam", "compose_clip_adam"]) {
        let hyper = &run.hyper;
        // What a run leaves out is at the peers' common default, and should be at ours.
        let mut builder = Adam::new(hyper.lr).l2(hyper.weight_decay);
        if let (Some(beta1), Some(beta2), Some(eps)) = (hyper.beta1, hyper.beta2, hyper.eps) {
            builder = builder.betas(beta1, beta2).eps(eps);
        }
        if let Some(norm) = hyper.clip_norm {
            builder = builder.clip_global_norm(norm);
        }
        follow(&reference, run, builder);
    }
}

#[test]
fn adamw_follows_torch() {
    let reference = reference();
    for run in runs(&reference, &["adamw"]) {
        let builder = AdamW::new(run.hyper.lr).weight_decay(run.hyper.weight_decay);
        follow(&reference, run, builder);
    }
}
