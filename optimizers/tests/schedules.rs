//! Schedules against those of optax, torch and Keras, step by step.

use std::collections::HashMap;

use cotangent_optimizers::*;
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
struct Reference {
    schedules: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    /// `peer/schedule`
    name: String,
    hyper: HashMap<String, Value>,
    rate: Vec<f64>,
    momentum: Option<Vec<f64>>,
}

impl Case {
    fn number(&self, name: &str) -> f64 {
        self.hyper[name].as_f64().unwrap()
    }

    fn get(&self, name: &str, default: f64) -> f64 {
        self.hyper
            .get(name)
            .map_or(default, |v| v.as_f64().unwrap())
    }

    fn steps(&self, name: &str) -> u64 {
        self.get(name, 0.0) as u64
    }

    fn flag(&self, name: &str) -> bool {
        self.hyper.get(name).is_some_and(|v| v.as_bool().unwrap())
    }

    fn text(&self, name: &str) -> &str {
        self.hyper[name].as_str().unwrap()
    }

    fn milestones(&self) -> Vec<(u64, f64)> {
        let scales = self.hyper["boundaries_and_scales"].as_object().unwrap();
        let pair =
            |(step, scale): (&String, &Value)| (step.parse().unwrap(), scale.as_f64().unwrap());
        let mut milestones: Vec<(u64, f64)> = scales.iter().map(pair).collect();
        milestones.sort_by_key(|(step, _)| *step);
        milestones
    }
}

type Boxed = Box<dyn Schedule>;

fn boxed(schedule: impl Schedule + 'static) -> Boxed {
    Box::new(schedule)
}

