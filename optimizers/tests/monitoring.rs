//! Reduce-on-plateau, early stopping and dynamic loss scaling against what torch, optax and Keras decide.

use std::collections::HashMap;

use cotangent_optimizers::train::{Decision, EarlyStopping, Plateau};
use cotangent_optimizers::{ErrorKind, LossScale, Sgd, StepInput};
use serde::Deserialize;

#[derive(Deserialize)]
struct Reference {
    sequences: HashMap<String, Vec<f64>>,
    plateau: Vec<PlateauRun>,
    early_stopping: Vec<StoppingRun>,
    loss_scaling: Vec<ScalingRun>,
}

#[derive(Deserialize)]
struct ScalingRun {
    factor: f64,
    growth: f64,
    backoff: f64,
    interval: u64,
    rate: f64,
    slope: f64,
    /// `o` for a finite gradient, `x` for one that overflows.
    pattern: String,
    factor_after: Vec<f64>,
    applied: Vec<bool>,
    x: Vec<f64>,
}

#[derive(Deserialize)]
struct PlateauRun {
    peer: String,
    sequence: String,
    hyper: PlateauHyper,
    /// The rate (torch) or factor (optax) wherever it changes.
    changes: Vec<(usize, f64)>,
}

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct PlateauHyper {
    lr: f64,
    mode: String,
    factor: f64,
    patience: u64,
    threshold: f64,
    threshold_mode: String,
    rtol: f64,
    atol: f64,
    cooldown: u64,
    min_lr: f64,
    min_scale: f64,
    accumulation_size: usize,
}

impl Default for PlateauHyper {
    fn default() -> Self {
        Self {
            lr: 1.0,
            mode: "min".to_owned(),
            factor: f64::NAN,
            patience: 0,
            threshold: 0.0,
            threshold_mode: String::new(),
            rtol: 0.0,
            atol: 0.0,
            cooldown: 0,
            min_lr: 0.0,
            min_scale: 0.0,
            accumulation_size: 1,
        }
    }
}

