//! What the reference file holds.

use std::collections::HashMap;

use serde::Deserialize;

#[derive(Deserialize)]
pub(crate) struct Reference {
    pub(crate) problems: HashMap<String, Problem>,
    pub(crate) minimise: Vec<Optimum>,
    pub(crate) newton: Vec<NewtonRun>,
    pub(crate) least_squares: Vec<Fit>,
    pub(crate) fits: HashMap<String, Points>,
    pub(crate) line_search: Vec<Search>,
    pub(crate) lbfgs: Vec<LbfgsRun>,
}

#[derive(Deserialize)]
pub(crate) struct Problem {
    pub(crate) data: HashMap<String, Vec<f64>>,
    pub(crate) start: Vec<f64>,
    pub(crate) loss: f64,
    pub(crate) gradient: Vec<f64>,
}

#[derive(Deserialize)]
pub(crate) struct Optimum {
    pub(crate) method: String,
    pub(crate) problem: String,
    pub(crate) l2: f64,
    pub(crate) x: Vec<f64>,
    pub(crate) fun: f64,
    pub(crate) nfev: u64,
    /// The Euclidean norm of the gradient where it stopped.
    pub(crate) grad_norm: f64,
    /// The values after some of its iterations.
    pub(crate) iterates: Vec<(usize, f64)>,
}

#[derive(Deserialize)]
pub(crate) struct NewtonRun {
    pub(crate) problem: String,
    pub(crate) l2: f64,
    pub(crate) trajectory: Vec<NewtonPoint>,
}

#[derive(Deserialize)]
pub(crate) struct NewtonPoint {
    pub(crate) step: u64,
    pub(crate) x: Vec<f64>,
    pub(crate) fun: f64,
}

#[derive(Deserialize)]
pub(crate) struct Fit {
    pub(crate) method: String,
    pub(crate) problem: String,
    pub(crate) start: Vec<f64>,
    pub(crate) x: Vec<f64>,
    pub(crate) cost: f64,
    pub(crate) nfev: u64,
}

#[derive(Deserialize)]
pub(crate) struct Points {
    pub(crate) t: Vec<f64>,
    pub(crate) y: Vec<f64>,
}

#[derive(Deserialize)]
pub(crate) struct Search {
    pub(crate) problem: String,
    pub(crate) x: Vec<f64>,
    pub(crate) direction: Vec<f64>,
    pub(crate) c1: f64,
    pub(crate) c2: f64,
}

#[derive(Deserialize)]
pub(crate) struct LbfgsRun {
    pub(crate) peer: String,
    pub(crate) rule: String,
    pub(crate) rate: Option<f64>,
    pub(crate) memory: Option<usize>,
    pub(crate) problem: String,
    pub(crate) steps: Vec<u64>,
    pub(crate) loss: Vec<f64>,
    pub(crate) inner: u64,
    pub(crate) amp: Vec<f64>,
    pub(crate) x: Vec<Vec<f64>>,
}

pub(crate) fn reference() -> Reference {
    serde_json::from_str(include_str!("../reference/second_order.json")).unwrap()
}