/// The rate at its factor 1, the schedule, and that of the momentum.
fn ours(case: &Case) -> Option<(f64, Boxed, Option<Boxed>)> {
    let base = case.get(
        "base_lr",
        case.get("init_value", case.get("initial_learning_rate", 0.1)),
    );
    let ratio = |name: &str| case.get(name, 0.0) / base;
    let root = |decay: f64, steps: f64| Exponential {
        gamma: decay.powf(steps.recip()),
    };
    let schedule = match case.name.as_str() {
        "optax/constant_schedule" => return Some((case.number("value"), boxed(Constant), None)),
        "optax/linear_schedule" => {
            let (to, steps) = (ratio("end_value"), case.steps("transition_steps"));
            boxed(
                Linear {
                    from: 1.0,
                    to,
                    steps,
                }
                .delayed(case.steps("transition_begin")),
            )
        }
        "optax/polynomial_schedule" => {
            let (end, steps) = (ratio("end_value"), case.steps("transition_steps"));
            let polynomial = Polynomial {
                steps,
                end,
                power: case.number("power"),
            };
            boxed(polynomial.delayed(case.steps("transition_begin")))
        }
        "optax/exponential_decay" => {
            let (steps, decay) = (case.number("transition_steps"), case.number("decay_rate"));
            let (begin, floor) = (case.steps("transition_begin"), ratio("end_value"));
            if case.flag("staircase") {
                boxed(
                    StepDecay {
                        every: steps as u64,
                        gamma: decay,
                    }
                    .at_least(floor),
                )
            } else {
                boxed(root(decay, steps).delayed(begin))
            }
        }
        "optax/cosine_decay_schedule" => {
            let cosine = Cosine {
                steps: case.steps("decay_steps"),
                floor: case.number("alpha"),
            };
            boxed(cosine.raised(case.get("exponent", 1.0)))
        }
        "optax/warmup_constant_schedule" => {
            return Some((
                case.number("peak_value"),
                boxed(Constant.warmup(case.steps("warmup_steps"))),
                None,
            ));
        }
        "optax/warmup_cosine_decay_schedule" => {
            return Some((
                case.number("peak_value"),
                warm_cosine(
                    [
                        case.number("init_value"),
                        case.number("peak_value"),
                        case.number("end_value"),
                    ],
                    case.steps("warmup_steps"),
                    case.steps("decay_steps"),
                ),
                None,
            ));
        }
        "optax/warmup_exponential_decay_schedule" => {
            let every = case.steps("transition_steps");
            let decay = StepDecay {
                every,
                gamma: case.number("decay_rate"),
            };
            let peak = case.number("peak_value");
            let floored = decay.at_least(case.number("end_value") / peak);
            return Some((
                peak,
                boxed(floored.warmup(case.steps("warmup_steps"))),
                None,
            ));
        }
        "optax/piecewise_constant_schedule" => boxed(MultiStep(case.milestones())),
        "optax/piecewise_interpolate_schedule" => {
            let form = if case.text("interpolate_type") == "linear" {
                Anneal::Linear
            } else {
                Anneal::Cosine
            };
            boxed(Interpolated {
                milestones: case.milestones(),
                form,
            })
        }
        "optax/linear_onecycle_schedule" | "optax/cosine_onecycle_schedule" => {
            let (peak, total) = (case.number("peak_value"), case.number("transition_steps"));
            let (div, last) = (case.number("div_factor"), case.number("final_div_factor"));
            let at = |part: f64| (part * total) as u64;
            let milestones = if case.name.contains("linear") {
                vec![
                    (at(case.number("pct_start")), div),
                    (at(case.number("pct_final")), 1.0 / div),
                    (total as u64, 1.0 / last),
                ]
            } else {
                vec![
                    (at(case.number("pct_start")), div),
                    (total as u64, 1.0 / (div * last)),
                ]
            };
            let form = if case.name.contains("linear") {
                Anneal::Linear
            } else {
                Anneal::Cosine
            };
            return Some((peak / div, boxed(Interpolated { milestones, form }), None));
        }
        "optax/sgdr_schedule" => {
            let mut sequence = Sequence::new();
            for part in case.hyper["cosine_kwargs"].as_array().unwrap() {
                let get = |name: &str| part[name].as_f64().unwrap();
                let values = [get("init_value"), get("peak_value"), get("end_value")];
                let (warmup, steps) = (get("warmup_steps") as u64, get("decay_steps") as u64);
                let peak = get("peak_value");
                let cosine = warm_cosine(values, warmup, steps);
                sequence = sequence.then(steps, move |step: u64| peak * cosine.at(step));
            }
            return Some((1.0, boxed(sequence), None));
        }
        "optax/join_schedules" => boxed(
            Sequence::new()
                .then(
                    30,
                    Linear {
                        from: 0.0,
                        to: 1.0,
                        steps: 30,
                    },
                )
                .then(70, Constant)
                .then(1, root(0.9, 10.0)),
        ),
        "torch/StepLR" => boxed(StepDecay {
            every: case.steps("step_size"),
            gamma: case.number("gamma"),
        }),
        "torch/MultiStepLR" => {
            let steps = case.hyper["milestones"].as_array().unwrap();
            let gamma = case.number("gamma");
            boxed(MultiStep(
                steps
                    .iter()
                    .map(|step| (step.as_u64().unwrap(), gamma))
                    .collect(),
            ))
        }
        "torch/ConstantLR" => {
            let factor = case.number("factor");
            boxed(MultiStep(vec![
                (0, factor),
                (case.steps("total_iters"), 1.0 / factor),
            ]))
        }
        "torch/LinearLR" => {
            let (from, to) = (case.number("start_factor"), case.number("end_factor"));
            boxed(Linear {
                from,
                to,
                steps: case.steps("total_iters"),
            })
        }
        "torch/ExponentialLR" => boxed(Exponential {
            gamma: case.number("gamma"),
        }),
        "torch/PolynomialLR" => boxed(Polynomial {
            steps: case.steps("total_iters"),
            end: 0.0,
            power: case.number("power"),
        }),
        "torch/CosineAnnealingLR" => boxed(CosineWave {
            steps: case.steps("T_max"),
            floor: ratio("eta_min"),
        }),
        "torch/CosineAnnealingWarmRestarts" => boxed(WarmRestarts {
            steps: case.steps("T_0"),
            growth: case.number("T_mult"),
            shrink: 1.0,
            floor: ratio("eta_min"),
        }),
        "torch/CyclicLR" => {
            let scaling = match case.text("mode") {
                "triangular" => Scaling::Constant,
                "triangular2" => Scaling::Halving,
                _ => Scaling::Exponential {
                    gamma: case.number("gamma"),
                },
            };
            let peak = case.number("max_lr");
            let cycle = Triangular {
                low: base / peak,
                up: case.steps("step_size_up"),
                down: case.steps("step_size_down"),
                scaling,
            };
            let momentum =
                cycle.momentum(case.number("max_momentum"), case.number("base_momentum"));
            return Some((peak, boxed(cycle), Some(boxed(momentum))));
        }
        "torch/OneCycleLR" => {
            let cycle = OneCycle {
                steps: case.steps("total_steps"),
                rise: case.number("pct_start"),
                div: case.number("div_factor"),
                final_div: case.number("final_div_factor"),
                form: if case.text("anneal_strategy") == "cos" {
                    Anneal::Cosine
                } else {
                    Anneal::Linear
                },
                three_phases: case.flag("three_phase"),
            };
            return Some((
                case.number("max_lr"),
                boxed(cycle),
                Some(boxed(cycle.momentum(0.95, 0.85))),
            ));
        }
        "torch/SequentialLR" => boxed(
            Sequence::new()
                .then(
                    20,
                    Linear {
                        from: 0.1,
                        to: 1.0,
                        steps: 20,
                    },
                )
                .then(
                    100,
                    CosineWave {
                        steps: 100,
                        floor: 0.01,
                    },
                )
                .then(1, |_: u64| 0.05),
        ),
        "torch/ChainedScheduler" => boxed(
            Linear {
                from: 0.1,
                to: 1.0,
                steps: 20,
            }
            .times(Exponential { gamma: 0.97 }),
        ),
        "torch/LambdaLR:inverse_sqrt" => {
            let warmup = case.steps("warmup");
            return Some((
                base / (warmup as f64).sqrt(),
                boxed(InverseSqrt { warmup }),
                None,
            ));
        }
        "torch/LambdaLR:linear_warmup_linear_decay" => {
            let (warmup, total) = (case.steps("warmup"), case.steps("total"));
            boxed(
                Linear {
                    from: 1.0,
                    to: 0.0,
                    steps: total - warmup,
                }
                .warmup(warmup),
            )
        }
        // A recursion of torch's users, in closed form: one factor per odd step.
        "torch/MultiplicativeLR" => boxed(|step: u64| 0.97_f64.powf(step.div_ceil(2) as f64)),
        "torch/SWALR" => boxed(Cosine {
            steps: case.steps("anneal_epochs"),
            floor: ratio("swa_lr"),
        }),
        "keras/CosineDecay" => {
            let peak = case.number("warmup_target");
            let warmup = case.steps("warmup_steps");
            let rise = Linear {
                from: base / peak,
                to: 1.0,
                steps: warmup,
            };
            let fall = Cosine {
                steps: case.steps("decay_steps"),
                floor: case.number("alpha"),
            };
            return Some((
                peak,
                boxed(Sequence::new().then(warmup, rise).then(1, fall)),
                None,
            ));
        }
        "keras/CosineDecayRestarts" => boxed(WarmRestarts {
            steps: case.steps("first_decay_steps"),
            growth: case.number("t_mul"),
            shrink: case.number("m_mul"),
            floor: case.number("alpha"),
        }),
        "keras/ExponentialDecay" => boxed(StepDecay {
            every: case.steps("decay_steps"),
            gamma: case.number("decay_rate"),
        }),
        "keras/InverseTimeDecay" => boxed(InverseTime {
            every: case.steps("decay_steps"),
            rate: case.number("decay_rate"),
            staircase: case.flag("staircase"),
        }),
        "keras/PiecewiseConstantDecay" => {
            // Keras keeps a value up to its boundary, the boundary included.
            boxed(MultiStep(vec![(41, 0.3), (121, 0.004 / 0.03)]))
        }
        "keras/PolynomialDecay" if case.flag("cycle") => {
            // The length grows to the next multiple; a closure says so.
            let (steps, end, power) = (
                case.steps("decay_steps"),
                ratio("end_learning_rate"),
                case.number("power"),
            );
            boxed(move |step: u64| {
                let steps = steps * step.div_ceil(steps).max(1);
                Polynomial { steps, end, power }.at(step)
            })
        }
        "keras/PolynomialDecay" => boxed(Polynomial {
            steps: case.steps("decay_steps"),
            end: ratio("end_learning_rate"),
            power: case.number("power"),
        }),
        _ => return None,
    };
    Some((base, schedule, None))
}