#[derive(Deserialize)]
struct StoppingRun {
    sequence: String,
    hyper: StoppingHyper,
    stopped_epoch: u64,
    best: f64,
    best_epoch: u64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoppingHyper {
    patience: u64,
    #[serde(default)]
    min_delta: f64,
    baseline: Option<f64>,
    #[serde(default)]
    start_from_epoch: u64,
    mode: Option<String>,
}

fn reference() -> Reference {
    serde_json::from_str(include_str!("reference/monitoring.json")).unwrap()
}

fn plateau(peer: &str, hyper: &PlateauHyper) -> Plateau {
    // optax reduces at the check that fills the patience, torch at the one after it.
    let patience = if peer == "optax" {
        hyper.patience - 1
    } else {
        hyper.patience
    };
    let (relative, absolute) = match hyper.threshold_mode.as_str() {
        "rel" => (hyper.threshold, 0.0),
        "abs" => (0.0, hyper.threshold),
        _ => (hyper.rtol, hyper.atol),
    };
    let machine = Plateau::new(hyper.factor, patience)
        .unwrap()
        .threshold(relative, absolute)
        .cooldown(hyper.cooldown)
        .floor((hyper.min_lr / hyper.lr).max(hyper.min_scale));
    match hyper.mode.as_str() {
        "max" => machine.rising(),
        _ => machine,
    }
}

#[test]
fn plateaus_are_those_of_torch_and_optax() {
    let reference = reference();
    assert_eq!(reference.plateau.len(), 15);
    for run in &reference.plateau {
        let hyper = &run.hyper;
        let sequence = &reference.sequences[&run.sequence];
        let mut machine = plateau(&run.peer, hyper);
        let mut changes = run.changes.iter().peekable();
        let mut want = f64::NAN;
        for (index, _) in sequence.iter().enumerate() {
            if let Some((_, rate)) = changes.next_if(|(at, _)| *at == index) {
                want = *rate;
            }
            // optax averages so many values and sees only their mean.
            let group = hyper.accumulation_size;
            if (index + 1) % group == 0 {
                let values = &sequence[index + 1 - group..=index];
                machine.observe(values.iter().sum::<f64>() / group as f64);
            }
            let got = hyper.lr * machine.factor();
            // torch leaves the rate alone where a reduction would change it by less than 1e-8.
            let skipped = if run.peer == "torch" { 2e-8 } else { 0.0 };
            assert!(
                (got - want).abs() <= 1e-12 * want + skipped,
                "{} on {} with {hyper:?}, check {index}: {got} and {want}",
                run.peer,
                run.sequence
            );
        }
        assert!(changes.next().is_none());
    }
}

#[test]
fn early_stopping_is_that_of_keras() {
    let reference = reference();
    assert_eq!(reference.early_stopping.len(), 18);
    for run in &reference.early_stopping {
        let hyper = &run.hyper;
        let mut machine = EarlyStopping::new(hyper.patience, hyper.min_delta)
            .ignore_first(hyper.start_from_epoch);
        if let Some(baseline) = hyper.baseline {
            machine = machine.baseline(baseline);
        }
        if hyper.mode.as_deref() == Some("max") {
            machine = machine.rising();
        }
        let sequence = &reference.sequences[&run.sequence];
        let stopped = sequence
            .iter()
            .position(|&metric| machine.observe(metric) == Decision::Stop);
        let context = format!("{} with {hyper:?}", run.sequence);
        assert_eq!(stopped, Some(run.stopped_epoch as usize), "{context}");
        assert_eq!(machine.best(), Some(run.best), "{context}");
        assert_eq!(machine.best_check(), Some(run.best_epoch), "{context}");
    }
}

#[test]
fn loss_scales_are_those_of_torch() {
    let reference = reference();
    assert_eq!(reference.loss_scaling.len(), 2);
    for run in &reference.loss_scaling {
        let mut scale = LossScale::new(run.factor, run.growth, run.backoff, run.interval).unwrap();
        let mut x = vec![0.0];
        let mut optimizer = Sgd::new(run.rate).build(&x).unwrap();
        for (index, state) in run.pattern.chars().enumerate() {
            let slope = match state {
                'o' => run.slope * scale.factor(),
                _ => f64::INFINITY,
            };
            let input = StepInput::default().scale(scale.factor());
            let report = optimizer.step_with(&mut x, &vec![slope], input).unwrap();
            assert_eq!(scale.observe(&report), run.applied[index], "step {index}");
            // Factors are small numbers times powers of two: all of this is exact.
            assert_eq!(scale.factor(), run.factor_after[index], "step {index}");
            assert_eq!(x, [run.x[index]], "step {index}");
        }
    }
    for (factor, growth, backoff, interval, wanted) in [
        (0.0, 2.0, 0.5, 1, "the loss scale = 0"),
        (f64::INFINITY, 2.0, 0.5, 1, "the loss scale = inf"),
        (1.0, 0.5, 0.5, 1, "the growth of the loss scale = 0.5"),
        (1.0, 2.0, 1.5, 1, "the backoff of the loss scale = 1.5"),
        (1.0, 2.0, f64::NAN, 1, "the backoff of the loss scale = NaN"),
        (1.0, 2.0, 0.5, 0, "the interval of the loss scale = 0"),
    ] {
        let error = LossScale::new(factor, growth, backoff, interval).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert!(
            error.to_string().contains(wanted),
            "`{error}` lacks `{wanted}`"
        );
    }
}

#[test]
fn a_machine_resumed_from_json_goes_on_as_if_nothing_had_happened() {
    let reference = reference();
    let sequence = &reference.sequences["decay_noise"];
    let mut stopping = EarlyStopping::new(3, 0.0);
    let mut plateau = Plateau::new(0.5, 2).unwrap().cooldown(1);
    let (mut stopping_copy, mut plateau_copy) = (stopping.clone(), plateau.clone());
    for &metric in &sequence[..60] {
        let pair = (stopping.observe(metric), plateau.observe(metric));
        let text = serde_json::to_string(&(stopping_copy, plateau_copy)).unwrap();
        (stopping_copy, plateau_copy) = serde_json::from_str(&text).unwrap();
        assert_eq!(
            pair,
            (stopping_copy.observe(metric), plateau_copy.observe(metric))
        );
    }
}

#[test]
fn values_that_are_no_numbers_are_no_improvements() {
    let mut patient = EarlyStopping::new(3, 0.0);
    let metrics = [f64::NAN, 1.0, f64::NAN, f64::NAN, f64::NAN];
    use Decision::{Continue, Improved, Stop};
    let decisions = metrics.map(|metric| patient.observe(metric));
    assert_eq!(decisions, [Continue, Improved, Continue, Continue, Stop]);
    let mut strict = EarlyStopping::new(3, 0.0).stop_on_nan();
    assert_eq!(strict.observe(1.0), Improved);
    assert_eq!(strict.observe(f64::NAN), Stop);
    let mut plateau = Plateau::new(0.1, 0).unwrap();
    assert_eq!(plateau.observe(f64::NAN), 0.1);
    for reduction in [0.0, 1.0, -0.5, f64::NAN] {
        assert!(Plateau::new(reduction, 1).is_err());
    }
}
