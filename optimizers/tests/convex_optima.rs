//! Linear models with smooth and absolute penalties, and support vector machines, at the optima of
//! scikit-learn. An absolute value is split into two parts that are at least 0, and the hinge's dual
//! is a quadratic in a box, so that bounds are at work.

use cotangent_optimizers::minimise::{Bounds, Lbfgsb, Stopping, objective};
use serde::Deserialize;

#[derive(Deserialize)]
struct Reference {
    iris: Table,
    diabetes: Table,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Table {
    x: Vec<f64>,
    y: Vec<f64>,
}

#[derive(Debug, Deserialize)]
struct Case {
    loss: String,
    l1: f64,
    l2: f64,
    w: Vec<f64>,
    b: f64,
    value: Option<f64>,
}

impl Table {
    fn rows(&self) -> impl Iterator<Item = (&[f64], f64)> {
        let width = self.x.len() / self.y.len();
        self.x.chunks(width).zip(self.y.iter().copied())
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Value and derivative of a row's loss by its score.
fn loss(name: &str, score: f64, y: f64, rows: f64) -> (f64, f64) {
    match name {
        "logistic" => {
            let value = score.max(0.0) + (-score.abs()).exp().ln_1p() - y * score;
            let p = 1.0 / (1.0 + (-score).exp());
            (value / rows, (p - y) / rows)
        }
        "squares" => (0.5 * (score - y).powi(2) / rows, (score - y) / rows),
        // The squared hinge, of labels -1 and 1.
        _ => {
            let sign = 2.0 * y - 1.0;
            let short = (1.0 - sign * score).max(0.0);
            (short * short, -2.0 * sign * short)
        }
    }
}

/// Minimises over `[p, n, b]` with `w = p - n` and `p, n >= 0`; yields `w`, `b` and the value.
fn solve(case: &Case, table: &Table) -> (Vec<f64>, f64, f64) {
    let size = case.w.len();
    let (rows, no_intercept) = (table.y.len() as f64, case.loss == "squared_hinge");
    let weights = |z: &[f64]| -> Vec<f64> { (0..size).map(|k| z[k] - z[size + k]).collect() };
    let problem = objective(|z| {
        let w = weights(z);
        let sum: f64 = z[..2 * size].iter().sum();
        let mut value = case.l1 * sum + 0.5 * case.l2 * dot(&w, &w);
        let (mut by_w, mut by_b) = (w.iter().map(|w| case.l2 * w).collect::<Vec<_>>(), 0.0);
        for (x, y) in table.rows() {
            let (part, slope) = loss(&case.loss, dot(x, &w) + z[2 * size], y, rows);
            value += part;
            by_w.iter_mut().zip(x).for_each(|(g, x)| *g += slope * x);
            by_b += slope;
        }
        let up = by_w.iter().map(|g| case.l1 + g);
        let down = by_w.iter().map(|g| case.l1 - g);
        (value, up.chain(down).chain([by_b]).collect())
    });
    let edge = if no_intercept { 0.0 } else { f64::INFINITY };
    let mut low = vec![0.0; 2 * size];
    low.push(-edge);
    let mut high = vec![f64::INFINITY; 2 * size];
    high.push(edge);
    let bounds = Bounds::new(low, high).unwrap();
    let mut z = vec![0.0; 2 * size + 1];
    let minimum = settings().minimise(problem, &bounds, &mut z).unwrap();
    assert!(minimum.converged(), "{case:?}: {minimum}");
    (weights(&z), z[2 * size], minimum.value)
}

fn settings() -> Lbfgsb {
    Lbfgsb {
        stopping: Stopping {
            gradient: 1e-9,
            iterations: 5000,
            ..Stopping::default()
        },
        ..Lbfgsb::default()
    }
}

/// The hinge by its dual: `|sum_i a_i s_i x_i|^2 / 2 - sum_i a_i` with every `a_i` from 0 to 1.
fn solve_hinge(case: &Case, table: &Table) -> (Vec<f64>, f64, f64) {
    let signed: Vec<Vec<f64>> = table
        .rows()
        .map(|(x, y)| x.iter().map(|x| (2.0 * y - 1.0) * x).collect())
        .collect();
    let weights = |a: &[f64]| {
        let mut w = vec![0.0; case.w.len()];
        for (a, x) in a.iter().zip(&signed) {
            w.iter_mut().zip(x).for_each(|(w, x)| *w += a * x);
        }
        w
    };
    let problem = objective(|a| {
        let w = weights(a);
        let gradient = signed.iter().map(|x| dot(x, &w) - 1.0).collect();
        (0.5 * dot(&w, &w) - a.iter().sum::<f64>(), gradient)
    });
    let bounds = Bounds::uniform(signed.len(), 0.0, 1.0).unwrap();
    let mut a = vec![0.5; signed.len()];
    let minimum = settings().minimise(problem, &bounds, &mut a).unwrap();
    assert!(minimum.converged(), "{minimum}");
    let w = weights(&a);
    let hinges: f64 = signed.iter().map(|x| (1.0 - dot(x, &w)).max(0.0)).sum();
    let value = 0.5 * dot(&w, &w) + hinges;
    // Strong duality.
    assert!(
        (value + minimum.value).abs() < 1e-6,
        "{value} and {}",
        minimum.value
    );
    (w, 0.0, value)
}

#[test]
fn linear_models_and_machines_are_those_of_scikit_learn() {
    let reference: Reference =
        serde_json::from_str(include_str!("reference/convex_optima.json")).unwrap();
    assert_eq!(reference.cases.len(), 12);
    for case in &reference.cases {
        let table = match case.loss.as_str() {
            "squares" => &reference.diabetes,
            _ => &reference.iris,
        };
        let (w, b, value) = match case.loss.as_str() {
            "hinge" => solve_hinge(case, table),
            _ => solve(case, table),
        };
        if let Some(want) = case.value {
            // The hinge's peer stops at a duality gap of its own.
            let tolerance = if case.loss == "hinge" { 1e-6 } else { 1e-10 };
            assert!(
                (value - want).abs() <= tolerance * want,
                "{case:?}: {value}"
            );
        }
        for (got, want) in w.iter().chain([&b]).zip(case.w.iter().chain([&case.b])) {
            assert!(
                (got - want).abs() <= 1e-5 * want.abs().max(1.0),
                "{case:?}: {w:?} {b}"
            );
        }
        // What an absolute penalty makes zero is zero exactly.
        for (got, want) in w.iter().zip(&case.w) {
            assert!(*want != 0.0 || *got == 0.0, "{case:?}: {w:?}");
        }
    }
}