/// Init, peak and end as values; the schedule in units of the peak.
fn warm_cosine([init, peak, end]: [f64; 3], warmup: u64, total: u64) -> Boxed {
    let rise = Linear {
        from: init / peak,
        to: 1.0,
        steps: warmup,
    };
    let fall = Cosine {
        steps: total - warmup,
        floor: end / peak,
    };
    boxed(Sequence::new().then(warmup, rise).then(1, fall))
}

#[test]
fn every_schedule_is_that_of_the_peer() {
    let reference: Reference =
        serde_json::from_str(include_str!("reference/schedules.json")).unwrap();
    let (mut compared, mut faults) = (0, Vec::new());
    for case in &reference.schedules {
        let Some((base, schedule, momentum)) = ours(case) else {
            faults.push(format!("{} is not implemented", case.name));
            continue;
        };
        // Keras computes in single precision, torch by recursions that drift; 14 digits are printed.
        let tolerance = if case.name.starts_with("keras") {
            1e-6
        } else {
            1e-12
        };
        let near = |got: f64, want: f64| (got - want).abs() <= tolerance * want.abs().max(1e-2);
        // Torch runs past the end of one cycle, even to rates below 0; ours stays.
        let steps = case.get("total_steps", 200.0) as usize;
        let wrong = case
            .rate
            .iter()
            .take(steps)
            .enumerate()
            .find(|(step, want)| !near(base * schedule.at(*step as u64), **want));
        if let Some((step, want)) = wrong {
            let got = base * schedule.at(step as u64);
            faults.push(format!(
                "{} {:?}: {got} and {want} at step {step}",
                case.name, case.hyper
            ));
        }
        assert_eq!(case.momentum.is_some(), momentum.is_some());
        for (momentum, want) in momentum.iter().zip(&case.momentum) {
            let wrong = want
                .iter()
                .take(steps)
                .enumerate()
                .find(|(step, want)| !near(momentum.at(*step as u64), **want));
            if let Some((step, want)) = wrong {
                let got = momentum.at(step as u64);
                faults.push(format!(
                    "{}: momentum {got} and {want} at step {step}",
                    case.name
                ));
            }
        }
        compared += 1;
    }
    println!("schedules: {compared}");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert_eq!(compared, 48);
}
